"""The main path: a supervisor reviews and releases, the therapist reads and disputes, the supervisor decides."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.browser.conftest import COLLEAGUE
from tests.browser.visitor import Visitor
from tests.plugin.web.conftest import RELEASED, SUPERVISOR, THERAPIST, WAITING, address
from tests.plugin.web.samples import ALTERNATIVE, START, record

Visit = Callable[..., Visitor]
LATER = record("later", "counsellor-1", ended_at=START + timedelta(minutes=50))
NOTE = "Let us talk about what she said at the end."
REASON = "I am away until Monday."
COMMENT = "He had asked me to decide."
ANSWER = "Thank you, I had not seen that."


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_session_goes_from_the_queue_to_its_therapist(
    visit: Visit, put: Callable[..., None], *, javascript: bool
) -> None:
    """A supervisor reviews the first session and releases it; its therapist reads what she passed on, and no more."""
    put(LATER)
    # given: a supervisor who finds the first session that waits
    maria = visit(checked=javascript, javascript=javascript)
    maria.log_in(SUPERVISOR)
    maria.sees("2 sessions wait for you", "Unanswered moments")
    maria.follow("Jonas Weber")
    maria.is_at(address(WAITING.session_id))
    maria.sees("Not reviewed yet", "Moment 1 of 1", "No counsellor can read this yet.")
    # when: she claims it, agrees, corrects a level, withholds a statement and writes a note
    maria.press("Review it")
    maria.sees("You are reviewing this session")
    maria.press("Agree", maria.group("Moment 1: Emotional Resonance"))
    maria.sees("Maria Keller agrees.")
    maria.press("weak", maria.group("Moment 1: your own level of Respect for Autonomy"))
    maria.sees("Maria Keller: \u25cf\u25cbweak expression")
    maria.press("wrong quote", maria.group("Moment 1: Conversational Orientation"))
    maria.sees("Maria Keller withholds this: wrong quote.")
    maria.unfold("Write a note on moment 1")
    maria.fill("Your note on moment 1", NOTE)
    maria.press("Share it at the release", maria.part("notes1"))
    maria.sees(NOTE, "shared with the counsellor at the release")
    maria.press("Pass on", maria.group("Moment 1: as a whole"))
    # and: she releases it
    maria.press("Release to the counsellor", maria.part("decision"))
    # then: the next session of the list is open, and the therapist reads what was passed on
    maria.is_at(address(LATER.session_id))
    jonas = visit(checked=javascript, javascript=javascript)
    jonas.log_in(THERAPIST)
    jonas.open(address(WAITING.session_id))
    jonas.sees("The client\u2019s words", "A note from Maria Keller", NOTE, ALTERNATIVE.text)
    jonas.sees("Respect for Autonomy Maria Keller:")
    jonas.does_not_see("Conversational Orientation")


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_session_is_handed_over_and_talked_about(visit: Visit, *, javascript: bool) -> None:
    """A supervisor hands a session to a colleague, who releases it with a note; its therapist and she talk under it."""
    # given: a session that waits
    maria = visit(checked=javascript, javascript=javascript)
    maria.log_in(SUPERVISOR)
    maria.open(address(WAITING.session_id))
    # when: a supervisor hands it over
    maria.unfold("Hand it over to a colleague")
    maria.choose("To", "Nele Roth")
    maria.fill("Why, and what should they look at?", REASON)
    maria.press("Hand it over", maria.part("handovers"))
    maria.sees("Nele Roth is to review this session", "Handed to Nele Roth by you", REASON)
    # then: the colleague reads why, and reviews and releases it with a note
    nele = visit(checked=javascript, javascript=javascript)
    nele.log_in(COLLEAGUE)
    nele.sees("handed to you by Maria Keller")
    nele.open(address(WAITING.session_id))
    nele.sees(REASON)
    nele.press("Review it")
    nele.unfold("Write a note on the session")
    nele.fill("Your note on the session", NOTE)
    nele.press("Share it at the release", nele.part("notes"))
    nele.press("Release to the counsellor", nele.part("decision"))
    # and: the therapist comments on the note, and the colleague answers
    jonas = visit(checked=javascript, javascript=javascript)
    jonas.log_in(THERAPIST)
    jonas.open(address(WAITING.session_id))
    jonas.unfold("Comment on this note")
    jonas.fill("Your comment", COMMENT)
    jonas.press("Comment")
    jonas.sees(COMMENT, "Remove this comment")
    nele.open(address(WAITING.session_id))
    nele.sees("Jonas Weber", COMMENT)
    nele.unfold("Comment on this note")
    nele.fill("Your comment", ANSWER)
    nele.press("Comment")
    nele.sees(ANSWER)
    jonas.open(address(WAITING.session_id))
    jonas.sees("Nele Roth", ANSWER)
    # and: a comment is taken back
    jonas.press("Remove this comment")
    jonas.does_not_see(COMMENT)


def test_a_disputed_point_is_decided(visit: Visit) -> None:
    """A therapist acknowledges a release and disputes a point; the supervisor decides, and the therapist reads it."""
    # given: a therapist who reads a released session and says so
    jonas = visit()
    jonas.log_in(THERAPIST)
    jonas.sees("Your sessions", "from Maria Keller")
    jonas.open(address(RELEASED.session_id))
    jonas.press("I have read this")
    jonas.sees("You acknowledged this on")
    # when: he disputes a point
    point = jonas.part("moment1-rating1")
    jonas.unfold("This does not fit", point)
    jonas.choose("What does not fit?", "missing context", point)
    jonas.fill("How do you see it?", COMMENT, point)
    jonas.press("Dispute this", point)
    jonas.sees("You disputed this", COMMENT, "Maria Keller and Nele Roth can decide.")
    # then: it leads the supervisor's queue, and she decides with words of her own
    maria = visit()
    maria.log_in(SUPERVISOR)
    maria.sees("Disputed points", "1 dispute is open.")
    maria.follow("Jonas Weber", maria.part("disputed"))
    maria.sees("1 open dispute", "Jonas Weber disputed this", COMMENT)
    maria.fill("Your words for Jonas Weber", ANSWER)
    maria.press("weak", maria.group("Moment 1: decide the dispute of Respect for Autonomy"))
    maria.does_not_see("1 open dispute")
    # and: the therapist reads what came of it
    jonas.open(address(RELEASED.session_id))
    jonas.sees("Maria Keller decided on", "now stands beside the model\u2019s", ANSWER)
    maria.open("/decided")
    maria.sees("acknowledged by Jonas Weber")


def test_a_colleague_sees_who_reviews(visit: Visit) -> None:
    """While a supervisor reviews a session, a second one of the team reads who does, and can change nothing."""
    maria = visit(checked=False)
    maria.log_in(SUPERVISOR)
    maria.open(address(WAITING.session_id))
    maria.press("Review it")
    nele = visit()
    nele.log_in(COLLEAGUE)
    nele.sees("Maria Keller reviews it, until")
    nele.open(address(WAITING.session_id))
    nele.sees("Maria Keller is reviewing this session", "You can read it.")
    assert nele.page.locator("main").get_by_role("button").all_inner_texts() == []
    maria.press("Stop reviewing")
    nele.open(address(WAITING.session_id))
    nele.sees("Not reviewed yet")

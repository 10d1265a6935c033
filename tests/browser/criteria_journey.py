"""A service's own criteria: an operator words them, a supervisor answers, the therapist reads what is shared."""

from collections.abc import Callable

import pytest

from tests.browser.visitor import Visitor
from tests.plugin.web.conftest import OPERATOR, SUPERVISOR, THERAPIST, WAITING, address

Visit = Callable[..., Visitor]
TOLD = "Was the client told about confidentiality?"
PACING = "Pacing"
NOTE = "It came late, in the last reply."


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_question_goes_from_the_operator_to_the_therapist(visit: Visit, *, javascript: bool) -> None:
    """Two questions are worded and answered in a review; the therapist reads the answer to the one that is shared."""
    # given: an operator who words two criteria and puts the second one first
    otto = visit(checked=javascript, javascript=javascript)
    otto.log_in(OPERATOR)
    otto.follow("Criteria")
    otto.sees("no model is asked before one has been shown to agree with people", "Nothing is asked yet.")
    otto.fill("Short name, for commands and exports", "told")
    otto.choose("Asked of", "the session, once")
    otto.fill("Question", TOLD)
    otto.page.get_by_label("Counsellors read the answers, with their notes, after the release").check()
    otto.press("Add the criterion")
    otto.fill("Short name, for commands and exports", "pacing")
    otto.fill("Question", PACING)
    otto.choose("Scale", "none, weak, strong")
    otto.press("Add the criterion")
    otto.press("Earlier: pacing")
    otto.follow("told")
    otto.sees("version 1, by Otto Brandt", "Store as version 2", "Retire the criterion")
    # when: a supervisor answers both in her review, one with a note, and releases the session
    maria = visit(checked=javascript, javascript=javascript)
    maria.log_in(SUPERVISOR)
    maria.open(address(WAITING.session_id))
    maria.does_not_see(TOLD, PACING)
    maria.press("Review it")
    maria.press("Weak", maria.group(f"Moment 1: {PACING}"))
    maria.sees("Maria Keller: Weak.")
    session = maria.part("criteria-1")
    maria.unfold("Add a note", session)
    maria.fill(
        "Your note, stored with the answer that you press; the counsellor reads it after the release", NOTE, session
    )
    maria.press("No", session)
    maria.sees("Maria Keller: No.", NOTE)
    maria.press("Release to the counsellor", maria.part("decision"))
    # then: the therapist reads the shared answer with its note, and not the other one
    jonas = visit(checked=javascript, javascript=javascript)
    jonas.log_in(THERAPIST)
    jonas.open(address(WAITING.session_id))
    jonas.sees("A question of your service", TOLD, "Maria Keller: No", NOTE)
    jonas.does_not_see(PACING)

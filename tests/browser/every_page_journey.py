"""Every page that the journeys do not come to, and those that are hard to lay out, each in every look."""

import re
from collections.abc import Callable

import pytest

from stream.contracts.feedback import Abstention, FeedbackRecord
from stream.contracts.vocabulary import NeedsHuman
from tests.browser.looks import Looks
from tests.browser.visitor import Visitor
from tests.plugin.samples import PLANTED, REJECTED, answered, sure
from tests.plugin.web.conftest import (
    AUDITOR,
    ELSEWHERE,
    LEAD,
    LEFT_OUT,
    OPERATOR,
    OTHER_SUPERVISOR,
    OTHER_THERAPIST,
    RELEASED,
    SUPERVISOR,
    THERAPIST,
    WAITING,
    address,
)
from tests.plugin.web.measured import measured
from tests.plugin.web.samples import RATINGS, record
from tests.plugin.web.test_pages import long_record

Visit = Callable[..., Visitor]

PAGES: dict[str, tuple[str, ...]] = {
    SUPERVISOR: (
        "/",
        "/?sort=therapist",
        "/?need=risk",
        "/views",
        "/decided",
        "/left-out",
        "/sample",
        "/moments",
        "/moments?mechanism=stance_alignment&level=weak",
        "/moments?level=weak",
        "/password",
        "/calibrations",
        "/calibrations/new",
        "/digest",
        "/preferences",
        "/trends",
        address(RELEASED.session_id),
        address(LEFT_OUT.session_id),
        "/glossary",
        "/rubric",
        "/use-policy",
        "/no-such-page",
        "/?need=nonsense",
    ),
    OTHER_SUPERVISOR: (
        "/sample",
        address(ELSEWHERE.session_id) + "/look",
        "/decided",
        "/left-out",
    ),  # the last are empty
    THERAPIST: (
        "/",
        "/digest",
        "/preferences",
        "/trend",
        "/rehearsals",
        address(RELEASED.session_id),
        address(WAITING.session_id),
    ),
    OTHER_THERAPIST: ("/",),  # nothing has been released to her
    OPERATOR: ("/", "/health", "/accounts", "/criteria"),
    LEAD: (
        "/",
        "/digest",
        "/sample",
        "/moments",
        "/trends",
        "/glossary",
        "/rubric-notes/new?mechanism=stance_alignment",
    ),
    AUDITOR: ("/trail", "/trail?kind=login&from=2026-01-01", "/trail?kind=export", "/trail/verify", "/glossary"),
}
"""The addresses that each person opens, those with a bad address and those of somebody else among them."""

LONG_WORD = "Donaudampfschifffahrtsgesellschaft" * 4
"""Longer than any line on a phone, as an address that somebody copied into the chat is."""


@pytest.mark.parametrize("person", PAGES)
def test_every_page_of_a_person(visit: Visit, person: str) -> None:
    """Every page of a person passes in every look, and has one main heading."""
    visitor = visit()
    visitor.log_in(person)
    for path in PAGES[person]:
        visitor.open(path)
        assert visitor.page.locator("h1").count() == 1, path


def test_a_failed_login_is_announced(visit: Visit) -> None:
    """A wrong password leads back to the form, with a sentence that a screen reader announces."""
    visitor = visit()
    visitor.open("/login")
    visitor.fill("Username", SUPERVISOR)
    visitor.fill("Password", "not this one")
    visitor.press("Log in")
    assert "do not fit together" in visitor.page.get_by_role("alert").inner_text()


def test_an_operator_looks_at_an_account(visit: Visit) -> None:
    """An operator follows a name to the account's page, and a mistake in a form there is announced."""
    otto = visit()
    otto.log_in(OPERATOR)
    otto.open("/accounts")
    otto.follow(THERAPIST)
    otto.sees("Jonas Weber", "Take out of North")
    otto.fill("The password again", "another one")
    otto.page.get_by_label(re.compile("^New password")).fill("one")
    otto.press("Set the password")
    assert otto.page.get_by_role("alert").count() == 1


def test_many_moments_with_long_words(visit: Visit, put: Callable[..., None], looks: Looks) -> None:
    """Long words stay inside a page that has many moments, in its review and on the therapist's page."""
    sent = with_long_words(answered(long_record(), *sure(0.9, 0.8, 0.5, 0.7), REJECTED, PLANTED))
    put(sent)
    maria, jonas = visit(checked=False), visit(checked=False)
    maria.log_in(SUPERVISOR)
    maria.open(address(sent.session_id))
    maria.press("Review it")
    maria.open(address(sent.session_id) + "?further=yes")
    maria.unfold("Write a note on the session")
    maria.fill("Your note on the session", LONG_WORD)
    maria.press("Share it at the release", maria.part("notes"))
    looks.check(maria.page)
    maria.press("Release to the counsellor", maria.part("decision"))
    jonas.log_in(THERAPIST)
    jonas.open(address(sent.session_id))
    jonas.sees(LONG_WORD)
    looks.check(jonas.page)


def test_a_moment_that_no_model_may_rate(visit: Visit, put: Callable[..., None]) -> None:
    """A moment without a rating, and one of which a part needs a person, are shown in every look."""
    part = RATINGS[0].model_copy(update={"level": None, "needs_human": NeedsHuman.EVIDENCE_NOT_FOUND, "evidence": ()})
    whole, partly = record("whole", "counsellor-1"), record("part", "counsellor-1")
    (answer,) = whole.assessments
    abstention = Abstention(
        assessment_id=answer.assessment_id,
        exchange_id=answer.exchange_id,
        input_id=answer.input_id,
        model=answer.model,
        reason=NeedsHuman.CRITICAL_CONTENT,
    )
    whole = whole.model_copy(update={"assessments": (), "abstentions": (abstention,)})
    partly = answered(partly, {"ratings": (part, *RATINGS[1:])})
    put(whole, partly)
    maria = visit()
    maria.log_in(SUPERVISOR)
    maria.open(address(whole.session_id))
    maria.sees("This moment needs you")
    maria.open(address(partly.session_id))
    maria.sees("needs a person")


def test_measures_are_unfolded(visit: Visit, put: Callable[..., None], looks: Looks) -> None:
    """What measures say of a session is unfolded by its supervisor and its therapist, and passes in every look."""
    put(measured(WAITING), measured(RELEASED))
    for person, stored in ((SUPERVISOR, WAITING), (THERAPIST, RELEASED)):
        visitor = visit(checked=False)
        visitor.log_in(person)
        visitor.open(address(stored.session_id))
        visitor.unfold("Measures of the whole session, unvalidated")
        visitor.sees("Empathy from 1 to 5, over the turns")
        looks.check(visitor.page)


def test_the_dark_scheme_is_dark(visit: Visit) -> None:
    """Who asks for dark pages gets light words on a dark ground."""
    visitor = visit(checked=False)
    visitor.page.emulate_media(color_scheme="dark")
    visitor.open("/login")
    words, ground = (
        visitor.page.evaluate(f"getComputedStyle(document.body).{name}") for name in ("color", "backgroundColor")
    )
    assert brightness(words) > 200
    assert brightness(ground) < 50


def brightness(colour: str) -> float:
    """Return the mean of a colour's three parts, from 0 to 255."""
    parts = [int(part) for part in re.findall(r"\d+", colour)[:3]]
    return sum(parts) / 3


def with_long_words(sent: FeedbackRecord) -> FeedbackRecord:
    """Return a record whose messages, reasons, strengths and suggestions have a word longer than a line."""
    return sent.model_copy(
        update={
            "messages": tuple(
                each.model_copy(update={"text": f"{each.text} https://example.org/{LONG_WORD}"})
                for each in sent.messages
            ),
            "assessments": tuple(
                each.model_copy(
                    update={
                        "strengths": (LONG_WORD,),
                        "ratings": tuple(
                            rating.model_copy(update={"reason": f"It is about {LONG_WORD}"}) for rating in each.ratings
                        ),
                        "alternatives": tuple(
                            one.model_copy(update={"text": f"{one.text} {LONG_WORD}"}) for one in each.alternatives
                        ),
                    }
                )
                for each in sent.assessments
            ),
        }
    )

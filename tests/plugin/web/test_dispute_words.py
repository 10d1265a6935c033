"""Tests of the words with which pages show acknowledgements and disputes."""

from dataclasses import replace
from uuid import UUID

import pytest

from plugin.queue.dispute_views import Acknowledgement, DisputeStep, Ground, StepKind
from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.statements import STRENGTHS, Statement, rating_of, suggestion
from plugin.web.dispute_words import GROUNDS, about, acknowledged, step, who_decides
from stream.contracts.vocabulary import Level, Mechanism
from tests.plugin.queue.test_dispute_views import dispute
from tests.plugin.samples import NOW
from tests.plugin.web.samples import IN_UTC, row


def test_every_ground_has_its_words() -> None:
    """Every ground of a dispute has words of its own, in the order of the form."""
    assert list(GROUNDS) == list(Ground)
    assert len(set(GROUNDS.values())) == len(Ground)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (rating_of(Mechanism.EMOTIONAL_RESONANCE), "Emotional Resonance"),
        (STRENGTHS, "what can be heard in the reply"),
        (suggestion(2), "the suggestion"),
    ],
)
def test_a_disputed_statement_is_named(statement: Statement, words: str) -> None:
    """A disputed statement is named as the page names it."""
    assert about(statement) == words


@pytest.mark.parametrize(
    ("opinion", "words"),
    [
        (Opinion(Judgement.AGREED), "the statement stands."),
        (Opinion(Judgement.WITHHELD, WithholdReason.UNCLEAR), "the statement is withheld and no longer passed on."),
        (
            Opinion(Judgement.CORRECTED, level=Level.WEAK),
            "an own level, \u201ccomes through in part\u201d, now stands beside the model\u2019s.",
        ),
    ],
)
def test_a_resolution_is_one_sentence(opinion: Opinion, words: str) -> None:
    """A resolution names the supervisor, the day and the result."""
    resolved = DisputeStep(StepKind.RESOLVED, UUID(int=1), "Mara", NOW, opinion, "Words.")
    assert step(resolved, "You", IN_UTC) == f"Mara decided on Tue 3 Mar 2026: {words}"


def test_a_therapists_steps_name_them() -> None:
    """What the therapist does is said of them by name, and to them as "you"."""
    for therapist in ("You", "Ana"):
        taken = DisputeStep(StepKind.WITHDRAWN, UUID(int=0), "Ana", NOW)
        assert step(taken, therapist, IN_UTC) == f"{therapist} took it back on Tue 3 Mar 2026."
        asked = replace(taken, kind=StepKind.ESCALATED)
        assert step(asked, therapist, IN_UTC) == f"{therapist} asked for somebody else on Tue 3 Mar 2026."


def test_who_decides_is_named_or_what_to_do_is_said() -> None:
    """The supervisors who may decide are named; where there is nobody, the page says whom to ask."""
    assert (
        who_decides(replace(dispute(), deciders={UUID(int=1): "Mara", UUID(int=2): "Nele"}))
        == "Mara and Nele can decide."
    )
    assert "ask an operator to add a lead" in who_decides(dispute())


def test_a_line_names_who_acknowledged() -> None:
    """The line of a decided session ends with the names of those who acknowledged it, and with nothing before."""
    both = tuple(Acknowledgement(UUID(int=number), name, NOW) for number, name in enumerate(("Ana", "Ben")))
    assert acknowledged(row(acknowledgements=both)) == ", acknowledged by Ana and Ben"
    assert acknowledged(row()) == ""

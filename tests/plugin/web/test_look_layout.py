"""The arrangement of a blind look, and the words for what the machine says."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from plugin.queue.look_views import Look, LookAnswer, LookedAtTurn, MachineOpinion, TurnAnswers
from plugin.queue.views import MessageView
from plugin.web.look_layout import look_lines, machine_words
from stream.contracts.vocabulary import Role
from tests.plugin.web.samples import START

ROLES = (Role.CLIENT, Role.SYSTEM, Role.CLIENT, Role.COUNSELLOR, Role.CLIENT)
LOOK = Look(
    session_id=UUID(int=1),
    revision=1,
    started_at=START,
    ended_at=START + timedelta(minutes=5),
    messages=tuple(MessageView(f"m{n}", role, "", START, "words") for n, role in enumerate(ROLES)),
    turns={0: ("m0", "m2"), 2: ("m4",)},
)
NOTHING = MachineOpinion(shown=False, verdict=None, needs_human=None, critical=False)


def test_questions_follow_the_last_message_of_a_turn() -> None:
    """A turn that a notice interrupts is asked about once, after its end; turns are numbered as they stand there."""
    lines = look_lines(LOOK)
    assert [(line.position, line.number) for line in lines] == [(None, 0), (None, 0), (0, 1), (None, 0), (2, 2)]


def test_answers_stand_at_the_end_of_their_turn() -> None:
    """What was said of a turn is on the line with which it ends; a turn without an answer has none."""
    said = LookedAtTurn(TurnAnswers(LookAnswer.YES, LookAnswer.NO), NOTHING)
    lines = look_lines(replace(LOOK, answered={0: said}))
    assert [line.answered for line in lines] == [None, None, said, None, None]


@pytest.mark.parametrize(
    ("opinion", "words"),
    [
        (replace(NOTHING, shown=True, verdict="confirmed"), "shown as a moment of resistance"),
        (replace(NOTHING, verdict="confirmed"), "confirmed as resistance, and shown on demand only"),
        (replace(NOTHING, verdict="rejected"), "looked at, and not confirmed as resistance"),
        (replace(NOTHING, needs_human="critical_content"), "flagged, without a verdict on resistance"),
        (replace(NOTHING, verdict="not_assessed"), "flagged, without a verdict on resistance"),
        (NOTHING, "not shown as resistance"),
    ],
)
def test_every_opinion_has_its_words(opinion: MachineOpinion, words: str) -> None:
    """Each kind of opinion is said in words, with whether there is a sign for critical content."""
    assert machine_words(opinion) == f"{words}; no sign for critical content"
    assert machine_words(replace(opinion, critical=True)) == f"{words}; a sign for critical content"
    assert machine_words(replace(opinion, possible_critical=True)) == f"{words}; a possible sign for critical content"

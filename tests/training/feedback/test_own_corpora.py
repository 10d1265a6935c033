"""The corpora become annotated exchanges that the gate accepts, in groups of writers, videos and participants."""

from typing import Any

import pytest

from stream.contracts.rubric import Technique
from stream.contracts.vocabulary import Level, Mechanism, ResistanceType, Role, Verdict
from training.corpora.labels import ReplyLabel, TurnLabels
from training.corpora.transcripts import Conversation, Turn
from training.corpora.written import WrittenExchange
from training.feedback.own_corpora import TURN_CHARACTERS, TURNS_BEFORE, from_transcripts, from_written

AUTONOMY, STANCE, RESONANCE, ORIENTATION = Mechanism
CLIENT = "I won't write that diary again."
REPLY = "It is up to you whether the diary goes on."
BETTER = "What would be of more use to you than the diary?"


def written(reply: dict[str, Any] | None = None, **changes: Any) -> WrittenExchange:
    """Return a written exchange with one rated reply."""
    first = {
        "text": [REPLY],
        "levels": {AUTONOMY: 2, STANCE: 0, RESONANCE: 1, ORIENTATION: 1},
        "evidence": {AUTONOMY: "It is up to you", STANCE: "diary", RESONANCE: "up to you", ORIENTATION: "goes on"},
        "reason": dict.fromkeys(Mechanism, "The reply leaves the choice open."),
        "technique": "emphasize_autonomy",
    }
    made: dict[str, Any] = {
        "id": "A-001",
        "topic": "diary",
        "context": [{"role": "counsellor", "text": "How did it go?"}],
        "client": [CLIENT],
        "label": "unwillingness",
        "lookalike": None,
        "critical": None,
        "critical_lookalike": False,
        "replies": [first | (reply or {})],
        "better": BETTER,
    }
    return WrittenExchange.model_validate(made | changes)


def test_a_rated_reply_becomes_an_annotated_exchange() -> None:
    """A rated reply keeps its levels, reasons and evidence, and the better reply serves its weakest mechanism."""
    (line,) = from_written([written()]).lines
    assert (line.session, line.group, line.exchange) == ("A-001", "writer A", "A-001/1")
    assert line.before == ((Role.COUNSELLOR, "How did it go?"),)
    assert (line.client, line.reply) == (CLIENT, REPLY)
    assert line.levels[AUTONOMY] is Level.STRONG
    assert line.evidence[AUTONOMY] == ("It is up to you",)
    assert (line.verdict, line.resistance_type) == (Verdict.CONFIRMED, ResistanceType.UNWILLINGNESS)
    assert [(each.text, each.mechanism) for each in line.alternatives] == [(BETTER, STANCE)]


def test_a_turn_that_does_not_resist_is_rejected() -> None:
    """A turn without a label of resistance teaches the verdict that rejects."""
    (line,) = from_written([written(label="none")]).lines
    assert (line.verdict, line.resistance_type) == (Verdict.REJECTED, None)


def test_evidence_of_a_missing_level_is_the_clients_or_none() -> None:
    """At level 0 words of the reply are left out, since the gate takes the client's alone."""
    (line,) = from_written([written({"evidence": {AUTONOMY: "It is up to you", STANCE: "goes on", RESONANCE: "up",
                                                  ORIENTATION: "goes on"}})]).lines  # fmt: skip
    assert STANCE not in line.evidence


def test_a_better_reply_that_the_gate_refuses_is_left_out() -> None:
    """A better reply below the safety floor is left out, and the rest of the exchange is kept."""
    (line,) = from_written([written(better="I know how that feels.")]).lines
    assert line.alternatives == ()


def test_a_reply_keeps_its_name_after_one_that_is_left_out() -> None:
    """A reply is named by its place among all replies, so that the gate's refusals move no name."""
    refused = written({"evidence": dict.fromkeys(Mechanism, "nobody said that")})
    whole = written()
    (line,) = from_written([whole.model_copy(update={"replies": (*refused.replies, *whole.replies)})]).lines
    assert line.exchange == "A-001/2"


def test_what_the_gate_refuses_is_counted() -> None:
    """A reply whose evidence stands nowhere is left out and counted."""
    found = from_written([written({"evidence": dict.fromkeys(Mechanism, "nobody said that")})])
    assert (found.lines, found.refused) == ([], 1)


def test_critical_content_is_counted() -> None:
    """An exchange with critical content is left out and counted."""
    found = from_written([written(critical="suicide", replies=[])])
    assert (found.lines, found.dangerous) == ([], 1)


TALK = Conversation(
    "M0a1b2c3d",
    "mibot",
    "person 7",
    (
        Turn("counsellor", "How did it go?"),
        Turn("client", "Fine."),
        Turn("counsellor", "And the diary?"),
        Turn("client", "Fine."),
        Turn("counsellor", "It is up to you. " + "word " * 400),
    ),
)
LEVELS = dict.fromkeys(Mechanism, Level.WEAK)


def labelled(number: int, levels: dict[Mechanism, Level], talk: Conversation = TALK) -> Any:
    """Return what becomes of a labelled reply to the client turn of this number, which discounts."""
    turns = TurnLabels(frozenset({talk.id}), {(talk.id, number): (ResistanceType.DISCOUNTING, 1.0)}, frozenset())
    technique = next(iter(Technique))
    return from_transcripts([talk], turns, {(talk.id, number): ReplyLabel(levels, technique, None)})


def test_a_labelled_reply_of_a_transcript_has_levels_alone() -> None:
    """A reply of a transcript has its levels, the turns before it, and its participant as group."""
    (line,) = labelled(2, LEVELS).lines
    assert (line.session, line.group, line.exchange) == ("M0a1b2c3d", "person 7", "M0a1b2c3d/2")
    assert [text for _, text in line.before] == ["How did it go?", "Fine.", "And the diary?"]
    assert len(line.before) <= TURNS_BEFORE
    assert len(line.reply) == TURN_CHARACTERS
    assert (line.levels, line.reasons, line.evidence) == (LEVELS, {}, {})
    assert line.resistance_type is ResistanceType.DISCOUNTING


def test_the_same_words_said_twice_are_two_turns() -> None:
    """A client turn is found by its number, not by its words."""
    (line,) = labelled(1, LEVELS).lines
    assert [text for _, text in line.before] == ["How did it go?"]


def test_a_reply_without_all_levels_is_counted() -> None:
    """A reply of which a mechanism could not be rated is left out and counted."""
    found = labelled(2, {AUTONOMY: Level.WEAK})
    assert (found.lines, found.refused) == ([], 1)


@pytest.mark.parametrize("number", [1, 2])
def test_danger_before_a_reply_is_counted(number: int) -> None:
    """A reply after words of danger is left out and counted, wherever the client said them."""
    said = ("I want to kill myself.", "Fine.")
    turns = tuple(
        Turn("client", said[place // 2]) if turn.speaker == "client" else turn for place, turn in enumerate(TALK.turns)
    )
    found = labelled(number, LEVELS, Conversation(TALK.id, TALK.corpus, TALK.group, turns))
    assert (found.lines, found.dangerous) == ([], 1)

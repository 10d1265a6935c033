"""Turns the corpora of `training/corpora` into annotated exchanges, the form in which the recipe takes data.

A group is a writer, or the video or participant of a transcript, so that folds are split by it. The labels of real
transcripts are kept here by ids alone: their text is read from the folder that holds it, and they have levels without
reasons. Exchanges have the names that `training/reader` gives them. Every label was made by a language model; no
clinician took part.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from stream.contracts.vocabulary import Level, Mechanism, Role, Verdict
from training.corpora.labels import ReplyLabel, TurnId, TurnLabels
from training.corpora.transcripts import Conversation
from training.corpora.written import WrittenExchange, WrittenReply
from training.errors import DataError
from training.feedback.annotated import AnnotatedAlternative, AnnotatedExchange, build_training_set
from training.feedback.data import MECHANISMS, Arm

TURNS_BEFORE: Final = 4
"""The turns of a transcript that are shown before the client's; written exchanges have no more than that either."""
TURN_CHARACTERS: Final = 1_000
"""Spoken turns can be very long; this is the whole of nearly every one."""


@dataclass(frozen=True)
class Converted:
    """The annotated exchanges of the corpora, and the count of those that were left out."""

    lines: list[AnnotatedExchange]
    refused: int
    """How many the output gate would not let through."""
    dangerous: int
    """How many carry critical content, of which no model is asked and nobody wrote a rated reply."""


def from_written(exchanges: Iterable[WrittenExchange]) -> Converted:
    """Return each rated reply of the written exchanges as an annotated exchange with levels, reasons and evidence."""
    lines: list[AnnotatedExchange] = []
    refused = dangerous = 0
    for exchange in exchanges:
        if exchange.critical is not None:
            dangerous += 1
            continue
        for number, reply in enumerate(exchange.replies, start=1):
            line = next((line for line in _versions(exchange, number, reply) if _passes_gate(line)), None)
            if line is None:
                refused += 1
            else:
                lines.append(line)
    return Converted(lines, refused, dangerous)


def from_transcripts(
    conversations: Iterable[Conversation], turns: TurnLabels, replies: Mapping[TurnId, ReplyLabel]
) -> Converted:
    """Return each labelled reply of the transcripts as an annotated exchange with levels alone.

    A reply of which a mechanism could not be rated is left out and counts as refused.
    """
    lines: list[AnnotatedExchange] = []
    refused = dangerous = 0
    for talk in conversations:
        places = [place for place, turn in enumerate(talk.turns) if turn.speaker == "client"]
        for number, _, client, reply in talk.client_turns():
            label = replies.get((talk.id, number))
            if label is None or reply is None:
                continue
            if set(label.levels) != set(MECHANISMS):
                refused += 1
                continue
            place = places[number - 1]
            kind, _weight = turns.of((talk.id, number))
            line = AnnotatedExchange(
                session=talk.id,
                group=talk.group,
                exchange=f"{talk.id}/{number}",
                before=tuple(
                    (Role(turn.speaker), turn.text[:TURN_CHARACTERS])
                    for turn in talk.turns[max(0, place - TURNS_BEFORE) : place]
                ),
                client=client.text[:TURN_CHARACTERS],
                reply=reply.text[:TURN_CHARACTERS],
                levels=label.levels,
                verdict=Verdict.REJECTED if kind is None else Verdict.CONFIRMED,
                resistance_type=kind,
            )
            if line.critical:
                dangerous += 1
            else:
                lines.append(line)
    return Converted(lines, refused, dangerous)


def _versions(exchange: WrittenExchange, number: int, reply: WrittenReply) -> Iterator[AnnotatedExchange]:
    """Yield the annotated exchange with the better reply as an alternative, then without one."""
    weakest = min(MECHANISMS, key=lambda mechanism: reply.levels[mechanism])
    whole = AnnotatedExchange(
        session=exchange.id,
        group=f"writer {exchange.writer}",
        exchange=f"{exchange.id}/{number}",
        before=tuple((Role(turn.role), turn.text) for turn in exchange.context),
        client=exchange.client_text,
        reply=" ".join(reply.text),
        levels=reply.levels,
        reasons=reply.reason,
        evidence=_evidence(exchange, reply),
        verdict=Verdict.REJECTED if exchange.label == "none" else Verdict.CONFIRMED,
        resistance_type=None if exchange.label == "none" else exchange.label,
    )
    if exchange.better:
        better = AnnotatedAlternative(text=exchange.better, mechanism=weakest)
        yield whole.model_copy(update={"alternatives": (better,)})
    yield whole


def _evidence(exchange: WrittenExchange, reply: WrittenReply) -> dict[Mechanism, tuple[str, ...]]:
    """Return the words that carry each level; at level 0 the gate takes none but the client's."""
    return {
        mechanism: (words,)
        for mechanism, words in reply.evidence.items()
        if words and (reply.levels[mechanism] is not Level.NONE or words in exchange.client_text)
    }


def _passes_gate(line: AnnotatedExchange) -> bool:
    try:
        return bool(build_training_set([(0, line)], Arm.REASONS).items)
    except DataError:
        return False

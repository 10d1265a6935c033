"""What the reader hears in a finished session: which pairs it is asked about, and its answers by name.

Nothing here asks: whoever runs a measure asks the reader, behind Triton or in its own process, for all pairs of a
session at once, after its close.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np

from stream.contracts.rubric import Technique
from stream.contracts.vocabulary import Mechanism, Role
from stream.detection.lexicons import find_concerns
from stream.measures.turns import FinishedSession, sentences

Pair = tuple[str, str]
"""A text, and the one before it that it answers, the latter first."""
LANGUAGES: Final = frozenset({"en"})
"""The languages that the reader knows, as the first part of a tag."""
# Characters that the reader reads, as in its training: the end of what came before, the beginning of the turn.
_BEFORE_CHARACTERS = 500
_TEXT_CHARACTERS = 1_000


class Opinion(Protocol):
    """What the reader answers to one pair: logits of the second text as a turn and as a reply, and its vector."""

    @property
    def turn(self) -> Any:
        """The logits as a client's turn."""

    @property
    def reply(self) -> Any:
        """The logits as a counsellor's reply."""

    @property
    def vector(self) -> Any:
        """The vector under both."""


@dataclass(frozen=True, slots=True)
class HeardReply:
    """What the reader hears in a counsellor's words."""

    techniques: Mapping[Technique, float]
    """The probability of each main technique; together 1."""
    levels: Mapping[Mechanism, float]
    """The mean level of each mechanism under its probabilities, from 0 to 2."""


@dataclass(frozen=True, slots=True)
class HeardTurn:
    """What the reader hears in one turn; of a client's turn there is no reply, of a counsellor's no resistance."""

    is_critical: bool
    """Whether a client turn has critical content of either grade by lexicon or reader, or a reply answers one."""
    vector: Any = field(repr=False)
    resistance: float = 0.0
    """The probability that a client's turn is resistance, before calibration."""
    reply: HeardReply | None = None
    sentences: tuple[HeardReply, ...] = ()
    """The sentences of a counsellor's turn, each read alone after the client's turn."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the reader hears in the turns of a session; nothing of a session in a language that it does not know."""

    turns: tuple[HeardTurn, ...]
    knows_language: bool = True


def pairs_to_read(session: FinishedSession) -> list[Pair]:
    """Return everything that the reader is asked about one session: each turn, and each sentence of longer replies."""
    return [pair for place in range(len(session.turns)) for pair in _pairs(session, place)] if _knows(session) else []


def hear(
    session: FinishedSession,
    opinions: Sequence[Opinion],
    answers: Mapping[str, Any],
    *,
    critical: Collection[int] = (),
) -> Heard:
    """Return what the reader's opinions on `pairs_to_read` say; `answers` is its answers.json.

    `critical` are the places of client turns in whose original words the lexicon finds a concern, where the session
    holds others, such as placeholders for names.
    """
    if not _knows(session):
        return Heard((), knows_language=False)
    left = iter(opinions)
    turns: list[HeardTurn] = []
    for place, turn in enumerate(session.turns):
        whole, *parts = [next(left) for _ in _pairs(session, place)]
        if turn.role is Role.CLIENT:
            resistance = 1 - float(_shares(answers, "turn", "resistance", whole.turn)[0])
            possible = 1 - float(_shares(answers, "turn", "critical", whole.turn)[0])
            is_possible = possible >= answers["thresholds"]["possible_critical"]
            is_critical = is_possible or place in critical or bool(find_concerns(turn.text))
            turns.append(HeardTurn(is_critical, whole.vector, resistance=resistance))
        else:
            reply, *own = [_reply(opinion.reply, answers) for opinion in (whole, *parts)]
            is_critical = place > 0 and turns[-1].is_critical
            turns.append(HeardTurn(is_critical, whole.vector, reply=reply, sentences=tuple(own or [reply])))
    return Heard(tuple(turns))


def _knows(session: FinishedSession) -> bool:
    # Nobody knows the language of a session with few words; it is read, as the feedback stage reads it.
    return session.language is None or session.language.split("-")[0].lower() in LANGUAGES


def _pairs(session: FinishedSession, place: int) -> Iterator[Pair]:
    turn, before = session.turns[place], session.before(place)[-_BEFORE_CHARACTERS:]
    yield before, turn.text[:_TEXT_CHARACTERS]
    parts = sentences(turn.text) if turn.role is Role.COUNSELLOR else []
    if len(parts) > 1:  # a single one was read as the turn
        yield from ((before, part[:_TEXT_CHARACTERS]) for part in parts)


def _reply(logits: Any, answers: Mapping[str, Any]) -> HeardReply:
    shares = _shares(answers, "reply", "technique", logits)
    techniques = {Technique(name): float(share) for name, share in zip(answers["technique"], shares, strict=True)}
    levels = {}
    for mechanism in Mechanism:
        of_level = _shares(answers, "reply", mechanism.value, logits)
        levels[mechanism] = float(of_level @ np.arange(len(of_level)))
    return HeardReply(techniques, levels)


def _shares(answers: Mapping[str, Any], kind: str, name: str, logits: Any) -> Any:
    """Return the probabilities of a question's answers."""
    start, end = answers[kind][name]
    grown = np.exp(logits[start:end] - logits[start:end].max())
    return grown / grown.sum()

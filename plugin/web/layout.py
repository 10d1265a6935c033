"""Lay one session out for a page: which message stands where, and which words of it are marked. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from plugin.queue.views import MessageView, MomentView, SessionView
from plugin.web.highlight import Mark, Piece, pieces
from stream.contracts.feedback import Abstention, Alternative, Assessment, ModelVersion, Rating
from stream.contracts.sessions import Mark as SessionMark
from stream.contracts.vocabulary import Level, Mechanism

CUE: Final = "cue"
"""The `ref` of words that made the detector flag; every other ref is a mechanism's number."""

OPEN_CONTEXT: Final = 4
"""Messages of context that are open at first: what one reads to follow a reply; the earlier ones fold."""

NUMBERS: Final = {mechanism: str(number) for number, mechanism in enumerate(Mechanism, start=1)}
"""The footnote number by which marked words point to a mechanism."""


@dataclass(frozen=True)
class Line:
    """One message, cut at its marks. `anchor` is its id on the page."""

    anchor: str
    message: MessageView
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Quote:
    """Words that a rating rests on, and where they stand on the page (None when their message is not shown)."""

    text: str = field(repr=False)
    anchor: str | None


@dataclass(frozen=True)
class RatingCard:
    """One mechanism of one reply."""

    anchor: str
    number: str
    rating: Rating
    quotes: tuple[Quote, ...]


@dataclass(frozen=True)
class MomentPage:
    """One moment. Exactly one of `assessment` and `abstention` is there."""

    number: int
    moment: MomentView
    earlier: tuple[Line, ...]
    """Folded context."""
    context: tuple[Line, ...]
    client_turn: tuple[Line, ...]
    reply: tuple[Line, ...]
    model: ModelVersion
    assessment: Assessment | None
    abstention: Abstention | None
    cards: tuple[RatingCard, ...]

    @property
    def heard(self) -> tuple[RatingCard, ...]:
        """What the reply expresses strongly: a therapist reads this first."""
        return tuple(card for card in self.cards if card.rating.level is Level.STRONG)

    @property
    def room(self) -> tuple[RatingCard, ...]:
        """What it expresses in part or not at all."""
        return tuple(card for card in self.cards if card.rating.level in {Level.NONE, Level.WEAK})

    @property
    def alternatives(self) -> tuple[Alternative, ...]:
        """What could have been said instead."""
        return self.assessment.alternatives if self.assessment else ()


@dataclass(frozen=True)
class MarkPage:
    """A mark of the session with the messages it is about."""

    mark: SessionMark
    lines: tuple[Line, ...]


def moments(session: SessionView) -> tuple[MomentPage, ...]:
    """Every moment of the session, numbered from 1 in the order of the conversation."""
    return tuple(_moment(session, number, moment) for number, moment in enumerate(session.moments, start=1))


def marks(session: SessionView) -> tuple[MarkPage, ...]:
    """Every mark of the session with its messages, unmarked."""
    return tuple(
        MarkPage(mark, _lines(session, mark.message_ids, f"mark{number}", {}))
        for number, mark in enumerate(session.marks, start=1)
    )


def _moment(session: SessionView, number: int, moment: MomentView) -> MomentPage:
    answer = moment.answer
    assessment = answer if isinstance(answer, Assessment) else None
    found = _spans(moment, assessment)
    name = f"moment{number}"
    lines = _lines(session, (*moment.context, *moment.client_turn, *moment.reply), name, found)
    by_id = {line.message.message_id: line for line in lines}
    context = _of(by_id, moment.context)
    fold = _folded(context, found)
    return MomentPage(
        number=number,
        moment=moment,
        earlier=context[:fold],
        context=context[fold:],
        client_turn=_of(by_id, moment.client_turn),
        reply=_of(by_id, moment.reply),
        model=answer.model,
        assessment=assessment,
        abstention=answer if isinstance(answer, Abstention) else None,
        cards=tuple(_card(name, rating, by_id) for rating in _ordered(assessment)),
    )


def _ordered(assessment: Assessment | None) -> list[Rating]:
    return sorted(assessment.ratings, key=lambda rating: NUMBERS[rating.mechanism]) if assessment else []


def _card(name: str, rating: Rating, by_id: dict[str, Line]) -> RatingCard:
    number = NUMBERS[rating.mechanism]
    quotes = tuple(
        Quote(item.quote, by_id[item.message_id].anchor if item.message_id in by_id else None)
        for item in rating.evidence
    )
    return RatingCard(anchor=f"{name}-rating{number}", number=number, rating=rating, quotes=quotes)


def _spans(moment: MomentView, assessment: Assessment | None) -> dict[str, list[Mark]]:
    """Marks by message id: what ratings quote, and what made the detector flag."""
    found: dict[str, list[Mark]] = {}
    for cue in moment.cues:
        found.setdefault(cue.message_id, []).append(Mark(cue.start, cue.end, CUE))
    for rating in _ordered(assessment):
        for item in rating.evidence:
            found.setdefault(item.message_id, []).append(Mark(item.start, item.end, NUMBERS[rating.mechanism]))
    return found


def _lines(
    session: SessionView, message_ids: Iterable[str], name: str, found: dict[str, list[Mark]]
) -> tuple[Line, ...]:
    wanted = set(message_ids)
    kept = [message for message in session.messages if message.message_id in wanted]
    return tuple(
        Line(f"{name}-line{at}", message, pieces(message.text, found.get(message.message_id, ())))
        for at, message in enumerate(kept, start=1)
    )


def _of(by_id: dict[str, Line], message_ids: Iterable[str]) -> tuple[Line, ...]:
    return tuple(by_id[message_id] for message_id in message_ids if message_id in by_id)


def _folded(context: tuple[Line, ...], found: dict[str, list[Mark]]) -> int:
    """How many messages fold: all but the last few, and none from the first marked one on."""
    marked = (at for at, line in enumerate(context) if line.message.message_id in found)
    return max(0, min(len(context) - OPEN_CONTEXT, next(marked, len(context))))

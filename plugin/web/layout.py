"""Pure functions that lay out one session for a page: where each message is shown and which of its words are marked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from plugin.queue.review_views import Label
from plugin.queue.statements import level_of
from plugin.queue.views import AfterwardsKind, MessageView, MomentView, SessionView
from plugin.web.highlight import Highlight, TextPiece, split_at_highlights
from stream.contracts.feedback import Abstention, Alternative, Assessment, ModelVersion, Rating
from stream.contracts.sessions import Mark as SessionMark
from stream.contracts.vocabulary import Level, Mechanism, Verdict

CUE: Final = "cue"
"""The `ref` of words on which the detector's score rests; every other ref is a mechanism's number."""

OPEN_CONTEXT: Final = 4
"""How many of the last context messages are shown at first, enough to follow a reply; earlier ones are folded."""

NUMBERS: Final = {mechanism: str(number) for number, mechanism in enumerate(Mechanism, start=1)}
"""The footnote number that links marked words to a mechanism."""


@dataclass(frozen=True)
class MessageLine:
    """A message split at its marks; `anchor` is its id on the page."""

    anchor: str
    message: MessageView
    pieces: tuple[TextPiece, ...]


@dataclass(frozen=True)
class Quote:
    """A quote that a rating rests on, with the anchor of its message (None when the message is not shown)."""

    text: str = field(repr=False)
    anchor: str | None


@dataclass(frozen=True)
class RatingCard:
    """The card that shows the rating of one mechanism of one reply."""

    anchor: str
    number: str
    rating: Rating
    quotes: tuple[Quote, ...]
    own: Label | None = None
    """The level that a supervisor has set beside the model's."""

    @property
    def level(self) -> Level | None:
        """The level that counts: a supervisor's own before the model's."""
        return self.rating.level if self.own is None else self.own.opinion.level


@dataclass(frozen=True)
class AfterwardsPage:
    """What the client wrote after the reply: the next turn, and up to two later ones."""

    kind: AfterwardsKind
    next_turn: tuple[MessageLine, ...]
    later: tuple[MessageLine, ...]
    moment: int | None
    """The number of the moment that the next turn is, where the page shows it."""


@dataclass(frozen=True)
class MomentPage:
    """The layout of one moment, with exactly one of `assessment` and `abstention` set."""

    number: int
    moment: MomentView
    earlier: tuple[MessageLine, ...]
    """The context messages that are folded at first."""
    context: tuple[MessageLine, ...]
    client_turn: tuple[MessageLine, ...]
    reply: tuple[MessageLine, ...]
    model: ModelVersion
    assessment: Assessment | None
    abstention: Abstention | None
    cards: tuple[RatingCard, ...]
    afterwards: AfterwardsPage

    @property
    def strong(self) -> tuple[RatingCard, ...]:
        """The mechanisms that the reply expresses strongly, which a therapist reads first."""
        return tuple(card for card in self.cards if card.level is Level.STRONG)

    @property
    def weaker(self) -> tuple[RatingCard, ...]:
        """The mechanisms that the reply expresses weakly or not at all."""
        return tuple(card for card in self.cards if card.level in {Level.NONE, Level.WEAK})

    @property
    def alternatives(self) -> tuple[Alternative, ...]:
        """The replies that could have been given instead."""
        return self.assessment.alternatives if self.assessment else ()


@dataclass(frozen=True)
class MarkLines:
    """A mark of the session with the messages that it is about."""

    mark: SessionMark
    lines: tuple[MessageLine, ...]


def moment_pages(session: SessionView, *, further: bool = False) -> tuple[MomentPage, ...]:
    """Return the session's moments, numbered from 1 in their order; with `further` all that were confirmed."""
    moments = (*session.moments, *session.further) if further else session.moments
    numbers = {moment.client_turn[:1]: number for number, moment in enumerate(moments, start=1)}
    return tuple(_moment(session, number, moment, numbers) for number, moment in enumerate(moments, start=1))


def mark_lines(session: SessionView) -> tuple[MarkLines, ...]:
    """Return every mark of the session with its messages, without highlighted words."""
    return tuple(
        MarkLines(mark, _lines(session, mark.message_ids, f"mark{number}", {}))
        for number, mark in enumerate(session.marks, start=1)
    )


def _moment(
    session: SessionView, number: int, moment: MomentView, numbers: Mapping[tuple[str, ...], int]
) -> MomentPage:
    answer = moment.answer
    assessment = answer if isinstance(answer, Assessment) else None
    found = _spans(moment, assessment)
    name = f"moment{number}"
    lines = _lines(session, (*moment.context, *moment.client_turn, *moment.reply), name, found)
    by_id = {line.message.message_id: line for line in lines}
    context = _lines_of(by_id, moment.context)
    fold = _fold_count(context, found)
    return MomentPage(
        number=number,
        moment=moment,
        earlier=context[:fold],
        context=context[fold:],
        client_turn=_lines_of(by_id, moment.client_turn),
        reply=_lines_of(by_id, moment.reply),
        model=answer.model,
        assessment=assessment,
        abstention=answer if isinstance(answer, Abstention) else None,
        cards=tuple(_card(name, rating, by_id, moment) for rating in _ordered(assessment)),
        afterwards=_afterwards(session, name, moment, numbers),
    )


def _afterwards(
    session: SessionView, name: str, moment: MomentView, numbers: Mapping[tuple[str, ...], int]
) -> AfterwardsPage:
    first, *others = moment.afterwards.turns or ((),)
    return AfterwardsPage(
        kind=moment.afterwards.kind,
        next_turn=_lines(session, first, f"{name}-next", {}),
        later=_lines(session, (message for turn in others for message in turn), f"{name}-later", {}),
        moment=numbers.get(first[:1]),
    )


def _ordered(assessment: Assessment | None) -> list[Rating]:
    """Return the ratings in the order of the mechanisms; a rejected moment is not rated."""
    if assessment is None or assessment.verdict is Verdict.REJECTED:
        return []
    return sorted(assessment.ratings, key=lambda rating: NUMBERS[rating.mechanism])


def _card(name: str, rating: Rating, by_id: dict[str, MessageLine], moment: MomentView) -> RatingCard:
    number = NUMBERS[rating.mechanism]
    quotes = tuple(
        Quote(item.quote, by_id[item.message_id].anchor if item.message_id in by_id else None)
        for item in rating.evidence
    )
    own = moment.labels.get(str(level_of(rating.mechanism)))
    return RatingCard(anchor=f"{name}-rating{number}", number=number, rating=rating, quotes=quotes, own=own)


def _spans(moment: MomentView, assessment: Assessment | None) -> dict[str, list[Highlight]]:
    """Return the spans to highlight by message id: the quotes of ratings and the cues of the detector."""
    found: dict[str, list[Highlight]] = {}
    for cue in moment.cues:
        found.setdefault(cue.message_id, []).append(Highlight(cue.start, cue.end, CUE))
    for rating in _ordered(assessment):
        for item in rating.evidence:
            found.setdefault(item.message_id, []).append(Highlight(item.start, item.end, NUMBERS[rating.mechanism]))
    return found


def _lines(
    session: SessionView, message_ids: Iterable[str], name: str, found: dict[str, list[Highlight]]
) -> tuple[MessageLine, ...]:
    wanted = set(message_ids)
    kept = [message for message in session.messages if message.message_id in wanted]
    return tuple(
        MessageLine(f"{name}-line{at}", message, split_at_highlights(message.text, found.get(message.message_id, ())))
        for at, message in enumerate(kept, start=1)
    )


def _lines_of(by_id: dict[str, MessageLine], message_ids: Iterable[str]) -> tuple[MessageLine, ...]:
    return tuple(by_id[message_id] for message_id in message_ids if message_id in by_id)


def _fold_count(context: tuple[MessageLine, ...], found: dict[str, list[Highlight]]) -> int:
    """Return how many messages to fold: all but the last few, and none from the first marked one on."""
    marked = (at for at, line in enumerate(context) if line.message.message_id in found)
    return max(0, min(len(context) - OPEN_CONTEXT, next(marked, len(context))))

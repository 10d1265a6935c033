"""The rows of the tables for studies that a running service writes: its sessions, and the turns of their moments.

They hold labels and numbers. A database keeps moments, not sessions, so most turns of a session are not in the table:
rows without values stand for what lies between two moments, so that no reply is set beside a client's turn that may not
have followed it. Pure functions.

Measures of whole sessions have their place here: those of a session beside the means in `session_row`, those of a turn
in `_client_cells` and `_reply_cells`, by the id of the turn's first message.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Final

from plugin.database.tables import StoredAnswer, StoredExchange, StoredOutcome, StoredSession
from plugin.exports.outcome_rows import FIRST_COLUMNS, OUTCOME_COLUMNS, outcome_cells
from plugin.exports.pseudonyms import Pseudonym
from plugin.exports.review_rows import Cell
from plugin.queue.afterwards import StoredTalk, afterwards
from plugin.queue.judgements import Labels, is_called_no_resistance, withheld_in
from plugin.queue.statements import level_of, rating_of
from plugin.queue.views import MessageView
from stream.contracts.rubric import BEHAVIOURS, ResistanceGroup
from stream.contracts.sessions import Counts, Mark
from stream.contracts.vocabulary import MarkKind, Mechanism, NeedsHuman, ResistanceType, Role, Verdict

_MEANS: Final = {mechanism: f"mean_{mechanism.value}" for mechanism in Mechanism}
_COUNTS: Final = ("client_turns", "moments", "resisting", "reviewed")
_GROUPS: Final = tuple(group.value for group in ResistanceGroup)
SESSION_COLUMNS: Final = (*FIRST_COLUMNS, *_COUNTS, *_MEANS.values())
"""The columns of sessions, before those of outcomes that any of them has."""
TURN_COLUMNS: Final = (
    *("session", "group", "counsellor", "turn", "role", "resists", *_GROUPS),
    *(mechanism.value for mechanism in Mechanism),
    "reviewed",
)
Row = dict[str, Cell]


@dataclass(frozen=True)
class StudyMoment:
    """A moment with its valid answer, and what counts of what supervisors said of it."""

    exchange: StoredExchange
    answer: StoredAnswer
    labels: Labels


@dataclass(frozen=True)
class StudySession:
    """A session with its moments in order, its messages without their words, and its outcomes."""

    row: StoredSession
    moments: Sequence[StudyMoment]
    messages: Sequence[MessageView]
    clients: frozenset[str]
    """The clients who wrote its stored messages, as their platform's pseudonyms."""
    outcomes: Sequence[StoredOutcome]


def session_columns(rows: Sequence[Mapping[str, Cell]]) -> tuple[str, ...]:
    """Return the columns of a table of sessions: all of its own, and those of outcomes that any row has."""
    return (*SESSION_COLUMNS, *(name for name in OUTCOME_COLUMNS if any(row.get(name) is not None for row in rows)))


def session_row(each: StudySession, pseudonym: Pseudonym) -> Row:
    """Return the row of a session; people have pseudonyms of this export alone."""
    row = each.row
    clients = each.clients | {outcome.author for outcome in each.outcomes if outcome.given_by == Role.CLIENT}
    levels = [_levels(moment) for moment in each.moments]
    cells: Row = {
        "session": pseudonym("session", row.session_id),
        "client": pseudonym("client", f"{row.tenant}/{next(iter(clients))}") if len(clients) == 1 else None,
        "counsellor": _counsellor(row, pseudonym),
        "client_turns": Counts.model_validate(row.counts).client_turns,
        "moments": len(each.moments),
        "resisting": sum(_resists(moment) == 1 for moment in each.moments),
        "reviewed": sum(bool(moment.labels) for moment in each.moments),
        **{name: _mean(each_level.get(mechanism) for each_level in levels) for mechanism, name in _MEANS.items()},
    }
    return dict.fromkeys(OUTCOME_COLUMNS) | cells | outcome_cells(each.outcomes)


def turn_rows(each: StudySession, pseudonym: Pseudonym) -> Iterator[Row]:
    """Yield the rows of the turns that a moment holds or that surely follow one, in order, with alternating roles."""
    talk = _talk(each)
    turns: list[tuple[Role, Row]] = []
    following: str | None = None
    for moment in each.moments:
        first = moment.exchange.client_turn[0]
        if turns and following != first:
            turns.append((Role.CLIENT, _following_cells(following, each)))
        turns.append((Role.CLIENT, _client_cells(moment)))
        turns.append((Role.COUNSELLOR, _reply_cells(moment)))
        found = afterwards(talk, moment.exchange.reply).turns
        following = found[0][0] if found else None
    if following is not None:
        turns.append((Role.CLIENT, _following_cells(following, each)))
    same = {
        "session": pseudonym("session", each.row.session_id),
        "group": pseudonym("conversation", f"{each.row.tenant}/{each.row.conversation_id}"),
        "counsellor": _counsellor(each.row, pseudonym),
    }
    for number, (role, cells) in enumerate(_alternating(turns), start=1):
        yield dict.fromkeys(TURN_COLUMNS) | same | {"turn": number, "role": role.value} | cells


def _counsellor(row: StoredSession, pseudonym: Pseudonym) -> str | None:
    """Return the counsellor of a session; None where several wrote."""
    return pseudonym("counsellor", row.counsellor_keys[0]) if len(row.counsellor_keys) == 1 else None


def _alternating(turns: Sequence[tuple[Role, Row]]) -> Iterator[tuple[Role, Row]]:
    """Yield turns with an empty one of the other side between two of one side."""
    yield from turns[:1]
    for (before, _), (role, cells) in pairwise(turns):
        if role is before:
            yield (Role.COUNSELLOR if role is Role.CLIENT else Role.CLIENT), {}
        yield role, cells


def _client_cells(moment: StudyMoment) -> Row:
    resists = _resists(moment)
    groups: Row = dict.fromkeys(_GROUPS, 0 if resists == 0 else None)
    if resists and moment.answer.resistance_type is not None:
        group = BEHAVIOURS[ResistanceType(moment.answer.resistance_type)].group
        groups = {name: int(name == group) for name in _GROUPS}
    return {"resists": resists, **groups, "reviewed": int(bool(moment.labels))}


def _reply_cells(moment: StudyMoment) -> Row:
    levels: Row = {mechanism.value: level for mechanism, level in _levels(moment).items()}
    return levels | {"reviewed": int(bool(moment.labels))}


def _following_cells(first: str | None, each: StudySession) -> Row:
    """Return what is known of a client's turn after a reply that is no moment: whether it was flagged."""
    if first is None:
        return {}
    for mark in (Mark.model_validate(mark) for mark in each.row.marks):
        if mark.kind is MarkKind.UNANSWERED_MOMENT and mark.message_ids[0] == first:
            return {"resists": None if mark.resistance_type is None else 1}
    counts = Counts.model_validate(each.row.counts)
    is_told = not counts.flagged_not_shown and not counts.exchanges_dropped_for_size
    return {"resists": 0 if is_told else None}


def _resists(moment: StudyMoment) -> int | None:
    """Return whether a client turn resists, by the model and, where a supervisor says that it does not, by them."""
    if is_called_no_resistance(moment.labels) or moment.answer.verdict == Verdict.REJECTED:
        return 0
    return 1 if moment.answer.verdict == Verdict.CONFIRMED else None


def _levels(moment: StudyMoment) -> dict[Mechanism, int]:
    """Return the levels of a reply to a turn that resists: a supervisor's own, or the model's where not withheld."""
    found: dict[Mechanism, int] = {}
    if _resists(moment) != 1:
        return found
    withheld = withheld_in(moment.labels)
    for rating in moment.answer.ratings:
        mechanism = Mechanism(rating["mechanism"])
        own = moment.labels.get(str(level_of(mechanism)))
        if own is not None and own.opinion.level is not None:
            found[mechanism] = own.opinion.level.value
        elif rating["level"] is not None and str(rating_of(mechanism)) not in withheld:
            found[mechanism] = rating["level"]
    return found


def _mean(levels: Iterable[int | None]) -> float | None:
    known = [level for level in levels if level is not None]
    return round(fmean(known), 4) if known else None


def _talk(each: StudySession) -> StoredTalk:
    return StoredTalk(
        messages=each.messages,
        exchanges=[
            frozenset((*moment.exchange.context, *moment.exchange.client_turn, *moment.exchange.reply))
            for moment in each.moments
            if moment.answer.abstained != NeedsHuman.TEXT_CHANGED
        ],
        moments=frozenset(),
        client_messages=Counts.model_validate(each.row.counts).client_messages,
        ended_at=each.row.ended_at,
    )

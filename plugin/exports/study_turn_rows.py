"""The rows of the table of turns for studies that a running service writes: labels and numbers. Pure functions.

Of a session that was measured every turn is known, and each has its row. Of another one the database keeps moments
alone, so most turns are not in the table: rows without values stand for what lies between two moments, so that no reply
is set beside a client's turn that may not have followed it.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from statistics import fmean
from typing import Final

from plugin.exports import study_measures
from plugin.exports.pseudonyms import Pseudonym
from plugin.exports.study_session import (
    Row,
    StudyMoment,
    StudySession,
    counsellor_of,
    feedback_versions,
    levels,
    resists,
)
from plugin.queue.afterwards import StoredTalk, afterwards
from plugin.queue.measures import MeasuresView
from plugin.study_columns import LEVELS, RESISTANCE_GROUPS, RESISTS, VERSIONS_OF_FEEDBACK, WENT_ALONG
from stream.contracts.rubric import BEHAVIOURS
from stream.contracts.sessions import Counts, Mark
from stream.contracts.vocabulary import MarkKind, NeedsHuman, ResistanceType, Role

TURN_COLUMNS: Final = (
    *("session", "group", "counsellor", "turn", "role", RESISTS, *RESISTANCE_GROUPS, *LEVELS, "reviewed"),
    *VERSIONS_OF_FEEDBACK,
)
"""The columns of every table."""
MEASURED_COLUMNS: Final = (WENT_ALONG, *study_measures.OF_TURNS)
"""Those of a table in which any session was measured."""


def turn_rows(each: StudySession, pseudonym: Pseudonym) -> Iterator[Row]:
    """Yield the rows of a session's turns, in order, with alternating roles.

    They are all turns where it was measured; otherwise those that a moment holds or that surely follow one.
    """
    same = {
        "session": pseudonym("session", each.row.session_id),
        "group": pseudonym("conversation", f"{each.row.tenant}/{each.row.conversation_id}"),
        "counsellor": counsellor_of(each.row, pseudonym),
        **feedback_versions(each),
    }
    measures = each.measures
    whole = _every_turn(each, measures) if measures and measures.turns else None
    turns = whole or _alternating(_turns_of_moments(each))
    for number, (role, cells) in enumerate(turns, start=1):
        found = same | {"turn": number, "role": role.value} | cells
        yield dict.fromkeys((*TURN_COLUMNS, *MEASURED_COLUMNS)) | found


def _every_turn(each: StudySession, measures: MeasuresView) -> Iterator[tuple[Role, Row]]:
    """Yield each turn of a session that was measured, with what measures say of it and what its moment says."""
    found, versions = study_measures.findings_of(measures), study_measures.measure_versions(measures)
    resisting = {message: moment for moment in each.moments for message in moment.exchange.client_turn}
    replies = {message: moment for moment in each.moments for message in moment.exchange.reply}
    so_far: list[int | None] = []
    for number, turn in enumerate(measures.turns, start=1):
        measured = study_measures.turn_measures(found, number) | versions
        if turn.role is Role.COUNSELLOR:
            moment = _moment_in(turn.message_ids, replies)
            own = _reply_cells(moment) if moment else {}
            yield turn.role, {WENT_ALONG: _went_along(so_far)} | own | measured
        else:
            moment = _moment_in(turn.message_ids, resisting)
            so_far.append(resists(moment) if moment else _resists_unflagged(turn.message_ids, each))
            own = _client_cells(moment) if moment else _resistance_cells(so_far[-1])
            yield turn.role, own | measured


def _moment_in(messages: Sequence[str], moments: Mapping[str, StudyMoment]) -> StudyMoment | None:
    """Return the moment in a turn. Where a notice splits a turn for the detector it may hold two: one that resists."""
    found = [moments[message] for message in messages if message in moments]
    return max(found, key=lambda moment: resists(moment) or 0, default=None)


def _went_along(resisted: Sequence[int | None]) -> float | None:
    """Return the share of the client's turns so far that did not resist; None where of one of them nobody knows."""
    known = [each for each in resisted if each is not None]
    return round(1 - fmean(known), 4) if known and len(known) == len(resisted) else None


def _turns_of_moments(each: StudySession) -> list[tuple[Role, Row]]:
    """Return the turns that a moment holds or that surely follow one, with two of one side where others lie between."""
    talk = _talk(each)
    turns: list[tuple[Role, Row]] = []
    following: Sequence[str] = ()
    for moment in each.moments:
        if turns and following[:1] != moment.exchange.client_turn[:1]:
            turns.append((Role.CLIENT, _unflagged_cells(following, each)))
        turns.append((Role.CLIENT, _client_cells(moment)))
        turns.append((Role.COUNSELLOR, _reply_cells(moment)))
        found = afterwards(talk, moment.exchange.reply).turns
        following = list(found[0]) if found else []
    if following:
        turns.append((Role.CLIENT, _unflagged_cells(following, each)))
    return turns


def _alternating(turns: Sequence[tuple[Role, Row]]) -> Iterator[tuple[Role, Row]]:
    """Yield turns with an empty one of the other side between two of one side."""
    yield from turns[:1]
    for (before, _), (role, cells) in pairwise(turns):
        if role is before:
            yield (Role.COUNSELLOR if role is Role.CLIENT else Role.CLIENT), {}
        yield role, cells


def _client_cells(moment: StudyMoment) -> Row:
    said = resists(moment)
    cells = _resistance_cells(said)
    if said and moment.answer.resistance_type is not None:
        group = BEHAVIOURS[ResistanceType(moment.answer.resistance_type)].group
        cells |= {name: int(name == group) for name in RESISTANCE_GROUPS}
    return cells | {"reviewed": int(bool(moment.labels))}


def _resistance_cells(said: int | None) -> Row:
    """Return whether a turn resists; one that does not is in none of the groups of behaviours."""
    groups: Row = dict.fromkeys(RESISTANCE_GROUPS, 0 if said == 0 else None)
    return {RESISTS: said, **groups}


def _reply_cells(moment: StudyMoment) -> Row:
    known: Row = {mechanism.value: level for mechanism, level in levels(moment).items()}
    return known | {"reviewed": int(bool(moment.labels))}


def _unflagged_cells(messages: Sequence[str], each: StudySession) -> Row:
    """Return what is known of a client's turn that is no moment; nothing of one that is not known."""
    return _resistance_cells(_resists_unflagged(messages, each)) if messages else {}


def _resists_unflagged(messages: Sequence[str], each: StudySession) -> int | None:
    """Return whether a client's turn that is no moment resists; None where a flagged one may not be in the record."""
    for mark in (Mark.model_validate(mark) for mark in each.row.marks):
        if mark.kind is MarkKind.UNANSWERED_MOMENT and mark.message_ids[0] in messages:
            return None if mark.resistance_type is None else 1
    counts = Counts.model_validate(each.row.counts)
    return None if counts.flagged_not_shown or counts.exchanges_dropped_for_size else 0


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

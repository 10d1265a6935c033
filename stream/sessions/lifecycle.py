"""The lifecycle of a session: when it closes, closes again, reopens and is dropped.

These functions are generators: each yields what is to be published, and continues only after the caller has written
the dirty parts and the broker has stored what was yielded. So a message is kept before a record says that it was seen,
and a session is marked as closed only after its record is published. Repeated after a crash, they yield the same
records again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from stream.contracts.sessions import SessionRecord
from stream.contracts.transcripts import Transcript
from stream.contracts.vocabulary import EndReason
from stream.sessions.conversation import Conversation
from stream.sessions.record import closed_record, erased_record, reopened_record
from stream.sessions.rules import (
    HEAD_KEPT_MS,
    LATE_MS,
    MAX_MESSAGES,
    MAX_TEXT_BYTES,
    NAMES_KEPT_MS,
    RECLOSE_AFTER_MS,
    Arrival,
    Rules,
)
from stream.sessions.state import Head, SessionHead
from stream.sessions.transcript_record import transcript_record

Records = Iterator[SessionRecord | Transcript]


@dataclass(frozen=True, slots=True)
class PlatformEnd:
    """The end of a session as the platform reported it: its own time, and that time within the tolerance."""

    reported: datetime
    time: datetime


def idle_close_ms(conversation: Conversation, session: str, rules: Rules) -> int | None:
    """Return the broker time at which an open session closes by itself; None when only its explicit end closes it.

    A session that was reopened or withdrawn always closes by itself.
    """
    head = conversation.session_head(session)
    if head is not None and head.withdrawn:
        return head.active_ms + rules.idle_ms
    if head is None and rules.end_rule == "explicit":
        return None
    reopened_ms = head.active_ms if head is not None else 0
    return max(conversation.summaries[session].last_appended_ms, reopened_ms) + rules.idle_ms


def close_if_idle(conversation: Conversation, at: Arrival, rules: Rules, *, through: int) -> Records:
    """Close the open session if `at` is the idle limit or more after its last message.

    The session closes as of the moment at which the limit was reached, so that a late tick or message changes nothing.
    """
    session = conversation.open_session
    if session is not None:
        close_ms = idle_close_ms(conversation, session, rules)
        if close_ms is not None and close_ms <= at.time_ms:
            limit_reached = Arrival(at.offset, close_ms)
            yield from close(conversation, session, EndReason.IDLE, limit_reached, rules, through=through)


def close_if_too_long(conversation: Conversation, at: Arrival, rules: Rules) -> Records:
    """Close the open session if it holds as many messages, or as much text, as a session may."""
    session = conversation.open_session
    summary = None if session is None else conversation.summaries.get(session)
    if session is None or summary is None:
        return
    if summary.count >= MAX_MESSAGES or summary.text_bytes >= MAX_TEXT_BYTES:
        yield from close(conversation, session, EndReason.TOO_LONG, at, rules, through=at.offset)


def close(
    conversation: Conversation,
    session: str,
    reason: EndReason,
    at: Arrival,
    rules: Rules,
    *,
    through: int,
    end: PlatformEnd | None = None,
) -> Records:
    """Close an open session with its next revision; a withdrawn one closes without a record, as it had its last."""
    previous = conversation.session_head(session)
    if previous is not None and previous.withdrawn:
        closed = previous.model_copy(update={"is_open": False, "closed_at_ms": at.time_ms})
        conversation.set_session_head(closed if end is None else _ended(closed, end))
        conversation.advance_head(through)
        if end is not None:  # it, too, may have overtaken messages of the withdrawn session
            refuse_older(conversation, end.reported, at)
        return
    head = _next_revision(conversation, session, reason, end.time if end else None, previous)
    head = head.model_copy(update={"closed_at_ms": at.time_ms, "closed_through": through})
    yield from _publish_closed(conversation, head if end is None else _ended(head, end), at, rules)


def _ended(head: SessionHead, end: PlatformEnd) -> SessionHead:
    return head.model_copy(update={"platform_end": end.reported})


def reclose(conversation: Conversation, previous: SessionHead, at: Arrival, rules: Rules) -> Records:
    """Close a closed session again, as its next revision, for late messages and changes. Its windows do not move."""
    head = _next_revision(conversation, previous.session, previous.end_reason, previous.explicit_end, previous)
    head = head.model_copy(update={"closed_at_ms": previous.closed_at_ms, "closed_through": at.offset})
    yield from _publish_closed(conversation, head, at, rules)


def _publish_closed(conversation: Conversation, head: SessionHead, at: Arrival, rules: Rules) -> Records:
    """Publish a closed session, with its transcript where measures are on, and keep its head.

    The text of one that was too long goes at once: it is never read again, and many of them would fill the memory.
    """
    record = closed_record(conversation, head, at.time_ms, rules)
    yield record
    if rules.transcripts and (whole := transcript_record(conversation, head, record)) is not None:
        yield whole
    conversation.set_session_head(head)
    names_ms = max(conversation.head.names_ms, at.time_ms) if conversation.head.names else 0
    conversation.advance_head(head.closed_through, names_ms=names_ms)
    if head.end_reason is EndReason.TOO_LONG:
        conversation.drop_final_text(head)


def reopen(conversation: Conversation, head: SessionHead, at: Arrival) -> Records:
    """Reopen a closed session for the message at `at`, which is not yet added to it."""
    yield reopened_record(conversation, head, at.time_ms)
    reopened = head.model_copy(update={"is_open": True, "explicit_end": None, "active_ms": at.time_ms})
    conversation.set_session_head(reopened)
    conversation.advance_head(at.offset - 1)


def withdraw(conversation: Conversation, session: str, at: Arrival) -> Records:
    """Publish the last record of a session, then drop its text; the names stay for the room's next session."""
    previous = conversation.session_head(session)
    is_open = previous is None or previous.is_open
    explicit_end = previous.explicit_end if previous is not None else None
    head = _next_revision(conversation, session, EndReason.WITHDRAWN, explicit_end, previous).model_copy(
        update={
            "is_open": is_open,
            "closed_at_ms": at.time_ms if is_open or previous is None else previous.closed_at_ms,
            "closed_through": at.offset,
            "withdrawn": True,
            "active_ms": at.time_ms,
        }
    )
    yield erased_record(conversation, head, at.time_ms)
    conversation.set_session_head(head)
    conversation.advance_head(at.offset, early=())
    conversation.refuse_again(conversation.drop_text(session))


def refuse_older(conversation: Conversation, claimed_at: datetime, at: Arrival) -> None:
    """Refuse, for some seconds, messages that claim to be older than an event, and drop the edits that wait."""
    head = conversation.head
    just_came = head.withdrawn_at is not None and at.time_ms - head.withdrawn_ms < LATE_MS
    conversation.set_head(
        withdrawn_ms=max(at.time_ms, head.withdrawn_ms),
        withdrawn_at=max(claimed_at, head.withdrawn_at) if just_came and head.withdrawn_at else claimed_at,
        early=tuple(e for e in head.early if e.deleted),
    )


def reclose_due_ms(conversation: Conversation, head: SessionHead) -> int | None:
    """Return the broker time at which a closed session closes again; None when nothing has changed since its close."""
    summary = conversation.summaries.get(head.session)
    if head.is_open or head.withdrawn or summary is None or summary.touched <= head.closed_through:
        return None
    return summary.touched_ms + RECLOSE_AFTER_MS


def next_tick_ms(conversation: Conversation, rules: Rules) -> int | None:
    """Return the broker time at which a tick next has an effect here; None when only an event can change anything."""
    times = [idle_close_ms(conversation, conversation.open_session, rules)] if conversation.open_session else []
    for head in conversation.head.sessions:
        if _loses_text_at_once(head) and head.session in conversation.summaries:
            return 0  # a crash came between its last record and the removal of its text
        if head.is_open:
            continue
        if (due_ms := reclose_due_ms(conversation, head)) is not None:
            times.append(due_ms)
        elif head.session in conversation.summaries:
            times.append(head.closed_at_ms + rules.text_kept_ms)
        else:
            times.append(head.closed_at_ms + rules.text_kept_ms + HEAD_KEPT_MS)
    if conversation.head.names and not conversation.summaries:
        times.append(conversation.head.names_ms + NAMES_KEPT_MS)
    if conversation.head.withdrawn_ms:
        times.append(conversation.head.withdrawn_ms + rules.text_kept_ms + HEAD_KEPT_MS)
    times += [early.arrived_ms + rules.text_kept_ms for early in conversation.head.early]
    return min((time for time in times if time is not None), default=None)


def apply_tick(conversation: Conversation, at: Arrival, rules: Rules) -> Records:
    """Close, close again and drop what is due at broker time `at.time_ms`."""
    yield from close_if_idle(conversation, at, rules, through=at.offset)
    for head in conversation.head.sessions:
        due_ms = reclose_due_ms(conversation, head)
        if due_ms is not None and due_ms <= at.time_ms:
            yield from reclose(conversation, head, at, rules)
    _drop_expired(conversation, at, rules)


def _drop_expired(conversation: Conversation, at: Arrival, rules: Rules) -> None:
    """Drop what no event can change any more; events up to `at` have no effect if they come again."""
    for session_head in conversation.head.sessions:
        if session_head.session not in conversation.summaries:
            continue
        if session_head.withdrawn:
            conversation.refuse_again(conversation.drop_text(session_head.session))
        elif _loses_text_at_once(session_head) or _is_expired(
            conversation, session_head, at.time_ms, rules.text_kept_ms
        ):
            conversation.drop_final_text(session_head)
    head = conversation.head
    head_kept_ms = rules.text_kept_ms + HEAD_KEPT_MS
    kept = Head(
        through=head.through,
        sessions=tuple(s for s in head.sessions if not _is_expired(conversation, s, at.time_ms, head_kept_ms)),
        early=tuple(e for e in head.early if e.arrived_ms + rules.text_kept_ms > at.time_ms),
    )
    if conversation.summaries or head.names_ms + NAMES_KEPT_MS > at.time_ms:
        kept = kept.model_copy(update={"names": head.names, "names_ms": head.names_ms})
    if head.withdrawn_ms + head_kept_ms > at.time_ms:
        refused = {"withdrawn_ms": head.withdrawn_ms, "withdrawn_at": head.withdrawn_at}
        kept = kept.model_copy(update=refused | {"refused_id_hashes": head.refused_id_hashes})
    if kept == Head(through=head.through) and not conversation.segments:
        conversation.clear()
    elif kept != head or conversation.dirty:
        conversation.set_head(**vars(kept) | {"through": max(at.offset, head.through)})


def _loses_text_at_once(head: SessionHead) -> bool:
    """Whether no event may change the session any more, so that its text is not kept for late ones."""
    return head.withdrawn or (not head.is_open and head.end_reason is EndReason.TOO_LONG)


def _is_expired(conversation: Conversation, head: SessionHead, now_ms: int, kept_ms: int) -> bool:
    may_change = head.is_open or reclose_due_ms(conversation, head) is not None
    return not may_change and head.closed_at_ms + kept_ms <= now_ms


def _next_revision(
    conversation: Conversation,
    session: str,
    reason: EndReason,
    explicit_end: datetime | None,
    previous: SessionHead | None,
) -> SessionHead:
    """Return the head of a session's next revision, as that of a closed session."""
    summary = conversation.summaries[session]
    return SessionHead(
        session=session,
        is_open=False,
        revision=(previous.revision if previous else 0) + 1,
        started_at=summary.first_sent_at,
        ended_at=max(summary.last_sent_at, explicit_end) if explicit_end else summary.last_sent_at,
        closed_at_ms=0,
        closed_through=-1,
        end_reason=reason,
        explicit_end=explicit_end,
        platform_end=previous.platform_end if previous else None,
        first_offset=summary.first_offset,
        first_appended_ms=summary.first_appended_ms,
        last_appended_ms=summary.last_appended_ms,
    )

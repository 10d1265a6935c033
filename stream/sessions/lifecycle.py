"""When a session closes, closes again, reopens and is forgotten.

These functions are generators: each yields what is to be published, and goes on only after the caller has written
what is dirty and the broker has what was yielded. So a message is kept before a record says that it was seen, and a
session is marked closed only after its record is out. Repeated after a crash, they make the same records again.
"""

from collections.abc import Iterator
from datetime import datetime

from stream.contracts.sessions import SessionRecord
from stream.contracts.vocabulary import EndReason
from stream.sessions import record
from stream.sessions.conversation import Conversation
from stream.sessions.rules import MAX_MESSAGES, RECLOSE_AFTER_MS, REMEMBERED_MS, Arrival, Rules
from stream.sessions.state import Head, SessionHead

Records = Iterator[SessionRecord]


def idle_after(conversation: Conversation, session: str, rules: Rules) -> int | None:
    """Broker time at which an open session is over by itself; None when only its explicit end closes it.

    A reopened and a withdrawn session always end by themselves.
    """
    head = conversation.session(session)
    if head is not None and head.withdrawn:
        return head.active_ms + rules.idle_ms
    if head is None and rules.end_rule == "explicit":
        return None
    reopened_ms = 0 if head is None else head.active_ms
    return max(conversation.facts[session].last_ms, reopened_ms) + rules.idle_ms


def close_if_idle(conversation: Conversation, at: Arrival, rules: Rules, *, through: int) -> Records:
    """Close the open session if `at` lies the idle limit or more after its last message.

    It is closed as of the moment the limit was reached: how late a tick or the next message comes changes nothing.
    """
    session = conversation.open_session
    if session is not None:
        over = idle_after(conversation, session, rules)
        if over is not None and over <= at.ms:
            reached = Arrival(at.offset, over)
            yield from close(conversation, session, EndReason.IDLE, reached, rules, through=through)


def close_if_too_long(conversation: Conversation, at: Arrival, rules: Rules) -> Records:
    """Close the open session if it holds as many messages as one may."""
    session = conversation.open_session
    if session is not None and session in conversation.facts and conversation.facts[session].count >= MAX_MESSAGES:
        yield from close(conversation, session, EndReason.TOO_LONG, at, rules, through=at.offset)


def close(
    conversation: Conversation,
    session: str,
    reason: EndReason,
    at: Arrival,
    rules: Rules,
    *,
    through: int,
    explicit_end: datetime | None = None,
) -> Records:
    """Close an open session with its next revision. A withdrawn one has had its last record: it just ends."""
    known = conversation.session(session)
    if known is not None and known.withdrawn:
        ended_at = max(known.ended_at, explicit_end or known.ended_at)
        conversation.set_session(
            known.model_copy(update={"is_open": False, "closed_at_ms": at.ms, "ended_at": ended_at})
        )
        return
    head = _closed_head(conversation, session, reason, explicit_end, known).model_copy(
        update={"closed_at_ms": at.ms, "closed_through": through}
    )
    yield record.closed(conversation, head, at.ms, rules)
    conversation.set_session(head)
    conversation.set_head(through=max(through, conversation.head.through))


def reclose(conversation: Conversation, known: SessionHead, at: Arrival, rules: Rules) -> Records:
    """Close a closed session again, as its next revision, for what came late. Its windows do not move."""
    head = _closed_head(conversation, known.session, known.end_reason, known.explicit_end, known).model_copy(
        update={"closed_at_ms": known.closed_at_ms, "closed_through": at.offset}
    )
    yield record.closed(conversation, head, at.ms, rules)
    conversation.set_session(head)
    conversation.set_head(through=max(at.offset, conversation.head.through))


def reopen(conversation: Conversation, known: SessionHead, at: Arrival) -> Records:
    """Open a closed session again for the message at `at`, which is not yet placed."""
    yield record.reopened(conversation, known, at.ms)
    conversation.set_session(known.model_copy(update={"is_open": True, "explicit_end": None, "active_ms": at.ms}))
    conversation.set_head(through=max(at.offset - 1, conversation.head.through))


def withdraw(conversation: Conversation, session: str, at: Arrival) -> Records:
    """Publish a session's last record and let go of all its text, and of the names."""
    known = conversation.session(session)
    is_open = known is None or known.is_open
    explicit_end = known.explicit_end if known is not None else None
    head = _closed_head(conversation, session, EndReason.WITHDRAWN, explicit_end, known).model_copy(
        update={
            "is_open": is_open,
            "closed_at_ms": at.ms if is_open or known is None else known.closed_at_ms,
            "closed_through": at.offset,
            "withdrawn": True,
            "active_ms": at.ms,
        }
    )
    yield record.erased(conversation, head, at.ms)
    conversation.set_session(head)
    conversation.set_head(through=max(at.offset, conversation.head.through), names=(), names_ms=0, early=())
    conversation.drop_text(session)


def recloses_at(conversation: Conversation, known: SessionHead) -> int | None:
    """Broker time at which a closed session closes again; None when nothing has changed since."""
    facts = conversation.facts.get(known.session)
    if known.is_open or known.withdrawn or facts is None or facts.touched <= known.closed_through:
        return None
    return facts.touched_ms + RECLOSE_AFTER_MS


def due_ms(conversation: Conversation, rules: Rules) -> int | None:
    """Broker time at which the next tick has something to do here; None when only an event can change anything."""
    times = [idle_after(conversation, conversation.open_session, rules)] if conversation.open_session else []
    for known in conversation.head.sessions:
        if known.withdrawn and known.session in conversation.facts:
            return 0  # a crash came between its last record and the loss of its text
        if known.is_open:
            continue
        if (again := recloses_at(conversation, known)) is not None:
            times.append(again)
        elif known.session in conversation.facts:
            times.append(known.closed_at_ms + rules.kept_ms)
        else:
            times.append(known.closed_at_ms + rules.kept_ms + REMEMBERED_MS)
    if conversation.head.names and not conversation.facts:
        times.append(conversation.head.names_ms + rules.kept_ms)
    if conversation.head.withdrawn_at is not None:
        times.append(conversation.head.withdrawn_ms + rules.kept_ms + REMEMBERED_MS)
    times += [early.arrived_ms + rules.kept_ms for early in conversation.head.early]
    return min((time for time in times if time is not None), default=None)


def tick(conversation: Conversation, at: Arrival, rules: Rules) -> Records:
    """Do what is due at broker time `at.ms`."""
    yield from close_if_idle(conversation, at, rules, through=at.offset)
    for known in conversation.head.sessions:
        again = recloses_at(conversation, known)
        if again is not None and again <= at.ms:
            yield from reclose(conversation, known, at, rules)
    _forget(conversation, at, rules)


def _forget(conversation: Conversation, at: Arrival, rules: Rules) -> None:
    """Let go of what nobody can change any more. What came before is done with, should it come again."""
    for known in conversation.head.sessions:
        if known.withdrawn or _is_over(conversation, known, at.ms, rules.kept_ms):
            conversation.drop_text(known.session)
    head = conversation.head
    remembered_ms = rules.kept_ms + REMEMBERED_MS
    left = Head(
        through=head.through,
        sessions=tuple(s for s in head.sessions if not _is_over(conversation, s, at.ms, remembered_ms)),
        early=tuple(e for e in head.early if e.arrived_ms + rules.kept_ms > at.ms),
    )
    if conversation.facts or head.names_ms + rules.kept_ms > at.ms:
        left = left.model_copy(update={"names": head.names, "names_ms": head.names_ms})
    if head.withdrawn_ms + remembered_ms > at.ms:
        left = left.model_copy(update={"withdrawn_at": head.withdrawn_at, "withdrawn_ms": head.withdrawn_ms})
    if left == Head(through=head.through) and not conversation.segments:
        conversation.clear()
    elif left != head or conversation.dirty:
        conversation.set_head(**vars(left) | {"through": max(at.offset, head.through)})


def _is_over(conversation: Conversation, known: SessionHead, now_ms: int, after_ms: int) -> bool:
    waits = known.is_open or recloses_at(conversation, known) is not None
    return not waits and known.closed_at_ms + after_ms <= now_ms


def _closed_head(
    conversation: Conversation,
    session: str,
    reason: EndReason,
    explicit_end: datetime | None,
    known: SessionHead | None,
) -> SessionHead:
    """The head of the session's next revision, as a closed one."""
    facts = conversation.facts[session]
    return SessionHead(
        session=session,
        is_open=False,
        revision=(known.revision if known else 0) + 1,
        started_at=facts.first_sent,
        ended_at=max(facts.last_sent, explicit_end) if explicit_end else facts.last_sent,
        closed_at_ms=0,
        closed_through=-1,
        end_reason=reason,
        explicit_end=explicit_end,
    )

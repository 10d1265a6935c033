"""The effect of each kind of event on a conversation, as generators with the contract of `stream.sessions.lifecycle`.

An event that comes again has no second effect: a message is recognised by its id, an edit by its revision, any other
event by its offset, or because it would change nothing.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from datetime import datetime
from sys import intern

from stream.contracts.errors import Poison
from stream.contracts.ids import revision_of
from stream.contracts.messages import (
    ConsentWithdrawal,
    ConversationEvent,
    Deletion,
    Edit,
    Erasure,
    Message,
    Participants,
    PersonErasure,
    SessionEnd,
)
from stream.contracts.sessions import KnownName, SessionRecord
from stream.contracts.vocabulary import DeadLetterReason, EndReason, Role
from stream.sessions import lifecycle
from stream.sessions.conversation import Conversation
from stream.sessions.rules import Arrival, Rules
from stream.sessions.state import EarlyChange, Entry, Scored, SessionHead

Output = SessionRecord | Erasure | ConsentWithdrawal
Outputs = Iterator[Output]
ScoreText = Callable[[str], Scored]

MAX_NAMES = 200  # of one conversation; with their bound of 200 characters they fit into one record
MAX_EARLY_EDITS = 4  # edits that wait for their message; even with the longest text they fit into one record
MAX_EARLY_DELETIONS = 200  # deletions that wait for their message; they carry no text


def apply_event(
    conversation: Conversation, event: ConversationEvent, at: Arrival, rules: Rules, score: ScoreText
) -> Outputs:
    """Apply one event to a conversation, and yield what is to be published.

    `score` returns the detector's result for the text that a client's message will have.

    Raises:
        Poison: the event can never have an effect.
    """
    match event:
        case Message():
            yield from _apply_message(conversation, event, at, rules, score)
        case Edit():
            _apply_edit(conversation, event, at, rules, score)
        case Deletion():
            _apply_deletion(conversation, event, at)
        case Participants():
            _add_names(conversation, event, at)
        case SessionEnd():
            yield from _apply_session_end(conversation, event, at, rules)
        case ConsentWithdrawal():
            yield from _apply_withdrawal(conversation, event, at)
        case Erasure():
            yield from _apply_erasure(conversation, event, at)


def _apply_message(
    conversation: Conversation, message: Message, at: Arrival, rules: Rules, score: ScoreText
) -> Outputs:
    if not message.consent.processing:
        raise Poison(DeadLetterReason.NO_CONSENT, "consent")
    if not _is_repeated(conversation, message, at):
        yield from lifecycle.close_if_idle(conversation, at, rules, through=at.offset - 1)
        session = yield from _session_for(conversation, message, at, rules)
        conversation.add(session, _entry(conversation, message, at, score))
    # Also after a repeated message: a crash may have happened between the message and the close that it causes.
    yield from lifecycle.close_if_too_long(conversation, at, rules)


def _is_repeated(conversation: Conversation, message: Message, at: Arrival) -> bool:
    """Whether the message has had its effect: by its offset, by its id, or because a session is named after it."""
    stored = conversation.entry(message.message_id) or conversation.session_head(message.message_id)
    return stored is not None or at.offset <= conversation.head.through


def _session_for(
    conversation: Conversation, message: Message, at: Arrival, rules: Rules
) -> Generator[SessionRecord, None, str]:
    """Return the session of a message: a closed one it is late for, the open one, the last reopened, or a new one."""
    withdrawn_at = conversation.head.withdrawn_at
    if withdrawn_at is not None and message.sent_at <= withdrawn_at:
        raise Poison(DeadLetterReason.NO_CONSENT, "withdrawn")
    closed = [head for head in conversation.head.sessions if not head.is_open]
    late_for = next((head for head in closed if message.sent_at <= head.ended_at), None)
    if late_for is not None:
        _check_late(conversation, late_for, at, rules)
        return late_for.session
    session = conversation.open_session
    if session is not None:
        head = conversation.session_head(session)
        if head is not None and head.withdrawn:
            ended_at = max(head.ended_at, message.sent_at)
            conversation.set_session_head(head.model_copy(update={"active_ms": at.time_ms, "ended_at": ended_at}))
            raise Poison(DeadLetterReason.NO_CONSENT, "withdrawn")
        return session
    if closed and _reopens(closed[-1], at, rules):
        yield from lifecycle.reopen(conversation, closed[-1], at)
        return closed[-1].session
    return message.message_id


def _reopens(last: SessionHead, at: Arrival, rules: Rules) -> bool:
    final = last.withdrawn or last.end_reason is EndReason.TOO_LONG
    return not final and at.time_ms - last.closed_at_ms <= rules.reopen_within_ms


def _check_late(conversation: Conversation, head: SessionHead, at: Arrival, rules: Rules) -> None:
    """Check that a closed session still takes a late message.

    Raises:
        Poison: the session was withdrawn, its window is over, or it holds as many messages as a session may.
    """
    if head.withdrawn:
        raise Poison(DeadLetterReason.NO_CONSENT, "withdrawn")
    in_time = at.time_ms - head.closed_at_ms <= rules.late_within_ms
    if not in_time or head.session not in conversation.summaries or head.end_reason is EndReason.TOO_LONG:
        raise Poison(DeadLetterReason.TOO_LATE, "sent_at")


def _entry(conversation: Conversation, message: Message, at: Arrival, score: ScoreText) -> Entry:
    """Return a message as it is stored: with the text of an edit that came first, or without text if a deletion did."""
    early = next((e for e in conversation.head.early if e.message_id == message.message_id), None)
    deleted = early is not None and early.deleted
    text = "" if deleted else early.text if early else message.text
    return Entry(
        message_id=message.message_id,
        offset=at.offset,
        appended_ms=at.time_ms,
        touched=at.offset,
        touched_ms=at.time_ms,
        role=message.role,
        author=intern(message.author),  # all messages of a person share one string
        sent_at=message.sent_at,
        text=text,
        revision=early.revision if early else 0,
        deleted=deleted,
        language=message.language,
        secondary_use=message.consent.secondary_use and (early is None or early.secondary_use),
        scored=score(text) if message.role is Role.CLIENT and not deleted else None,
    )


def _apply_edit(conversation: Conversation, edit: Edit, at: Arrival, rules: Rules, score: ScoreText) -> None:
    if not edit.consent.processing:
        raise Poison(DeadLetterReason.NO_CONSENT, "consent")
    revision = edit.revision
    entry = conversation.entry(edit.message_id)
    if entry is None:
        withdrawn_at = conversation.head.withdrawn_at
        if withdrawn_at is not None and edit.edited_at <= withdrawn_at:
            raise Poison(DeadLetterReason.NO_CONSENT, "withdrawn")  # its message was sent before the withdrawal too
        early = EarlyChange(message_id=edit.message_id, arrived_ms=at.time_ms, revision=revision, text=edit.text)
        _keep_early_change(conversation, at, early.model_copy(update={"secondary_use": edit.consent.secondary_use}))
    elif at.offset > entry.offset and not entry.deleted and revision > entry.revision:
        head = conversation.session_head(conversation.session_of(edit.message_id))
        if head is not None and not head.is_open and at.time_ms - head.closed_at_ms > rules.late_within_ms:
            raise Poison(DeadLetterReason.TOO_LATE, "edited_at")
        scored = score(edit.text) if entry.role is Role.CLIENT else None
        secondary_use = entry.secondary_use and edit.consent.secondary_use  # only if both allow it
        edited = replace(entry, text=edit.text, revision=revision, scored=scored, secondary_use=secondary_use)
        conversation.replace(replace(edited, touched=at.offset, touched_ms=at.time_ms))


def _apply_deletion(conversation: Conversation, deletion: Deletion, at: Arrival) -> None:
    entry = conversation.entry(deletion.message_id)
    if entry is None:
        _keep_early_change(
            conversation, at, EarlyChange(message_id=deletion.message_id, arrived_ms=at.time_ms, deleted=True)
        )
    elif at.offset > entry.offset and not entry.deleted:
        deleted = replace(entry, text="", scored=None, deleted=True)
        conversation.replace(replace(deleted, touched=at.offset, touched_ms=at.time_ms))


def _keep_early_change(conversation: Conversation, at: Arrival, early: EarlyChange) -> None:
    """Keep an early change until its message comes; of two for one message the deletion, or the higher revision.

    The original applies it. When it is redelivered after that, its offset is before the original's, so that it has no
    effect.

    Raises:
        Poison: OVERSIZE, when as many changes wait as may, since no waiting change is dropped for a new one;
            NO_CONSENT, when an edit may belong to a session that was withdrawn.
    """
    head = conversation.head
    if at.offset <= head.through:
        return
    if not early.deleted and any(session.withdrawn for session in head.sessions):  # the edit may be of that session
        raise Poison(DeadLetterReason.NO_CONSENT, "withdrawn")
    waiting = next((e for e in head.early if e.message_id == early.message_id), None)
    if waiting is not None and (waiting.deleted, waiting.revision) >= (early.deleted, early.revision):
        return
    others = tuple(e for e in head.early if e.message_id != early.message_id)
    limit = MAX_EARLY_DELETIONS if early.deleted else MAX_EARLY_EDITS
    if sum(e.deleted == early.deleted for e in others) >= limit:
        raise Poison(DeadLetterReason.OVERSIZE, "early")
    conversation.set_head(early=(*others, early))


def _add_names(conversation: Conversation, event: Participants, at: Arrival) -> None:
    if at.offset <= conversation.head.through:
        return  # redelivered after a crash: a withdrawal may have come since
    named = (KnownName(role=person.role, name=name) for person in event.participants for name in person.names)
    names = tuple(dict.fromkeys((*conversation.head.names, *named)))
    if len(names) > MAX_NAMES:
        raise Poison(DeadLetterReason.OVERSIZE, "participants")
    if names != conversation.head.names:
        conversation.set_head(names=names, names_ms=at.time_ms)


def _apply_session_end(conversation: Conversation, event: SessionEnd, at: Arrival, rules: Rules) -> Outputs:
    session = conversation.open_session
    if rules.end_rule == "idle" or session is None or at.offset <= conversation.head.through:
        return
    head = conversation.session_head(session)
    if session in conversation.summaries:  # redelivered after a crash, the end finds messages that came after it
        sent_before = [entry.sent_at for entry in conversation.entries(session) if entry.offset < at.offset]
        if not sent_before or event.ended_at < min(sent_before):
            return  # the end of an earlier session
    if head is not None and (event.ended_at < head.ended_at if head.withdrawn else event.ended_at <= head.ended_at):
        return  # the end of an earlier session, or the end before the reopening, sent again
    yield from lifecycle.close(
        conversation, session, EndReason.EXPLICIT, at, rules, through=at.offset, explicit_end=event.ended_at
    )


def _apply_withdrawal(conversation: Conversation, event: ConsentWithdrawal, at: Arrival) -> Outputs:
    """Withdraw the latest session that began before the event, or pass the event on if none of its text is here."""
    if at.offset <= conversation.head.through:
        return
    started_at = {head.session: head.started_at for head in conversation.head.sessions}
    started_at |= {session: summary.first_sent_at for session, summary in conversation.summaries.items()}
    before = [session for session, start in started_at.items() if start <= event.withdrawn_at]
    latest = max(before, key=started_at.__getitem__, default=None)
    head = None if latest is None else conversation.session_head(latest)
    if latest is None or latest not in conversation.summaries:
        if head is None or not head.withdrawn:
            yield event
    elif head is None or not head.withdrawn:
        yield from lifecycle.withdraw(conversation, latest, at)
    _refuse_sent_before(conversation, event.withdrawn_at, at)


def _apply_erasure(conversation: Conversation, event: Erasure, at: Arrival) -> Outputs:
    """Pass an erasure on and drop everything that came before it.

    When it is redelivered after a crash, the erasure does not touch what has begun since.
    """
    yield event
    for session, summary in list(conversation.summaries.items()):
        if summary.first_offset < at.offset:
            conversation.drop_text(session)
    since = tuple(
        head
        for head in conversation.head.sessions
        if head.session in conversation.summaries or head.closed_through > at.offset
    )
    conversation.advance_head(at.offset, sessions=since, names=(), names_ms=0, early=())
    _refuse_sent_before(conversation, event.requested_at, at)


def apply_person_erasure(conversation: Conversation, event: PersonErasure, at: Arrival) -> Outputs:
    """Drop the sessions of one person: of a client everything, of a counsellor the sessions in which they wrote.

    If no session of the person began before the erasure, nothing changes, so that it may be redelivered after a crash.
    """
    theirs = {
        session
        for session, summary in conversation.summaries.items()
        if summary.first_offset < at.offset
        and any(e.author == event.person and e.role is event.role for e in conversation.entries(session))
    }
    if not theirs:
        return
    if event.role is Role.CLIENT:
        erasure = Erasure(
            tenant=conversation.tenant,
            conversation_id=conversation.conversation_id,
            erasure_id=event.erasure_id,
            requested_at=event.requested_at,
        )
        yield from _apply_erasure(conversation, erasure, at)
        return
    for session in theirs:
        conversation.drop_text(session)
    others = tuple(head for head in conversation.head.sessions if head.session not in theirs)
    conversation.advance_head(at.offset, sessions=others)


def _refuse_sent_before(conversation: Conversation, sent_before: datetime, at: Arrival) -> None:
    """Refuse, from now on, messages sent before a withdrawal or an erasure, and drop the early edits from before it."""
    withdrawn_at = max(sent_before, conversation.head.withdrawn_at or sent_before)
    early = tuple(e for e in conversation.head.early if e.deleted or e.revision > revision_of(withdrawn_at))
    conversation.set_head(withdrawn_at=withdrawn_at, withdrawn_ms=at.time_ms, early=early)

"""The effect of each kind of event on a conversation, as generators with the contract of `stream.sessions.lifecycle`.

An event that comes again has no second effect: a message is recognised by its id, an edit by its revision, any other
event by its offset, or because it would change nothing.

The order of events is that of their offsets, and every rule about time uses the broker's append time. A sender's clock
orders messages inside a session and decides nothing else, with two exceptions that keep less or later. The end of a
session that claims to be older than the session is ignored: the session then closes by itself. And of a message and a
withdrawal that come within seconds of each other, their own times say which was first.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
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
from stream.contracts.risk import RiskSignal
from stream.contracts.sessions import KnownName, SessionRecord
from stream.contracts.transcripts import Transcript
from stream.contracts.vocabulary import DeadLetterReason, EndReason, NoEffect, Role
from stream.sessions import lifecycle
from stream.sessions.clocks import clamped_time
from stream.sessions.conversation import Conversation
from stream.sessions.id_hashes import holds, id_hash
from stream.sessions.lifecycle import PlatformEnd
from stream.sessions.record import broker_time
from stream.sessions.risk import raise_risk
from stream.sessions.rules import LATE_MS, Arrival, Rules
from stream.sessions.state import EarlyChange, Entry, Scored, SessionHead


@dataclass(frozen=True, slots=True)
class Ignored:
    """The statement that a well-formed event, or a part of it, had no effect; it is counted, and no dead letter."""

    reason: NoEffect
    count: int = 1


Published = SessionRecord | Transcript | Erasure | ConsentWithdrawal | Deletion | Edit | RiskSignal
Output = Published | Ignored
Outputs = Iterator[Output]
ScoreText = Callable[[str], Scored]

MAX_NAMES = 200  # of one conversation, the last told; with their bound of 200 characters they fit into one record
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
            yield from _apply_edit(conversation, event, at, rules, score)
        case Deletion():
            yield from _apply_deletion(conversation, event, at)
        case Participants():
            yield from _add_names(conversation, event, at)
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
        if holds(conversation.head.refused_id_hashes, id_hash(message.message_id)):
            raise Poison(DeadLetterReason.NO_CONSENT, "withdrawn")
        yield from lifecycle.close_if_idle(conversation, at, rules, through=at.offset - 1)
        session = yield from _session_for(conversation, message, at, rules)
        entry = _entry(conversation, message, at, score)
        yield from raise_risk(conversation, session, entry, rules)
        conversation.add(session, entry)
    # Also after a repeated message: a crash may have happened between the message and the close that it causes.
    yield from lifecycle.close_if_too_long(conversation, at, rules)


def _is_repeated(conversation: Conversation, message: Message, at: Arrival) -> bool:
    """Whether the message has had its effect: by its offset, by its id, or because a session is named after it.

    Of messages whose text is gone the hash of the id is left.
    """
    if at.offset <= conversation.head.through or conversation.entry(message.message_id) is not None:
        return True
    hashed = id_hash(message.message_id)
    return any(
        message.message_id == head.session or holds(head.id_hashes, hashed) for head in conversation.head.sessions
    )


def _session_for(
    conversation: Conversation, message: Message, at: Arrival, rules: Rules
) -> Generator[SessionRecord | Transcript, None, str]:
    """Return the session of a message, by the time of its arrival: the open one, the last closed one, or a new one.

    Raises:
        Poison: NO_CONSENT, when the session was withdrawn, or a withdrawal or an erasure overtook the message.
    """
    session = conversation.open_session
    head = None if session is None else conversation.session_head(session)
    if head is not None and head.withdrawn:
        conversation.set_session_head(head.model_copy(update={"active_ms": at.time_ms}))
        conversation.refuse_again(id_hash(message.message_id))
        raise Poison(DeadLetterReason.NO_CONSENT, "withdrawn")
    if _is_overtaken(conversation, message, at):
        conversation.refuse_again(id_hash(message.message_id))
        raise Poison(DeadLetterReason.NO_CONSENT, "withdrawn")
    if session is not None:
        return session
    last = conversation.head.sessions[-1] if conversation.head.sessions else None
    if last is None or not _takes_messages(conversation, last, at, rules):
        return message.message_id
    if not _is_late(last, at):
        yield from lifecycle.reopen(conversation, last, at)
    return last.session


def _is_overtaken(conversation: Conversation, message: Message, at: Arrival) -> bool:
    """Whether a withdrawal or an erasure that came seconds ago says that it is not older than the message.

    Platforms deliver side by side, so only their own times can tell which of the two was first. Outside of these
    seconds no sender's clock is asked.
    """
    head = conversation.head
    if head.withdrawn_at is None or at.time_ms - head.withdrawn_ms >= LATE_MS:
        return False
    return message.sent_at <= head.withdrawn_at


def _takes_messages(conversation: Conversation, last: SessionHead, at: Arrival, rules: Rules) -> bool:
    """Whether the last session, which is closed, takes a message that arrives now."""
    final = last.withdrawn or last.session not in conversation.summaries
    return not final and at.time_ms - last.closed_at_ms <= rules.reopen_within_ms


def _is_late(last: SessionHead, at: Arrival) -> bool:
    """Whether a message arrives so soon after the explicit end that the end overtook it, and the session stays closed.

    Only the broker's time decides: a sender's clock that is slow would make a talk that goes on look late, so that it
    is assessed while it goes on.
    """
    return last.end_reason is EndReason.EXPLICIT and at.time_ms - last.closed_at_ms <= LATE_MS


def _entry(conversation: Conversation, message: Message, at: Arrival, score: ScoreText) -> Entry:
    """Return a message as it is stored: with the text of an edit that came first, or without text if a deletion did."""
    early = next((e for e in conversation.head.early if e.is_of(message)), None)
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


def _apply_edit(conversation: Conversation, edit: Edit, at: Arrival, rules: Rules, score: ScoreText) -> Outputs:
    """Change a message of which the text is here; otherwise pass the edit on, or keep it until its message comes.

    Raises:
        Poison: NO_CONSENT, when the edit has none, or its message may have been withdrawn or erased.
    """
    if not edit.consent.processing:
        raise Poison(DeadLetterReason.NO_CONSENT, "consent")
    revision = edit.revision
    entry = conversation.entry(edit.message_id)
    if entry is None:
        if conversation.head.withdrawn_ms:  # the message may be one that was withdrawn or erased
            raise Poison(DeadLetterReason.NO_CONSENT, "withdrawn")
        early = EarlyChange(message_id=edit.message_id, arrived_ms=at.time_ms, revision=revision, text=edit.text)
        early = early.model_copy(update={"secondary_use": edit.consent.secondary_use, "author": edit.author})
        yield from _place_early_change(conversation, at, edit, early)
    elif edit.author not in {None, entry.author}:
        yield Ignored(NoEffect.EDIT_BY_ANOTHER)
    elif at.offset > entry.offset and not entry.deleted and revision > entry.revision:
        scored = score(edit.text) if entry.role is Role.CLIENT else None
        secondary_use = entry.secondary_use and edit.consent.secondary_use  # only if both allow it
        edited = replace(entry, text=edit.text, revision=revision, scored=scored, secondary_use=secondary_use)
        edited = replace(edited, touched=at.offset, touched_ms=at.time_ms)
        yield from raise_risk(conversation, conversation.session_of(edit.message_id), edited, rules)
        conversation.replace(edited)
        yield from lifecycle.close_if_too_long(conversation, at, rules)


def _apply_deletion(conversation: Conversation, deletion: Deletion, at: Arrival) -> Outputs:
    """Delete a message of which the text is here; otherwise pass the deletion on, and keep it for its message."""
    entry = conversation.entry(deletion.message_id)
    if entry is None:
        early = EarlyChange(message_id=deletion.message_id, arrived_ms=at.time_ms, deleted=True)
        yield from _place_early_change(conversation, at, deletion, early)
    elif at.offset > entry.offset and not entry.deleted:
        deleted = replace(entry, text="", scored=None, deleted=True)
        conversation.replace(replace(deleted, touched=at.offset, touched_ms=at.time_ms))


def _place_early_change(conversation: Conversation, at: Arrival, event: Edit | Deletion, early: EarlyChange) -> Outputs:
    """Pass on a change whose message is not here, and keep it until its message comes.

    The message may be stored already, of a session whose text is no longer kept here; or it has not come yet. Of two
    changes that wait for one message the deletion, or the higher revision, is kept. The original applies it; when the
    change is redelivered after that, its offset is before the original's, so that it has no effect. No waiting change
    is dropped for a new one.
    """
    head = conversation.head
    if at.offset <= head.through:
        return
    if early.deleted or any(session.session not in conversation.summaries for session in head.sessions):
        yield event
    waiting = next((e for e in head.early if e.message_id == early.message_id), None)
    if waiting is not None and (waiting.deleted, waiting.revision) >= (early.deleted, early.revision):
        return
    others = tuple(e for e in head.early if e.message_id != early.message_id)
    limit = MAX_EARLY_DELETIONS if early.deleted else MAX_EARLY_EDITS
    if sum(e.deleted == early.deleted for e in others) >= limit:
        yield Ignored(NoEffect.TOO_MANY_EARLY_CHANGES)
    else:
        conversation.set_head(early=(*others, early))


def _add_names(conversation: Conversation, event: Participants, at: Arrival) -> Outputs:
    """Add names to those of the room; beyond `MAX_NAMES` those that were told first are dropped."""
    if at.offset <= conversation.head.through:
        return  # redelivered after a crash: an erasure may have come since
    named = tuple(
        dict.fromkeys(KnownName(role=person.role, name=name) for person in event.participants for name in person.names)
    )
    if not named:
        return
    names = (*(name for name in conversation.head.names if name not in named), *named)
    if len(names) > MAX_NAMES:
        yield Ignored(NoEffect.TOO_MANY_NAMES, len(names) - MAX_NAMES)
    conversation.set_head(names=names[-MAX_NAMES:], names_ms=at.time_ms)


def _apply_session_end(conversation: Conversation, event: SessionEnd, at: Arrival, rules: Rules) -> Outputs:
    """Close the open session, unless the end is not its own: ignoring an end only delays the close."""
    if at.offset <= conversation.head.through:
        return
    session = conversation.open_session
    if rules.end_rule == "idle":
        yield Ignored(NoEffect.END_RULE_IDLE)
    elif any(head.platform_end == event.ended_at for head in conversation.head.sessions):
        yield Ignored(NoEffect.END_REPEATED)
    elif session is None:
        yield Ignored(NoEffect.END_WITHOUT_SESSION)
    elif _ms(event.ended_at) + rules.clock_ahead_ms < _began_ms(conversation, session, at):
        yield Ignored(NoEffect.END_BEFORE_SESSION)
    else:
        end = PlatformEnd(event.ended_at, clamped_time(event.ended_at, at, rules))
        yield from lifecycle.close(conversation, session, EndReason.EXPLICIT, at, rules, through=at.offset, end=end)


def _began_ms(conversation: Conversation, session: str, at: Arrival) -> float:
    """Return the broker time of the open session's first message, or infinity if it has begun after this event.

    An event that is redelivered after a crash finds sessions that began after it.
    """
    summary, head = conversation.summaries.get(session), conversation.session_head(session)
    first_offset = summary.first_offset if summary else head.first_offset if head else -1
    first_ms = summary.first_appended_ms if summary else head.first_appended_ms if head else 0
    return first_ms if first_offset < at.offset else float("inf")


def _apply_withdrawal(conversation: Conversation, event: ConsentWithdrawal, at: Arrival) -> Outputs:
    """Withdraw the session that is open or was the last when the event arrived.

    The event is passed on if none of that session's text is here.
    """
    if at.offset <= conversation.head.through:
        return
    first_offsets = {head.session: head.first_offset for head in conversation.head.sessions}
    first_offsets |= {session: summary.first_offset for session, summary in conversation.summaries.items()}
    before = [session for session, offset in first_offsets.items() if offset < at.offset]
    latest = max(before, key=first_offsets.__getitem__, default=None)
    head = None if latest is None else conversation.session_head(latest)
    if latest is None or latest not in conversation.summaries:
        if head is None or not head.withdrawn:
            yield event.model_copy(update={"appended_at": broker_time(at.time_ms)})
    elif head is None or not head.withdrawn:
        yield from lifecycle.withdraw(conversation, latest, at)
    lifecycle.refuse_older(conversation, event.withdrawn_at, at)


def _apply_erasure(conversation: Conversation, event: Erasure, at: Arrival) -> Iterator[Published]:
    """Pass an erasure on and drop everything that came before it.

    When it is redelivered after a crash, the erasure does not touch what has begun since.
    """
    yield event.model_copy(update={"appended_at": broker_time(at.time_ms)})
    for session, summary in list(conversation.summaries.items()):
        if summary.first_offset < at.offset:
            conversation.refuse_again(conversation.drop_text(session))
    since = tuple(head for head in conversation.head.sessions if head.first_offset > at.offset)
    for head in conversation.head.sessions:
        if head not in since:
            conversation.refuse_again(head.id_hashes)
    conversation.advance_head(at.offset, sessions=since, names=(), names_ms=0, early=())
    lifecycle.refuse_older(conversation, event.requested_at, at)


def apply_person_erasure(conversation: Conversation, event: PersonErasure, at: Arrival) -> Iterator[Published]:
    """Drop the sessions of one person: of a client everything, of a counsellor the sessions in which they wrote.

    If no session of the person began before the erasure, nothing changes, so that it may be redelivered after a crash.
    """
    theirs = {
        session
        for session in conversation.summaries
        if any(
            e.offset < at.offset and e.author == event.person and e.role is event.role
            for e in conversation.entries(session)
        )
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
        conversation.refuse_again(conversation.drop_text(session))
    head = conversation.head
    others = tuple(other for other in head.sessions if other.session not in theirs)
    early = tuple(e for e in head.early if e.deleted)  # a waiting edit may be of what was erased
    conversation.advance_head(at.offset, sessions=others, early=early, withdrawn_ms=max(at.time_ms, head.withdrawn_ms))


def _ms(time: datetime) -> int:
    """Return a sender's time in milliseconds since 1970."""
    return revision_of(time)

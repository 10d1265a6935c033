"""The rules of sessions as a specification: what `stream/sessions` must do, without regard to speed or crashes.

The model keeps everything in lists, searches all of it every time, and gets each event once, in the order of the log.
`test_plain_model.py` applies the same events to both and compares everything that they publish. Times in `..._ms` are
broker time in milliseconds; times in `..._at` are the platform's, which the caller has clamped where the code does.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import datetime

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
from stream.contracts.vocabulary import DeadLetterReason as Reason
from stream.contracts.vocabulary import EndReason, Role
from stream.sessions.clocks import clamped_time
from stream.sessions.rules import Arrival, Rules
from tests.stream.sessions.plain_record import PlainMessage, closed_content

LATE_MS = 10_000
RECLOSE_AFTER_MS = 2_000
HEAD_KEPT_MS = 7 * 24 * 3_600_000
NAMES_KEPT_MS = 35 * 24 * 3_600_000
MAX_EARLY_EDITS = 4
MAX_EARLY_DELETIONS = 200
MAX_NAMES = 200

Published = tuple[object, ...]
"""One published record as a tuple: its kind, then its content."""


@dataclass
class PlainSession:
    """A session, from its first message until its head is dropped."""

    first_message_id: str
    messages: dict[str, PlainMessage] = field(default_factory=dict)
    is_open: bool = True
    revision: int = 0
    withdrawn: bool = False
    active_ms: int = 0  # last message, reopening or withdrawal
    closed_at_ms: int = 0  # its windows begin here
    changed_at_ms: int | None = None  # last change since the last record of it
    end_reason: EndReason = EndReason.IDLE
    explicit_end: datetime | None = None
    platform_end: datetime | None = None  # the last end that the platform reported, also after a reopening
    began: int = 0  # the number of the event that began it
    began_ms: int = 0
    heard_ms: int = 0  # arrival of the last message
    text_dropped: bool = False
    dropped_ids: set[str] = field(default_factory=set)  # of messages whose text was dropped
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def first_sent_at(self) -> datetime:
        """The time at which the earliest of its messages was sent."""
        if not self.messages:
            assert self.started_at
            return self.started_at
        return min(message.sent_at for message in self.messages.values())


@dataclass
class PlainEarlyChange:
    """An edit or a deletion that came before its message."""

    message_id: str
    arrived_ms: int
    revision: int = 0
    text: str = ""
    deleted: bool = False
    secondary_use: bool = True


class PlainConversation:
    """A conversation by the rules of the specification; each `apply_...` method returns what is published."""

    def __init__(self, rules: Rules, max_messages: int) -> None:
        self.rules = rules
        self.max_messages = max_messages  # the number of messages that one session may hold
        self.text_kept_ms = max(rules.late_within_ms, rules.reopen_within_ms)
        self.sessions: list[PlainSession] = []
        self.early: list[PlainEarlyChange] = []
        self.names: list[tuple[str, str]] = []
        self.names_ms = 0
        self.withdrawn_ms = 0  # the last withdrawal or erasure
        self.withdrawn_at: datetime | None = None  # the time that it claims
        self.refused_ids: set[str] = set()  # of messages withdrawn, erased or refused, as long as that is remembered
        self.arrivals = 0

    # The interface of the model.

    def stored_words(self) -> set[str]:
        """Return all words that may still be stored anywhere."""
        texts = [
            message.text for session in self.sessions for message in session.messages.values() if not message.deleted
        ]
        return {word for text in (*texts, *(early.text for early in self.early)) for word in text.split()}

    def apply_event(self, event: ConversationEvent, ms: int) -> tuple[list[Published], Reason | None]:
        """Return what one event publishes, and the reason if it was refused."""
        published: list[Published] = []
        try:
            for output in self._apply(event, ms):
                published.append(output)  # noqa: PERF402 - what came before a refusal counts
        except _Refused as refusal:
            return published, refusal.reason
        return published, None

    def apply_person_erasure(self, event: PersonErasure, ms: int) -> list[Published]:
        """Drop the sessions of one person: of a client everything, of a counsellor those in which they wrote."""
        theirs = [
            session
            for session in self.sessions
            if any(
                message.author == event.person and message.role is event.role for message in session.messages.values()
            )
        ]
        if event.role is Role.CLIENT and theirs:
            return list(self._apply_erasure(event.erasure_id, event.requested_at, ms))
        if theirs:
            self._forget(theirs)
            self.withdrawn_ms = ms
            self.early = [early for early in self.early if early.deleted]
        return []

    def apply_tick(self, ms: int) -> list[Published]:
        """Close, close again and drop what is due at broker time `ms`; return what is published."""
        published = list(self._close_if_idle(ms))
        for session in self.sessions:
            changed = session.changed_at_ms
            if not session.is_open and changed is not None and changed + RECLOSE_AFTER_MS <= ms:
                published += self._close(session, session.end_reason, ms, session.explicit_end, again=True)
        self._drop_expired(ms)
        return published

    # What each event does.

    def _apply(self, event: ConversationEvent, ms: int) -> Iterator[Published]:
        self.arrivals += 1
        match event:
            case Message():
                yield from self._apply_message(event, ms)
            case Edit():
                yield from self._apply_edit(event, ms)
            case Deletion():
                yield from self._apply_deletion(event, ms)
            case Participants():
                self._add_names(event, ms)
            case SessionEnd():
                yield from self._apply_session_end(event, ms)
            case ConsentWithdrawal():
                yield from self._apply_withdrawal(event, ms)
            case Erasure():
                yield from self._apply_erasure(event.erasure_id, event.requested_at, ms)

    def _apply_message(self, message: Message, ms: int) -> Iterator[Published]:
        if not message.consent.processing:
            raise _Refused(Reason.NO_CONSENT)
        if self._find(message.message_id) or any(
            message.message_id in {session.first_message_id, *session.dropped_ids} for session in self.sessions
        ):
            return  # the platform sent it twice
        if message.message_id in self.refused_ids:
            raise _Refused(Reason.NO_CONSENT)
        yield from self._close_if_idle(ms)
        session = yield from self._session_for(message, ms)
        session.heard_ms = ms
        early = next((early for early in self.early if early.message_id == message.message_id), None)
        session.messages[message.message_id] = PlainMessage(
            message_id=message.message_id,
            arrival=self.arrivals,
            role=message.role,
            author=message.author,
            sent_at=message.sent_at,
            text=early.text if early else message.text,
            revision=early.revision if early else 0,
            deleted=bool(early and early.deleted),
            language=message.language,
            secondary_use=message.consent.secondary_use and (early is None or early.secondary_use),
        )
        session.changed_at_ms = ms
        if session.is_open:
            session.active_ms = ms
            if len(session.messages) >= self.max_messages:
                yield from self._close(session, EndReason.TOO_LONG, ms, None)

    def _session_for(self, message: Message, ms: int) -> Generator[Published, None, PlainSession]:
        """Return a message's session, by the time of its arrival: the open one, the last closed one, or a new one."""
        current = self._open_session()
        if current is not None and current.withdrawn:  # a message after a withdrawal only keeps its session open
            current.active_ms = ms
            self.refused_ids.add(message.message_id)
            raise _Refused(Reason.NO_CONSENT)
        if self.withdrawn_at and ms - self.withdrawn_ms < LATE_MS and message.sent_at <= self.withdrawn_at:
            self.refused_ids.add(message.message_id)
            raise _Refused(Reason.NO_CONSENT)
        if current is not None:
            return current
        last = self.sessions[-1] if self.sessions else None
        if last is not None and not last.withdrawn and not last.text_dropped:
            since_ms = ms - last.closed_at_ms
            if since_ms <= self.rules.reopen_within_ms:
                if last.end_reason is EndReason.EXPLICIT and since_ms <= LATE_MS:
                    return last
                yield ("reopened", last.first_message_id, last.revision)
                last.is_open, last.explicit_end, last.active_ms = True, None, ms
                return last
        self.sessions.append(PlainSession(message.message_id, began=self.arrivals, began_ms=ms))
        return self.sessions[-1]

    def _apply_edit(self, edit: Edit, ms: int) -> Iterator[Published]:
        """Change a message that was not deleted and has no higher revision, or pass the edit on."""
        if not edit.consent.processing:
            raise _Refused(Reason.NO_CONSENT)
        revision = _ms(edit.edited_at)
        found = self._find(edit.message_id)
        if found is None:
            if self.withdrawn_ms:
                raise _Refused(Reason.NO_CONSENT)
            if any(session.text_dropped for session in self.sessions):
                yield ("edit", edit.message_id)
            secondary_use = edit.consent.secondary_use
            self._keep_early_change(
                PlainEarlyChange(edit.message_id, ms, revision, edit.text, secondary_use=secondary_use)
            )
            return
        session, message = found
        if message.deleted or revision <= message.revision:
            return
        message.text, message.revision = edit.text, revision
        message.secondary_use = message.secondary_use and edit.consent.secondary_use
        session.changed_at_ms = ms

    def _apply_deletion(self, deletion: Deletion, ms: int) -> Iterator[Published]:
        found = self._find(deletion.message_id)
        if found is None:
            yield ("deletion", deletion.message_id)
            self._keep_early_change(PlainEarlyChange(deletion.message_id, ms, deleted=True))
        elif not found[1].deleted:
            found[1].deleted, found[1].text = True, ""
            found[0].changed_at_ms = ms

    def _keep_early_change(self, new: PlainEarlyChange) -> None:
        """Keep an edit or a deletion until its message comes; of two the deletion, or the higher revision."""
        old = next((early for early in self.early if early.message_id == new.message_id), None)
        if old is not None and (old.deleted, old.revision) >= (new.deleted, new.revision):
            return
        others = [early for early in self.early if early is not old]
        waiting = sum(early.deleted == new.deleted for early in others)
        if waiting < (MAX_EARLY_DELETIONS if new.deleted else MAX_EARLY_EDITS):
            self.early = [*others, new]

    def _add_names(self, event: Participants, ms: int) -> None:
        given = list(dict.fromkeys((person.role.value, name) for person in event.participants for name in person.names))
        self.names = [*(name for name in self.names if name not in given), *given][-MAX_NAMES:]
        self.names_ms = ms

    def _apply_session_end(self, event: SessionEnd, ms: int) -> Iterator[Published]:
        """Close the open session, unless the end was sent before or claims to be older than the session."""
        session = self._open_session()
        if self.rules.end_rule == "idle" or session is None:
            return
        if any(other.platform_end == event.ended_at for other in self.sessions):
            return
        if _ms(event.ended_at) + self.rules.clock_ahead_ms < session.began_ms:
            return
        session.platform_end = event.ended_at
        if session.withdrawn:
            session.is_open, session.closed_at_ms = False, ms
            self._refuse_older(event.ended_at, ms)
            return
        end = clamped_time(event.ended_at, Arrival(0, ms), self.rules)
        yield from self._close(session, EndReason.EXPLICIT, ms, end)

    def _apply_withdrawal(self, event: ConsentWithdrawal, ms: int) -> Iterator[Published]:
        """Withdraw the session that is open or was the last, and drop all its text."""
        session = max(self.sessions, key=lambda session: session.began, default=None)
        if session is None or not session.messages:  # nothing of it is here, but later stages may have it
            if session is None or not session.withdrawn:
                yield ("withdrawal", event.withdrawn_at)
        else:
            session.revision += 1
            session.started_at, session.ended_at = session.first_sent_at, self._end_of(session, session.explicit_end)
            yield ("erased", session.first_message_id, session.revision, session.started_at, session.ended_at, ms)
            session.withdrawn, session.end_reason, session.active_ms = True, EndReason.WITHDRAWN, ms
            self.refused_ids |= set(session.messages)
            session.messages, session.changed_at_ms, session.text_dropped = {}, None, True
            self.early = []
        self._refuse_older(event.withdrawn_at, ms)

    def _apply_erasure(self, erasure_id: str, requested_at: datetime, ms: int) -> Iterator[Published]:
        yield ("erasure", erasure_id)
        self._forget(list(self.sessions))
        self.early, self.names, self.names_ms = [], [], 0
        self._refuse_older(requested_at, ms)

    def _forget(self, erased: list[PlainSession]) -> None:
        """Drop sessions, and refuse their messages when they come again."""
        for session in erased:
            self.refused_ids |= set(session.messages) | session.dropped_ids
        self.sessions = [session for session in self.sessions if session not in erased]

    def _refuse_older(self, claimed: datetime, ms: int) -> None:
        if self.withdrawn_at and ms - self.withdrawn_ms < LATE_MS:
            claimed = max(claimed, self.withdrawn_at)
        self.withdrawn_ms, self.withdrawn_at = ms, claimed
        self.early = [early for early in self.early if early.deleted]

    # Opening and closing.

    def _open_session(self) -> PlainSession | None:
        return next((session for session in self.sessions if session.is_open), None)

    def _find(self, message_id: str) -> tuple[PlainSession, PlainMessage] | None:
        return next(
            ((session, session.messages[message_id]) for session in self.sessions if message_id in session.messages),
            None,
        )

    def _close_if_idle(self, ms: int) -> Iterator[Published]:
        """Close an idle session as of the moment its limit was reached, however late the next record comes.

        Where only the platform ends sessions, one that was reopened or withdrawn still ends by itself.
        """
        session = self._open_session()
        if session is None:
            return
        if self.rules.end_rule == "explicit" and not session.revision:
            return
        close_ms = session.active_ms + self.rules.idle_ms
        if close_ms > ms:
            return
        if session.withdrawn:
            session.is_open, session.closed_at_ms = False, close_ms
        else:
            yield from self._close(session, EndReason.IDLE, close_ms, None)

    def _close(
        self, session: PlainSession, reason: EndReason, ms: int, explicit_end: datetime | None, *, again: bool = False
    ) -> Iterator[Published]:
        """Publish the next revision of a session, from its messages as they are now."""
        session.revision += 1
        session.is_open, session.end_reason, session.explicit_end = False, reason, explicit_end
        session.started_at, session.ended_at = session.first_sent_at, self._end_of(session, explicit_end)
        session.changed_at_ms = None
        if not again:
            session.closed_at_ms = ms
        content = closed_content(session.messages.values(), reason, self.names, self.rules)
        if self.names:
            self.names_ms = max(self.names_ms, ms)
        times = (session.started_at, session.ended_at, ms, session.began_ms, session.heard_ms)
        yield ("closed", session.first_message_id, session.revision, reason, *times, content)
        if reason is EndReason.TOO_LONG:
            self._drop_text(session)

    @staticmethod
    def _end_of(session: PlainSession, explicit_end: datetime | None) -> datetime:
        last = max(message.sent_at for message in session.messages.values())
        return max(last, explicit_end) if explicit_end else last

    def _drop_expired(self, ms: int) -> None:
        """Drop the text of a session when nothing can change it any more, and its head a week later."""

        def is_expired(session: PlainSession, after_ms: int) -> bool:
            return not session.is_open and session.changed_at_ms is None and session.closed_at_ms + after_ms <= ms

        for session in self.sessions:
            if is_expired(session, self.text_kept_ms):
                self._drop_text(session)
        head_kept_ms = self.text_kept_ms + HEAD_KEPT_MS
        self.sessions = [session for session in self.sessions if not is_expired(session, head_kept_ms)]
        self.early = [early for early in self.early if early.arrived_ms + self.text_kept_ms > ms]
        if not any(session.messages for session in self.sessions) and self.names_ms + NAMES_KEPT_MS <= ms:
            self.names, self.names_ms = [], 0
        if self.withdrawn_ms + head_kept_ms <= ms:
            self.withdrawn_ms, self.withdrawn_at, self.refused_ids = 0, None, set()

    @staticmethod
    def _drop_text(session: PlainSession) -> None:
        session.dropped_ids |= set(session.messages)
        session.messages, session.text_dropped = {}, True


class _Refused(Exception):  # noqa: N818 - it is a result, not an error
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def _ms(time: datetime) -> int:
    return int(time.timestamp() * 1000)

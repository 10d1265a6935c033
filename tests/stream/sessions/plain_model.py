"""The rules of sessions, written down plainly: what `stream/sessions` must do, without a thought for speed or crashes.

It keeps everything in lists, looks through all of it every time, and gets each event once, in the order of the log.
`test_plain_model.py` lets both follow the same story and holds every word of their outcomes together. All times are
broker milliseconds, but for what people did (`sent_at`, `ended_at` ...), which is the platform's time.
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
from stream.sessions.rules import Rules
from tests.stream.sessions.plain_record import Said, content

RECLOSES_AFTER_MS = 2_000
REMEMBERED_MS = 7 * 24 * 3_600_000
EDITS_THAT_WAIT = 4
DELETIONS_THAT_WAIT = 200
NAMES = 200

Told = tuple[object, ...]
"""One thing published: what it is, and all that it says."""


@dataclass
class Session:
    """From its first message to the day when nobody remembers it."""

    first: str
    said: dict[str, Said] = field(default_factory=dict)
    is_open: bool = True
    revision: int = 0
    withdrawn: bool = False
    alive_ms: int = 0  # last message, reopening or withdrawal
    closed_ms: int = 0  # its windows begin here
    changed_ms: int | None = None  # last change since the last record of it
    reason: EndReason = EndReason.IDLE
    explicit_end: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def began(self) -> datetime:
        """When its first words were sent, by what is known now."""
        if not self.said:
            assert self.started_at
            return self.started_at
        return min(said.sent_at for said in self.said.values())


@dataclass
class Waiting:
    """An edit or a deletion whose message has not come."""

    message_id: str
    since_ms: int
    revision: int = 0
    text: str = ""
    deleted: bool = False
    secondary_use: bool = True


class PlainConversation:
    """One conversation. `give` and `tick` return what is published; `refused` holds the reason of the last refusal."""

    def __init__(self, rules: Rules, longest: int) -> None:
        self.rules = rules
        self.longest = longest  # messages that one session may hold
        self.kept_ms = max(rules.late_within_ms, rules.reopen_within_ms)
        self.sessions: list[Session] = []
        self.waiting: list[Waiting] = []
        self.names: list[tuple[str, str]] = []
        self.names_ms = 0
        self.silent_until: datetime | None = None  # what was sent before a withdrawal or an erasure is not heard
        self.silent_ms = 0
        self.arrivals = 0

    # What may be seen from outside.

    def words(self) -> set[str]:
        """All words that may still be kept anywhere."""
        said = [said.text for session in self.sessions for said in session.said.values() if not said.deleted]
        return {word for text in (*said, *(waiting.text for waiting in self.waiting)) for word in text.split()}

    def give(self, event: ConversationEvent, ms: int) -> tuple[list[Told], Reason | None]:
        """What one event makes us publish, and why it was refused."""
        told: list[Told] = []
        try:
            for one in self._effect(event, ms):
                told.append(one)  # noqa: PERF402 - what came before a refusal counts
        except _Refusal as refusal:
            return told, refusal.reason
        return told, None

    def forget_person(self, event: PersonErasure, ms: int) -> list[Told]:
        """Of a client everything goes, of a counsellor the sessions in which they wrote."""
        theirs = [
            session
            for session in self.sessions
            if any(said.author == event.person and said.role is event.role for said in session.said.values())
        ]
        if event.role is Role.CLIENT and theirs:
            return list(self._erase(event.erasure_id, event.requested_at, ms))
        self.sessions = [session for session in self.sessions if session not in theirs]
        return []

    def tick(self, ms: int) -> list[Told]:
        """What the passing of time makes us publish."""
        told = list(self._close_if_silent(ms))
        for session in self.sessions:
            changed = session.changed_ms
            if not session.is_open and changed is not None and changed + RECLOSES_AFTER_MS <= ms:
                told += self._close(session, session.reason, ms, session.explicit_end, again=True)
        self._forget(ms)
        return told

    # What each event does.

    def _effect(self, event: ConversationEvent, ms: int) -> Iterator[Told]:
        self.arrivals += 1
        match event:
            case Message():
                yield from self._message(event, ms)
            case Edit():
                self._edit(event, ms)
            case Deletion():
                self._delete(event, ms)
            case Participants():
                self._meet(event, ms)
            case SessionEnd():
                yield from self._end(event, ms)
            case ConsentWithdrawal():
                yield from self._withdraw(event, ms)
            case Erasure():
                yield from self._erase(event.erasure_id, event.requested_at, ms)

    def _message(self, message: Message, ms: int) -> Iterator[Told]:
        if not message.consent.processing:
            raise _Refusal(Reason.NO_CONSENT)
        if self._find(message.message_id) or any(known.first == message.message_id for known in self.sessions):
            return  # the platform told us twice
        yield from self._close_if_silent(ms)
        session = yield from self._session_for(message, ms)
        waited = next((one for one in self.waiting if one.message_id == message.message_id), None)
        session.said[message.message_id] = Said(
            message_id=message.message_id,
            arrival=self.arrivals,
            role=message.role,
            author=message.author,
            sent_at=message.sent_at,
            text=waited.text if waited else message.text,
            revision=waited.revision if waited else 0,
            deleted=bool(waited and waited.deleted),
            language=message.language,
            secondary_use=message.consent.secondary_use and (waited is None or waited.secondary_use),
        )
        session.changed_ms = ms
        if session.is_open:
            session.alive_ms = ms
            if len(session.said) >= self.longest:
                yield from self._close(session, EndReason.TOO_LONG, ms, None)

    def _session_for(self, message: Message, ms: int) -> Generator[Told, None, Session]:
        """Where a message belongs: a closed session it is late for, the open one, the last one again, or the next."""
        if self.silent_until is not None and message.sent_at <= self.silent_until:
            raise _Refusal(Reason.NO_CONSENT)
        closed = [session for session in self.sessions if not session.is_open]
        for session in closed:
            assert session.ended_at
            if message.sent_at <= session.ended_at:  # late
                if session.withdrawn:
                    raise _Refusal(Reason.NO_CONSENT)
                in_time = ms - session.closed_ms <= self.rules.late_within_ms
                if not in_time or not session.said or session.reason is EndReason.TOO_LONG:
                    raise _Refusal(Reason.TOO_LATE)
                return session
        if (current := self._open()) is not None:
            if current.withdrawn:  # what is said after a withdrawal keeps its session alive, and nothing else
                assert current.ended_at
                current.alive_ms, current.ended_at = ms, max(current.ended_at, message.sent_at)
                raise _Refusal(Reason.NO_CONSENT)
            return current
        if closed and self._may_reopen(closed[-1], ms):
            last = closed[-1]
            yield ("reopened", last.first, last.revision)
            last.is_open, last.explicit_end, last.alive_ms = True, None, ms
            return last
        self.sessions.append(Session(message.message_id))
        return self.sessions[-1]

    def _may_reopen(self, last: Session, ms: int) -> bool:
        final = last.withdrawn or last.reason is EndReason.TOO_LONG
        return not final and ms - last.closed_ms <= self.rules.reopen_within_ms

    def _edit(self, edit: Edit, ms: int) -> None:
        """The highest revision stands, a deletion always; it cannot change a session whose time is over."""
        if not edit.consent.processing:
            raise _Refusal(Reason.NO_CONSENT)
        revision = int(edit.edited_at.timestamp() * 1000)
        found = self._find(edit.message_id)
        if found is None:
            if self.silent_until is not None and edit.edited_at <= self.silent_until:
                raise _Refusal(Reason.NO_CONSENT)
            secondary_use = edit.consent.secondary_use
            self._wait(Waiting(edit.message_id, ms, revision, edit.text, secondary_use=secondary_use))
            return
        session, said = found
        if said.deleted or revision <= said.revision:
            return
        if not session.is_open and ms - session.closed_ms > self.rules.late_within_ms:
            raise _Refusal(Reason.TOO_LATE)
        said.text, said.revision = edit.text, revision
        said.secondary_use = said.secondary_use and edit.consent.secondary_use
        session.changed_ms = ms

    def _delete(self, deletion: Deletion, ms: int) -> None:
        found = self._find(deletion.message_id)
        if found is None:
            self._wait(Waiting(deletion.message_id, ms, deleted=True))
        elif not found[1].deleted:
            found[1].deleted, found[1].text = True, ""
            found[0].changed_ms = ms

    def _wait(self, new: Waiting) -> None:
        """Of two that wait for one message the deletion stays, or the higher revision.

        Where a session was withdrawn, words without their message may be of that session: they do not stay.
        """
        if not new.deleted and any(session.withdrawn for session in self.sessions):
            raise _Refusal(Reason.NO_CONSENT)
        old = next((one for one in self.waiting if one.message_id == new.message_id), None)
        if old is not None:
            if (old.deleted, old.revision) >= (new.deleted, new.revision):
                return
            self.waiting.remove(old)
        others = sum(one.deleted == new.deleted for one in self.waiting)
        if others >= (DELETIONS_THAT_WAIT if new.deleted else EDITS_THAT_WAIT):
            if old is not None:
                self.waiting.append(old)
            raise _Refusal(Reason.OVERSIZE)
        self.waiting.append(new)

    def _meet(self, event: Participants, ms: int) -> None:
        told = [(person.role.value, name) for person in event.participants for name in person.names]
        names = list(dict.fromkeys([*self.names, *told]))
        if len(names) > NAMES:
            raise _Refusal(Reason.OVERSIZE)
        if names != self.names:
            self.names, self.names_ms = names, ms

    def _end(self, event: SessionEnd, ms: int) -> Iterator[Told]:
        """The end of the open session, unless it is an earlier end told again."""
        session = self._open()
        if self.rules.end_rule == "idle" or session is None or event.ended_at < session.began:
            return
        if session.withdrawn:
            assert session.ended_at
            if event.ended_at >= session.ended_at:
                session.is_open, session.closed_ms, session.ended_at = False, ms, event.ended_at
            return
        if session.revision and session.ended_at and event.ended_at <= session.ended_at:
            return
        yield from self._close(session, EndReason.EXPLICIT, ms, event.ended_at)

    def _withdraw(self, event: ConsentWithdrawal, ms: int) -> Iterator[Told]:
        """Final for the latest session that had begun by then: nothing of it stays."""
        begun = [session for session in self.sessions if session.began <= event.withdrawn_at]
        session = max(begun, key=lambda one: one.began, default=None)
        if session is None or not session.said:  # nothing of it is here, but further down there may be
            if session is None or not session.withdrawn:
                yield ("withdrawal", event.withdrawn_at)
        else:
            session.revision += 1
            session.started_at, session.ended_at = session.began, self._end_of(session, session.explicit_end)
            yield ("erased", session.first, session.revision, session.started_at, session.ended_at, ms)
            session.withdrawn, session.reason, session.alive_ms = True, EndReason.WITHDRAWN, ms
            session.said, session.changed_ms = {}, None
            self.names, self.names_ms, self.waiting = [], 0, []
        self._hear_nothing_before(event.withdrawn_at, ms)

    def _erase(self, erasure_id: str, requested_at: datetime, ms: int) -> Iterator[Told]:
        yield ("erasure", erasure_id)
        self.sessions, self.waiting, self.names, self.names_ms = [], [], [], 0
        self._hear_nothing_before(requested_at, ms)

    def _hear_nothing_before(self, moment: datetime, ms: int) -> None:
        self.silent_until = max(moment, self.silent_until or moment)
        self.silent_ms = ms
        until = int(self.silent_until.timestamp() * 1000)
        self.waiting = [one for one in self.waiting if one.deleted or one.revision > until]

    # Opening and closing.

    def _open(self) -> Session | None:
        return next((session for session in self.sessions if session.is_open), None)

    def _find(self, message_id: str) -> tuple[Session, Said] | None:
        return next(
            ((session, session.said[message_id]) for session in self.sessions if message_id in session.said), None
        )

    def _close_if_silent(self, ms: int) -> Iterator[Told]:
        """Silence is over as of the moment the limit was reached, however late we hear of it.

        Where only the platform ends sessions, one that was reopened or withdrawn still ends by itself.
        """
        session = self._open()
        if session is None:
            return
        if self.rules.end_rule == "explicit" and not session.revision:
            return
        over = session.alive_ms + self.rules.idle_ms
        if over > ms:
            return
        if session.withdrawn:
            session.is_open, session.closed_ms = False, over
        else:
            yield from self._close(session, EndReason.IDLE, over, None)

    def _close(
        self, session: Session, reason: EndReason, ms: int, explicit_end: datetime | None, *, again: bool = False
    ) -> Iterator[Told]:
        """Publish the next revision, from all that stands now."""
        session.revision += 1
        session.is_open, session.reason, session.explicit_end = False, reason, explicit_end
        session.started_at, session.ended_at = session.began, self._end_of(session, explicit_end)
        session.changed_ms = None
        if not again:
            session.closed_ms = ms
        inside = content(session.said.values(), reason, self.names, self.rules)
        yield (
            "closed", session.first, session.revision, reason, session.started_at, session.ended_at, ms, inside,
        )  # fmt: skip

    @staticmethod
    def _end_of(session: Session, explicit_end: datetime | None) -> datetime:
        last = max(said.sent_at for said in session.said.values())
        return max(last, explicit_end) if explicit_end else last

    def _forget(self, ms: int) -> None:
        """The text of a session goes when nothing can change it any more; a week later so does the memory of it."""

        def is_over(session: Session, after_ms: int) -> bool:
            return not session.is_open and session.changed_ms is None and session.closed_ms + after_ms <= ms

        for session in self.sessions:
            if is_over(session, self.kept_ms):
                session.said = {}
        remembered_ms = self.kept_ms + REMEMBERED_MS
        self.sessions = [session for session in self.sessions if not is_over(session, remembered_ms)]
        self.waiting = [one for one in self.waiting if one.since_ms + self.kept_ms > ms]
        if not any(session.said for session in self.sessions) and self.names_ms + self.kept_ms <= ms:
            self.names, self.names_ms = [], 0
        if self.silent_ms + remembered_ms <= ms:
            self.silent_until = None


class _Refusal(Exception):  # noqa: N818 - it is what happens
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason

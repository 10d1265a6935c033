"""A conversation in a test: say things at broker seconds, and see what is published.

All words are written by us.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from stream.contracts.ids import session_id
from stream.contracts.messages import (
    Consent,
    ConsentWithdrawal,
    ConversationEvent,
    Deletion,
    Edit,
    Erasure,
    Message,
    Participant,
    Participants,
    SessionEnd,
)
from stream.contracts.sessions import Cue, DetectorVersion, SessionRecord
from stream.contracts.vocabulary import Concern, OperatingPoint, Role, SessionState
from stream.sessions.conversation import Conversation
from stream.sessions.events import Output, apply
from stream.sessions.lifecycle import due_ms, tick
from stream.sessions.rules import Arrival, Rules
from stream.sessions.state import HEAD, Head, Scored, Segment, decode, encode

TENANT, ROOM = "acme", "room-1"
START = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = 60, 3_600, 86_400
CONSENT = Consent(processing=True)


def concerns(text: str) -> Collection[Concern]:
    """A lexicon of two words."""
    found = {"kill": Concern.SUICIDE, "voices": Concern.HALLUCINATION}
    return {concern for word, concern in found.items() if word in text}


def rules(point: OperatingPoint = OperatingPoint.ALONE, **changes: Any) -> Rules:
    """The default rules with a detector of tests."""
    version = DetectorVersion(name="test", version="1", operating_point=point)
    return Rules(**{"detector": version, "marks": concerns, **changes})


def at_second(second: float) -> datetime:
    """Wall time of a broker second: in these tests both clocks agree unless said otherwise."""
    return START + timedelta(seconds=second)


def ms(second: float) -> int:
    """Broker time in milliseconds."""
    return round(at_second(second).timestamp() * 1000)


def scored(message_id: str, text: str) -> Scored:
    """A detector that flags "no": the more of them, the higher the score."""
    count = text.split().count("no")
    cues = (Cue(message_id=message_id, start=0, end=2, weight=1.0),) if count else ()
    return Scored(score=min(1.0, count / 10), flagged=count > 0, cues=cues)


def message(name: str, text: str, second: float, role: Role = Role.CLIENT, **changes: Any) -> Message:
    """A message with consent; the author is called like the role."""
    fields = {
        "tenant": TENANT,
        "conversation_id": ROOM,
        "message_id": name,
        "role": role,
        "author": role.value,
        "text": text,
        "sent_at": at_second(second),
        "consent": CONSENT,
    }
    return Message.model_validate(fields | changes)


class Talk:
    """Feeds one conversation, in the order of the log; `published` is what came out so far."""

    def __init__(self, given: Rules | None = None) -> None:
        self.rules = given or rules()
        self.conversation = Conversation(TENANT, ROOM)
        self.published: list[Output] = []
        self.offset = 0
        self._names = 0

    @property
    def records(self) -> list[SessionRecord]:
        """The session records among what was published."""
        return [record for record in self.published if isinstance(record, SessionRecord)]

    @property
    def last(self) -> SessionRecord:
        """The latest session record."""
        return self.records[-1]

    @property
    def story(self) -> list[tuple[int, str]]:
        """Revision and state of each record, in order."""
        return [(record.revision, record.state.value) for record in self.records]

    def give(self, event: ConversationEvent, second: float) -> None:
        """Append an event to the log at a broker second and let it have its effect."""
        self.offset += 1
        score = partial(scored, getattr(event, "message_id", ""))
        self.published += list(apply(self.conversation, event, Arrival(self.offset, ms(second)), self.rules, score))
        self.restart()

    def say(self, role: Role, text: str, second: float, **changes: Any) -> str:
        """One message of somebody; returns its id."""
        self._names += 1
        name = str(changes.pop("message_id", f"m{self._names}"))
        sent = changes.pop("sent", second)
        self.give(message(name, text, sent, role, **changes), second)
        return name

    def client(self, text: str, second: float, **changes: Any) -> str:
        """The client writes; `sent` where it was sent at another second than it arrived."""
        return self.say(Role.CLIENT, text, second, **changes)

    def counsellor(self, text: str, second: float, **changes: Any) -> str:
        """The counsellor writes."""
        return self.say(Role.COUNSELLOR, text, second, **changes)

    def notice(self, text: str, second: float) -> str:
        """The platform writes."""
        return self.say(Role.SYSTEM, text, second)

    def session(self, second: float = 0) -> float:
        """An ordinary session of four messages with one flagged turn; returns the second of the last."""
        self.client("hello I have slept badly again this week", second)
        self.counsellor("shall we look at what keeps you awake", second + 10)
        self.client("no that will not help at all", second + 20)
        self.counsellor("it sounds as if you have tried a lot already", second + 30)
        return second + 30

    def end(self, second: float, ended: float | None = None) -> None:
        """The platform ends the session."""
        at = at_second(second if ended is None else ended)
        self.give(SessionEnd(tenant=TENANT, conversation_id=ROOM, ended_at=at), second)

    def edit(self, name: str, text: str, second: float, edited: float | None = None, **changes: Any) -> None:
        """New words for a message."""
        at = at_second(second if edited is None else edited)
        given = {"message_id": name, "text": text, "edited_at": at, "consent": CONSENT} | changes
        self.give(Edit(tenant=TENANT, conversation_id=ROOM, **given), second)

    def delete(self, name: str, second: float) -> None:
        """A message is gone."""
        self.give(Deletion(tenant=TENANT, conversation_id=ROOM, message_id=name, deleted_at=at_second(second)), second)

    def withdraw(self, second: float, withdrawn: float | None = None) -> None:
        """The client takes consent back."""
        at = at_second(second if withdrawn is None else withdrawn)
        self.give(ConsentWithdrawal(tenant=TENANT, conversation_id=ROOM, withdrawn_at=at), second)

    def erase(self, second: float) -> None:
        """Everything is to be forgotten."""
        event = Erasure(
            tenant=TENANT, conversation_id=ROOM, erasure_id=str(UUID(int=7)), requested_at=at_second(second)
        )
        self.give(event, second)

    def meet(self, role: Role, names: Iterable[str], second: float) -> None:
        """The platform tells who takes part."""
        person = Participant(role=role, names=tuple(names))
        self.give(Participants(tenant=TENANT, conversation_id=ROOM, participants=(person,)), second)

    def tick(self, second: float) -> None:
        """Broker time passes, if anything is due."""
        self.offset += 1
        due = due_ms(self.conversation, self.rules)
        if due is not None and due <= ms(second):
            self.published += list(tick(self.conversation, Arrival(self.offset, ms(second)), self.rules))
            self.restart()

    def quiet_effect(self, number: int) -> Iterator[Output]:
        """The effect of message `q<number>`, not yet followed: for long sessions, without restarts."""
        self.offset += 1
        event = message(f"q{number}", "so it goes", number)
        score = partial(scored, event.message_id)
        return apply(self.conversation, event, Arrival(self.offset, ms(number)), self.rules, score)

    def give_quietly(self, number: int) -> None:
        """Say message `q<number>` without a restart after it."""
        self.published += list(self.quiet_effect(number))

    def restart(self) -> None:
        """Write all parts and read them back, as another worker would."""
        numbers = self.conversation.numbers
        values = {number: encode(part) for number in numbers if (part := self.conversation.part(number)) is not None}
        parts: dict[int, Head | Segment] = {number: decode(number, value) for number, value in values.items()}
        self.conversation = Conversation(TENANT, ROOM, parts)

    @property
    def kept(self) -> str:
        """All that is kept of the conversation, as text."""
        return " ".join(encode(part).decode() for n in self.conversation.numbers if (part := self.conversation.part(n)))

    @property
    def head(self) -> Head:
        """The conversation's head."""
        return self.conversation.head


def session_named(first_message: str) -> UUID:
    """The id of the session that began with this message."""
    return session_id(TENANT, ROOM, first_message)


__all__ = ["CONSENT", "DAY", "HEAD", "HOUR", "MINUTE", "START", "SessionState", "Talk", "at_second", "message"]

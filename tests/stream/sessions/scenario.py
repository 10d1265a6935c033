"""A conversation for tests: apply events at broker seconds and read what is published.

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
from stream.contracts.vocabulary import Concern, NoEffect, OperatingPoint, Role
from stream.sessions.clocks import with_clamped_time
from stream.sessions.conversation import Conversation
from stream.sessions.events import Ignored, Output, Published, apply_event
from stream.sessions.lifecycle import apply_tick, next_tick_ms
from stream.sessions.rules import Arrival, Rules
from stream.sessions.state import Head, Scored, Segment, decode_part, encode_part

TENANT, ROOM = "acme", "room-1"
START = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = 60, 3_600, 86_400
CONSENT = Consent(processing=True)


def find_concerns(text: str) -> Collection[Concern]:
    """Return the concerns in a text, by a lexicon of two words."""
    found = {"kill": Concern.SUICIDE, "voices": Concern.HALLUCINATION}
    return {concern for word, concern in found.items() if word in text}


def detect_language(texts: Iterable[str]) -> str | None:
    """Return the language of texts, by two words of German and none of another language."""
    return "de" if {"nein", "heute"} <= set(" ".join(texts).split()) else None


def rules(**changes: Any) -> Rules:
    """Return the default rules with the detector of these tests."""
    version = DetectorVersion(name="test", version="1", operating_point=OperatingPoint.GATE)
    return Rules(**{"detector": version, "find_concerns": find_concerns, "detect_language": detect_language, **changes})


def at_second(second: float) -> datetime:
    """Return the wall time of a broker second: in these tests both clocks agree unless said otherwise."""
    return START + timedelta(seconds=second)


def broker_ms(second: float) -> int:
    """Return the broker time of a second in milliseconds since 1970."""
    return round(at_second(second).timestamp() * 1000)


def score_text(message_id: str, text: str) -> Scored:
    """Return the result of a detector that flags the word "no": the more of them, the higher the score."""
    count = text.split().count("no")
    cues = (Cue(message_id=message_id, start=0, end=2, weight=1.0),) if count else ()
    return Scored(score=min(1.0, count / 10), flagged=count > 0, cues=cues)


def message(message_id: str, text: str, second: float, role: Role = Role.CLIENT, **changes: Any) -> Message:
    """Return a message with consent; the name of its author is that of the role."""
    fields = {
        "tenant": TENANT,
        "conversation_id": ROOM,
        "message_id": message_id,
        "role": role,
        "author": role.value,
        "text": text,
        "sent_at": at_second(second),
        "consent": CONSENT,
    }
    return Message.model_validate(fields | changes)


class Scenario:
    """A conversation to which events are applied in the order of the log; `published` holds its output so far."""

    def __init__(self, with_rules: Rules | None = None) -> None:
        self.rules = with_rules or rules()
        self.conversation = Conversation(TENANT, ROOM)
        self.published: list[Published] = []
        self.ignored: list[NoEffect] = []
        self.offset = 0
        self._messages = 0

    @property
    def records(self) -> list[SessionRecord]:
        """The session records among the published outputs."""
        return [record for record in self.published if isinstance(record, SessionRecord)]

    @property
    def last_record(self) -> SessionRecord:
        """The session record that was published last."""
        return self.records[-1]

    @property
    def revisions(self) -> list[tuple[int, str]]:
        """The revision and the state of each session record, in order."""
        return [(record.revision, record.state.value) for record in self.records]

    def apply(self, event: ConversationEvent, second: float) -> None:
        """Append an event to the log at a broker second and apply it."""
        self.offset += 1
        score = partial(score_text, getattr(event, "message_id", ""))
        at = Arrival(self.offset, broker_ms(second))
        clamped = with_clamped_time(event, at, self.rules)
        for output in apply_event(self.conversation, clamped, at, self.rules, score):
            if isinstance(output, Ignored):
                self.ignored += [output.reason] * output.count
            else:
                self.published.append(output)
        self.restart()

    def say(self, role: Role, text: str, second: float, **changes: Any) -> str:
        """Send one message and return its id."""
        self._messages += 1
        message_id = str(changes.pop("message_id", f"m{self._messages}"))
        sent = changes.pop("sent", second)
        self.apply(message(message_id, text, sent, role, **changes), second)
        return message_id

    def client(self, text: str, second: float, **changes: Any) -> str:
        """Send a message of the client; `sent` is given if it was sent at another second than it arrived."""
        return self.say(Role.CLIENT, text, second, **changes)

    def counsellor(self, text: str, second: float, **changes: Any) -> str:
        """Send a message of the counsellor."""
        return self.say(Role.COUNSELLOR, text, second, **changes)

    def system(self, text: str, second: float) -> str:
        """Send a message of the platform itself."""
        return self.say(Role.SYSTEM, text, second)

    def ordinary_session(self, second: float = 0) -> float:
        """Send an ordinary session of four messages with one flagged turn; return the second of the last."""
        self.client("hello I have slept badly again this week", second)
        self.counsellor("shall we look at what keeps you awake", second + 10)
        self.client("no that will not help at all", second + 20)
        self.counsellor("it sounds as if you have tried a lot already", second + 30)
        return second + 30

    def end(self, second: float, ended: float | None = None) -> None:
        """Send the platform's end of the session."""
        at = at_second(second if ended is None else ended)
        self.apply(SessionEnd(tenant=TENANT, conversation_id=ROOM, ended_at=at), second)

    def edit(self, message_id: str, text: str, second: float, edited: float | None = None, **changes: Any) -> None:
        """Send an edit of a message."""
        at = at_second(second if edited is None else edited)
        given = {"message_id": message_id, "text": text, "edited_at": at, "consent": CONSENT} | changes
        self.apply(Edit(tenant=TENANT, conversation_id=ROOM, **given), second)

    def delete(self, message_id: str, second: float) -> None:
        """Send a deletion of a message."""
        self.apply(
            Deletion(tenant=TENANT, conversation_id=ROOM, message_id=message_id, deleted_at=at_second(second)), second
        )

    def withdraw(self, second: float, withdrawn: float | None = None) -> None:
        """Send a withdrawal of the client's consent."""
        at = at_second(second if withdrawn is None else withdrawn)
        self.apply(ConsentWithdrawal(tenant=TENANT, conversation_id=ROOM, withdrawn_at=at), second)

    def erase(self, second: float) -> None:
        """Send an erasure of the conversation."""
        event = Erasure(
            tenant=TENANT, conversation_id=ROOM, erasure_id=str(UUID(int=7)), requested_at=at_second(second)
        )
        self.apply(event, second)

    def participants(self, role: Role, names: Iterable[str], second: float) -> None:
        """Send a list with the names of one participant."""
        person = Participant(role=role, names=tuple(names))
        self.apply(Participants(tenant=TENANT, conversation_id=ROOM, participants=(person,)), second)

    def tick(self, second: float) -> None:
        """Append a tick to the log and apply it if anything is due."""
        self.offset += 1
        due = next_tick_ms(self.conversation, self.rules)
        if due is not None and due <= broker_ms(second):
            self.published += list(apply_tick(self.conversation, Arrival(self.offset, broker_ms(second)), self.rules))
            self.restart()

    def outputs_of(self, number: int) -> Iterator[Output]:
        """Return the outputs of message `q<number>` without consuming them: for long sessions, without restarts."""
        self.offset += 1
        event = message(f"q{number}", "so it goes", number)
        score = partial(score_text, event.message_id)
        return apply_event(self.conversation, event, Arrival(self.offset, broker_ms(number)), self.rules, score)

    def say_without_restart(self, number: int) -> None:
        """Send message `q<number>` without a restart after it."""
        self.published += [output for output in self.outputs_of(number) if not isinstance(output, Ignored)]

    def restart(self) -> None:
        """Write all parts and read them back, as another worker would."""
        numbers = self.conversation.part_numbers
        values = {
            number: encode_part(part) for number in numbers if (part := self.conversation.part(number)) is not None
        }
        parts: dict[int, Head | Segment] = {number: decode_part(number, value) for number, value in values.items()}
        self.conversation = Conversation(TENANT, ROOM, parts)

    @property
    def stored_text(self) -> str:
        """The text of every stored part of the conversation."""
        return " ".join(
            encode_part(part).decode() for n in self.conversation.part_numbers if (part := self.conversation.part(n))
        )

    @property
    def head(self) -> Head:
        """The head of the conversation."""
        return self.conversation.head


def session_id_of(first_message: str) -> UUID:
    """Return the id of the session that began with this message."""
    return session_id(TENANT, ROOM, first_message)

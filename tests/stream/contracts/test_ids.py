"""An id depends on what it names: the same thing has the same id, another thing another id."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.contracts import ids
from stream.contracts.base import TopicRecord
from stream.contracts.measures import MeasuresRecord
from stream.contracts.messages import (
    ConsentWithdrawal,
    Deletion,
    Edit,
    Erasure,
    Message,
    Participants,
    PersonErasure,
    SessionEnd,
    Tick,
)
from stream.contracts.risk import RiskSignal
from stream.contracts.sessions import SessionRecord
from stream.contracts.transcripts import Transcript
from stream.contracts.vocabulary import Concern, EndReason, HeardBy, Role, SessionState

SESSION = UUID("5f0d3c52-8a53-5f4e-9d6e-0d3f8e7a1b01")
part = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=8)


def test_ids_never_change() -> None:
    """Ids have these literal values in every later version, since stored rows depend on them."""
    assert ids.session_id("sample", "c_1", "m-1") == UUID("622af160-ecaa-5ac5-b66d-728ef09423dc")
    assert ids.exchange_id(SESSION, "m-1") == UUID("8b84065a-bbdc-5419-9e30-e1fc3219dfcc")
    assert ids.input_id([("m-1", 0), ("m-2", 5)]) == UUID("00da3a62-230e-5e15-b324-7f11bd4b5dc8")
    assert ids.record_key("sample", "c_1") == b"sample:c_1"


AT = datetime(2026, 3, 2, 18, 0, 1, 234567, tzinfo=UTC)
ROOM = {"tenant": "sample", "conversation_id": "c_1"}
ERASURE_ID = str(UUID(int=7))
RECORDS: list[tuple[TopicRecord, str]] = [
    (
        Message(**ROOM, message_id="m-1", role=Role.CLIENT, author="p_1", text="x", sent_at=AT),
        "22c884a2-33d2-54b7-b0b8-61bb74e82db6",
    ),
    (Edit(**ROOM, message_id="m-1", text="x", edited_at=AT), "59c26aa8-8879-5130-861e-3f117b78be7d"),
    (Deletion(**ROOM, message_id="m-1", deleted_at=AT), "c2601be6-46a8-5267-8a04-5ef3f3fdb834"),
    (SessionEnd(**ROOM, ended_at=AT), "f569abf3-f375-53ce-9d12-db233ee9c897"),
    (ConsentWithdrawal(**ROOM, withdrawn_at=AT), "b7a764d9-3086-5fcf-b92b-5f25b8a459fb"),
    (Erasure(**ROOM, erasure_id=ERASURE_ID, requested_at=AT), "1467a854-5ac1-57f8-a0a3-d197b35b9c8e"),
    (
        SessionRecord(
            **ROOM, session_id=UUID(int=9), revision=2, state=SessionState.CLOSED, started_at=AT, ended_at=AT,
            closed_at=AT, end_reason=EndReason.IDLE,
        ),
        "688b1404-73f5-5bc6-94f4-a06be962e7f1",
    ),
    (
        RiskSignal(
            **ROOM, session_id=UUID(int=9), message_id="m-1", revision=0, concerns=(Concern.SUICIDE,),
            heard_by=(HeardBy.LEXICON,), appended_at=AT,
        ),
        "a4f8a873-0eb2-5c70-97a5-7e71624ff4da",
    ),
    (
        Transcript(**ROOM, session_id=UUID(int=9), revision=2, first_appended_at=AT, last_appended_at=AT),
        "4e60c200-d9f9-5e60-8b6e-5127156ff510",
    ),
    (
        MeasuresRecord(
            **ROOM, session_id=UUID(int=9), revision=2, first_appended_at=AT, last_appended_at=AT, reader="1",
        ),
        "feccbc43-6df7-5524-ba0c-6efe1c6f93a4",
    ),
    (
        PersonErasure(
            tenant="sample", person="p_1", role=Role.CLIENT, erasure_id=ERASURE_ID, requested_at=AT, partition=3
        ),
        "00000000-0000-0000-0000-000000000007-3",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("record", "event_id"), RECORDS, ids=lambda value: type(value).__name__)
def test_a_record_knows_its_event_id_and_its_key(record: TopicRecord, event_id: str) -> None:
    """The event id of a record never changes, since consumers recognise a repeated event by it."""
    assert str(record.event_id) == event_id
    assert record.key == (None if isinstance(record, PersonErasure) else b"sample:c_1")


def test_the_id_of_a_list_of_participants_does_not_depend_on_the_names() -> None:
    """The event id of a list of participants is random: an id made of names could be found by guessing names."""
    participants = Participants(**ROOM, participants=())
    assert participants.event_id != participants.event_id


def test_no_two_ticks_share_an_id() -> None:
    """Two ticks of one source have different event ids, as CloudEvents requires, and no key."""
    assert Tick(partition=3).event_id != Tick(partition=3).event_id
    assert Tick(partition=3).key is None


@given(st.lists(part, min_size=3, max_size=3), st.lists(part, min_size=3, max_size=3))
def test_two_sessions_share_an_id_only_if_they_are_one(a: list[str], b: list[str]) -> None:
    """Two sessions share an id only if all its parts are equal, however the parts are joined."""
    assert (ids.session_id(*a) == ids.session_id(*b)) == (a == b)


def test_the_order_and_the_revision_of_an_input_count() -> None:
    """An edit or another order of messages makes another input id, and so another assessment."""
    whole = [("m-1", 0), ("m-2", 0)]
    others = [[("m-2", 0), ("m-1", 0)], [("m-1", 1), ("m-2", 0)], [("m-1", 0)], []]
    assert ids.input_id(whole) not in {ids.input_id(other) for other in others}


def test_an_edits_revision_is_its_time_in_milliseconds() -> None:
    """The revision of an edit is its time in milliseconds, so that later edits are higher and all are above 0."""
    assert ids.revision_of(datetime(1970, 1, 1, 0, 0, 1, 234_000, tzinfo=UTC)) == 1234


def test_ids_of_different_kinds_do_not_collide() -> None:
    """Ids of different kinds that are made of the same parts differ."""
    made = {
        ids.session_id("a", "b", "c"),
        ids.message_event_id("a", "b", "c", ""),
        ids.conversation_event_id("a", "b", "c", ""),
        ids.exchange_id(SESSION, "c"),
        ids.risk_signal_id("a", "b", "c", 0),
        ids.session_event_id(SESSION, 1, "closed"),
        ids.session_event_id(SESSION, 1, "reopened"),
        ids.transcript_event_id(SESSION, 1),
        ids.measures_event_id(SESSION, 1, "", []),
        ids.assessment_id(SESSION, SESSION, SESSION, "m"),
    }
    assert len(made) == 10

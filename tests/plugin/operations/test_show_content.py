"""The record of a dead letter is shown to a supervisor with that scope, with a reason and an audit entry."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from plugin.database.engine import transaction
from plugin.database.tables import TombstoneKind
from plugin.database.tombstone_key import tombstone_key
from plugin.database.tombstones import Subject, add_tombstone
from plugin.database.viewer import AccountRole, Viewer
from plugin.operations.dead_letter import DeadLetter
from plugin.operations.dead_letter_topic import read_dead_letter as read_letter
from plugin.operations.show_content import ContentReader, ReadReason
from stream.contracts.messages import Deletion
from stream.contracts.topics import FEEDBACK
from stream.contracts.vocabulary import Role
from stream.runtime.codec import EncodedRecord, encode
from tests.plugin.operations.conftest import CANARY, SENT_AT, Bench, message
from tests.plugin.samples import KEK, NOW, TENANT, add_person, apply_records, record


def letter(bench: Bench, made: EncodedRecord, **changes: Any) -> DeadLetter:
    """Return a dead letter of the record, as it is read from the topic."""
    found = read_letter(bench.kafka, bench.set_aside(made, **changes))
    assert found is not None
    return found


def opened(bench: Bench, viewer: Viewer, found: DeadLetter) -> str | None:
    """Return the content that the viewer is shown."""
    return ContentReader(bench.engine, KEK, bench.kafka.partitions).read(viewer, found, ReadReason.FAULT)


@pytest.fixture
def counsellor(bench: Bench) -> str:
    """Return the pseudonym of a counsellor whose account is in a team of the same name."""
    name = f"p_{uuid4().hex}"
    add_person(bench.engine, name, AccountRole.THERAPIST, teams=(name,), tenant=TENANT, counsellor=name)
    return name


def supervisor(bench: Bench, *teams: str, tenant: str | None = None) -> Viewer:
    """Return a supervisor of these teams and of the platform's sessions without a counsellor."""
    return add_person(bench.engine, f"s-{uuid4()}", AccountRole.SUPERVISOR, teams=teams, tenant=tenant)


def test_a_stored_session_of_the_conversation_decides(bench: Bench, counsellor: str) -> None:
    """The viewers of a conversation's stored session may see its dead letters, and no other viewer may."""
    apply_records(bench.engine, record(conversation=bench.conversation, counsellor=counsellor))
    found = letter(bench, encode(message(bench.conversation)))
    assert CANARY in str(opened(bench, supervisor(bench, counsellor), found))
    assert opened(bench, supervisor(bench, "south"), found) is None
    assert opened(bench, supervisor(bench, "south", tenant=TENANT), found) is None


def test_what_was_deleted_is_not_shown(bench: Bench, counsellor: str) -> None:
    """A dead letter with a message that was deleted since is shown to nobody, as a message or in a session record."""
    session = record(conversation=bench.conversation, counsellor=counsellor)
    apply_records(bench.engine, session)
    viewer = supervisor(bench, counsellor)
    letters = [
        letter(bench, encode(message(bench.conversation, message_id="m-1"))),
        letter(bench, encode(session), topic=FEEDBACK),
    ]
    assert all(opened(bench, viewer, found) for found in letters)
    gone = Deletion(tenant=TENANT, conversation_id=bench.conversation, message_id="m-1", deleted_at=NOW)
    apply_records(bench.engine, gone)
    assert [opened(bench, viewer, found) for found in letters] == [None, None]


def test_where_nothing_is_stored_the_counsellor_in_the_record_decides(bench: Bench, counsellor: str) -> None:
    """A message of a counsellor, or a record of a session."""
    said = encode(message(bench.conversation, role=Role.COUNSELLOR, author=counsellor))
    whole = encode(record(conversation=bench.conversation, counsellor=counsellor))
    for found in (letter(bench, said), letter(bench, whole, topic=FEEDBACK)):
        assert opened(bench, supervisor(bench, counsellor), found) is not None
        assert opened(bench, supervisor(bench, "south", tenant=TENANT), found) is None


@pytest.mark.parametrize("readable", [True, False])
def test_where_nobody_is_named_it_is_the_platforms_supervisor(bench: Bench, readable: bool) -> None:
    """A dead letter without a counsellor is shown to the platform's supervisor, by key if it fits no schema."""
    made = encode(message(bench.conversation))
    unreadable = json.dumps({"words": CANARY, "consent": {"processing": True}}).encode()
    found = letter(bench, made if readable else EncodedRecord(made.key, unreadable, made.headers))
    assert CANARY in str(opened(bench, supervisor(bench, tenant=TENANT), found))
    assert opened(bench, supervisor(bench, tenant="elsewhere"), found) is None
    assert opened(bench, supervisor(bench, "north"), found) is None


@pytest.mark.parametrize("key", [None, b"", b"no tenant", b"sample:", b"sample:c 1", b"\xff:c"])
def test_what_belongs_to_nobody_is_shown_to_nobody(bench: Bench, key: bytes | None) -> None:
    """A dead letter whose record and key name no owner is shown to no viewer."""
    found = letter(bench, EncodedRecord(key, CANARY.encode(), []))
    assert opened(bench, supervisor(bench, "north", tenant=TENANT), found) is None


@pytest.mark.parametrize("role", [AccountRole.OPERATOR, AccountRole.THERAPIST])
def test_nobody_but_a_supervisor_reads_it(bench: Bench, role: AccountRole) -> None:
    """An operator sees stories, never words."""
    of_therapist: dict[str, Any] = {"tenant": TENANT, "counsellor": f"p_{uuid4().hex}"}
    viewer = add_person(bench.engine, f"x-{uuid4()}", role, **(of_therapist if role is AccountRole.THERAPIST else {}))
    assert opened(bench, viewer, letter(bench, encode(message(bench.conversation)))) is None


@pytest.mark.parametrize("readable", [True, False])
def test_an_erased_record_is_not_shown(bench: Bench, readable: bool) -> None:
    """An erased record is not shown, although its bytes are on the topic until its retention is over."""
    with transaction(bench.engine) as session:
        subject = Subject(TombstoneKind.ERASURE, TENANT, bench.conversation)
        until = SENT_AT + timedelta(minutes=1)
        add_tombstone(session, tombstone_key(session, KEK), subject, until=until, erasure_id=None, now=NOW)
    made = encode(message(bench.conversation))
    found = letter(bench, made if readable else EncodedRecord(made.key, b"{", made.headers))
    assert opened(bench, supervisor(bench, tenant=TENANT), found) is None


def test_every_try_is_on_the_trail_with_its_reason(bench: Bench) -> None:
    """Every attempt is on the audit trail with its reason, whether the record was shown or not."""
    found = letter(bench, encode(message(bench.conversation)))
    hers, other = supervisor(bench, tenant=TENANT), supervisor(bench, "north")
    opened(bench, hers, found)
    opened(bench, other, found)
    query = text("SELECT purpose, outcome FROM audit WHERE object_id = :id AND account_id = :who")
    with bench.engine.connect() as connection:
        for who, outcome in ((hers, "done"), (other, "not_found")):
            rows = connection.execute(query, {"id": str(found.id), "who": who.user_id}).all()
            assert [tuple(row) for row in rows] == [("read a dead letter: fault", outcome)]

"""Tests of the writer, which applies the bytes of a record in one transaction."""

import threading
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.engine import connect
from plugin.local.loopback import free_ports
from plugin.sink.writer import Writer
from stream.contracts.base import TopicRecord
from stream.contracts.errors import Misconfigured, Poison, Unavailable
from stream.contracts.ids import record_key
from stream.contracts.messages import ConsentWithdrawal, Erasure, Message
from stream.contracts.topics import FEEDBACK
from stream.contracts.vocabulary import DeadLetterReason, Role
from stream.runtime.codec import RawRecord, encode, partition_of
from tests.plugin.samples import CONVERSATION, KEK, NOW, SAID, START, TENANT, apply_records, record

PARTITIONS = 3


@pytest.fixture
def writer(engine: Engine) -> Writer:
    """Return a writer as the sink creates it."""
    return Writer(engine, KEK, PARTITIONS, lambda: NOW)


def raw(sent: TopicRecord, **more: Any) -> RawRecord:
    """Return the record as the broker stores it."""
    key = record_key(TENANT, CONVERSATION)
    out = encode(sent)
    values: dict[str, Any] = {
        "topic": FEEDBACK,
        "partition": partition_of(key, PARTITIONS),
        "offset": 7,
        "timestamp_ms": 0,
        "key": key,
        "value": out.value,
        "headers": out.headers,
    }
    return RawRecord(**{**values, **more})


def stored(outcome: str) -> float:
    """Return the value of the metric of stored records with an outcome."""
    return REGISTRY.get_sample_value("counterpoint_queue_revisions_total", {"outcome": outcome}) or 0.0


def sessions(engine: Engine) -> int:
    """Return the number of stored sessions."""
    with engine.connect() as connection:
        return connection.scalar(text("SELECT count(*) FROM sessions")) or 0


def test_each_type_of_the_topic_is_applied_and_counted(engine: Engine, writer: Writer) -> None:
    """Feedback, its repeat, a withdrawal and an erasure are applied and counted by outcome."""
    before = {outcome: stored(outcome) for outcome in ("stored", "repeated", "erased")}
    common: dict[str, Any] = {"tenant": TENANT, "conversation_id": CONVERSATION}
    writer.write(raw(record()))
    writer.write(raw(record()))
    writer.write(raw(ConsentWithdrawal(**common, withdrawn_at=START)))
    assert sessions(engine) == 1
    writer.write(raw(Erasure(**common, erasure_id=str(uuid4()), requested_at=START)))
    assert sessions(engine) == 0
    assert {outcome: stored(outcome) - count for outcome, count in before.items()} == {
        "stored": 1,
        "repeated": 1,
        "erased": 2,
    }


def test_a_type_of_another_topic_is_poison(engine: Engine, writer: Writer) -> None:
    """A record type of another topic is poison."""
    message = Message(
        tenant=TENANT,
        conversation_id=CONVERSATION,
        message_id="m-1",
        role=Role.CLIENT,
        author="p_client",
        text=SAID[0],
        sent_at=START,
    )
    with pytest.raises(Poison) as caught:
        writer.write(raw(message))
    assert caught.value.reason is DeadLetterReason.UNKNOWN_TYPE
    assert sessions(engine) == 0


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"value": None}, DeadLetterReason.TOMBSTONE),
        ({"value": b"{"}, DeadLetterReason.BAD_JSON),
        ({"key": b"another:key"}, DeadLetterReason.BAD_KEY),
        ({"key": None}, DeadLetterReason.BAD_KEY),
        ({"partition": 99}, DeadLetterReason.WRONG_PARTITION),
        ({"headers": ()}, DeadLetterReason.BAD_ENVELOPE),
    ],
)
def test_a_record_that_cannot_be_decoded_is_poison(
    engine: Engine, writer: Writer, more: dict[str, Any], reason: DeadLetterReason
) -> None:
    """A record that cannot be decoded is poison, and nothing is stored."""
    with pytest.raises(Poison) as caught:
        writer.write(raw(record(), **more))
    assert caught.value.reason is reason
    assert sessions(engine) == 0


def test_a_database_that_is_away_is_unavailable_not_poison(engine: Engine, writer: Writer) -> None:
    """A database that is away raises Unavailable instead of poison, and nothing is stored."""
    (port,) = free_ports(1)
    url = f"postgresql+psycopg://nobody@127.0.0.1:{port}/nothing"
    away = Writer(connect(url), KEK, PARTITIONS, lambda: NOW)
    with pytest.raises(Unavailable):
        away.write(raw(record()))
    assert away.database_trouble() == "PostgreSQL does not answer; records are held until it does."
    assert writer.database_trouble() is None
    assert sessions(engine) == 0


def test_a_missing_schema_is_reported_with_the_command(database_url: str) -> None:
    """A missing schema is reported with the command that creates it."""
    engine = connect(database_url)
    trouble = Writer(engine, KEK, PARTITIONS, lambda: NOW).database_trouble()
    engine.dispose()
    assert trouble is not None
    assert "counterpoint migrate" in trouble


def test_another_key_stops_the_stage_before_it_writes(engine: Engine) -> None:
    """Another key encryption key than the database's stops the stage before it writes anything with it."""
    apply_records(engine, record())
    other = Writer(engine, KeyEncryptionKey(bytes(32)), PARTITIONS, lambda: NOW)
    with pytest.raises(Misconfigured, match="key_encryption_key"):
        other.database_trouble()


def test_a_log_line_has_ids_and_no_text(writer: Writer) -> None:
    """The log line of an applied record has its ids, revision and outcome, and no text."""
    with capture_logs() as lines:
        writer.write(raw(record()))
    (line,) = [line for line in lines if line["event"] == "record_applied"]
    assert (line["session_id"], line["revision"], line["state"]) == (str(record().session_id), 1, "stored")
    assert not any(words in str(lines) for words in SAID)


def test_two_writers_of_one_conversation_take_turns(engine: Engine, queue_url: str) -> None:
    """Writers of one conversation at the same time leave the highest revision, as after a lost partition."""
    revisions = [record(revision=number, edits=number) for number in range(1, 7)]
    errors: list[Exception] = []

    def work(mine: list[Any]) -> None:
        own = connect(queue_url)
        writer = Writer(own, KEK, PARTITIONS, lambda: NOW)
        try:
            for each in mine:
                writer.write(raw(each))
        except Exception as error:  # noqa: BLE001 - any at all is a failure
            errors.append(error)
        finally:
            own.dispose()

    threads = [threading.Thread(target=work, args=(mine,)) for mine in (revisions, revisions[::-1], revisions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT revision FROM sessions")) == 6
        assert connection.scalar(text("SELECT count(*) FROM messages")) == 2
        assert connection.scalar(text("SELECT count(*) FROM answers WHERE superseded_by IS NULL")) == 1
        assert connection.scalar(text("SELECT count(*) FROM conversation_keys")) == 1

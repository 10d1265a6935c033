"""What both Faust workers rely on, without a broker; with one, the workers' own tests show it."""

import asyncio
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import faust
import pytest
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, TopicAuthorizationFailedError
from aiokafka.producer.message_accumulator import BatchBuilder

from stream.contracts.errors import Poison, TooManyDeadLetters
from stream.contracts.topics import DEAD_LETTERS
from stream.contracts.vocabulary import DeadLetterReason
from stream.faust_support import app
from stream.faust_support.app import DeadLetters, Record, Stop, create_app, raw_record, send, send_all
from stream.runtime.codec import Encoded, RawRecord
from stream.runtime.dead_letters import PART
from stream.runtime.health import Health
from stream.runtime.settings import Kafka

RECORD = Encoded(key=b"k", value=b"v", headers=[("h", b"1")])
IN_A_ROW = Kafka().dead_letters_in_a_row
BROKEN = Poison(DeadLetterReason.BAD_JSON, "value")


class Producer:
    """Keeps what is sent; fails as often as told."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.sent: list[tuple[Any, ...]] = []

    async def send_and_wait(self, *arguments: Any) -> None:
        """Fail, or keep."""
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(arguments)


def app_with(producer: Producer) -> faust.App:
    """As much of an app as sending needs."""
    return cast("faust.App", SimpleNamespace(producer=producer))


def raw(partition: int = 0, value: bytes = b"{") -> RawRecord:
    """A record that cannot be read."""
    return RawRecord("topic", partition, 7, 0, b"k", value)


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trying again takes no time here."""
    monkeypatch.setattr(app, "_RETRY_SEND_S", 0.0)


async def test_the_app_declares_nothing_serves_nothing_and_waits_for_nobody(tmp_path: Path) -> None:
    """The settings without which Faust creates topics, opens a port, skips the past or loses held records."""
    conf = create_app("app", Kafka(bootstrap_servers="a:1, b:2", partitions=5), data_dir=tmp_path, buffer=3).conf
    assert [str(url) for url in conf.broker] == ["aiokafka://a:1", "aiokafka://b:2"]
    assert not conf.topic_allow_declare
    assert conf.topic_disable_leader
    assert not conf.web_enabled
    assert not conf.stream_wait_empty
    assert conf.consumer_auto_offset_reset == "earliest"
    assert "AT_LEAST_ONCE" in repr(conf.processing_guarantee)
    assert (conf.topic_partitions, conf.stream_buffer_maxsize, conf.broker_session_timeout) == (5, 3, 6.0)


def test_a_raw_record_is_what_stands_on_the_topic() -> None:
    """Bytes as they came, the broker's time in milliseconds, headers whatever form Faust gives them."""
    for headers in ({"ce_id": b"1"}, [("ce_id", b"1")]):
        message = SimpleNamespace(
            topic="t", partition=2, offset=9, timestamp=1700000000.123, key=b"k", value=b"v", headers=headers
        )
        record = raw_record(cast("Any", SimpleNamespace(message=message)))
        assert record == RawRecord("t", 2, 9, 1700000000123, b"k", b"v", (("ce_id", b"1"),))
    message.headers = None
    assert raw_record(cast("Any", SimpleNamespace(message=message))).headers == ()


async def test_what_is_sent_is_held_until_the_broker_has_it() -> None:
    """However often it is away meanwhile."""
    producer = Producer(KafkaError(), OSError(), KafkaError())
    await send(app_with(producer), "topic", RECORD, 4)
    assert producer.sent == [("topic", b"k", b"v", 4, None, [("h", b"1")])]


async def test_what_is_too_large_is_not_held() -> None:
    """No retry helps it; whoever sends must know."""
    with pytest.raises(MessageSizeTooLargeError):
        await send(app_with(Producer(MessageSizeTooLargeError())), "topic", RECORD, 4)


async def test_a_dead_letter_has_left_before_the_record_may_be_acknowledged() -> None:
    """With the original bytes and its story."""
    producer = Producer(KafkaError())
    await DeadLetters(app_with(producer), "test", IN_A_ROW, Health()).put(raw(), BROKEN)
    ((topic, key, value, _, _, headers),) = producer.sent
    assert (topic, key, value) == (DEAD_LETTERS, b"k", b"{")
    assert ("cp_reason", b"bad_json") in headers
    assert ("cp_stage", b"test") in headers


async def test_a_record_as_large_as_the_broker_takes_leaves_its_body_behind() -> None:
    """With its story beside it the broker would refuse it, and the partition would stand still."""
    producer = Producer()
    await DeadLetters(app_with(producer), "test", IN_A_ROW, Health()).put(raw(value=b"x" * 1_000_001), BROKEN)
    assert producer.sent[0][2] == b""
    assert ("cp_offset", b"7") in producer.sent[0][5]


async def test_a_bug_is_set_aside_under_its_type_and_place() -> None:
    """Never with its message, which may quote the record."""
    producer = Producer()
    try:
        raise KeyError("words of a client")
    except KeyError as error:
        await DeadLetters(app_with(producer), "test", IN_A_ROW, Health()).put(raw(), error)
    headers = dict(producer.sent[0][5])
    assert headers["cp_reason"] == b"bug"
    assert headers["cp_error_type"] == b"KeyError"
    assert headers["cp_place"].startswith(b"test_app.py:")
    assert b"words" not in b"".join(headers.values())


async def test_after_twenty_in_a_row_the_stage_stops_and_the_next_stays_where_it_is() -> None:
    """Then it is not the records that are broken. Other partitions have a count of their own."""
    producer = Producer()
    letters = DeadLetters(app_with(producer), "test", IN_A_ROW, Health())
    for _ in range(IN_A_ROW):
        await letters.put(raw(), BROKEN)
        await letters.put(raw(partition=1), BROKEN)
        letters.good(1)
    with pytest.raises(TooManyDeadLetters, match="20 records in a row of topic, partition 0"):
        await letters.put(raw(), BROKEN)
    assert len(producer.sent) == 2 * IN_A_ROW


@pytest.mark.parametrize("refusal", [MessageSizeTooLargeError(), TopicAuthorizationFailedError(), KafkaError()])
async def test_while_the_dead_letter_topic_refuses_a_stage_is_not_ready(refusal: Exception) -> None:
    """Whatever the reason: the topic is too small, not there, or not ours to write."""
    health, said = Health(), list[dict[str, str]]()

    class Refusing(Producer):
        async def send_and_wait(self, *arguments: Any) -> None:
            said.append(health.troubles())
            await super().send_and_wait(*arguments)

    producer = Refusing(refusal, refusal)
    await DeadLetters(app_with(producer), "test", IN_A_ROW, health).put(raw(), BROKEN)
    told = {PART: f"The topic {DEAD_LETTERS} does not take a dead letter ({type(refusal).__name__});"}
    assert [{part: one[part][: len(told[part])] for part in one} for one in said] == [{}, told, told]
    assert len(producer.sent) == 1
    assert health.troubles() == {}


async def test_a_dead_letter_without_an_answer_stays_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given up and sent anew, it might arrive twice; the stage says that it waits."""
    monkeypatch.setattr(app, "NOT_TAKEN_AFTER_S", 0.01)
    health, answers = Health(), asyncio.Event()

    class Slow(Producer):
        async def send_and_wait(self, *arguments: Any) -> None:
            await answers.wait()
            await super().send_and_wait(*arguments)

    producer = Slow()
    putting = asyncio.create_task(DeadLetters(app_with(producer), "test", IN_A_ROW, health).put(raw(), BROKEN))
    await asyncio.sleep(0.05)
    assert "no answer" in health.troubles()[PART]
    answers.set()
    await putting
    assert len(producer.sent) == 1
    assert health.troubles() == {}


async def test_side_by_side_no_more_are_set_aside_than_the_limit() -> None:
    """The feedback stage works on several records of one partition at a time."""
    producer = Producer()
    letters = DeadLetters(app_with(producer), "test", IN_A_ROW, Health())
    found = await asyncio.gather(*(letters.put(raw(), BROKEN) for _ in range(2 * IN_A_ROW)), return_exceptions=True)
    assert [type(one) for one in found] == [type(None)] * IN_A_ROW + [TooManyDeadLetters] * IN_A_ROW
    assert len(producer.sent) == IN_A_ROW


async def test_the_first_error_told_is_why_a_stage_stops() -> None:
    """What follows from it is no news."""
    stop = Stop()
    first = TooManyDeadLetters("first")
    stop.now(first)
    stop.now(TooManyDeadLetters("second"))
    await asyncio.wait_for(stop.wait(), 1)
    assert stop.error is first
    calm = Stop()
    calm.now()
    assert calm.error is None


ENDLESS = """
import asyncio, contextlib, os, signal, sys
from types import SimpleNamespace
from stream.faust_support import app
from stream.contracts.errors import Misconfigured
from stream.runtime.health import Health

app.STOP_S = 0.3

async def never():
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

@contextlib.asynccontextmanager
async def build(folder, stop, health):
    print(folder, flush=True)
    asyncio.get_running_loop().call_later(0.2, {end})
    yield SimpleNamespace(
        on_partitions_assigned=SimpleNamespace(connect=lambda *_, **__: None),
        start={start}, wait_until_stopped=asyncio.Event().wait, stop=never,
    )

app.run(build, Health(), host="127.0.0.1", port=0)
"""
AT_ONCE = "lambda: asyncio.sleep(0)"


@pytest.mark.parametrize(
    ("end", "start", "status", "said"),
    [
        ("lambda: os.kill(os.getpid(), signal.SIGTERM)", AT_ONCE, 0, ""),
        ("lambda: os.kill(os.getpid(), signal.SIGTERM)", "never", 0, ""),
        ("lambda: stop.now(Misconfigured('Mend it.'))", AT_ONCE, 2, "Mend it."),
    ],
)
def test_a_worker_that_faust_would_keep_leaves_all_the_same(end: str, start: str, status: int, said: str) -> None:
    """Faust waits for a broker that does not answer, also at its start; the temporary folder goes with the worker."""
    code = ENDLESS.replace("{end}", end).replace("{start}", start)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == status
    assert said in done.stderr
    assert not Path(done.stdout.splitlines()[0]).exists()


class Batches:
    """aiokafka's producer as far as batches go, over its real batch builder; fails as often as told."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.sent: list[tuple[str, int, int]] = []

    def create_batch(self) -> BatchBuilder:
        """An empty batch of a kilobyte."""
        return BatchBuilder(1_000, 0, is_transactional=False)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> "asyncio.Future[None]":
        """Take the batch; its future ends with an error as long as there is one."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.errors:
            future.set_exception(self.errors.pop(0))
        else:
            self.sent.append((topic, partition, batch.record_count()))
            future.set_result(None)
        return future


def app_of_batches(producer: Batches) -> faust.App:
    """As much of an app as sending batches needs."""
    return cast("faust.App", SimpleNamespace(producer=SimpleNamespace(_ensure_producer=lambda: producer)))


async def test_many_records_go_out_in_as_few_batches_as_hold_them() -> None:
    """One future a batch; a record larger than a batch has one to itself; a deletion is a record too."""
    producer = Batches()
    records = [Record(b"k%d" % number, b"v" * 300) for number in range(5)]
    records += [Record(b"large", b"v" * 5_000), Record(b"gone", None)]
    await send_all(app_of_batches(producer), "topic", [*records, RECORD], 3)
    assert {sent[:2] for sent in producer.sent} == {("topic", 3)}
    assert [count for _, _, count in producer.sent] == [3, 2, 1, 2]


async def test_what_was_not_taken_is_sent_again_whole() -> None:
    """Until the broker has all of it; whoever reads knows what comes twice."""
    producer = Batches(KafkaError(), KafkaError())
    await send_all(app_of_batches(producer), "topic", [RECORD, RECORD], 0)
    assert producer.sent == [("topic", 0, 2)]


async def test_a_batch_with_a_record_too_large_for_the_broker_is_an_error() -> None:
    """No retry would help: the stage stops rather than turn in a circle."""
    with pytest.raises(MessageSizeTooLargeError):
        await send_all(app_of_batches(Batches(MessageSizeTooLargeError())), "topic", [RECORD], 0)

"""Tests with generated deliveries through the real gateway, broker and stream worker that account for each of them.

`make fuzz` sends 100,000 and prints the table; a run of 2,000 is part of `make test`.
"""

import asyncio
import base64
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kafka import KafkaProducer
from starlette.types import ASGIApp

from plugin.gateway.server import build
from plugin.local.kafka import KafkaBroker
from stream.contracts.messages import MESSAGES_RECORDS, Message, SessionEnd, Tick
from stream.contracts.topics import DEAD_LETTERS, MESSAGES, SESSIONS
from stream.contracts.vocabulary import DeadLetterReason
from stream.detection.language import detect_language
from stream.runtime.codec import RawRecord, decode, encode, known_types, partition_of
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.logging import configure_logging
from stream.runtime.settings import Settings, TenantSettings
from tests.fixtures.stream_stage import PARTITIONS, StreamStageHarness, stream_stage
from tests.fixtures.terminal import terminal_writer
from tests.fixtures.topics import read_topic
from tests.fixtures.waiting import DEADLOCK_S, eventually
from tests.fuzz.accounting import TopicPosition, expected, published, up_to_last
from tests.fuzz.asgi import send_request
from tests.fuzz.deliveries import SECRET, TENANT, Deliveries
from tests.fuzz.outcomes import KEY, FuzzRun, record_answer
from tests.fuzz.records import random_record
from tests.stream.sessions.scenario import rules

SHORT, LONG = 2_000, 100_000
IN_FLIGHT = 32
NATIVE_EVERY = 50  # deliveries to a record written to the topic itself: far from twenty bad ones in a row
IDLE_S, REOPEN_S, LATE_S = 3, 2, 8
LAST = "the-last-of-all"


@pytest.fixture(scope="module")
def harness(fresh_kafka: Callable[[], KafkaBroker], run_dir: Path) -> Iterator[StreamStageHarness]:
    """Yield the stream stage with windows of some seconds, on a broker of its own."""
    with stream_stage(
        run_dir / "fuzz", fresh_kafka().bootstrap_servers, COUNTERPOINT_SESSIONS__IDLE_S=str(IDLE_S),
        COUNTERPOINT_SESSIONS__REOPEN_WITHIN_S=str(REOPEN_S), COUNTERPOINT_SESSIONS__LATE_WITHIN_S=str(LATE_S),
        COUNTERPOINT_LOG_LEVEL="warning",
    ) as running:  # fmt: skip
        yield running


def gateway(servers: str, health: Health) -> Any:
    """Return the whole application as the command builds it."""
    configure_logging("error", stage="gateway")
    tenant = {"webhook_secrets": [SECRET], "pseudonym_key": base64.b64encode(KEY).decode()}
    settings = Settings(tenants={TENANT: TenantSettings.model_validate(tenant)})
    kafka = settings.kafka.model_copy(update={"bootstrap_servers": servers, "partitions": PARTITIONS})
    return build(settings.model_copy(update={"kafka": kafka}), health)


async def deliver(
    app: ASGIApp, source: Deliveries, count: int, run: FuzzRun, harness: StreamStageHarness, say: Callable[[str], None]
) -> None:
    """Send `count` deliveries concurrently, and now and then a record directly to the topic."""
    chance = random.Random(source.seed)
    producer = KafkaProducer(bootstrap_servers=harness.servers, acks="all", max_request_size=2_000_000)
    left = iter(range(count))
    began = time.monotonic()

    async def one_after_the_other() -> None:
        for number in left:
            if number % NATIVE_EVERY == 0:
                kind, record = random_record(chance, f"n_{number // 2_000}", number, PARTITIONS)
                sent = producer.send(MESSAGES, value=record.value, key=record.key, headers=list(record.headers),
                                     partition=record.partition)  # fmt: skip
                done = await asyncio.to_thread(sent.get, 30)
                run.natives.append((kind, (done.partition, done.offset), record.reason))
            delivery = source.next()
            record_answer(run, delivery, await send_request(app, delivery.request))
            if number % 5_000 == 4_999:
                say(f"{number + 1:,} deliveries, {(number + 1) / (time.monotonic() - began):,.0f} a second")

    await asyncio.gather(*(one_after_the_other() for _ in range(IN_FLIGHT)))
    run.deliveries_a_second = count / (time.monotonic() - began)
    producer.close()


def finish(harness: StreamStageHarness, *, long: bool) -> None:
    """Wait until silence has closed every session, then add a last session per partition and wait for its record.

    The record of that session follows all records that the stage published for earlier input.
    """
    last_ms = max(raw.timestamp_ms for raw in read_topic(harness.servers, MESSAGES, PARTITIONS) if not is_tick(raw))
    silent_ms = last_ms + (IDLE_S + 3) * 1_000
    assert eventually(lambda: time.time() * 1_000 > silent_ms, within_s=IDLE_S + 10)
    names: dict[int, str] = {}
    while len(names) < PARTITIONS:
        name = f"{LAST}-{uuid4().hex}"
        names.setdefault(partition_of(f"native:{name}".encode(), PARTITIONS), name)
    for partition, name in names.items():
        now = datetime.now(UTC)
        said = Message.model_validate(
            {"tenant": "native", "conversation_id": name, "message_id": "m", "role": "client", "author": "p",
             "text": "bye", "sent_at": now, "consent": {"processing": True}}
        )  # fmt: skip
        for event in (said, SessionEnd(tenant="native", conversation_id=name, ended_at=now)):
            made = encode(event)
            harness.send(made.value, key=event.key, headers=made.headers, partition=partition)

    def all_there() -> bool:
        harness.poll()
        seen = {record.key.decode().split(":")[1] for record in harness.seen[SESSIONS] if record.key}
        return set(names.values()) <= seen

    assert eventually(all_there, within_s=600 if long else DEADLOCK_S), "the stage has not come to the end"


def is_tick(raw: RawRecord) -> bool:
    """Return whether a record is a tick."""
    return dict(raw.headers).get("ce_type") == Tick.event_type.encode()


def is_last(raw: RawRecord) -> bool:
    """Return whether a record is the last one of its partition."""
    return LAST.encode() in (raw.key or b"") and b"ended_at" in (raw.value or b"")


@pytest.fixture(scope="module")
def run(harness: StreamStageHarness, long: bool, seed: int, pytestconfig: pytest.Config) -> FuzzRun:
    """Return the run after everything was sent and the stage has processed it."""
    say = terminal_writer(pytestconfig) if long else lambda _line: None
    made = FuzzRun()

    async def send() -> None:
        health = Health(ReadinessPart.KAFKA)
        app = gateway(harness.servers, health)
        async with app.router.lifespan_context(app):
            ready = time.monotonic() + 30
            while health.troubles():
                assert time.monotonic() < ready
                await asyncio.sleep(0.05)
            await deliver(app, Deliveries(seed), LONG if long else SHORT, made, harness, say)

    asyncio.run(send())
    finish(harness, long=long)
    say(f"seed {seed}, {made.deliveries_a_second:,.0f} deliveries a second")
    for outcome, count in made.outcomes.most_common():
        say(f"{count:>9,}  {outcome}")
    say(f"{len(made.natives):>9,}  written to the topic itself, of these by the reason of their dead letter:")
    for reason, count in Counter(reason for _, _, reason in made.natives).most_common():
        say(f"{count:>9,}    {reason.value if reason else 'good'}")
    return made


def test_every_delivery_is_answered_as_it_must_be(run: FuzzRun, long: bool) -> None:
    """Every delivery is accepted, repeated or refused with its reason, and none is a server error."""
    assert run.wrong == []
    assert run.outcomes.total() == (LONG if long else SHORT)
    assert not [outcome for outcome in run.outcomes if outcome.startswith("5")]
    assert len(run.outcomes) >= 10  # the run was a mixed one


def test_what_was_accepted_is_on_the_topic_once(run: FuzzRun, harness: StreamStageHarness) -> None:
    """Each conversation has as many records on the topic as accepted deliveries."""
    known = known_types(*MESSAGES_RECORDS)
    natives = {place for _, place, _ in run.natives}
    found: Counter[str] = Counter()
    for raw in read_topic(harness.servers, MESSAGES, PARTITIONS):
        if (raw.partition, raw.offset) in natives or is_tick(raw) or (raw.key or b"").startswith(b"native:"):
            continue
        data: Any = decode(raw, known).data
        found[data.conversation_id] += 1
    assert found == run.on_topic


def test_the_stage_made_of_it_what_the_plain_model_says(run: FuzzRun, harness: StreamStageHarness) -> None:
    """The session records, in order, and the dead letters equal those of the plain model."""
    log = list(up_to_last(read_topic(harness.servers, MESSAGES, PARTITIONS), is_last))
    bad = {place: reason for _, place, reason in run.natives if reason not in {None, DeadLetterReason.NO_CONSENT}}
    windows: dict[str, Any] = {
        "idle_ms": IDLE_S * 1_000,
        "reopen_within_ms": REOPEN_S * 1_000,
        "late_within_ms": LATE_S * 1_000,
        "detect_language": detect_language,
    }
    told, refused = expected(log, {place: reason for place, reason in bad.items() if reason}, rules(**windows))
    records = read_topic(harness.servers, SESSIONS, PARTITIONS)
    sessions = list(up_to_last(records, lambda raw: LAST.encode() in (raw.key or b"")))
    assert published(sessions) == told
    assert dead_letters(harness) == refused


def dead_letters(harness: StreamStageHarness) -> dict[TopicPosition, DeadLetterReason]:
    """Return the reasons on the dead-letter topic by position, and check that each position occurs once."""
    found: dict[TopicPosition, DeadLetterReason] = {}
    for raw in read_topic(harness.servers, DEAD_LETTERS, PARTITIONS):
        story = dict(raw.headers)
        place = (int(story["cp_partition"]), int(story["cp_offset"]))
        assert place not in found
        found[place] = DeadLetterReason(story["cp_reason"].decode())
    return found

"""Generated deliveries through the real gateway, broker and stream worker: each is accounted for, by its reason.

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
from plugin.local.kafka import Kafka
from stream.contracts.messages import MESSAGES_RECORDS, Message, SessionEnd, Tick
from stream.contracts.topics import DEAD_LETTERS, MESSAGES, SESSIONS
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.codec import RawRecord, decode, encode, known_types, partition_of
from stream.runtime.logging import configure
from stream.runtime.settings import Settings
from stream.runtime.settings import Tenant as TenantSettings
from tests.fixtures.stream_stage import PARTITIONS, Bench, stream_stage
from tests.fixtures.waiting import eventually
from tests.fuzz.accounting import Place, expected, published, read, upto
from tests.fuzz.asgi import RawRequest, ask
from tests.fuzz.deliveries import SECRET, TENANT, Deliveries
from tests.fuzz.outcomes import KEY, Run, note
from tests.fuzz.records import native
from tests.fuzz.refusals import teller
from tests.stream.sessions.talk import rules

SHORT, LONG = 2_000, 100_000
IN_FLIGHT = 32
NATIVE_EVERY = 50  # deliveries to a record written to the topic itself: far from twenty bad ones in a row
IDLE_S, REOPEN_S, LATE_S = 3, 2, 8
LAST = "the-last-of-all"


@pytest.fixture(scope="module")
def bench(fresh_kafka: Callable[[], Kafka], run_dir: Path) -> Iterator[Bench]:
    """The stream stage with windows of some seconds, on a broker of its own."""
    with stream_stage(
        run_dir / "fuzz", fresh_kafka().bootstrap_servers, COUNTERPOINT_SESSIONS__IDLE_S=str(IDLE_S),
        COUNTERPOINT_SESSIONS__REOPEN_WITHIN_S=str(REOPEN_S), COUNTERPOINT_SESSIONS__LATE_WITHIN_S=str(LATE_S),
        COUNTERPOINT_LOG_LEVEL="warning",
    ) as running:  # fmt: skip
        yield running


def gateway(servers: str) -> Any:
    """The whole application, as the command builds it."""
    configure("error", stage="gateway")
    tenant = {"webhook_secrets": [SECRET], "pseudonym_key": base64.b64encode(KEY).decode()}
    settings = Settings(tenants={TENANT: TenantSettings.model_validate(tenant)})
    kafka = settings.kafka.model_copy(update={"bootstrap_servers": servers, "partitions": PARTITIONS})
    return build(settings.model_copy(update={"kafka": kafka}))


async def deliver(
    app: ASGIApp, source: Deliveries, count: int, run: Run, bench: Bench, say: Callable[[str], None]
) -> None:
    """Send `count` deliveries, some at once, and now and then a record straight to the topic."""
    chance = random.Random(source.seed)
    producer = KafkaProducer(bootstrap_servers=bench.servers, acks="all", max_request_size=2_000_000)
    left = iter(range(count))
    began = time.monotonic()

    async def one_after_the_other() -> None:
        for number in left:
            if number % NATIVE_EVERY == 0:
                kind, record = native(chance, f"n_{number // 2_000}", number, PARTITIONS)
                sent = producer.send(MESSAGES, value=record.value, key=record.key, headers=list(record.headers),
                                     partition=record.partition)  # fmt: skip
                done = await asyncio.to_thread(sent.get, 30)
                run.natives.append((kind, (done.partition, done.offset), record.reason))
            delivery = source.next()
            note(run, delivery, await ask(app, delivery.request))
            if number % 5_000 == 4_999:
                say(f"{number + 1:,} deliveries, {(number + 1) / (time.monotonic() - began):,.0f} a second")

    await asyncio.gather(*(one_after_the_other() for _ in range(IN_FLIGHT)))
    run.deliveries_a_second = count / (time.monotonic() - began)
    producer.close()


def finish(bench: Bench, *, long: bool) -> None:
    """When silence has closed every session: one more session on each partition, and wait for its record.

    Its record stands behind all that the stage has made of what came before.
    """
    last_ms = max(raw.timestamp_ms for raw in read(bench.servers, MESSAGES, PARTITIONS) if not is_tick(raw))
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
            key = f"native:{name}".encode()
            made = encode(event, event_type=event.event_type, event_id=uuid4(), key=key)
            bench.send(made.value, key=key, headers=made.headers, partition=partition)

    def all_there() -> bool:
        bench.look()
        seen = {record.key.decode().split(":")[1] for record in bench.seen[SESSIONS] if record.key}
        return set(names.values()) <= seen

    assert eventually(all_there, within_s=600 if long else 120), "the stage has not come to the end"


def is_tick(raw: RawRecord) -> bool:
    """Whether it is our own clock."""
    return dict(raw.headers).get("ce_type") == Tick.event_type.encode()


def is_last(raw: RawRecord) -> bool:
    """Whether it ends its partition's story."""
    return LAST.encode() in (raw.key or b"") and b"ended_at" in (raw.value or b"")


@pytest.fixture(scope="module")
def run(bench: Bench, long: bool, seed: int, pytestconfig: pytest.Config) -> Run:
    """Everything has been sent, and the stage has come to the end of it."""
    say = teller(pytestconfig) if long else lambda _line: None
    made = Run()

    async def send() -> None:
        app = gateway(bench.servers)
        async with app.router.lifespan_context(app):
            ready = time.monotonic() + 30
            while (await ask(app, health())).status != 200:
                assert time.monotonic() < ready
                await asyncio.sleep(0.05)
            await deliver(app, Deliveries(seed), LONG if long else SHORT, made, bench, say)

    asyncio.run(send())
    finish(bench, long=long)
    say(f"seed {seed}, {made.deliveries_a_second:,.0f} deliveries a second")
    for outcome, count in made.outcomes.most_common():
        say(f"{count:>9,}  {outcome}")
    say(f"{len(made.natives):>9,}  written to the topic itself, of these by the reason of their dead letter:")
    for reason, count in Counter(reason for _, _, reason in made.natives).most_common():
        say(f"{count:>9,}    {reason.value if reason else 'good'}")
    return made


def health() -> RawRequest:
    """A look at the gateway's readiness."""
    return RawRequest("/readyz", [], (b"",), method="GET")


def test_every_delivery_is_answered_as_it_must_be(run: Run, long: bool) -> None:
    """Accepted, repeated, or refused with its reason; never an error of ours."""
    assert run.wrong == []
    assert run.outcomes.total() == (LONG if long else SHORT)
    assert not [outcome for outcome in run.outcomes if outcome.startswith("5")]
    assert len(run.outcomes) >= 10  # the run was a mixed one


def test_what_was_accepted_is_on_the_topic_once(run: Run, bench: Bench) -> None:
    """As many records of each conversation as deliveries of it were accepted, and nothing of the refused ones."""
    known = known_types(*MESSAGES_RECORDS)
    natives = {place for _, place, _ in run.natives}
    found: Counter[str] = Counter()
    for raw in read(bench.servers, MESSAGES, PARTITIONS):
        if (raw.partition, raw.offset) in natives or is_tick(raw) or (raw.key or b"").startswith(b"native:"):
            continue
        data: Any = decode(raw, known).data
        found[data.conversation_id] += 1
    assert found == run.on_topic


def test_the_stage_made_of_it_what_the_plain_model_says(run: Run, bench: Bench) -> None:
    """Every session record, in order, and every dead letter with its reason: nothing lost, nothing twice."""
    log = list(upto(read(bench.servers, MESSAGES, PARTITIONS), is_last))
    bad = {place: reason for _, place, reason in run.natives if reason not in {None, DeadLetterReason.NO_CONSENT}}
    windows: dict[str, Any] = {
        "idle_ms": IDLE_S * 1_000,
        "reopen_within_ms": REOPEN_S * 1_000,
        "late_within_ms": LATE_S * 1_000,
    }
    told, refused = expected(log, {place: reason for place, reason in bad.items() if reason}, rules(**windows))
    sessions = list(upto(read(bench.servers, SESSIONS, PARTITIONS), lambda raw: LAST.encode() in (raw.key or b"")))
    assert published(sessions) == told
    assert dead_letters(bench) == refused


def dead_letters(bench: Bench) -> dict[Place, DeadLetterReason]:
    """What stands on the dead-letter topic, by where it came from. Each came there once."""
    found: dict[Place, DeadLetterReason] = {}
    for raw in read(bench.servers, DEAD_LETTERS, PARTITIONS):
        story = dict(raw.headers)
        place = (int(story["cp_partition"]), int(story["cp_offset"]))
        assert place not in found
        found[place] = DeadLetterReason(story["cp_reason"].decode())
    return found

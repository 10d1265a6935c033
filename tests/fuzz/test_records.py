"""Tests of arbitrary records on a topic: each has an effect or becomes a dead letter, and the next one is processed."""

import asyncio
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.contracts.errors import Poison
from stream.contracts.schema import RECORDS_BY_TOPIC
from stream.contracts.topics import MESSAGES
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.codec import STRUCTURED, RawRecord, check_partition, decode, known_types
from stream.runtime.dead_letters import STORY_PREFIX, dead_letter
from tests.fuzz.records import BROKEN, NativeRecord, good_record
from tests.fuzz.strategies import CANARY, nested, rubbish, spoiled
from tests.stream.workers.batch_harness import PARTITIONS, BatchWorker, MemoryBroker

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "stream" / "contracts" / "examples").glob("*.json"))
HEADERS = ("ce_id", "ce_source", "ce_type", "ce_specversion", "content-type", "CE_TYPE", "traceparent", "x")
TYPES = [name.encode() for topic in RECORDS_BY_TOPIC.values() for name in known_types(*topic)]

header_values = st.sampled_from([*TYPES, b"1.0", STRUCTURED.encode(), b"", b"\xff", CANARY.encode()]) | st.binary(
    max_size=20
)
headers = st.lists(st.tuples(st.sampled_from(HEADERS), header_values), max_size=8)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Silence the log, since the log of dead letters is tested elsewhere."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


def raw(record: NativeRecord, offset: int = 0) -> RawRecord:
    """Return the record as the broker delivers it."""
    return RawRecord(MESSAGES, record.partition, offset, 0, record.key, record.value, record.headers)


@pytest.mark.parametrize(("kind", "number"), [(kind, number) for number, (kind, _, _) in enumerate(BROKEN)])
def test_each_faulty_record_is_dead_lettered_with_its_reason(kind: str, number: int) -> None:
    """Each faulty record becomes a dead letter with its reason, and the next record is stored."""
    _, spoil, reason = BROKEN[number]
    broker = MemoryBroker()
    worker = BatchWorker(broker)
    first = spoil(good_record("room", 1, PARTITIONS), PARTITIONS)
    worker.process([raw(first), raw(good_record("room", 2, PARTITIONS), offset=1)])
    assert [why for _, why in broker.dead] == ([] if reason is None else [reason]), kind
    assert broker.changelog


@pytest.mark.parametrize(("kind", "number"), [(kind, number) for number, (kind, _, _) in enumerate(BROKEN)])
def test_the_story_of_a_dead_letter_holds_nothing_of_the_record(kind: str, number: int) -> None:
    """The headers of a dead letter and the error message contain no text of the record."""
    record = BROKEN[number][1](good_record("room", 1, PARTITIONS, text=CANARY), PARTITIONS)
    told: Poison | None = None
    try:
        data = decode(raw(record), known_types(*RECORDS_BY_TOPIC[MESSAGES])).data
        check_partition(raw(record), data, PARTITIONS)
    except Poison as poison:
        told = poison
    if told is not None:
        letter = dead_letter(raw(record), told, stage="stream")
        story = [value for name, value in letter.headers if name.startswith(STORY_PREFIX)]
        assert CANARY not in repr(story) + repr(told) + str(told), kind


@settings(max_examples=200)
@given(records=st.lists(st.tuples(rubbish, headers, st.integers(0, PARTITIONS - 1)), max_size=6))
def test_rubbish_is_dead_lettered_and_never_ends_the_batch(
    records: list[tuple[bytes, list[tuple[str, bytes]], int]],
) -> None:
    """Every arbitrary record becomes a dead letter, and a valid record in the batch is stored."""
    broker = MemoryBroker()
    worker = BatchWorker(broker)
    given_ = [RawRecord(MESSAGES, p, n, 0, b"k", value, tuple(h)) for n, (value, h, p) in enumerate(records)]
    worker.process([*given_, raw(good_record("room", 1, PARTITIONS), offset=100)])
    assert len(broker.dead) == len(records)
    assert broker.changelog


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
@settings(max_examples=30)
@given(data=st.data(), whole=st.booleans())
def test_a_spoiled_record_is_read_or_refused_without_its_words(example: Path, data: st.DataObject, whole: bool) -> None:
    """A damaged record of any type and mode is decoded or raises `Poison` without its text."""
    parsed = json.loads(example.read_text())
    kind = parsed["type"]
    if data.draw(st.booleans()):
        body = json.dumps(data.draw(nested(parsed["data"])) if not whole else data.draw(nested(parsed))).encode()
    else:
        body = data.draw(spoiled(json.dumps(parsed if whole else parsed["data"]).encode()))
    envelope = {"ce_id": "1", "ce_source": "/", "ce_type": kind, "ce_specversion": "1.0"}
    sent = [("content-type", STRUCTURED.encode())] if whole else [(n, v.encode()) for n, v in envelope.items()]
    known = next(known for topic in RECORDS_BY_TOPIC.values() if kind in (known := known_types(*topic)))
    try:
        said = repr(decode(RawRecord(MESSAGES, 0, 0, 0, b"k", body, sent), known).data)
    except Poison as poison:
        said = str(DeadLetterReason(poison.reason)) + str(poison)
    assert CANARY not in said


def test_a_batch_of_all_of_them_is_followed_to_the_end() -> None:
    """A batch of all faulty records with valid ones between them is processed to its end."""
    broker = MemoryBroker()
    worker = BatchWorker(broker)
    records: list[RawRecord] = []
    for _, spoil, _ in BROKEN:
        record = spoil(good_record("room", len(records), PARTITIONS), PARTITIONS)
        records += [raw(record, len(records)), raw(good_record("room", len(records) + 1, PARTITIONS), len(records) + 1)]
    asyncio.run(worker.batches.process([replace(one) for one in records]))
    assert len(broker.dead) == sum(reason is not None for _, _, reason in BROKEN)

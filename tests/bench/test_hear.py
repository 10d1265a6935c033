"""The measure of what the reader hears sends words that it alone hears, and every signal of them is counted."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.environment import PARTITIONS, BenchEnvironment
from bench.hear import DANGER_EVERY, GRADE, INDIRECT, Sample, at_rate, client_ids, dangerous_load, hearing, limit, rates
from bench.risk import WORDS, ids_of
from plugin.local.kafka import KafkaBroker
from plugin.local.triton import TritonServer
from stream.detection.lexicons import find_concerns
from stream.feedback.models.base import Deadline
from stream.feedback.models.reader import open_reader
from stream.runtime.settings import KafkaSettings, Settings
from stream.runtime.topics import create_missing_topics
from tests.fixtures.waiting import DEADLOCK_S
from tests.stream.risk.scripted import CONTENT


def test_a_load_speaks_of_danger_in_both_ways() -> None:
    """A load has the messages by clients that were asked for, and as many of danger for the reader as for the list."""
    events = dangerous_load(600, seed=3)
    assert len(client_ids(events)) == pytest.approx(600, rel=0.1)
    by_reader, by_list = ids_of(events, set(INDIRECT)), ids_of(events, {WORDS})
    assert len(by_reader) == pytest.approx(len(by_list), abs=1)
    assert len(by_reader | by_list) == pytest.approx(len(events) / DANGER_EVERY, rel=0.1)
    assert by_reader | by_list <= client_ids(events)


async def test_the_reader_alone_hears_its_sentences(triton: TritonServer) -> None:
    """The reader hears each of its sentences whatever was said before, and the word list hears nothing in them."""
    reader = open_reader(Settings.model_validate({"feedback": {"triton_url": triton.grpc_url}}))
    said_before = ("", "what have you already tried how did that feel when it happened", "thank you for telling me")
    pairs = [(before, sentence) for sentence in INDIRECT for before in said_before]
    found = await reader.read(pairs, Deadline.after(DEADLOCK_S, time.monotonic))
    await reader.close()
    assert all(CONTENT.risk_heard([opinion.turn], GRADE) for opinion in found)
    assert not any(find_concerns(sentence) for sentence in INDIRECT)


def test_rates_leave_the_start_out() -> None:
    """Of ten answers those after the first two are counted, with the time and the CPU that they took."""
    seen = [(0, 0, 1, 1), (9, 2, 5, 5), (10, 6, 5.2, 5.4), (11, 10, 5.4, 5.8)]
    assert rates([Sample(*each) for each in seen]) == {
        "client messages/s that the reader reads": 4,
        "CPU of the stage hear a client message, ms": pytest.approx(50),
        "CPU of Triton a client message, ms": pytest.approx(100),
    }


def test_every_signal_is_told_once(run_dir: Path, fresh_kafka: Callable[[], KafkaBroker], triton: TritonServer) -> None:
    """The real stages tell the receiver of each message of a small load once; times are there, and are not judged."""
    kafka = fresh_kafka()
    create_missing_topics(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=PARTITIONS))
    environment = BenchEnvironment(run_dir / "hear", kafka, lambda _line: None)
    with hearing(environment, triton) as system:
        figures = limit(system, 40) | at_rate(system, 20, 1, seed=2)
        assert system.told.doubled() == 0
    assert figures["client messages/s that the reader reads"] > 0
    assert {name: figure for name, figure in figures.items() if name.endswith("lost") and figure} == {}
    assert figures["20 client messages/s, reader: p99, ms"] > 0

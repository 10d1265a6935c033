"""The feedback stage as a process, on a real broker and a real Triton."""

import shutil
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from kafka import KafkaConsumer, KafkaProducer

from plugin.local.kafka import KafkaBroker
from plugin.local.loopback import free_ports, responds
from plugin.local.stage_process import StageProcess
from plugin.local.triton import TritonServer
from stream.contracts.base import ConversationRecord, TopicRecord
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import ConsentWithdrawal, Erasure
from stream.contracts.schema import RECORDS_BY_TOPIC
from stream.contracts.sessions import SessionRecord
from stream.contracts.topics import DEAD_LETTERS, FEEDBACK, SESSIONS, TOPICS
from stream.contracts.vocabulary import LeftOut, NeedsHuman, ResistanceType, SessionState
from stream.model_repository import MODEL_REPOSITORY, write_parameter
from stream.runtime import settings
from stream.runtime.codec import RawRecord, check_partition, decode, encode, known_types, partition_of
from stream.runtime.topics import create_missing_topics
from tests.fixtures.activation import write_llm_activation
from tests.fixtures.stack import BACKENDS
from tests.fixtures.waiting import DEADLOCK_S
from tests.stream.feedback.builders import record, unanswered

PARTITIONS = 4
KNOWN = known_types(*RECORDS_BY_TOPIC[FEEDBACK])
WORDS = "Zyzzyva petrichor"
"""Said in every session of these tests, and by no log."""


@dataclass
class FeedbackStageHarness:
    """A broker and a Triton to ourselves, the stage between them, and both ends of it."""

    folder: Path
    kafka: KafkaBroker
    triton: TritonServer
    seen: dict[str, list[Any]] = field(default_factory=lambda: {FEEDBACK: [], DEAD_LETTERS: []})

    def open(self) -> None:
        """Connect producer and consumer, and read both output topics from their beginning."""
        self.seen = {FEEDBACK: [], DEAD_LETTERS: []}
        self.producer = KafkaProducer(bootstrap_servers=self.kafka.bootstrap_servers)
        self.consumer = KafkaConsumer(
            FEEDBACK, DEAD_LETTERS, bootstrap_servers=self.kafka.bootstrap_servers, auto_offset_reset="earliest"
        )

    def close(self) -> None:
        """Close producer and consumer."""
        self.producer.close()
        self.consumer.close()

    @contextmanager
    def stage(self, *, start: bool = True, triton_url: str | None = None, **changes: str) -> Iterator[StageProcess]:
        """Yield the running stage, whose log continues from test to test."""
        (port,) = free_ports(1)
        env = {
            "COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "COUNTERPOINT_KAFKA__PARTITIONS": str(PARTITIONS),
            "COUNTERPOINT_FEEDBACK__TRITON_URL": triton_url or self.triton.grpc_url,
            "COUNTERPOINT_FEEDBACK__MODEL": "llm",
            "COUNTERPOINT_FEEDBACK__ACTIVATION": str(write_llm_activation(self.folder / "activation.json")),
            "COUNTERPOINT_FEEDBACK__DEADLINE_S": "5",
            "COUNTERPOINT_HEALTH__FEEDBACK_PORT": str(port),
            "COUNTERPOINT_LOG_LEVEL": "debug",
        }
        stage = StageProcess(
            "feedback", self.folder / uuid4().hex, env=env | changes, health_url=f"http://127.0.0.1:{port}"
        )
        try:
            if start:
                stage.start()
            else:
                stage.launch()
            yield stage
        finally:
            stage.stop()
            assert WORDS.split(maxsplit=1)[0] not in stage.log.read_text()

    def put(self, *records: ConversationRecord) -> None:
        """Onto the sessions topic, as the stream stage does."""
        for one in records:
            event = encode(one)
            partition = partition_of(one.key, PARTITIONS)
            self.producer.send(SESSIONS, key=one.key, value=event.value, headers=event.headers, partition=partition)
        self.producer.flush()

    def records(self) -> list[TopicRecord]:
        """Return all records on the feedback topic so far, after a check of their key and partition."""
        self._read()
        found = []
        for one in self.seen[FEEDBACK]:
            raw = RawRecord(one.topic, one.partition, one.offset, 0, one.key, one.value, one.headers)
            data = decode(raw, KNOWN).data
            check_partition(raw, data, PARTITIONS)
            found.append(data)
        return found

    def feedback(self, sessions: list[SessionRecord], within_s: float = DEADLOCK_S) -> dict[UUID, FeedbackRecord]:
        """The feedback on these sessions, once all of it is there."""
        wanted = {one.session_id for one in sessions}
        found: dict[UUID, FeedbackRecord] = {}

        def all_there() -> bool:
            for one in self.records():
                if isinstance(one, FeedbackRecord) and one.session_id in wanted:
                    found[one.session_id] = one
            return found.keys() == wanted

        wait_for(all_there, within_s)
        return found

    def sessions_with_feedback(self) -> set[UUID]:
        """Which sessions have feedback so far."""
        return {one.session_id for one in self.records() if isinstance(one, FeedbackRecord)}

    def dead_letters(self) -> list[dict[str, bytes]]:
        """The stories so far."""
        self._read()
        return [dict(one.headers) for one in self.seen[DEAD_LETTERS]]

    def _read(self) -> None:
        for records in self.consumer.poll(timeout_ms=100).values():
            for one in records:
                self.seen[one.topic].append(one)


@pytest.fixture(scope="module")
def harness(fresh_kafka: Callable[[], KafkaBroker], run_dir: Path) -> Iterator[FeedbackStageHarness]:
    """Yield one broker and one Triton for this file, whose tests stop both."""
    broker, folder = fresh_kafka(), run_dir / "feedback-worker"
    create_missing_topics(settings.KafkaSettings(bootstrap_servers=broker.bootstrap_servers, partitions=PARTITIONS))
    with TritonServer(folder / "triton", ["feedback_llm"], backends=[BACKENDS / "vllm"]) as server:
        harness = FeedbackStageHarness(folder, broker, server)
        harness.open()
        yield harness
        harness.close()


def session(script: str = "good", **changes: Any) -> SessionRecord:
    """Return a session of a new conversation whose exchange plays a script."""
    text = f"{WORDS}. It's no use. script:{script}"
    return record(client=[text], conversation_id=f"c_{uuid4().hex}", session_id=uuid4(), **changes)


def wait_for(condition: Callable[[], bool], within_s: float = DEADLOCK_S) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s:g} s"


def readiness(stage: StageProcess) -> str:
    """Return the answer of /readyz."""
    try:
        with urllib.request.urlopen(f"{stage.health_url}/readyz", timeout=DEADLOCK_S) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return error.read().decode()


def test_each_session_becomes_one_feedback_record(harness: FeedbackStageHarness) -> None:
    """Each session becomes one feedback record on its own key and partition, without names."""
    scored = [session() for _ in range(10)]
    passing = [
        session(left_out=LeftOut.NO_CONSENT),
        session(state=SessionState.REOPENED),
        session(needs_human=NeedsHuman.CRITICAL_CONTENT),
    ]
    when = datetime(2026, 3, 2, tzinfo=UTC)
    orders = [
        Erasure(tenant="sample", conversation_id="c_gone", erasure_id=str(uuid4()), requested_at=when),
        ConsentWithdrawal(tenant="sample", conversation_id="c_back", withdrawn_at=when),
    ]
    with harness.stage() as stage:
        harness.put(*scored, *passing, *orders)
        found = harness.feedback([*scored, *passing])
        wait_for(lambda: all(order in harness.records() for order in orders))
    for one in scored:
        assert f'"session_id": "{one.session_id}"' in stage.log.read_text()
    for one in scored:
        assert [rating.level for rating in found[one.session_id].assessments[0].ratings] == [1, 1, 1, 1]
    left_out, reopened, critical = (found[one.session_id] for one in passing)
    assert (left_out.left_out, left_out.exchanges, left_out.assessments) == (LeftOut.NO_CONSENT, (), ())
    assert (reopened.state, reopened.exchanges) == (SessionState.REOPENED, ())
    assert [one.reason for one in critical.abstentions] == [NeedsHuman.CRITICAL_CONTENT]
    assert all(b"known_names" not in one.value for one in harness.seen[FEEDBACK])


def test_a_turn_without_a_reply_gets_a_verdict(harness: FeedbackStageHarness) -> None:
    """A turn without a reply keeps its mark where the model confirms it, and where there is no answer to use."""
    confirmed, refused = (
        unanswered(
            client=[f"{WORDS}. It's no use. script:{script}"],
            conversation_id=f"c_{uuid4().hex}",
            session_id=uuid4(),
        )
        for script in ("good", "cut")
    )
    with harness.stage():
        harness.put(confirmed, refused)
        found = harness.feedback([confirmed, refused])
    (mark,), (other,) = (found[one.session_id].marks for one in (confirmed, refused))
    assert (mark.resistance_type, mark.needs_human) == (ResistanceType.PESSIMISM, None)
    assert (other.resistance_type, other.needs_human) == (None, NeedsHuman.ANSWER_UNUSABLE)
    for one in found.values():
        assert [message.message_id for message in one.messages] == ["m-2"]
        assert (one.exchanges, one.assessments) == ((), ())


def test_bad_records_are_dead_lettered_and_the_next_one_is_processed(harness: FeedbackStageHarness) -> None:
    """Bad records become dead letters with a reason, and the next record is processed."""
    good = session()
    key = good.key
    partition = partition_of(key, PARTITIONS)
    event = encode(good)
    nul = event.value.replace(b"It's no use", b"It\\u0000s no use")
    orphan = good.model_copy(update={"messages": good.messages[:1]})
    bad: list[tuple[bytes | None, bytes | None, Any, int, bytes]] = [
        (key, b"{broken", event.headers, partition, b"bad_json"),
        (key, b"{}", event.headers, partition, b"bad_schema"),
        (key, nul, event.headers, partition, b"nul"),
        (key, None, event.headers, partition, b"tombstone"),
        (key, event.value, [], partition, b"bad_envelope"),
        (key, event.value, [(n, v.replace(b".v1", b".v9")) for n, v in event.headers], partition, b"unknown_version"),
        (b"other", event.value, event.headers, partition, b"bad_key"),
        (key, event.value, event.headers, (partition + 1) % PARTITIONS, b"wrong_partition"),
        (key, b'{"a": "\\ud800"}', event.headers, partition, b"lone_surrogate"),
        (key, b" " * 900_001, event.headers, partition, b"oversize"),
        (key, orphan.model_dump_json().encode(), event.headers, partition, b"bad_schema"),
    ]
    before = len(harness.dead_letters())
    with harness.stage():
        for bad_key, value, headers, partition, _ in bad:
            harness.producer.send(SESSIONS, key=bad_key, value=value, headers=headers, partition=partition)
        harness.put(good)
        assert harness.feedback([good])[good.session_id].assessments
        wait_for(lambda: len(harness.dead_letters()) - before >= len(bad))
    stories = harness.dead_letters()[before:]
    assert sorted(story["cp_reason"] for story in stories) == sorted(reason for *_, reason in bad)
    assert {story["cp_stage"] for story in stories} == {b"feedback"}


def test_a_kill_in_the_middle_loses_nothing_and_changes_no_answer(harness: FeedbackStageHarness) -> None:
    """Every session has its feedback, and whatever was done twice has the same ids."""
    sessions = [session("steady") for _ in range(60)]
    with harness.stage(COUNTERPOINT_FEEDBACK__CONCURRENCY="4") as stage:
        harness.put(*sessions)
        ids = {one.session_id for one in sessions}
        wait_for(lambda: len(harness.sessions_with_feedback() & ids) >= 5)
        stage.kill()
        assert len(harness.sessions_with_feedback() & ids) < len(ids)
        stage.start()
        harness.feedback(sessions)
    answers: dict[UUID, set[UUID]] = {}
    for one in harness.records():
        if isinstance(one, FeedbackRecord) and one.session_id in ids:
            answers.setdefault(one.session_id, set()).update(a.assessment_id for a in one.assessments)
    assert {len(found) for found in answers.values()} == {1}


def test_while_the_model_is_away_records_are_held_and_readiness_says_so(harness: FeedbackStageHarness) -> None:
    """Records are held while the model is away, readiness reports it, and all are answered afterwards."""
    sessions = [session() for _ in range(20)]
    before = len(harness.dead_letters())
    with harness.stage() as stage:
        harness.triton.stop()
        harness.put(*sessions)
        wait_for(lambda: "the feedback model (unavailable) is away" in readiness(stage))
        assert not harness.sessions_with_feedback() & {one.session_id for one in sessions}
        harness.triton.start()
        found = harness.feedback(sessions)
        wait_for(lambda: '"ready"' in readiness(stage))
    assert all(one.assessments and not one.abstentions for one in found.values())
    assert len(harness.dead_letters()) == before


def test_sigterm_while_it_holds_records_loses_none(harness: FeedbackStageHarness) -> None:
    """A stage that holds records ends by itself on SIGTERM, and its successor processes them."""
    sessions = [session() for _ in range(20)]
    with harness.stage() as stage:
        harness.triton.stop()
        harness.put(*sessions)
        wait_for(lambda: "is away" in readiness(stage))
        stage.send_signal(signal.SIGTERM)
        assert stage.wait(DEADLOCK_S) == 0
    harness.triton.start()
    with harness.stage():
        found = harness.feedback(sessions)
    assert all(one.assessments for one in found.values())


def test_one_exchange_that_always_fails_delays_no_other(harness: FeedbackStageHarness) -> None:
    """An exchange that always fails gets a person's attention after three attempts and delays no other."""
    failing, sessions = session("error"), [session() for _ in range(5)]
    with harness.stage() as stage:
        harness.put(failing, *sessions)
        found = harness.feedback([failing, *sessions])
        assert '"ready"' in readiness(stage)
    assert [one.reason for one in found[failing.session_id].abstentions] == [NeedsHuman.MODEL_FAILED]
    assert all(found[one.session_id].assessments for one in sessions)


def test_a_broker_that_was_killed_and_is_back_is_taken_up_again(harness: FeedbackStageHarness) -> None:
    """No feedback is lost when the broker is killed and restarted."""
    first, second = session(), session()
    with harness.stage() as stage:
        harness.put(first)
        harness.feedback([first])
        harness.close()
        harness.kafka.kill()
        harness.kafka.start()
        harness.open()
        harness.put(second)
        wait_for(lambda: not stage.alive or second.session_id in harness.sessions_with_feedback())
        if not stage.alive:
            assert stage.exit_code == 1
            stage.start()
        harness.feedback([second])


def test_another_model_than_ours_stops_the_stage_with_a_sentence(harness: FeedbackStageHarness, tmp_path: Path) -> None:
    """Scoring with a prompt that the weights do not know would be worse than not scoring."""
    shutil.copytree(MODEL_REPOSITORY / "feedback_llm", tmp_path / "models" / "feedback_llm")
    write_parameter(tmp_path / "models" / "feedback_llm", "prompt_version", "0")
    with (
        TritonServer(
            tmp_path / "t", ["feedback_llm"], repository=tmp_path / "models", backends=[BACKENDS / "vllm"]
        ) as other,
        harness.stage(start=False, triton_url=other.grpc_url) as stage,
    ):
        assert stage.wait(DEADLOCK_S) == 2
        assert "Triton serves feedback_llm for prompt version 0" in stage.tail()


def test_a_model_that_nobody_activated_rates_nobody_until_it_is(harness: FeedbackStageHarness, tmp_path: Path) -> None:
    """Records wait while no model is activated, and the activation is used without a restart."""
    held = session()
    activation = write_llm_activation(tmp_path / "activation.json", weights="another")
    with harness.stage(start=False, COUNTERPOINT_FEEDBACK__ACTIVATION=str(activation)) as stage:
        harness.put(held)
        wait_for(lambda: responds(f"{stage.health_url}/healthz"))
        wait_for(lambda: "counterpoint model activate" in readiness(stage))
        assert held.session_id not in harness.sessions_with_feedback()
        write_llm_activation(activation)
        assert harness.feedback([held])[held.session_id].assessments


def test_a_missing_topic_stops_the_stage_with_a_sentence(
    fresh_kafka: Callable[[], KafkaBroker], harness: FeedbackStageHarness
) -> None:
    """The stage creates none."""
    empty = fresh_kafka()
    with harness.stage(start=False, COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS=empty.bootstrap_servers) as stage:
        assert stage.wait(DEADLOCK_S) == 2
        assert "counterpoint topics" in stage.tail()
    empty.stop()


def test_the_stage_has_created_no_topic(harness: FeedbackStageHarness) -> None:
    """Topics are created by `counterpoint topics` alone."""
    existing = harness.consumer.topics()
    assert {name for name in existing if not name.startswith("__")} == {spec.name for spec in TOPICS}

"""`counterpoint status` reports every part that answers, and names every part that does not."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import CoordinatorNotAvailableError
from kafka.structs import OffsetAndMetadata
from rich.console import Console

from plugin.local.loopback import free_ports
from plugin.operations import consumer_lag
from plugin.operations import status as status_module
from plugin.operations.consumer_lag import ConsumerLag, read_consumer_lags
from plugin.operations.stage_probe import probe_stage, probe_urls
from plugin.operations.status import (
    LagStatus,
    ModelStatus,
    QueueStatus,
    StageStatus,
    Status,
    collect_status,
)
from plugin.operations.terminal import print_status
from plugin.queue.quality import DisputeRate, Quality
from stream.contracts.errors import Unavailable
from stream.contracts.topics import FEEDBACK, MEASURES, MESSAGES, RISK, SESSIONS
from stream.runtime import kafka_clients, stages
from stream.runtime.codec import encode
from stream.runtime.health import Health, ReadinessPart, serve
from stream.runtime.settings import Settings, TenantSettings
from stream.runtime.stages import STAGES, Stage
from tests.fixtures.answering import answering
from tests.fixtures.waiting import DEADLOCK_S
from tests.plugin.operations.conftest import Bench, message
from tests.plugin.samples import apply_records, record

ALL = [stage.name for stage in STAGES]
METRICS = """
counterpoint_build_info{stage="feedback",version="0.1.0"} 1
counterpoint_model_info{model="CPU baseline",weights="0.1",prompt="none",rubric="0.1",validated="false"} 1
counterpoint_oldest_held_seconds{stage="feedback"} 12.5
counterpoint_breaker_state %s
"""


@contextmanager
def feedback_stage(breaker: int = 0, troubles: str = "{}") -> Iterator[str]:
    """Yield the address of a stand-in for the feedback stage's readiness and metrics."""
    ready = (200 if troubles == "{}" else 503, '{"status": "x", "troubles": %s}' % troubles)  # noqa: UP031 - braces
    with answering({"/readyz": ready, "/metrics": (200, METRICS % breaker)}) as url:
        yield url


def nowhere() -> dict[str, str]:
    """Addresses at which nothing listens."""
    return {name: f"http://127.0.0.1:{port}" for name, port in zip(ALL, free_ports(len(ALL)), strict=True)}


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return an address at which no broker listens; commands try it for half a second, not for ten."""
    shorter = replace(kafka_clients.COMMAND_TIMEOUTS, connect_ms=500)
    monkeypatch.setattr(kafka_clients, "COMMAND_TIMEOUTS", shorter)
    return {"bootstrap_servers": "127.0.0.1:1"}


def settings(database: str, kafka: Any, **urls: str) -> Settings:
    """Return the settings of the command, with every stage in use."""
    health = {"urls": nowhere() | urls}
    return Settings.model_validate(
        {"kafka": kafka, "database": {"url": database}, "health": health, "measures": {"enabled": True}}
    )


def printed(found: Status) -> str:
    """Return the status as printed on a terminal without colour."""
    out = io.StringIO()
    print_status(found, Console(file=out, width=200))
    return out.getvalue()


def test_with_everything_away_each_part_is_named_and_nothing_is_invented(no_broker: dict[str, str]) -> None:
    """The command is for that night."""
    found = collect_status(
        settings("postgresql+psycopg://u:zeppelin@127.0.0.1:1/d", no_broker),
        now=datetime.now(UTC),
    )
    assert set(found.not_asked) == {*ALL, "broker", "database"}
    assert [stage.ready for stage in found.stages.values()] == [None] * len(ALL)
    assert (found.lag, found.dead_letters_24_h, found.model, found.waiting_for_release) == (None, None, None, None)
    assert len(found.troubles) == len(ALL) + 2 - 1  # no platform wants `hear`
    assert found.as_json()["well"] is False
    text = printed(found)
    assert text.count("no answer") == len(ALL)
    assert text.count("not known") == 5
    assert "zeppelin" not in text + str(found.as_json())


def test_nothing_is_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that does not answer is named after the time that somebody waits, and the rest is returned."""
    answers = Event()
    monkeypatch.setattr(status_module, "read_consumer_lags", lambda _settings: answers.wait())
    try:
        found = collect_status(
            settings("postgresql+psycopg://u@127.0.0.1:1/d", {"bootstrap_servers": "127.0.0.1:1"}),
            now=datetime.now(UTC),
            patience_s=0.2,
        )
    finally:
        answers.set()
    assert found.lag is None
    assert found.not_asked["broker"] == "It did not answer in time."


def test_the_queue_is_read_on_behalf_of_whoever_asks(no_broker: dict[str, str]) -> None:
    """A page reads the queue by its own means, and its numbers are those of the status."""
    quality = Quality(60, 40, (), (), DisputeRate(0, 0, None))
    now = datetime.now(UTC)
    found = collect_status(
        settings("postgresql+psycopg://u@127.0.0.1:1/d", no_broker),
        now=now,
        read_queue=lambda: QueueStatus(4, now - timedelta(hours=2), quality),
    )
    assert (found.waiting_for_release, found.oldest_unreleased_s, found.quality) == (4, 7200, quality)
    assert "database" not in found.not_asked
    assert "random sample: 40 of 60 sessions looked at" in printed(found)


DELIVER = {"delivery": {"receivers_key": "a key"}}


@pytest.mark.parametrize(
    ("minutes", "is_trouble"), [(None, False), (14, False), (16, True)], ids=["none due", "just due", "late"]
)
def test_a_deliverer_that_does_not_answer_is_a_trouble_once_a_digest_is_late(
    minutes: int | None, is_trouble: bool, no_broker: dict[str, str]
) -> None:
    """A timer may run it, so that nothing answers; then only a digest that is long due says that something is wrong."""
    now = datetime.now(UTC)
    due = None if minutes is None else now - timedelta(minutes=minutes)
    quality = Quality(60, 40, (), (), DisputeRate(0, 0, None))
    found = collect_status(
        settings("postgresql+psycopg://u@127.0.0.1:1/d", no_broker),
        now=now,
        read_queue=lambda: QueueStatus(4, now, quality, due),
    )
    assert found.stages["deliver"].ready is None
    said = [trouble for trouble in found.troubles if "deliver" in trouble or "digest" in trouble]
    assert len(said) == 2 * is_trouble
    assert ("Oldest digest that is due" in printed(found)) == is_trouble


def test_a_deliverer_that_tells_of_risk_must_run_all_the_time(no_broker: dict[str, str]) -> None:
    """Where a platform takes risk signals a deliverer that does not answer is a trouble, whatever is due."""
    now = datetime.now(UTC)
    risk = {"tenants": {"riverside": {"risk": {"receiver": {"url": "https://protocol.example/signals"}}}}}
    found = collect_status(
        Settings.model_validate({"kafka": no_broker} | risk),
        now=now,
        read_queue=lambda: QueueStatus(0, None, Quality(60, 40, (), (), DisputeRate(0, 0, None))),
        patience_s=5,
    )
    assert [trouble for trouble in found.troubles if trouble.startswith("deliver: could not be asked")]
    found.risk_unacknowledged = 2
    assert "risk signals: nobody acknowledged 2 in time" in found.troubles


@pytest.mark.parametrize(("reader", "is_trouble"), [("off", False), ("sure", True)])
def test_a_stage_that_hears_must_run_where_a_platform_wants_it(
    reader: str, is_trouble: bool, no_broker: dict[str, str]
) -> None:
    """Where no platform wants the reader to hear, the stage `hear` may be away, and its lag is not asked for."""
    risk = {"receiver": {"url": "https://protocol.example/signals"}, "reader": reader}
    given = settings("postgresql+psycopg://u@127.0.0.1:1/d", no_broker)
    given = given.model_copy(update={"tenants": {"riverside": TenantSettings.model_validate({"risk": risk})}})
    found = collect_status(given, now=datetime.now(UTC))
    assert any(trouble.startswith("hear: could not be asked") for trouble in found.troubles) == is_trouble
    assert ("hear" in probe_urls(Settings(tenants=given.tenants))) == is_trouble


def test_a_deliverer_is_asked_where_digests_go_out(no_broker: dict[str, str]) -> None:
    """Where the settings name a receiver the deliverer is asked at its port; where none, nothing is said of digests."""
    assert "deliver" not in probe_urls(Settings())
    used = probe_urls(Settings.model_validate(DELIVER))
    assert used["deliver"] == "http://127.0.0.1:8035"
    now = datetime.now(UTC)
    quality = Quality(60, 40, (), (), DisputeRate(0, 0, None))
    found = collect_status(
        Settings.model_validate({"kafka": no_broker}),
        now=now,
        read_queue=lambda: QueueStatus(0, None, quality, now - timedelta(days=1)),
        patience_s=0.5,
    )
    assert "deliver" not in found.stages
    assert found.digest_due_s is None


def test_what_needs_somebody_is_printed_with_what_to_do_and_nothing_else_is() -> None:
    """A number that is not as it should be is printed once more, with advice; the others stand without any."""
    well = Status(
        at="now",
        stages={name: StageStatus(ready=True, troubles={}) for name in ALL},
        lag={name: LagStatus(0, None) for name in ("stream", "feedback", "sink")},
        dead_letters_24_h={},
        model=ModelStatus("closed", {"model": "CPU baseline", "validated": "true"}),
        waiting_for_release=0,
        quality=Quality(0, 0, (), (), DisputeRate(0, 0, None)),
    )
    assert printed(well).splitlines()[-1] == "All is well."
    letters = printed(replace(well, dead_letters_24_h={"bad_schema": 2}))
    assert "Dead letters of the last 24 hours: bad_schema 2" in letters
    assert letters.count("Run `counterpoint") == 1
    assert "All is well." not in letters


def test_a_database_that_is_away_hides_nothing_else(bench: Bench) -> None:
    """Lag, dead letters and the model are still reported when the database is away."""
    bench.set_aside(encode(message(bench.conversation)))
    with feedback_stage() as url:
        found = collect_status(
            settings("postgresql+psycopg://u@127.0.0.1:1/d", bench.kafka, feedback=url), now=datetime.now(UTC)
        )
    assert "database" in found.not_asked
    assert "broker" not in found.not_asked
    assert found.dead_letters_24_h is not None
    assert found.dead_letters_24_h["bad_schema"] >= 1
    assert found.model is not None
    assert (found.model.breaker, found.model.version["model"]) == ("closed", "CPU baseline")
    assert found.stages["feedback"].ready is True
    assert (found.stages["feedback"].version, found.stages["feedback"].oldest_held_s) == ("0.1.0", 12.5)


@pytest.mark.parametrize(("state", "word"), [(1, "half-open"), (2, "open"), (7, "unknown")])
def test_a_breaker_that_is_not_closed_is_a_trouble(database: str, bench: Bench, state: int, word: str) -> None:
    """Sessions are held then."""
    with feedback_stage(state) as url:
        found = collect_status(settings(database, bench.kafka, feedback=url), now=datetime.now(UTC))
    assert found.model is not None
    assert found.model.breaker == word
    assert any("breaker" in trouble for trouble in found.troubles)


def test_a_stage_that_is_not_ready_says_why(database: str, bench: Bench) -> None:
    """A stage that is not ready is reported with the sentence the stage gives."""
    with feedback_stage(troubles='{"model": "Triton is away"}') as url:
        found = collect_status(settings(database, bench.kafka, feedback=url), now=datetime.now(UTC))
    assert found.stages["feedback"].ready is False
    assert "feedback: not ready (model: Triton is away)" in found.troubles
    assert "Triton is away" in printed(found)


def test_dead_letters_that_were_handled_do_not_count(bench: Bench, database: str) -> None:
    """Only dead letters that wait and are at most a day old are counted as news."""

    def waiting(now: datetime) -> int:
        found = collect_status(settings(database, bench.kafka), now=now)
        assert found.dead_letters_24_h is not None
        return found.dead_letters_24_h.get("bad_schema", 0)

    now = datetime.now(UTC)
    before = waiting(now)
    bench.set_aside(encode(message(bench.conversation)))
    assert waiting(now) == before + 1
    bench.drop()
    assert waiting(now) == before
    assert waiting(now + timedelta(hours=25)) == 0


def test_the_session_that_waits_longest_for_a_supervisor(bench: Bench, database: str) -> None:
    """Counted from its end."""
    feedback = record(conversation=bench.conversation, started_at=datetime(2026, 1, 1, tzinfo=UTC))
    apply_records(bench.engine, feedback)
    found = collect_status(settings(database, bench.kafka), now=feedback.ended_at + timedelta(hours=2))
    assert found.oldest_unreleased_s == 2 * 3600
    assert (found.waiting_for_release or 0) >= 1
    assert "2.0 h" in printed(found)


def caught_up(bench: Bench, *finished: Stage, given: Settings | None = None) -> None:
    """Let the groups of these stages have finished with everything."""
    for stage, group in [(each, group) for each in finished for group in each.groups(given or Settings())]:
        consumer = KafkaConsumer(
            bootstrap_servers=bench.kafka.bootstrap_servers, group_id=group, enable_auto_commit=False
        )
        ends = {
            TopicPartition(topic, number): end for topic in stage.topics for number, end in bench.end(topic).items()
        }
        consumer.assign(list(ends))
        consumer.commit({part: OffsetAndMetadata(end, "", -1) for part, end in ends.items()})
        consumer.close(autocommit=False)


def lags(bench: Bench) -> dict[str, dict[str, ConsumerLag]]:
    """Return the lags of a service that takes no risk signals."""
    return read_consumer_lags(Settings(kafka=bench.kafka))


def put_on(bench: Bench, topic: str) -> int:
    """Any record; returns its append time."""
    sent = bench.producer.send(topic, value=b"{}", key=b"sample:c").get(DEADLOCK_S)
    return int(sent.timestamp)


def test_the_session_that_waits_longest_to_be_rated(bench: Bench, database: str) -> None:
    """Closed, on the sessions topic, and no stage has taken it: known while every stage is down."""
    caught_up(bench, stages.FEEDBACK, stages.SINK)
    first = put_on(bench, SESSIONS)
    put_on(bench, SESSIONS)
    put_on(bench, FEEDBACK)
    now = datetime.fromtimestamp(first / 1000 + 600, UTC)
    found = collect_status(settings(database, bench.kafka), now=now)
    assert found.oldest_unscored_s == 600
    assert found.lag is not None
    assert (found.lag["feedback"].records, found.lag["sink"].records) == (2, 1)
    assert found.lag["feedback"].oldest_s == 600


def test_what_waits_beside_sessions_is_no_session_that_waits_to_be_rated(bench: Bench, database: str) -> None:
    """Measures that wait for the sink count in its lag, and no session is unscored because of them."""
    caught_up(bench, stages.FEEDBACK, stages.SINK)
    first = put_on(bench, MEASURES)
    found = collect_status(settings(database, bench.kafka), now=datetime.fromtimestamp(first / 1000 + 600, UTC))
    assert found.lag is not None
    assert found.lag["sink"] == LagStatus(1, 600)
    assert found.oldest_unscored_s is None


def test_lag_is_what_a_group_has_not_committed(bench: Bench) -> None:
    """A group that has committed its end waits for nothing; one that never has, for all of it."""
    put_on(bench, MESSAGES)
    assert lags(bench)["stream"][MESSAGES].records == sum(bench.end(MESSAGES).values())
    put_on(bench, FEEDBACK)
    caught_up(bench, stages.SINK)
    assert lags(bench)["sink"][FEEDBACK] == ConsumerLag(0, None)
    appended_ms = put_on(bench, FEEDBACK)
    put_on(bench, FEEDBACK)
    assert lags(bench)["sink"][FEEDBACK] == ConsumerLag(2, appended_ms)


@pytest.mark.parametrize("topic", stages.SINK.topics)
def test_every_topic_that_a_stage_reads_counts(bench: Bench, topic: str) -> None:
    """A record on any of its topics waits for the sink."""
    caught_up(bench, stages.SINK)
    appended_ms = put_on(bench, topic)
    nothing = dict.fromkeys(stages.SINK.topics, ConsumerLag(0, None))
    assert lags(bench)["sink"] == nothing | {topic: ConsumerLag(1, appended_ms)}


def test_a_receiver_that_takes_nothing_shows_in_the_lag_of_the_deliverer(bench: Bench) -> None:
    """A risk signal waits for each platform's receiver, and a service without one has no such lag."""
    assert "deliver" not in lags(bench)
    risk = {"receiver": {"url": "https://protocol.example/signals"}}
    tenants = {name: TenantSettings.model_validate({"risk": risk}) for name in ("harbour", "riverside")}
    given = Settings(kafka=bench.kafka, tenants=tenants)
    caught_up(bench, stages.DELIVER, given=given)
    appended_ms = put_on(bench, RISK)
    assert read_consumer_lags(given)["deliver"] == {RISK: ConsumerLag(2, appended_ms)}
    caught_up(bench, stages.DELIVER, given=Settings(kafka=bench.kafka, tenants={"harbour": tenants["harbour"]}))
    assert read_consumer_lags(given)["deliver"] == {RISK: ConsumerLag(1, appended_ms)}


def test_a_broker_that_has_just_started_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that has just started is asked again until the topic of the groups' offsets exists."""
    monkeypatch.setattr(consumer_lag, "_RETRY_INTERVAL_S", 0.0)

    class Starting:
        def __init__(self, refusals: int) -> None:
            self.refusals = refusals

        def list_group_offsets(self, wanted: dict[str, Any]) -> dict[str, Any]:
            """Refuse a few times, then say that nothing is committed."""
            self.refusals -= 1
            if self.refusals >= 0:
                raise CoordinatorNotAvailableError
            return {group: {} for group in wanted}

    assert consumer_lag._committed_offsets(Starting(3), "g", []) == {}
    with pytest.raises(Unavailable):
        consumer_lag._committed_offsets(Starting(99), "g", [])


def test_lag_is_reported_without_reading_a_record(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator's user has no right to, on a broker with rights."""
    bench.producer.send(SESSIONS, value=b"{}", key=b"sample:c").get(DEADLOCK_S)
    monkeypatch.setattr(KafkaConsumer, "poll", lambda *_, **__: pytest.fail("it reads"))
    assert lags(bench)["feedback"][SESSIONS].oldest_ms is not None


def test_stages_are_asked_on_this_machine_unless_their_address_is_set() -> None:
    """An address that means all of this machine's is asked on loopback."""
    found = probe_urls(
        Settings.model_validate(
            {
                "health": {"host": "0.0.0.0", "urls": {"sink": "http://sink-1:8033/"}},
                "gateway": {"host": "10.0.0.7", "port": 8010},
            }
        )
    )
    assert found["stream"] == "http://127.0.0.1:8031"
    assert found["gateway"] == "http://127.0.0.1:8030"
    assert found["sink"] == "http://sink-1:8033"


def test_the_measures_stage_is_asked_where_measures_are_on() -> None:
    """A stage of measures that is named is asked where the settings turn measures on, and only there."""
    named = {"health": {"urls": {"measures": "http://measures-1:8037"}}}
    assert "measures" not in probe_urls(Settings.model_validate(named))
    on = Settings.model_validate(named | {"measures": {"enabled": True}})
    assert probe_urls(on)["measures"] == "http://measures-1:8037"


def test_a_real_stage_is_understood() -> None:
    """Readiness and metrics as `stream.runtime.health` serves them."""
    health = Health(ReadinessPart.BROKER)
    server = serve(health, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        assert probe_stage(url).troubles == {"broker": "starting"}
        health.set(ReadinessPart.BROKER, None)
        answer = probe_stage(url)
    finally:
        server.shutdown()
        server.server_close()
    assert answer.troubles == {}
    assert answer.value("counterpoint_open_sessions") is not None
    assert answer.value("no_such_metric") is None


@pytest.mark.parametrize("body", ["", "not json", "[]", "{}", '"x"', '{"troubles": 1}'])
def test_what_is_no_stage_of_ours_is_unavailable(body: str) -> None:
    """An answer of another program on a stage's port is reported as unavailable, without a traceback."""
    with answering({"/readyz": (200, body), "/metrics": (200, "")}) as url, pytest.raises(Unavailable):
        probe_stage(url)


@pytest.mark.parametrize("url", ["http://[", "nonsense", "http://127.0.0.1:99999", "ftp://127.0.0.1"])
def test_an_invalid_address_is_unavailable(url: str) -> None:
    """A typing mistake in `health.urls` hides nothing else."""
    with pytest.raises(Unavailable):
        probe_stage(url)

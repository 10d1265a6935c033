"""The benchmark's load has the shape it claims, and each measured program does its work."""

import json
import statistics
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from bench import handwritten, units
from bench.__main__ import main, ratios
from bench.environment import BenchEnvironment, percentile, rate
from bench.lists import filled_database, lists, reads
from bench.load import Load
from bench.measures import Scale, changelog_bytes
from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.engine import utc_now
from plugin.local.kafka import KafkaBroker
from plugin.local.postgres import PostgresServer
from plugin.queue.store import Store
from plugin.queue.views import SessionList
from stream.contracts.messages import Message, SessionEnd
from stream.contracts.vocabulary import Role
from stream.runtime import settings
from stream.runtime.codec import encode
from stream.runtime.topics import create_missing_topics

SMALL = Load(sessions=8, messages=10, concurrent=3)


def test_the_load_is_the_same_each_time() -> None:
    """A load with the same seed gives the same messages, so that two programs are compared on the same input."""
    once, again = ([event.model_dump(exclude={"sent_at", "ended_at"}) for event in SMALL.events()] for _ in range(2))
    assert once == again


def test_each_session_has_its_messages_and_one_end_after_them() -> None:
    """Each session has its messages and then one end, and never more sessions are open than requested."""
    sent: Counter[str] = Counter()
    open_: set[str] = set()
    for event in SMALL.events():
        if isinstance(event, SessionEnd):
            open_.remove(event.conversation_id)
            assert sent[event.conversation_id] == SMALL.messages
        else:
            sent[event.conversation_id] += 1
            open_.add(event.conversation_id)
        assert len(open_) <= SMALL.concurrent
    assert not open_
    assert sent.total() == SMALL.total


def test_lines_are_as_long_as_chat_lines_are() -> None:
    """The figures in bench/load.py: medians of 12 and 15 words, a tenth longer than 34."""
    events = [event for event in Load(200, 40).events() if isinstance(event, Message)]
    words = {role: [len(e.text.split()) for e in events if e.role is role] for role in (Role.CLIENT, Role.COUNSELLOR)}
    assert statistics.median(words[Role.CLIENT]) == pytest.approx(12, abs=2)
    assert statistics.median(words[Role.COUNSELLOR]) == pytest.approx(15, abs=2)
    longer = sum(count > 34 for counts in words.values() for count in counts) / len(events)
    assert longer == pytest.approx(0.1, abs=0.04)


def test_a_rate_leaves_the_start_out() -> None:
    """A rate of ten events of which the first four are slow is that of the others, ten a second."""
    times = [0.0, 5.0, 10.0, 15.0, *(20 + number / 10 for number in range(6))]
    assert rate(times, 0.4) == pytest.approx(10)
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 3.0


def test_ratios_are_of_what_was_measured() -> None:
    """Half a run has no ratios to what it did not measure."""
    assert ratios({"stream, one worker": 3_000, "written by hand": 1_000}) == {"times the loop written by hand": 3.0}
    assert ratios({}) == {}


def test_only_known_measures_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown measure is refused before anything is started."""
    monkeypatch.setattr("sys.argv", ["bench", "--only", "speed"])
    with pytest.raises(SystemExit):
        main()


def test_the_loop_written_by_hand_does_its_work(tmp_path: Path, kafka: KafkaBroker, postgres: PostgresServer) -> None:
    """Every message is in the table, every session closed with its count: slow it may be, wrong it may not."""
    environment = BenchEnvironment(tmp_path, kafka, lambda _line: None)
    create_missing_topics(settings.KafkaSettings(bootstrap_servers=kafka.bootstrap_servers))
    count = environment.produce(SMALL.events())
    url = postgres.url.replace("+psycopg", "")
    assert len(handwritten.run(environment.servers, url, count)) == count
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM message").fetchone() == (SMALL.total,)
        assert connection.execute("SELECT messages, count(*) FROM session GROUP BY 1").fetchall() == [
            (SMALL.messages, SMALL.sessions)
        ]


def test_what_is_written_for_a_message_does_not_grow_with_its_session(run_dir: Path) -> None:
    """The real stage on a broker of its own; deletions count. A longer session costs no more bytes a message."""
    lines: list[str] = []
    figures = changelog_bytes(run_dir / "bench", Scale(0.02), lines.append)
    short, _, long = figures.values()
    assert 200 < long <= short < 1_000, json.dumps(figures)
    assert lines


def test_every_list_is_read_with_the_roles_of_the_database(run_dir: Path) -> None:
    """Few sessions give a time for each list, on a server of its own; the plans are logged where they are asked for."""
    lines: list[str] = []
    figures = lists(run_dir / "lists", Scale(0.006, plans=True), lines.append)
    assert {"waiting, p50, ms", "waiting, p95, ms", "own list, p95, ms", "digest of a week, p50, ms"} <= figures.keys()
    assert all(took > 0 for took in figures.values())
    assert any("Execution Time" in line for line in lines)
    assert any("counsellor_keys &&" in line for line in lines), "row security restricts what is read"


def test_the_filled_lists_have_sessions_in_them(run_dir: Path) -> None:
    """Each list that is measured has something in it: an empty one would be quick and say nothing."""
    with (
        filled_database(run_dir / "filled-lists", 800, lambda _line: None) as web,
        Store(web, KeyEncryptionKey(bytes(32)), now=utc_now) as store,
    ):
        for name, read in reads(store).items():
            found = read()
            if isinstance(found, SessionList):
                assert found.rows, name
            elif "digest" not in name:
                assert found, name


async def test_units_are_of_work_that_was_done(create_database: Callable[..., str]) -> None:
    """Every message passes the gateway and is in a session, the model is asked, and each record has rows."""
    events = list(SMALL.events())
    assert units.gateway_s(events) > 0
    outlet = await units.stream(events)
    assert (len(outlet.sessions), outlet.written > 0) == (SMALL.sessions, True)
    assert outlet.transcripts == []
    whole = (await units.stream(events, transcripts=True)).transcripts
    assert sum(len(each.messages) for each in whole) == SMALL.total
    assert all(figure > 0 for figure in await units.measure(whole[:2]))
    feedback, _, asked = await units.rate(outlet.sessions[:2])
    assert asked >= sum(len(record.assessments) for record in feedback)
    others = list(units.copies(feedback, 1))
    assert {each.session_id for each in others}.isdisjoint({each.session_id for each in feedback})
    row_bytes, _ = units.store(create_database(), [*feedback, *others])
    assert row_bytes >= 0  # a few sessions may lie in the pages that are there
    assert units.size_of(encode(events[0])) > len(events[0].model_dump_json())

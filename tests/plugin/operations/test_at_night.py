"""The operator's commands on a running system: what they print, what they change, and what they give as exit status."""

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from uuid import uuid4

import pytest
from kafka import KafkaProducer
from sqlalchemy import make_url

from plugin.database.roles import url_for_role
from plugin.local import all_stages
from plugin.local.loopback import free_ports
from plugin.local.paths import ROOT
from plugin.local.stage_process import StageProcess
from stream.contracts.messages import Consent, Message
from stream.contracts.topics import FEEDBACK, MESSAGES, SESSIONS
from stream.contracts.vocabulary import Role
from stream.runtime.codec import encode, partition_of
from stream.runtime.trace import HEADER
from tests.e2e.conversations import CALM, RESISTANT, send_lines
from tests.faults.accounting import conversation_load
from tests.fixtures.command import Done, run_command
from tests.fixtures.system import PARTITIONS, PlatformConversation, RunningSystem, now
from tests.fixtures.topics import read_topic
from tests.fixtures.waiting import DEADLOCK_S, wait_until

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
CANARY = "canary-phrase-on-a-wrong-partition"
SEED = 20261121
SECOND_TENANTS_KEY = base64.b64encode(b"k" * 32).decode()
"""Makes `elsewhere` a second tenant of the settings, so that it may have a supervisor."""


@pytest.fixture(scope="module")
def system(start_system: Callable[..., RunningSystem]) -> RunningSystem:
    """Start all five stages on a broker and a database of their own."""
    return start_system()


def operators_url(system: RunningSystem) -> str:
    """The database as the role that has no right to anybody's words: enough for all but --text and accounts."""
    owner = (make_url(system.database_url).password or "").encode()
    return url_for_role(system.database_url, "privacy", hmac.digest(owner, b"privacy", hashlib.sha256).hex())


def environment(system: RunningSystem, *, owner: bool = False) -> dict[str, str]:
    """Return the system's settings for a command, as an operator or as the owner of the tables."""
    return {
        **system.stages["sink"]._env,
        "COUNTERPOINT_DATABASE__URL": system.database_url if owner else operators_url(system),
        "COUNTERPOINT_TENANTS__ELSEWHERE__PSEUDONYM_KEY": SECOND_TENANTS_KEY,
        "NO_COLOR": "1",
        "COLUMNS": "200",
    }


def counterpoint(system: RunningSystem, *arguments: str, stdin: str = "", owner: bool = False) -> Done:
    """Run a command with the system's settings, as an operator or as the owner of the tables."""
    return run_command(*arguments, env=environment(system, owner=owner), stdin=stdin)


def told(system: RunningSystem, *arguments: str) -> dict[str, object]:
    """Return what a command prints as JSON."""
    found: dict[str, object] = json.loads(counterpoint(system, *arguments, "--json").stdout)
    return found


def lines_of(system: RunningSystem, stage: str) -> str:
    """Return the log of a stage."""
    return system.stages[stage].log.read_text()


def misplaced(system: RunningSystem, room: PlatformConversation) -> None:
    """A message of the room on a wrong partition, as a client with another partitioner puts it there."""
    message = Message(
        tenant="demo",
        conversation_id=room.conversation_id,
        message_id=f"extra-{uuid4()}",
        role=Role.CLIENT,
        author="p_client",
        text=CANARY,
        sent_at=now(),
        consent=Consent(processing=True),
    )
    made = encode(message)
    wrong = (partition_of(message.key, PARTITIONS) + 1) % PARTITIONS
    producer = KafkaProducer(bootstrap_servers=system.kafka.bootstrap_servers)
    producer.send(MESSAGES, value=made.value, key=made.key, headers=made.headers, partition=wrong).get(DEADLOCK_S)
    producer.close()


def waiting(system: RunningSystem) -> list[dict[str, str]]:
    """Return the stories of the dead letters that wait."""
    found: list[dict[str, str]] = told(system, "dead-letters", "list")["newest"]  # type: ignore[assignment]
    return found


def test_all_is_well_and_the_status_is_0(system: RunningSystem) -> None:
    """A healthy system has status 0 and shows stages, lag, model and dead letters as a table and as JSON."""
    room = system.new_conversation()
    send_lines(room, RESISTANT)
    room.end()
    wait_until(room.sessions, "the session is in the queue")
    wait_until(lambda: counterpoint(system, "status").returncode == 0, "all is well")
    done = subprocess.run(
        [sys.executable, "-m", "plugin.cli", "status"],
        env={**os.environ, **environment(system)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLOCK_S,
        check=True,
    )
    assert "All is well." in done.stdout
    assert done.stderr == ""
    found = told(system, "status")
    assert found["well"] is True
    assert found["waiting_for_release"]
    assert "baseline" in str(found["model"]).lower()
    assert "'breaker': 'closed'" in str(found["model"])
    assert {name: stage["ready"] for name, stage in found["stages"].items()} == dict.fromkeys(system.stages, True)  # type: ignore[attr-defined]
    assert all(stage["version"] for stage in found["stages"].values())  # type: ignore[attr-defined]


def test_a_sink_that_is_down_is_named_and_what_waits_for_it_is_counted(system: RunningSystem) -> None:
    """A sink that is down is named and its lag counted, the rest is still shown, and no lag remains afterwards."""
    sink = system.stages["sink"]
    sink.stop()
    try:
        room = system.new_conversation()
        send_lines(room, RESISTANT)
        room.end()
        wait_until(lambda: told(system, "status")["lag"]["sink"]["records"], "a record waits for the sink")  # type: ignore[index]
        done = counterpoint(system, "status")
        assert done.returncode == 1
        assert "sink: could not be asked" in done.stdout
        assert "Traceback" not in done.stderr
        assert float(str(told(system, "status")["oldest_unscored_s"])) >= 0
    finally:
        sink.start()
    wait_until(room.sessions, "the session is in the queue")
    wait_until(lambda: told(system, "status")["oldest_unscored_s"] is None, "nothing waits for the queue")


def test_one_trace_id_from_the_request_to_the_row(system: RunningSystem) -> None:
    """One trace id is on the record of each topic, in the log of each stage and in the row; no log holds text."""
    room = system.new_conversation()
    send_lines(room, RESISTANT)
    room.traceparent = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
    room.end()
    wait_until(room.sessions, "the session is in the queue")
    (session,) = room.sessions()
    for stage, event in (("stream", "session_published"), ("feedback", "record_done"), ("sink", "record_applied")):
        lines = [json.loads(line) for line in lines_of(system, stage).splitlines() if TRACE_ID in line]
        assert event in {line["event"] for line in lines}, stage
        assert {line["trace_id"] for line in lines} == {TRACE_ID}
    assert session["session_id"] in lines_of(system, "stream")
    for topic in (MESSAGES, SESSIONS, FEEDBACK):
        records = read_topic(system.kafka.bootstrap_servers, topic, PARTITIONS)
        assert room.traceparent.encode() in {dict(record.headers).get(HEADER) for record in records}, topic


def test_an_event_without_a_trace_gets_one_at_the_gateway(system: RunningSystem) -> None:
    """An event without a trace gets one at the gateway, so that every session can be followed."""
    room = system.new_conversation()
    send_lines(room, CALM)
    room.end()
    wait_until(room.sessions, "the session is in the queue")
    (session,) = room.sessions()
    ours = [json.loads(line) for line in lines_of(system, "stream").splitlines() if session["session_id"] in line]
    assert all(re.fullmatch(r"[0-9a-f]{32}", line["trace_id"]) for line in ours)


def test_a_misplaced_message_is_seen_shown_and_sent_again(system: RunningSystem) -> None:
    """Story without words; replayed once, into its session; the second run finds nothing; one entry on the trail."""
    room = system.new_conversation()
    send_lines(room, RESISTANT)
    misplaced(system, room)
    wait_until(lambda: waiting(system), "the dead letter is listed")
    (story,) = waiting(system)
    assert (story["reason"], story["stage"]) == ("wrong_partition", "stream")
    table = counterpoint(system, "dead-letters", "list")
    assert "wrong_partition" in table.stdout
    shown = counterpoint(system, "dead-letters", "show", story["id"])
    assert json.loads(shown.stdout)["place"] == "partition"
    assert told(system, "status")["dead_letters_24_h"] == {"wrong_partition": 1}

    dry = counterpoint(system, "dead-letters", "replay", "--dry-run")
    assert "Nothing was changed; it would be: replayed 1." in dry.stdout
    done = counterpoint(system, "dead-letters", "replay", "--reason-code", "wrong_partition", "--stage", "stream")
    assert (done.returncode, done.stdout) == (0, "replayed 1.\n")
    assert f"{story['id']} wrong_partition: replayed" in done.stderr
    again = counterpoint(system, "dead-letters", "replay")
    assert (again.returncode, again.stdout) == (0, "no dead letter was meant.\n")
    assert waiting(system) == []
    room.end()
    wait_until(room.sessions, "the session is in the queue")
    (session,) = room.sessions()
    assert session["counts"]["messages"] == len(RESISTANT) + 1
    runs = system.rows("SELECT outcome FROM audit WHERE purpose LIKE 'replay dead letters%'")
    assert runs == [("replayed 1",)]
    for command in (table, shown, dry, done, again):
        assert CANARY not in command.stdout + command.stderr


def test_words_of_a_dead_letter_for_the_platforms_supervisor_alone(system: RunningSystem) -> None:
    """The words of a dead letter are shown only to the platform's supervisor, with a password and a reason."""
    password = uuid4().hex
    for name, tenant in (("nina", "demo"), ("rosa", "elsewhere")):
        made = counterpoint(
            system, "users", "add", name, "--role", "supervisor", "--tenant", tenant, stdin=password + "\n", owner=True
        )
        assert made.returncode == 0, made.stderr
    room = system.new_conversation()
    misplaced(system, room)
    wait_until(lambda: waiting(system), "the dead letter is listed")
    letter = waiting(system)[0]["id"]
    show = ("dead-letters", "show", letter, "--text")

    no_reason = counterpoint(system, *show)
    assert (no_reason.returncode, "--reason" in no_reason.stderr) == (2, True)
    asked = (*show, "--reason", "fault", "--user")
    assert counterpoint(system, *asked, "nina", stdin="wrong\n", owner=True).returncode == 1
    other = counterpoint(system, *asked, "rosa", stdin=password + "\n", owner=True)
    assert (other.returncode, other.stdout) == (1, "")
    lacking = counterpoint(system, *asked, "nina", stdin=password + "\n")
    assert (lacking.returncode, "database roles" in lacking.stderr, "Traceback" in lacking.stderr) == (2, True, False)
    hers = counterpoint(system, *asked, "nina", stdin=password + "\n", owner=True)
    assert hers.returncode == 0, hers.stderr
    assert CANARY in hers.stdout
    trail = system.rows("SELECT purpose, outcome FROM audit WHERE object_id = :id ORDER BY at", id=letter)
    assert trail == [("read a dead letter: fault", "not_found"), ("read a dead letter: fault", "done")]

    dropped = counterpoint(system, "dead-letters", "drop", letter)
    assert (dropped.returncode, dropped.stdout) == (0, "dropped 1.\n")
    assert waiting(system) == []


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("show", "nonsense"), 2, "PARTITION:OFFSET"),
        (("show", "0:999999"), 2, "no dead letter"),
        (("show", "99:0"), 2, "no dead letter"),
        (("replay", "--reason-code", "colour"), 2, "wrong_partition"),
        (("replay", "--limit", "0"), 2, "limit"),
        (("replay", "--limit", "10001"), 2, "limit"),
        (("replay", "--policy", "hope"), 2, "reinsert"),
        (("replay", "\x1b[2J"), 2, "PARTITION:OFFSET"),
        (("drop",), 2, "Say which"),
    ],
)
def test_bad_input_is_a_sentence(system: RunningSystem, arguments: tuple[str, ...], status: int, said: str) -> None:
    """Bad input is answered with a sentence and a status of 2, and changes nothing."""
    done = counterpoint(system, "dead-letters", *arguments)
    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b[2J" not in done.stderr


def test_a_rolling_restart_loses_nothing(system: RunningSystem, long: bool) -> None:
    """Stages with two workers each are asked to end and started again, one after the other, under load."""
    ports = dict(zip(("stream", "feedback", "sink"), free_ports(3), strict=True))
    seconds = {
        name: StageProcess(
            name,
            system.folder / f"second-{name}",
            env=system.stages[name]._env | {f"COUNTERPOINT_HEALTH__{name.upper()}_PORT": str(port)},
            health_url=f"http://127.0.0.1:{port}",
        )
        for name, port in ports.items()
    }
    try:
        all_stages.start_all(list(seconds.values()), lambda _line: None)
        workers = [system.stages[name] for name in ("sink", "feedback", "stream", "gateway")]
        with conversation_load(system, SEED) as conversations:
            for worker in [*workers, *(seconds.values() if long else ())]:
                worker.restart()
        wait_until(
            lambda: all(one.conversation.sessions() for one in conversations), "every conversation has its session"
        )
        assert len(conversations) > len(workers)
        for one in conversations:
            (session,) = one.conversation.sessions()
            assert session["counts"]["messages"] == len(one.sent_ids)
            assert session["revision"] == 1
    finally:
        all_stages.stop_all(list(seconds.values()))

"""A unique phrase is sent on every path, also on those that fail, and is found only where text may be stored.

Topics, the stream's changelog and the bodies of dead letters hold text until their retention is over, which
`test_canary_retention.py` waits for. Shared memory between Triton and its backends holds a prompt while it is rated.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from kafka import KafkaProducer
from tritonclient import grpc
from tritonclient.utils import InferenceServerException

from plugin.local.postgres import PostgresServer, wheel_binaries
from plugin.local.triton import TritonServer
from stream.contracts.topics import DEAD_LETTERS, FEEDBACK, MEASURES, MESSAGES, SESSIONS, TRANSCRIPTS
from stream.runtime.codec import partition_of
from tests.e2e.conversations import RESISTANT
from tests.e2e.leak_search import find_in_bytes, find_in_folder, missed_leaks
from tests.fixtures.activation import write_llm_activation
from tests.fixtures.system import PARTITIONS, PlatformConversation, RunningSystem, now
from tests.fixtures.topics import read_topic
from tests.fixtures.waiting import DEADLOCK_S, wait_until

CANARY = "quillfeather m\u00e4rmelade zeppelinward"
NAME = "Zebulontes Quackenbusch"
PERSON = "wolpertinger-quibblewick@blunderbuzzle.example"
PHRASES = (CANARY, NAME, PERSON)
FAILING = ("error", "cut", "prose", "broken", "wrong_quotes", "abstain")
"""The scripts by which the stand-in model fails on an exchange; the first quotes the prompt in its error."""


@pytest.fixture(scope="module")
def system(start_system: Callable[..., RunningSystem], tmp_path_factory: pytest.TempPathFactory) -> RunningSystem:
    """Start all stages with debug logs and a folder for temporary files, and send the phrase on every path."""
    folder: Path = tmp_path_factory.mktemp("canary")
    (folder / "temporary").mkdir()
    running = start_system(
        folder=folder, TMPDIR=str(folder / "temporary"), COUNTERPOINT_LOG_LEVEL="debug",
        COUNTERPOINT_FEEDBACK__MODEL="llm", COUNTERPOINT_SESSIONS__LATE_WITHIN_S="1",
        COUNTERPOINT_FEEDBACK__ACTIVATION=str(write_llm_activation(folder / "activation.json")),
        COUNTERPOINT_MEASURES__ENABLED="true",
    )  # fmt: skip
    send_phrase_on_every_path(running)
    return running


def send_phrase_on_every_path(system: RunningSystem) -> None:
    """Send the phrase, a name and a person's reference on every path."""
    conversations = [send_session_with_phrase(system, f"script:{word}") for word in FAILING]
    good = send_session_with_phrase(system, "")
    good.deliver(type="edit", message_id="m-2", text=f"As ever, {CANARY}.", edited_at=now(),
                 consent={"processing": True})  # fmt: skip
    good.deliver(type="deletion", message_id="m-6", deleted_at="2030-01-01T00:00:00Z")
    system.new_conversation().say("client", CANARY, consent=False)
    send_bad_requests(system)
    send_bad_records(system)
    make_triton_fail(system.triton)
    for conversation in (*conversations, good):
        conversation.end()
        wait_until(conversation.sessions, "the session is stored")
    withdrawn = send_session_with_phrase(system, "")
    withdrawn.end()
    withdrawn.withdraw()
    wait_until(lambda: [one for one in withdrawn.sessions() if one["left_out"] == "no_consent"], "it is withdrawn")
    make_database_fail(system)
    assert good.sessions()[0]["left_out"] is None


def send_session_with_phrase(system: RunningSystem, script: str) -> PlatformConversation:
    """Send a session with one resisting turn, with the phrase, a name and a person's reference in every message."""
    conversation = system.new_conversation(f"{PERSON}/{script}/{os.urandom(4).hex()}")
    conversation.deliver(type="participants", participants=[{"role": "client", "names": [NAME, CANARY]}])
    for role, words in RESISTANT:
        conversation.say(role, f"{words} {CANARY}, says {NAME}. {script}", author=f"{role} {PERSON}")
    return conversation


def send_bad_requests(system: RunningSystem) -> None:
    """Send requests that the gateway refuses: no signature, a wrong one, no such tenant or path, no event, no trace."""
    gateway = system.settings.gateway
    base = f"http://{gateway.host}:{gateway.port}"
    body = json.dumps({"type": "message", "text": CANARY, "conversation_id": PERSON})
    for path in ("/v1/demo/events", f"/v1/{CANARY}/events", f"/{CANARY}", "/v1/demo/events?text=" + CANARY):
        for name in ("webhook-id", "webhook-signature", "traceparent", "x-text"):
            httpx.post(base + path, content=body.encode(), headers={name.encode(): CANARY.encode()}, trust_env=False)
    conversation = system.new_conversation(PERSON)
    for wrong in ({"role": CANARY}, {CANARY: CANARY, "sent_at": CANARY}, {"text": CANARY + "\x00"}):
        with pytest.raises(AssertionError):
            conversation.deliver(**{"type": "message", "message_id": "m", "text": CANARY, **wrong})
    with pytest.raises(AssertionError):
        conversation.deliver(type=CANARY)


def send_bad_records(system: RunningSystem) -> None:
    """Write records with mistakes that a platform may make: envelope, JSON, schema, key, partition, headers."""
    sent = {"ce_id": CANARY, "ce_source": CANARY, "ce_type": "counterpoint.message.v1", "ce_specversion": "1.0"}
    sent |= {"traceparent": CANARY, "x-text": CANARY}
    headers = [(name, value.encode()) for name, value in sent.items()]
    data = {"tenant": "demo", "conversation_id": "c", "message_id": "m", "role": "client", "author": "p",
            "text": CANARY, "sent_at": "2026-01-01T00:00:00Z", "consent": {"processing": True}}  # fmt: skip
    home = partition_of(b"demo:c", PARTITIONS)
    bad: list[tuple[bytes | None, int, bytes]] = [
        (b"{" + CANARY.encode(), home, b"demo:c"),
        (json.dumps(data | {"role": CANARY}).encode(), home, b"demo:c"),
        (json.dumps(data | {"sent_at": CANARY, CANARY: [CANARY]}).encode(), home, b"demo:c"),
        (json.dumps(data | {"tenant": CANARY}).encode(), home, b"demo:c"),
        (json.dumps(data | {"consent": {}}).encode(), home, b"demo:c"),
        (json.dumps(data).encode(), (home + 1) % PARTITIONS, b"demo:c"),
        (json.dumps(data).encode(), home, b"demo:other"),
        (None, home, b"demo:c"),
    ]
    producer = KafkaProducer(bootstrap_servers=system.kafka.bootstrap_servers, acks="all")
    try:
        for value, partition, key in bad:
            producer.send(MESSAGES, key=key, value=value, headers=headers, partition=partition).get(DEADLOCK_S)
        named = [(name, CANARY.encode() if name == "ce_type" else value) for name, value in headers]
        producer.send(MESSAGES, key=b"demo:c", value=b"{}", headers=named, partition=home).get(DEADLOCK_S)
        transcript = json.dumps({"messages": [{"text": CANARY}]}).encode()
        producer.send(TRANSCRIPTS, key=b"demo:c", value=transcript, partition=home).get(DEADLOCK_S)
    finally:
        producer.close()


def make_triton_fail(triton: TritonServer) -> None:
    """Send Triton a request that the model cannot read."""
    client = grpc.InferenceServerClient(triton.grpc_url)
    try:
        given = grpc.InferInput("REQUEST", [1], "BYTES")
        given.set_data_from_numpy(np.array([json.dumps({"messages": CANARY}).encode()], dtype=object))
        with pytest.raises(InferenceServerException):
            client.infer("feedback_baseline", [given])
    finally:
        client.close()


def make_database_fail(system: RunningSystem) -> None:
    """Rename a table while the sink writes to it, so that the driver raises an error with all its parameters."""
    conversation = send_session_with_phrase(system, "")
    log = system.folder / "logs" / "sink.log"
    before = log.stat().st_size
    system.rows("ALTER TABLE messages RENAME TO messages_away")
    try:
        conversation.end()
        wait_until(lambda: b"error_type" in log.read_bytes()[before:], "the sink says that it failed")
    finally:
        system.rows("ALTER TABLE messages_away RENAME TO messages")


def dead_letters(system: RunningSystem) -> list[Any]:
    """Return the system's dead letters."""
    return read_topic(system.kafka.bootstrap_servers, DEAD_LETTERS, PARTITIONS)


def stage_of(letter: Any) -> bytes:
    """Return the stage that has put a dead letter there."""
    stage: bytes = dict(letter.headers)["cp_stage"]
    return stage


def run_command(system: RunningSystem, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[bytes]:
    """Run a command on this system, as an operator types it."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("COUNTERPOINT_")}
    env |= {"COUNTERPOINT_FILE": str(system.folder / "counterpoint.toml"), "COUNTERPOINT_LOG_LEVEL": "debug"}
    env |= {"TMPDIR": str(system.folder / "temporary"), "COUNTERPOINT_KAFKA__PARTITIONS": str(PARTITIONS)}
    argv = [sys.executable, "-m", "plugin.cli", *arguments]
    return subprocess.run(argv, env=env, input=stdin.encode(), capture_output=True, timeout=DEADLOCK_S, check=False)


def test_the_search_finds_a_planted_phrase_in_every_spelling() -> None:
    """The search finds a planted phrase in every form; otherwise finding nothing would prove nothing."""
    for phrase in PHRASES:
        assert missed_leaks(phrase) == []


def test_no_log_of_ours_holds_it(system: RunningSystem) -> None:
    """No stage's log holds the phrase, even at debug level and after failures."""
    logs = system.folder / "logs"
    written = list(logs.glob("*.log"))
    assert len(written) == len(system.stages) == 6
    assert all(path.stat().st_size for path in written)
    assert list(find_in_folder(logs, PHRASES)) == []
    told = b"".join(path.read_bytes() for path in written)
    reasons = (b"bad_schema", b"wrong_partition", b"no_consent")
    for failure in (b"delivery_denied", b"delivery_refused", b"dead_letter", *reasons):
        assert failure in told  # the failing paths were really taken


def test_tritons_log_does_not_hold_it(system: RunningSystem) -> None:
    """Triton's log does not hold the phrase, even where the model fails on a prompt."""
    content = system.triton.log.read_bytes()
    assert content
    assert find_in_bytes(content, PHRASES) == []


def test_no_temporary_file_holds_it(system: RunningSystem) -> None:
    """No temporary file holds the phrase while the stages run."""
    assert list(find_in_folder(system.folder / "temporary", PHRASES)) == []


def test_metrics_do_not_hold_it(system: RunningSystem) -> None:
    """The metrics of the stages and of Triton do not hold the phrase."""
    urls = [f"{stage.health_url}/metrics" for stage in system.stages.values()] + [system.triton.metrics_url]
    for url in urls:
        assert find_in_bytes(httpx.get(url, trust_env=False).content, PHRASES) == []


def test_dead_letters_tell_their_story_without_it(system: RunningSystem) -> None:
    """The headers of dead letters do not hold the phrase; a transcript, and what has no consent, has no body either."""
    wait_until(lambda: [letter for letter in dead_letters(system) if stage_of(letter) == b"measures"], "all are there")
    letters = dead_letters(system)
    stories = [(name, value) for letter in letters for name, value in letter.headers if name.startswith("cp_")]
    assert len(letters) > 8
    assert find_in_bytes(repr(stories).encode(), PHRASES) == []
    traces = [value for letter in letters for name, value in letter.headers if name.startswith("trace")]
    assert find_in_bytes(b"\n".join(traces), PHRASES) == []
    without = [letter for letter in letters if dict(letter.headers)["cp_reason"] == b"no_consent"]
    assert without
    assert {letter.value for letter in without} == {b""}
    assert {letter.value for letter in letters if stage_of(letter) == b"measures"} == {b""}
    everything = [letter.value or b"" for letter in letters]
    assert find_in_bytes(b"\n".join(everything), PHRASES)  # bodies are kept so that they can be replayed


def test_traces_and_headers_do_not_hold_it(system: RunningSystem) -> None:
    """Headers and keys of session and feedback records do not hold the phrase, even if a platform sends it as trace."""
    for topic in (SESSIONS, FEEDBACK):
        records = read_topic(system.kafka.bootstrap_servers, topic, PARTITIONS)
        assert records
        assert find_in_bytes(repr([record.headers for record in records]).encode(), PHRASES) == []
        assert find_in_bytes(b"\n".join(record.key or b"" for record in records), PHRASES) == []


def test_what_leaves_of_measures_does_not_hold_it(system: RunningSystem) -> None:
    """No record of the topic of measures holds the phrase, whose words were in every transcript that was measured."""
    wait_until(lambda: content(system, MEASURES).count(b"session_id") >= len(FAILING), "every session is measured")
    assert find_in_bytes(content(system, TRANSCRIPTS), [CANARY, NAME])
    assert find_in_bytes(content(system, MEASURES), PHRASES) == []


def content(system: RunningSystem, topic: str) -> bytes:
    """Return the values of every record on a topic, one after another."""
    return b"\n".join(record.value or b"" for record in read_topic(system.kafka.bootstrap_servers, topic, PARTITIONS))


def test_the_database_holds_it_in_no_byte(system: RunningSystem, postgres: PostgresServer) -> None:
    """No file of the database holds the phrase: tables, indexes, write-ahead log and server log, after a checkpoint."""
    assert system.rows("SELECT count(*) FROM messages") != [(0,)]
    system.rows("CHECKPOINT")
    assert list(find_in_folder(postgres.data_dir, PHRASES)) == []


def test_a_backup_does_not_hold_it(system: RunningSystem) -> None:
    """A backup does not hold the phrase, neither as text nor in PostgreSQL's archive format."""
    url = system.database_url.replace("+psycopg", "")
    for form in ("plain", "custom"):
        dump = [str(wheel_binaries() / "pg_dump"), "--format", form, "--compress", "none", "--dbname", url]
        if form == "plain":
            dump = [part for part in dump if part not in {"--compress", "none"}]
        done = subprocess.run(dump, capture_output=True, timeout=DEADLOCK_S, check=True)
        assert b"messages" in done.stdout
        assert find_in_bytes(done.stdout, PHRASES) == []


def test_what_commands_print_does_not_hold_it(system: RunningSystem, tmp_path: Path) -> None:
    """Commands do not print the phrase, neither in errors about a file nor in `check`, `status` and lists."""
    bad = tmp_path / "bad.jsonl"
    payload = {"type": "message", "conversation_id": "r", "message_id": "m", "role": "client", "author": "a"}
    for line in (
        CANARY,
        json.dumps(payload | {"text": [CANARY]}),
        json.dumps(payload | {"text": CANARY, "at": CANARY}),
    ):
        bad.write_text(line)
        done = run_command(system, "replay", str(bad))
        assert done.returncode == 2
        assert done.stderr
        assert find_in_bytes(done.stdout + done.stderr, PHRASES) == []
    good = tmp_path / "good.jsonl"
    good.write_text(json.dumps(payload | {"text": CANARY, "consent": {"processing": True}}))
    for arguments in (("replay", str(good)), ("check",), ("status",), ("dead-letters", "list")):
        done = run_command(system, *arguments)
        assert done.stdout
        assert find_in_bytes(done.stdout + done.stderr, PHRASES) == []


def test_error_pages_do_not_hold_it(system: RunningSystem) -> None:
    """Pages without a login hold neither name nor person, and the answer to a failed login does not hold the phrase."""
    web = system.settings.web
    with httpx.Client(base_url=f"http://{web.host}:{web.port}", trust_env=False, follow_redirects=True) as client:
        for path in (f"/sessions/{CANARY}", f"/{CANARY}", "/sessions/5f0d3c52-8a53-5f4e-9d6e-0d3f8e7a1b01", "/metrics"):
            assert find_in_bytes(client.get(path).content, [NAME, PERSON]) == []
        answer = client.post("/login", data={"username": CANARY, "password": CANARY})
        assert find_in_bytes(answer.content, PHRASES) == []


def test_the_broker_holds_it_until_its_time_is_over(system: RunningSystem) -> None:
    """The broker's files hold the phrase until its retention is over, since topics store message text."""
    assert next(find_in_folder(system.kafka.data_dir / "log", PHRASES), None)

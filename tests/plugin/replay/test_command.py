"""Tests of the output and the exit status of `counterpoint replay`."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from plugin.local.paths import ROOT
from plugin.replay import replay
from plugin.replay.sources import Format
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import Settings
from tests.plugin.replay.platforms import Topic, gateway

SAMPLES = ROOT / "plugin" / "local" / "samples"


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Settings, Topic]]:
    """Yield a gateway on loopback."""
    with gateway() as running:
        yield running


def run(path: Path, settings: Settings, speed: str = "max", source_format: Format = "auto") -> tuple[int, str]:
    """Run a replay and return its exit status and everything it printed."""
    console = Console(file=io.StringIO(), width=120)
    status = replay(path, settings, tenant="sample", speed=speed, source_format=source_format, run="r", console=console)
    assert isinstance(console.file, io.StringIO)
    return status, console.file.getvalue()


def test_the_samples_go_through_and_are_counted(served: tuple[Settings, Topic]) -> None:
    """A replay of the samples prints counts in which every event is accepted or is text without consent."""
    settings, topic = served
    topic.records.clear()
    status, said = run(SAMPLES, settings)
    lines = [json.loads(line) for file in SAMPLES.glob("*.jsonl") for line in file.read_text().splitlines()]
    messages = [line for line in lines if line["type"] == "message"]
    unconsented = sum("consent" not in line for line in messages)
    conversations = {line["conversation_id"] for line in lines}
    accepted = len(lines) + len(conversations) - unconsented
    assert status == 0
    assert f"{len(conversations)} conversations, {len(messages)} messages; {accepted} events accepted" in said
    assert f"{unconsented} no_consent" in said
    assert len(topic.records) == accepted


def test_asserted_consent_is_printed_for_corpora_only(served: tuple[Settings, Topic], tmp_path: Path) -> None:
    """Asserted consent is printed for a corpus and not for our own format, which has consent fields."""
    transcript = {"participant_id": "p", "utterances": [{"speaker": "client", "utterance_number": 1, "text": "hi"}]}
    (tmp_path / "t.json").write_text(json.dumps(transcript))
    assert "Consent to processing is asserted for the corpora read here (mibot)" in run(tmp_path, served[0])[1]
    assert "asserted" not in run(SAMPLES / "hello-bye.jsonl", served[0])[1]


def test_a_refusal_is_a_failure(served: tuple[Settings, Topic], tmp_path: Path) -> None:
    """A refused event makes the exit status 1 and is printed with its reason."""
    line = {
        "type": "message",
        "conversation_id": "c" * 254,  # with the name of the run it is longer than a reference may be
        "message_id": "m",
        "role": "client",
        "author": "a",
        "text": "hi",
        "consent": {"processing": True},
    }
    (tmp_path / "long.jsonl").write_text(json.dumps(line))
    status, said = run(tmp_path, served[0])
    assert status == 1
    assert "bad_schema at conversation_id" in said


@pytest.mark.parametrize(("speed", "name"), [("fast", "hello-bye.jsonl"), ("max", "nowhere.jsonl")])
def test_a_mistake_is_reported_before_anything_is_sent(served: tuple[Settings, Topic], speed: str, name: str) -> None:
    """A wrong speed or path is reported before anything is sent."""
    settings, topic = served
    topic.records.clear()
    with pytest.raises(Misconfigured):
        run(SAMPLES / name, settings, speed)
    assert topic.records == []

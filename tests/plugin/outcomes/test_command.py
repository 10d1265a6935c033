"""`counterpoint outcomes import`: the whole file is checked, then each outcome with consent is sent."""

import base64
import json
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from rich.console import Console

from plugin.local.kafka import KafkaBroker
from plugin.outcomes import command
from plugin.outcomes.command import import_outcomes, send_all
from stream.contracts.errors import Misconfigured
from stream.contracts.outcomes import Outcome
from stream.runtime import command_clients
from stream.runtime.codec import partition_of
from stream.runtime.settings import KafkaSettings, Settings
from tests.fixtures.topics import read_topic
from tests.plugin.outcomes.test_file import GOOD, HEADER, written
from tests.plugin.sink.test_outcomes import outcome

SETTINGS = Settings.model_validate({"tenants": {"sample": {"pseudonym_key": base64.b64encode(b"k" * 32).decode()}}})
SILENT = GOOD.replace("form-1", "form-2").replace("true", "false", 1)


def run(path: Path, sent: list[Outcome], monkeypatch: pytest.MonkeyPatch, *, dry_run: bool = False) -> str:
    """Import a file with a sender that only keeps what it gets, and return what was said."""

    def keep(_kafka: KafkaSettings, outcomes: list[Outcome]) -> int:
        sent.extend(outcomes)
        return len(outcomes)

    monkeypatch.setattr(command, "send_all", keep)
    monkeypatch.setattr(command, "require_topics", lambda _kafka: None)
    said = StringIO()
    import_outcomes(SETTINGS, Console(file=said, width=200), path, "sample", dry_run=dry_run)
    return said.getvalue()


def test_what_has_consent_is_sent_under_pseudonyms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outcomes with consent are sent with pseudonyms in place of references; the others are counted."""
    sent: list[Outcome] = []
    said = run(written(tmp_path, HEADER, GOOD, SILENT, GOOD), sent, monkeypatch)
    assert "3 outcomes of 1 conversation: 3 phq_9." in said
    assert "1 of them without consent to processing" in said
    assert "1 of them are in the file more than once" in said
    assert "2 outcomes sent." in said
    assert [each.outcome_id for each in sent] == ["form-1", "form-1"]
    assert not {"room-17", "user-88"} & {sent[0].conversation_id, sent[0].author}


def test_a_dry_run_sends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --dry-run the same is said and nothing is sent."""
    sent: list[Outcome] = []
    said = run(written(tmp_path, HEADER, GOOD), sent, monkeypatch, dry_run=True)
    assert "1 outcome of 1 conversation" in said
    assert "Nothing was sent" in said
    assert sent == []


def test_an_unknown_platform_is_refused(tmp_path: Path) -> None:
    """A platform that the settings do not name has no key for pseudonyms, so nothing is read."""
    with pytest.raises(Misconfigured, match="no tenant elsewhere"):
        import_outcomes(SETTINGS, Console(), written(tmp_path, HEADER, GOOD), "elsewhere", dry_run=True)


def test_each_is_on_the_partition_of_its_conversation(kafka: KafkaBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a real broker every outcome is on its topic, under the key and on the partition of its conversation."""
    topic = f"outcomes-{uuid4()}"
    monkeypatch.setattr(command, "OUTCOMES", topic)
    with command_clients.admin(
        settings := KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=3)
    ) as admin:
        admin.create_topics({topic: {"num_partitions": 3, "replication_factor": 1}}, wait_for_metadata=True)
    assert send_all(settings, [outcome("o-1", conversation_id=f"c_{number}") for number in range(20)]) == 20
    found = read_topic(kafka.bootstrap_servers, topic, 3)
    assert len(found) == 20
    for record in found:
        data = json.loads(record.value or b"")
        assert record.key == f"{data['tenant']}:{data['conversation_id']}".encode()
        assert record.partition == partition_of(record.key, 3)

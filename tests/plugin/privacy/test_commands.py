"""Tests of the privacy commands on a real broker and database: what they print, and that it holds no secret."""

import base64
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from plugin.crypto.pseudonyms import Pseudonyms
from plugin.local.kafka import KafkaBroker
from stream.contracts.topics import MESSAGES
from stream.runtime import settings
from stream.runtime.topics import create_missing_topics
from tests.fixtures.command import run_command
from tests.fixtures.topics import read_topic
from tests.plugin.privacy.stored_sessions import count_rows, session_of_week, stored_conversations
from tests.plugin.samples import KEK, START, TENANT, apply_records

KEY = base64.b64encode(KEK.secret).decode()
NEW_KEY = base64.b64encode(bytes(range(50, 82))).decode()
PARTITIONS = 2
PSEUDONYMS = Pseudonyms(KEK.secret)
ROOM, FRIEND = PSEUDONYMS.conversation("room-1"), PSEUDONYMS.conversation("room-2")
CLIENT = PSEUDONYMS.person("client-9")
RECENT = (datetime.now(UTC) - START) // timedelta(weeks=1) - 1
"""The number of the week in which a session of last week began, counted from the samples' start."""


@dataclass
class Operator:
    """An operator who runs commands."""

    environment: dict[str, str]
    broker: str
    seen: list[str] = field(default_factory=list)

    def run(self, *arguments: str, status: int = 0, typed: str = "", changes: Mapping[str, str] | None = None) -> str:
        """Run a command and return all that it printed."""
        done = run_command(*arguments, env={**self.environment, **(changes or {})}, stdin=typed)
        screen = re.sub(r"\s+", " ", done.stdout + done.stderr)
        self.seen.append(done.stdout + done.stderr)
        assert done.returncode == status, screen
        assert "Traceback" not in screen
        assert KEY not in screen
        return screen

    def on_topic(self) -> list[str]:
        """Return the types of the events on the messages topic."""
        records = read_topic(self.broker, MESSAGES, PARTITIONS)
        return [dict(record.headers)["ce_type"].decode().split(".")[1] for record in records]


@pytest.fixture(scope="module")
def broker(fresh_kafka: Callable[[], KafkaBroker]) -> str:
    """Return the address of a broker with the project's topics."""
    servers = fresh_kafka().bootstrap_servers
    create_missing_topics(settings.KafkaSettings(bootstrap_servers=servers, partitions=PARTITIONS))
    return servers


@pytest.fixture
def operator(engine: Engine, broker: str) -> Operator:
    """Return an operator with settings for the database and the broker, in a wide terminal."""
    return Operator(
        {
            "COUNTERPOINT_DATABASE__URL": engine.url.render_as_string(hide_password=False),
            "COUNTERPOINT_DATABASE__KEY_ENCRYPTION_KEY": KEY,
            "COUNTERPOINT_TENANTS": f'{{"{TENANT}": {{"pseudonym_key": "{KEY}"}}}}',
            "COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS": broker,
            "COUNTERPOINT_KAFKA__PARTITIONS": str(PARTITIONS),
            "COLUMNS": "160",
        },
        broker,
    )


def test_erasing_a_client_from_question_to_proof(engine: Engine, operator: Operator) -> None:
    """Erasing a client asks first, then announces to every partition and each conversation, and prints a proof."""
    apply_records(
        engine, session_of_week(RECENT, ROOM, clients=(CLIENT,)), session_of_week(RECENT, FRIEND, clients=("p_friend",))
    )
    asked = ("erase", "--tenant", TENANT, "--client", "client-9")
    screen = operator.run(*asked, "--dry-run")
    assert "Stored: 1 session, 1 conversation." in screen
    assert "Nothing was changed" in screen
    assert "Nothing was changed" in operator.run(*asked, typed="n\n")
    before = Counter(operator.on_topic())
    screen = operator.run(*asked, typed="y\n")
    assert "Removed: 1 session; destroyed: 1 data key." in screen
    assert "refused from now on" in screen
    assert re.search(r"The last copy on the broker is gone by \d{4}-\d\d-\d\d \d\d:\d\d UTC", screen)
    assert "backups" in screen
    assert stored_conversations(engine) == [FRIEND]
    assert Counter(operator.on_topic()) - before == {"erasure": 1, "person-erasure": 2}
    assert "Nothing of it is stored (yet)" in operator.run(*asked, "--yes")
    assert "client-9" not in "".join(operator.seen)


@pytest.mark.parametrize("partitions", [1, PARTITIONS + 1])
def test_an_erasure_with_another_number_of_partitions_changes_nothing(
    engine: Engine, operator: Operator, partitions: int
) -> None:
    """An erasure with another number of partitions than the topics have is refused before anything is changed.

    With fewer its announcement would miss people; with more it would fail half-way.
    """
    apply_records(engine, session_of_week(0, ROOM, clients=(CLIENT,)))
    before, announced = count_rows(engine, "sessions", "erasures", "erasure_requests", "audit"), operator.on_topic()
    changes = {"COUNTERPOINT_KAFKA__PARTITIONS": str(partitions)}
    screen = operator.run("erase", "--tenant", TENANT, "--client", "client-9", "--yes", status=2, changes=changes)
    assert f"Set kafka.partitions to {PARTITIONS}" in screen
    assert count_rows(engine, "sessions", "erasures", "erasure_requests", "audit") == before
    assert operator.on_topic() == announced


def test_a_hold_prevents_erasure_and_retention(engine: Engine, operator: Operator) -> None:
    """A held conversation is neither erased nor removed by retention, with the legal reason, until the hold ends."""
    apply_records(engine, session_of_week(0, ROOM, clients=(CLIENT,)))
    room = ("--tenant", TENANT, "--conversation", "room-1")
    assert "1 session stored now" in operator.run("hold", "add", *room, "--reason", "file 7/2026")
    assert "Art. 17(3)(e)" in operator.run("erase", *room, "--yes", status=2)
    assert "NOT DONE: 1 conversation" in operator.run(
        "erase", "--tenant", TENANT, "--client", "client-9", "--yes", status=2
    )
    assert "Due, but kept because of a legal hold: 1 session." in operator.run("retention")
    listed = operator.run("hold", "list")
    assert "file 7/2026" in listed
    assert ROOM[:40] in listed
    assert count_rows(engine)["messages"] == 2
    assert "has ended" in operator.run("hold", "remove", *room)
    assert "There is no hold" in operator.run("hold", "list")
    assert "Removed: 1 session" in operator.run("erase", "--tenant", TENANT, "--client", "client-9", "--yes")
    assert stored_conversations(engine) == []


def test_retention_prints_an_anchor_that_the_trail_contains(engine: Engine, operator: Operator, tmp_path: Path) -> None:
    """A dry run of retention changes nothing, and the anchor that the run prints is in the audit trail."""
    apply_records(engine, session_of_week(0, ROOM), session_of_week(RECENT, ROOM))
    clocks = {"COUNTERPOINT_RETENTION__TEXT_DAYS": "30", "COUNTERPOINT_RETENTION__QUOTES_DAYS": "30"}
    assert "Nothing was changed" in operator.run("retention", "--dry-run", changes=clocks)
    assert count_rows(engine)["messages"] == 4
    screen = operator.run("retention", changes=clocks)
    found = re.search(r"kept elsewhere: ({.*?})", screen)
    assert found is not None
    assert count_rows(engine)["messages"] == 2
    kept = tmp_path / "anchors.jsonl"
    operator.run("hold", "add", "--tenant", TENANT, "--conversation", "room-1", "--reason", "file 7")
    kept.write_text(f"{found[1]}\n{operator.run('audit', 'anchor')}\n")
    screen = operator.run("audit", "verify", "--anchor", str(kept))
    assert "The trail holds" in screen
    assert "Anchors in it: 2; of entries that retention removed: 0." in screen
    kept.write_text('{"seq": 1, "hash": "' + "0" * 64 + '", "at": null}')
    assert "BROKEN" in operator.run("audit", "verify", "--anchor", str(kept), status=2)
    kept.write_text("1:00")
    assert "line 1, is not an anchor" in operator.run("audit", "verify", "--anchor", str(kept), status=2)


def test_a_key_is_rotated(engine: Engine, operator: Operator) -> None:
    """Key rotation names a missing key first, and afterwards says what to remove from the settings."""
    apply_records(engine, session_of_week(RECENT, ROOM), session_of_week(RECENT, FRIEND))
    new = {"COUNTERPOINT_DATABASE__KEY_ENCRYPTION_KEY": NEW_KEY}
    assert "Nothing was changed" in operator.run("keys", "rotate", status=2, changes=new)
    both = new | {"COUNTERPOINT_DATABASE__PREVIOUS_KEY_ENCRYPTION_KEYS": f'["{KEY}"]'}
    assert "3 data keys to wrap again. Nothing was changed" in operator.run("keys", "rotate", "--dry-run", changes=both)
    screen = operator.run("keys", "rotate", changes=both)
    assert "3 data keys wrapped again" in screen
    assert "Remove it from every stage's settings" in screen
    assert "0 data keys to wrap again" in operator.run("keys", "rotate", changes=new)


def test_wrong_arguments_are_refused_with_a_message(operator: Operator) -> None:
    """A wrong tenant, subject or pseudonym is refused with a message."""
    assert "There is no tenant nobody" in operator.run("erase", "--tenant", "nobody", "--client", "x", status=2)
    for given in ((), ("--client", "x", "--therapist", "y")):
        assert "exactly one" in operator.run("erase", "--tenant", TENANT, *given, status=2)
    assert "no pseudonym" in operator.run("erase", "--tenant", TENANT, "--client", "a b", "--pseudonym", status=2)


def test_roles_are_printed_for_an_administrator(operator: Operator) -> None:
    """The SQL of the database roles is printed without passwords."""
    printed = operator.run("database", "roles")
    assert "CREATE ROLE counterpoint_sink LOGIN" in printed
    assert "PASSWORD" not in printed

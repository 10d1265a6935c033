"""The commands on a real broker and a real database: what they print teaches, and nothing in it is a secret."""

import base64
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition
from sqlalchemy import Engine

from plugin.crypto.pseudonyms import Pseudonyms
from plugin.local.kafka import Kafka
from stream.contracts.topics import MESSAGES
from stream.runtime import settings
from stream.runtime.topics import create_missing
from tests.plugin.privacy.stored_sessions import conversations, left, week
from tests.plugin.samples import KEK, START, TENANT, put

KEY = base64.b64encode(KEK.secret).decode()
NEW_KEY = base64.b64encode(bytes(range(50, 82))).decode()
PARTITIONS = 2
PSEUDONYMS = Pseudonyms(KEK.secret)
ROOM, FRIEND = PSEUDONYMS.conversation("room-1"), PSEUDONYMS.conversation("room-2")
CLIENT = PSEUDONYMS.person("client-9")
RECENT = (datetime.now(UTC) - START) // timedelta(weeks=1) - 1
"""Weeks since the samples' start: a session of last week."""


@dataclass
class Operator:
    """Somebody with a shell."""

    environment: dict[str, str]
    broker: str
    seen: list[str] = field(default_factory=list)

    def run(self, *arguments: str, status: int = 0, typed: str = "", changes: Mapping[str, str] | None = None) -> str:
        """A command's whole screen."""
        done = subprocess.run(
            [sys.executable, "-m", "plugin.cli", *arguments],
            env={**os.environ, **self.environment, **(changes or {})},
            input=typed,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        screen = re.sub(r"\s+", " ", done.stdout + done.stderr)
        self.seen.append(done.stdout + done.stderr)
        assert done.returncode == status, screen
        assert "Traceback" not in screen
        assert KEY not in screen
        return screen

    def on_topic(self) -> list[str]:
        """Types of the events on the messages topic."""
        consumer: Any = KafkaConsumer(bootstrap_servers=self.broker, consumer_timeout_ms=1_500)
        try:
            places = [TopicPartition(MESSAGES, number) for number in range(PARTITIONS)]
            consumer.assign(places)
            consumer.seek_to_beginning(*places)
            return [dict(record.headers)["ce_type"].decode().split(".")[1] for record in consumer]
        finally:
            consumer.close()


@pytest.fixture(scope="module")
def broker(fresh_kafka: Callable[[], Kafka]) -> str:
    """With our topics."""
    servers = fresh_kafka().bootstrap_servers
    create_missing(settings.Kafka(bootstrap_servers=servers, partitions=PARTITIONS))
    return servers


@pytest.fixture
def operator(engine: Engine, broker: str) -> Operator:
    """With settings for all of it, in a wide terminal."""
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


def test_a_request_to_be_forgotten(engine: Engine, operator: Operator) -> None:
    """Dry run, a question, the deed, its proof; the client is told to every partition, the conversations one by one."""
    put(engine, week(RECENT, ROOM, clients=(CLIENT,)), week(RECENT, FRIEND, clients=("p_friend",)))
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
    assert conversations(engine) == [FRIEND]
    assert Counter(operator.on_topic()) - before == {"erasure": 1, "person-erasure": 2}
    assert "Nothing of it is stored (yet)" in operator.run(*asked, "--yes")
    assert "client-9" not in "".join(operator.seen)


def test_a_hold_stands_against_erasure_and_retention(engine: Engine, operator: Operator) -> None:
    """Refused with the reason in law and the way out; the list shows it; after its end all goes on."""
    put(engine, week(0, ROOM, clients=(CLIENT,)))
    room = ("--tenant", TENANT, "--conversation", "room-1")
    assert "1 session stored now" in operator.run("hold", "add", *room, "--reason", "file 7/2026")
    assert "Art. 17(3)(e)" in operator.run("erase", *room, "--yes", status=2)
    assert "NOT DONE: 1 conversation" in operator.run(
        "erase", "--tenant", TENANT, "--client", "client-9", "--yes", status=2
    )
    assert "Kept for a legal hold though due: 1 session." in operator.run("retention")
    listed = operator.run("hold", "list")
    assert "file 7/2026" in listed
    assert ROOM[:40] in listed
    assert left(engine)["messages"] == 2
    assert "has ended" in operator.run("hold", "remove", *room)
    assert "There is no hold" in operator.run("hold", "list")
    assert "Removed: 1 session" in operator.run("erase", "--tenant", TENANT, "--client", "client-9", "--yes")
    assert conversations(engine) == []


def test_a_night_of_retention_and_the_trail_in_the_morning(engine: Engine, operator: Operator) -> None:
    """The dry run tells what the run does; its anchor is in the trail."""
    put(engine, week(0, ROOM), week(RECENT, ROOM))
    clocks = {"COUNTERPOINT_RETENTION__TEXT_DAYS": "30", "COUNTERPOINT_RETENTION__QUOTES_DAYS": "30"}
    assert "Nothing was changed" in operator.run("retention", "--dry-run", changes=clocks)
    assert left(engine)["messages"] == 4
    screen = operator.run("retention", changes=clocks)
    found = re.search(r"kept elsewhere: (\d+:[0-9a-f]{64})", screen)
    assert found is not None
    assert left(engine)["messages"] == 2
    screen = operator.run("audit", "verify", "--anchor", found[1])
    assert "The trail holds" in screen
    assert "The anchor that was given is in it." in screen
    assert "BROKEN" in operator.run("audit", "verify", "--anchor", "1:" + "0" * 64, status=2)


def test_a_key_is_exchanged(engine: Engine, operator: Operator) -> None:
    """Told what is missing first; then done, and told what to take out of the settings."""
    put(engine, week(RECENT, ROOM), week(RECENT, FRIEND))
    new = {"COUNTERPOINT_DATABASE__KEY_ENCRYPTION_KEY": NEW_KEY}
    assert "Nothing was changed" in operator.run("keys", "rotate", status=2, changes=new)
    both = new | {"COUNTERPOINT_DATABASE__PREVIOUS_KEY_ENCRYPTION_KEYS": f'["{KEY}"]'}
    assert "3 data keys to wrap anew. Nothing was changed" in operator.run("keys", "rotate", "--dry-run", changes=both)
    screen = operator.run("keys", "rotate", changes=both)
    assert "3 data keys wrapped anew" in screen
    assert "Take it out of every stage's settings" in screen
    assert "0 data keys to wrap anew" in operator.run("keys", "rotate", changes=new)


def test_what_was_typed_wrongly_is_a_sentence(operator: Operator) -> None:
    """Which tenant, which subject; a pseudonym that is none."""
    assert "There is no tenant nobody" in operator.run("erase", "--tenant", "nobody", "--client", "x", status=2)
    for given in ((), ("--client", "x", "--therapist", "y")):
        assert "exactly one" in operator.run("erase", "--tenant", TENANT, *given, status=2)
    assert "no pseudonym" in operator.run("erase", "--tenant", TENANT, "--client", "a b", "--pseudonym", status=2)


def test_roles_are_printed_for_an_administrator(operator: Operator) -> None:
    """SQL that can be run as it is, without a password."""
    printed = operator.run("database", "roles")
    assert "CREATE ROLE counterpoint_sink LOGIN" in printed
    assert "PASSWORD" not in printed

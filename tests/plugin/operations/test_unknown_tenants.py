"""Tenants that wrote to Kafka without being in the settings are named from their dead letters."""

from datetime import UTC, datetime

import pytest

from plugin.operations.dead_letter import DeadLetter, parse_dead_letter
from plugin.operations.status import collect_status
from plugin.operations.unknown_tenants import recent_unknown_tenants, unknown_tenants
from stream.contracts.errors import Poison, Unavailable
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.codec import encode
from stream.runtime.settings import KafkaSettings, Settings
from tests.plugin.operations.conftest import Bench, message
from tests.plugin.operations.test_dead_letter import on_topic, set_aside
from tests.plugin.operations.test_status import printed, settings


def letter(key: bytes | None, reason: DeadLetterReason = DeadLetterReason.UNKNOWN_TENANT) -> DeadLetter:
    """Return a dead letter under a key."""
    made = set_aside(encode(message("c_1")))
    headers = [(name, reason.value.encode() if name == "cp_reason" else value) for name, value in made.headers]
    return parse_dead_letter(on_topic(made, key=key, headers=headers))


def test_tenants_are_counted_by_the_key_of_their_records() -> None:
    """Each tenant is named with the number of its records, the one with the most first."""
    found = unknown_tenants([letter(b"b:1"), letter(b"a:1"), letter(b"a:2")], known=())
    assert list(found.items()) == [("a", 2), ("b", 1)]


def test_a_tenant_that_is_known_by_now_is_not_named() -> None:
    """A tenant whose name has come into the settings since is unknown no more."""
    assert unknown_tenants([letter(b"a:1"), letter(b"b:1")], known={"a"}) == {"b": 1}


def test_other_reasons_name_nobody() -> None:
    """A dead letter for another reason says nothing about its tenant."""
    assert unknown_tenants([letter(b"a:1", DeadLetterReason.BAD_SCHEMA)], known=()) == {}


@pytest.mark.parametrize("key", [None, b"", b"a", b"A:1", b"\x1b[2J:1", b"a b:1", b"x" * 64 + b":1"])
def test_a_key_that_names_no_tenant_is_not_shown(key: bytes | None) -> None:
    """A key that is not a tenant's is not shown, since whoever may write dead letters chooses it."""
    assert unknown_tenants([letter(key)], known=()) == {}


def test_a_broker_that_is_away_is_unavailable() -> None:
    """Without the broker the tenants are unknown, and the caller gets Unavailable."""
    away = Settings(kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1"))
    with pytest.raises(Unavailable):
        recent_unknown_tenants(away, now=datetime.now(UTC))


def test_status_names_an_unknown_tenant_and_what_to_do(bench: Bench, database: str) -> None:
    """The status names the tenant and how many of its records were refused, until they are handled."""
    made = encode(message(bench.conversation, tenant="meadow"))
    bench.set_aside(made, Poison(DeadLetterReason.UNKNOWN_TENANT, "tenant"))
    found = collect_status(settings(database, bench.kafka), now=datetime.now(UTC))
    assert found.unknown_tenants == {"meadow": 1}
    assert "tenant meadow: 1 records were refused" in printed(found).replace("\n", "")
    assert any("[tenants.meadow]" in trouble for trouble in found.troubles)
    bench.drop()
    assert collect_status(settings(database, bench.kafka), now=datetime.now(UTC)).unknown_tenants == {}

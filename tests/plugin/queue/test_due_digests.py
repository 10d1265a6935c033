"""Tests of how long a digest has been due: as a pure function, and of a database under the roles that ask."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.queue.digest_preferences import DigestPreferences, Way
from plugin.queue.due_digests import WantedDigests, due_since, oldest_due
from plugin.queue.store import Store
from tests.plugin.conftest import People
from tests.plugin.database.test_roles import Roles, roles
from tests.plugin.samples import KEK

__all__ = ["roles"]
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
EIGHT = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
NOW = EIGHT + timedelta(minutes=20)
DAILY = frozenset(range(7))


def wanted(
    hour: int, ended_day: date | None = None, *, set_at: datetime = LONG_AGO, zone: str = "UTC"
) -> WantedDigests:
    """Return that somebody wants a digest each day at an hour."""
    return WantedDigests(DigestPreferences(Way.MAIL, "", DAILY, hour, zone), set_at, ended_day)


@pytest.mark.parametrize(
    ("those", "expected"),
    [
        ([], None),
        ([wanted(8)], EIGHT),
        ([wanted(8, date(2026, 11, 29))], EIGHT),
        ([wanted(8, date(2026, 11, 30))], None),
        ([wanted(8, date(2026, 11, 30)), wanted(7)], EIGHT - timedelta(hours=1)),
        ([wanted(9, date(2026, 11, 29))], None),  # not yet due today
        ([wanted(8, set_at=EIGHT + timedelta(minutes=1))], None),
        ([wanted(9, zone="Europe/Berlin")], EIGHT),
    ],
)
def test_the_oldest_digest_that_has_not_ended(those: list[WantedDigests], expected: datetime | None) -> None:
    """A digest is due from its hour on until its day has ended, for whomever it has waited longest."""
    assert oldest_due(those, NOW) == expected


def ask(store: Store, people: People) -> None:
    """Let Mara want a digest every day at eight."""
    store.digests.set_preferences(people.supervisor, DigestPreferences(Way.MAIL, "mara@x.example", DAILY, 8, "UTC"))


def test_a_digest_is_due_until_it_was_sent_or_given_up(engine: Engine, people: People) -> None:
    """One that nobody planned and one that waits are due; one that was sent, or of a disabled account, is not."""
    store = Store(engine, KEK, now=lambda: EIGHT - timedelta(days=1))
    delivery = (
        "INSERT INTO digest_deliveries VALUES (gen_random_uuid(), :a, '2026-11-30', 'mail', '', now(), now(), :state,"
        " 1, now(), NULL, NULL, NULL)"
    )

    def now_due() -> datetime | None:
        with transaction(engine) as session:
            return due_since(session, NOW)

    assert now_due() is None
    ask(store, people)
    assert now_due() == EIGHT
    with engine.begin() as connection:
        connection.execute(text(delivery), {"a": people.supervisor.user_id, "state": "waiting"})
    assert now_due() == EIGHT
    with engine.begin() as connection:
        connection.execute(text("UPDATE digest_deliveries SET state = 'sent'"))
    assert now_due() is None
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM digest_deliveries"))
    store.accounts.disable(people.supervisor.user_id)
    assert now_due() is None


def test_the_page_learns_it_for_an_operator_alone(roles: Roles, people: People) -> None:
    """The page's role gets the time on behalf of an operator; the roles that send and that count get it as they are."""
    ask(Store(roles.owner, KEK, now=lambda: EIGHT - timedelta(days=1)), people)
    web = Store(roles.by_stage["web"], KEK, now=lambda: NOW)
    assert web.digests.due_since(people.operator) == EIGHT
    assert web.digests.due_since(people.supervisor) is None
    for stage, account, expected in (
        ("digest", None, EIGHT),
        ("privacy", None, EIGHT),
        ("web", people.operator.user_id, EIGHT),
        ("web", people.supervisor.user_id, None),
        ("web", None, None),
    ):
        with transaction(roles.by_stage[stage], account) as session:
            assert due_since(session, NOW) == expected, (stage, account)
    for stage in ("sink", "rerate"):
        assert roles.refuses(stage, "SELECT * FROM counterpoint_wanted_digests()")
    assert roles.refuses("privacy", "SELECT receiver FROM digest_preferences")

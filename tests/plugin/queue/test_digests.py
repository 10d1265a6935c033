"""Tests of a person's preferences for digests: stored, told back, on the trail, and gone with the account."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from plugin.database.account_removal import anonymise_account
from plugin.database.engine import transaction
from plugin.database.tables import StoredDelivery, StoredDigestPreferences
from plugin.database.viewer import Viewer
from plugin.outbound.deliveries import delivery_id
from plugin.queue.digest_preferences import DigestPreferences, Way
from plugin.queue.digests import DeliveryLine, DeliveryState
from plugin.queue.store import Store
from tests.plugin.conftest import People
from tests.plugin.privacy.stored_sessions import count_rows
from tests.plugin.samples import KEK, NOW, TENANT

WANTED = DigestPreferences(Way.MAIL, "mara@service.example", frozenset({0, 3}), 17, "Europe/Berlin")
TABLES = ("digest_preferences", "digest_marks", "digest_deliveries")
PERIOD = date(2026, 11, 30)


def delivery_of(viewer: Viewer, state: DeliveryState = DeliveryState.WAITING) -> StoredDelivery:
    """Return the row of a person's digest."""
    return StoredDelivery(
        delivery_id=delivery_id(viewer.user_id, PERIOD),
        account_id=viewer.user_id,
        period=PERIOD,
        way=Way.MAIL.value,
        receiver="",
        since=NOW,
        until=NOW,
        state=state.value,
        attempts=1,
        next_try_at=NOW,
        leased_until=None,
        reason=None,
        ended_at=NOW,
    )


def fill(engine: Engine, store: Store, viewer: Viewer) -> None:
    """Give a person preferences, a mark and a delivery."""
    store.digests.set_preferences(viewer, WANTED)
    store.digests.mark_read(viewer, NOW)
    with transaction(engine) as session:
        session.add(delivery_of(viewer))


def test_by_default_nothing_is_sent(store: Store, people: People) -> None:
    """Nobody gets a digest before they ask for one."""
    assert store.digests.preferences(people.ana) == DigestPreferences()
    assert store.digests.preferences(people.ana).way is Way.NONE
    assert store.digests.latest(people.ana) is None


def test_preferences_are_kept_for_each_person(store: Store, people: People) -> None:
    """The preferences of one person are told back to them, as last set, and are not another's."""
    for wanted in (WANTED, DigestPreferences(Way.WEBHOOK, "chat"), WANTED):
        store.digests.set_preferences(people.supervisor, wanted)
        assert store.digests.preferences(people.supervisor) == wanted
    assert store.digests.preferences(people.ana) == DigestPreferences()


def test_times_alone_are_set(engine: Engine, store: Store, people: People) -> None:
    """What is named changes from now on; way and address stay, also for who had set nothing before."""
    store.digests.set_preferences(people.supervisor, WANTED)
    later = Store(engine, KEK, now=lambda: NOW + timedelta(hours=1))
    later.digests.set_times(people.supervisor, days=[4, 2], hour=6)
    assert store.digests.preferences(people.supervisor) == replace(WANTED, days=frozenset({2, 4}), hour=6)
    with Session(engine) as session:
        assert session.get_one(StoredDigestPreferences, people.supervisor.user_id).set_at == NOW + timedelta(hours=1)
    store.digests.set_times(people.supervisor, zone="Asia/Tokyo")
    changed = replace(WANTED, days=frozenset({2, 4}), hour=6, zone="Asia/Tokyo")
    assert store.digests.preferences(people.supervisor) == changed
    store.digests.set_times(people.ana, hour=6)
    assert store.digests.preferences(people.ana) == DigestPreferences(hour=6)


def test_a_change_is_on_the_trail_without_the_address(engine: Engine, store: Store, people: People) -> None:
    """The trail says that preferences were changed, by whom, and not to what."""
    store.digests.set_preferences(people.supervisor, WANTED, request_id="r-1")
    with transaction(engine) as session:
        (entry,) = session.execute(text("SELECT purpose, object_id, request_id, audit::text AS whole FROM audit")).all()
    assert (entry.purpose, entry.object_id, entry.request_id) == (
        "digest preferences",
        str(people.supervisor.user_id),
        "r-1",
    )
    assert "service.example" not in entry.whole


def test_a_person_reads_what_became_of_their_digest(engine: Engine, store: Store, people: People) -> None:
    """A person reads of their latest digest alone."""
    with transaction(engine) as session:
        session.add(delivery_of(people.supervisor, DeliveryState.SENT))
    assert store.digests.latest(people.supervisor) == DeliveryLine(PERIOD, DeliveryState.SENT, Way.MAIL, 1, NOW)
    assert store.digests.latest(people.ana) is None


@pytest.mark.parametrize("by_erasure", [False, True])
def test_everything_goes_with_the_account(engine: Engine, store: Store, people: People, *, by_erasure: bool) -> None:
    """Address, mark and deliveries go when an account is removed, by an operator or by an erasure; others' stay."""
    fill(engine, store, people.ana)
    fill(engine, store, people.supervisor)

    def remove(session: Session) -> bool:
        return anonymise_account(session, TENANT, "p_ana", NOW)

    if by_erasure:
        with transaction(engine) as session:
            assert remove(session)
    else:
        store.accounts.remove(people.ana.user_id)
    assert count_rows(engine, *TABLES) == dict.fromkeys(TABLES, 1)
    assert store.digests.preferences(people.supervisor) == WANTED
    with transaction(engine) as session:
        assert (
            session.scalar(
                text("SELECT count(*) FROM digest_preferences WHERE account_id = :a"), {"a": people.ana.user_id}
            )
            == 0
        )


def test_a_disabled_account_keeps_its_preferences(engine: Engine, store: Store, people: People) -> None:
    """An account that is disabled and enabled again has its preferences as before."""
    fill(engine, store, people.ana)
    store.accounts.disable(people.ana.user_id)
    store.accounts.enable(people.ana.user_id)
    assert store.digests.preferences(people.ana) == WANTED

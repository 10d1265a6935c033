"""Tests of who has opened a session, as its therapist may see it."""

from sqlalchemy import Engine, text

from plugin.database.account_removal import remove_account
from plugin.database.engine import transaction
from plugin.database.viewer import AccountRole
from plugin.queue.export_entries import ExportKind, ExportPurpose
from plugin.queue.openings import Opening, OpeningKind, readers_of
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind
from tests.plugin.conftest import People
from tests.plugin.exports.samples import export_run
from tests.plugin.samples import NOW, add_person, apply_records, record


def lines(openings: tuple[Opening, ...]) -> set[tuple[str, AccountRole, int]]:
    """Return the names, roles and numbers of some openings; on a night of a test they are on one or two days."""
    totals: dict[tuple[str, AccountRole], int] = {}
    for each in openings:
        totals[each.name, each.role] = totals.get((each.name, each.role), 0) + each.times
    return {(name, role, times) for (name, role), times in totals.items()}


def test_a_therapist_sees_who_opened_the_session(store: Store, engine: Engine, people: People) -> None:
    """A therapist sees the people who opened their released session, for review or in a digest, and how often."""
    sent = record()
    apply_records(engine, sent)
    second = add_person(engine, "nele", AccountRole.SUPERVISOR, teams=("north",))
    store.open(people.supervisor, sent.session_id)
    store.open(people.supervisor, sent.session_id, purpose="digest")
    store.open(second, sent.session_id)
    store.open(people.other_supervisor, sent.session_id)  # not found, so nothing was read
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    store.open(people.ana, sent.session_id)
    openings = store.openings(people.ana, sent.session_id)
    assert lines(openings) == {
        ("Mara", AccountRole.SUPERVISOR, 2),
        ("Nele", AccountRole.SUPERVISOR, 1),
        ("Ana", AccountRole.THERAPIST, 1),
    }
    assert all(each.first.tzinfo is not None for each in openings)


def test_each_purpose_has_its_line(store: Store, engine: Engine, people: People) -> None:
    """A page, a digest, a sample and an export are told apart, and an export says what it was for."""
    sent = record()
    apply_records(engine, sent)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    run = export_run(engine, people.supervisor, ExportKind.TRAINING, ExportPurpose.RESEARCH)
    for purpose in ("review", "digest", "agreement sample", run.entry):
        store.open(people.supervisor, sent.session_id, purpose=purpose)
    store.practice.find(people.ana, sent.session_id, sent.exchanges[0].exchange_id, "Another reply.")
    openings = store.openings(people.ana, sent.session_id)
    assert {(each.kind, each.export) for each in openings} == {
        (OpeningKind.PAGE, None),
        (OpeningKind.DIGEST, None),
        (OpeningKind.SAMPLE, None),
        (OpeningKind.EXPORT, ExportPurpose.RESEARCH),
    }


def test_readers_are_grouped_with_the_latest_first(store: Store, engine: Engine, people: People) -> None:
    """Each person is named once with all their openings; whoever opened the session last comes first."""
    sent = record()
    apply_records(engine, sent)
    namesake = add_person(engine, "mara2", AccountRole.SUPERVISOR, teams=("north",))
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    for viewer, purpose in (
        (people.supervisor, "digest"),
        (namesake, "review"),
        (people.ana, "review"),
        (people.supervisor, "review"),
    ):
        store.open(viewer, sent.session_id, purpose=purpose)
    readers = readers_of(store.openings(people.ana, sent.session_id))
    assert [(reader.name, [each.kind for each in reader.openings]) for reader in readers] == [
        ("Mara", [OpeningKind.PAGE, OpeningKind.DIGEST]),
        ("Ana", [OpeningKind.PAGE]),
        ("Mara2", [OpeningKind.PAGE]),
    ]


def test_only_the_therapist_of_a_released_session_sees_openings(store: Store, engine: Engine, people: People) -> None:
    """Before the release, after it was withheld, and to anybody else nothing is said about openings."""
    sent = record()
    apply_records(engine, sent)
    store.open(people.supervisor, sent.session_id)
    assert store.openings(people.ana, sent.session_id) == ()
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    for viewer in (people.ben, people.supervisor, people.operator):
        assert store.openings(viewer, sent.session_id) == ()
    assert store.openings(people.ana, sent.session_id) != ()
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.WITHHELD)
    assert store.openings(people.ana, sent.session_id) == ()


def test_a_removed_persons_name_is_gone(store: Store, engine: Engine, people: People) -> None:
    """An opening by a person whose account was removed has the name that pages show for all of them."""
    sent = record()
    apply_records(engine, sent)
    store.open(people.supervisor, sent.session_id)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    with transaction(engine) as session:
        remove_account(session, people.supervisor.user_id, NOW)
    assert [each.name for each in store.openings(people.ana, sent.session_id)] == ["Removed account"]


def test_nobody_named_gets_no_opening(store: Store, engine: Engine, people: People) -> None:
    """The database's own function answers nothing to a transaction that names nobody."""
    sent = record()
    apply_records(engine, sent)
    store.open(people.supervisor, sent.session_id)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    with transaction(engine) as session:
        found = session.execute(text("SELECT * FROM counterpoint_readings(:id)"), {"id": sent.session_id})
        assert found.all() == []

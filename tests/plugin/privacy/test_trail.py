"""Tests of the audit trail as an auditor reads it: pages, filters, verification, files, and the entries about them."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from plugin.database.audit import add_audit_entry
from plugin.database.engine import transaction
from plugin.database.tables import AuditEntry
from plugin.database.viewer import AccountRole, Viewer
from plugin.privacy import trail as trail_module
from plugin.privacy.anchors import Anchor
from plugin.privacy.audit_trail import newest_anchor, remove_old_entries, verify_chain
from plugin.privacy.trail import Trail, TrailPage, TrailPurpose
from plugin.privacy.trail_filter import TrailFilter
from plugin.privacy.trail_kinds import TrailKind
from plugin.queue.store import Store
from stream.contracts.errors import Unavailable
from tests.plugin.conftest import People
from tests.plugin.privacy.trails import OLDER_THAN_THE_MINIMUM, tamper, write_entries
from tests.plugin.samples import KEK, NOW, PASSWORD, SAID, add_person, apply_records, record

COLUMNS = [
    *("seq", "at", "account_id", "person", "role", "purpose", "object_type", "object_id", "outcome", "request_id"),
    *("previous", "hash"),
]


@pytest.fixture
def auditor(engine: Engine, people: People) -> Viewer:  # noqa: ARG001 - the people come first, into an emptied database
    """Return the auditor."""
    return add_person(engine, "aldo", AccountRole.AUDITOR)


@pytest.fixture
def trail(engine: Engine) -> Trail:
    """Return the trail."""
    return Trail(engine)


def written(engine: Engine, *purposes: str, viewer: Viewer | None = None, object_id: object = "") -> None:
    """Write an entry for each purpose."""
    for purpose in purposes:
        with transaction(engine) as session:
            add_audit_entry(
                session,
                viewer,
                purpose=purpose,
                object_type="account" if object_id else "session",
                object_id=object_id,
                outcome="done",
                request_id="r-1",
            )


def read(trail: Trail, auditor: Viewer, chosen: TrailFilter = TrailFilter(), before: int | None = None) -> TrailPage:  # noqa: B008 - never changed
    """Return a page of the trail."""
    found = trail.page(auditor, chosen, before)
    assert found is not None
    return found


def about_the_trail(engine: Engine) -> list[tuple[str, str, str]]:
    """Return the entries about readings of the trail: purpose, object and outcome."""
    with Session(engine) as session:
        found = session.exec(select(AuditEntry).order_by(AuditEntry.seq)).all()  # type: ignore[arg-type]
        return [(entry.purpose, entry.object_id, entry.outcome) for entry in found if entry.object_type == "trail"]


# --- pages ---


def test_a_page_has_the_newest_entries_first(engine: Engine, trail: Trail, people: People, auditor: Viewer) -> None:
    """A page shows who did what to which object, when, and with what outcome, the newest entry first."""
    Store(engine, KEK, now=lambda: NOW).authenticate("mara", PASSWORD)
    written(engine, "review", viewer=people.supervisor)
    newest, login = read(trail, auditor).entries
    assert (newest.seq, newest.person, newest.role, newest.purpose) == (2, "mara", "supervisor", "review")
    assert (newest.object_type, newest.outcome, newest.request_id) == ("session", "done", "r-1")
    assert (login.seq, login.purpose, login.object_id) == (1, "login", str(people.supervisor.user_id))
    assert abs(datetime.fromisoformat(f"{newest.at}+00:00") - datetime.now(UTC)) < timedelta(minutes=5)


def test_pages_lead_to_the_oldest_entry(engine: Engine, trail: Trail, auditor: Viewer) -> None:
    """From page to page every entry that was there at first is shown once, though each reading adds one."""
    write_entries(engine, 7)
    seen: list[int] = []
    before = None
    while True:
        found = trail.page(auditor, before=before, size=3)
        assert found is not None
        seen += [entry.seq for entry in found.entries]
        if not found.goes_on:
            break
        before = found.entries[-1].seq
    assert seen == [7, 6, 5, 4, 3, 2, 1]


def test_an_entry_of_nobody_and_of_a_removed_account_has_no_name(
    engine: Engine, trail: Trail, people: People, auditor: Viewer
) -> None:
    """An entry of a command names nobody; that of a removed account keeps the account's id alone."""
    written(engine, "erasure")
    written(engine, "review", viewer=people.ben)
    Store(engine, KEK, now=lambda: NOW).accounts.remove(people.ben.user_id)
    removal, review, erasure = read(trail, auditor).entries
    assert (erasure.account_id, erasure.person, erasure.role) == (None, None, None)
    assert (review.account_id, review.person) == (str(people.ben.user_id), f"removed {people.ben.user_id}")
    assert removal.account_id is None


def test_a_time_that_python_cannot_hold_is_shown(engine: Engine, trail: Trail, auditor: Viewer) -> None:
    """A time that somebody with every right has set to the year 20000 is shown, and breaks no page."""
    write_entries(engine, 1)
    tamper(engine, "UPDATE audit SET at = '20000-01-01T00:00:00Z'")
    (entry,) = read(trail, auditor).entries
    assert entry.at == "20000-01-01 00:00:00"


# --- filters ---


def test_a_filter_by_kind(engine: Engine, trail: Trail, auditor: Viewer) -> None:
    """A kind shows its purposes alone; what no kind names is of the last one."""
    written(engine, "login", "review", "withheld", "withheld rating", "export reviews: research", "of a later version")
    kinds = (
        TrailKind.LOGIN,
        TrailKind.READING,
        TrailKind.DECISION,
        TrailKind.REVIEW,
        TrailKind.EXPORT,
        TrailKind.OTHER,
    )
    found = [[entry.purpose for entry in read(trail, auditor, TrailFilter(kind=kind)).entries] for kind in kinds]
    assert found == [
        *(["login"], ["review"], ["withheld"], ["withheld rating"]),
        *(["export reviews: research"], ["of a later version"]),
    ]


def test_a_filter_by_account(engine: Engine, trail: Trail, people: People, auditor: Viewer) -> None:
    """An account shows what its person did, and what was done about it, and nothing else."""
    written(engine, "review", viewer=people.supervisor)
    written(engine, "password set", viewer=people.operator, object_id=people.supervisor.user_id)
    written(engine, "review", viewer=people.ana)
    chosen = TrailFilter(account=people.supervisor.user_id)
    assert [entry.purpose for entry in read(trail, auditor, chosen).entries] == ["password set", "review"]
    assert read(trail, auditor, TrailFilter(account=UUID(int=5))).entries == ()


def test_a_filter_by_day(engine: Engine, trail: Trail, auditor: Viewer) -> None:
    """Days are those of UTC, the first and the last included; the last day of all has no next one and counts too."""
    write_entries(engine, 4)
    for seq, at in enumerate(
        ("2026-03-01T23:59:59.9Z", "2026-03-02T00:00Z", "2026-03-02T23:59:59.9Z", "2026-03-03Z"), 1
    ):
        tamper(engine, f"UPDATE audit SET at = '{at}' WHERE seq = {seq}")
    day = date(2026, 3, 2)

    def shown(first: date | None, last: date | None) -> list[int]:
        found = read(trail, auditor, TrailFilter(first=first, last=last)).entries
        return sorted(entry.seq for entry in found if entry.seq <= 4)

    assert shown(day, day) == [2, 3]
    assert shown(None, day) == [1, 2, 3]
    assert shown(day, None) == shown(day, date.max) == [2, 3, 4]
    assert shown(date.min, None) == [1, 2, 3, 4]


# --- verification ---


def test_a_verification_says_what_the_command_says(engine: Engine, trail: Trail, auditor: Viewer) -> None:
    """The result is that of `counterpoint audit verify`, and its anchor is found by a later one."""
    write_entries(engine, 3)
    with transaction(engine) as session:
        expected, anchor = verify_chain(session), newest_anchor(session)
    found = trail.verify(auditor)
    assert found == expected
    assert found.last == anchor
    again = trail.verify(auditor, [anchor])
    assert again is not None
    assert (again.problem, again.anchors_found) == (None, 1)


def test_a_changed_entry_is_found(engine: Engine, trail: Trail, auditor: Viewer) -> None:
    """A trail that was changed is broken, and that somebody found it so is an entry too."""
    write_entries(engine, 3)
    tamper(engine, "UPDATE audit SET outcome = 'not_found' WHERE seq = 2")
    found = trail.verify(auditor)
    assert found is not None
    assert found.problem == "Entry 2 was changed after it was written."
    assert about_the_trail(engine) == [("verify the trail", "1", "broken")]


def test_a_lost_anchor_is_found(engine: Engine, trail: Trail, auditor: Viewer) -> None:
    """An anchor that the trail does not hold shows that it was rewritten as a whole."""
    write_entries(engine, 1)
    found = trail.verify(auditor, [Anchor(1, "ab" * 32)])
    assert found is not None
    assert found.problem is not None
    assert "is not the one of its anchor" in found.problem


# --- files ---


def rows_of(lines: Iterator[str] | None) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    assert lines is not None
    return list(csv.DictReader(io.StringIO("".join(lines), newline="")))


def test_a_file_holds_the_entries_and_their_hashes(
    engine: Engine, trail: Trail, people: People, auditor: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file has every entry up to its own announcement, the oldest first, with the hashes of the chain."""
    monkeypatch.setattr(trail_module, "FILE_BATCH", 2)
    write_entries(engine, 4)
    written(engine, "review", viewer=people.supervisor)
    rows = rows_of(trail.file(auditor, TrailPurpose.INTERNAL_AUDIT))
    assert list(rows[0]) == COLUMNS
    assert [row["seq"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert [row["previous"] for row in rows[1:]] == [row["hash"] for row in rows[:-1]]
    assert (rows[4]["person"], rows[4]["account_id"]) == ("mara", str(people.supervisor.user_id))


def test_a_file_holds_the_entries_of_the_filter_alone(engine: Engine, trail: Trail, auditor: Viewer) -> None:
    """A filter holds for a file as for a page."""
    written(engine, "login", "review", "login")
    chosen = TrailFilter(kind=TrailKind.LOGIN)
    assert [row["seq"] for row in rows_of(trail.file(auditor, TrailPurpose.INCIDENT, chosen))] == ["1", "3"]


@pytest.mark.parametrize("hostile", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(engine: Engine, trail: Trail, auditor: Viewer, hostile: str) -> None:
    """A cell that a spreadsheet would run begins with a quote, whatever a later version or a vandal has written."""
    written(engine, hostile, object_id=hostile)
    (row,) = rows_of(trail.file(auditor, TrailPurpose.AUTHORITY))
    assert row["purpose"] == row["object_id"] == f"'{hostile}"
    assert not any(value.startswith(("=", "+", "-", "@", "\t", "\r")) for value in row.values())


def test_an_empty_file_has_its_columns(trail: Trail, auditor: Viewer) -> None:
    """Where nothing matches, the file has the names of the columns and no row."""
    lines = trail.file(auditor, TrailPurpose.DATA_PROTECTION, TrailFilter(kind=TrailKind.EXPORT))
    assert "".join(lines or ()).strip().split(",") == COLUMNS


def test_a_file_that_cannot_be_finished_does_not_look_whole(
    engine: Engine, trail: Trail, auditor: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the account is disabled meanwhile, or retention removes entries, the file breaks off with an error."""
    monkeypatch.setattr(trail_module, "FILE_BATCH", 2)
    write_entries(engine, 5)
    lines = trail.file(auditor, TrailPurpose.INCIDENT)
    assert lines is not None
    assert [next(lines).count("\r\n"), next(lines).count("\r\n")] == [1, 2]
    Store(engine, KEK, now=lambda: NOW).accounts.disable(auditor.user_id)
    with pytest.raises(Unavailable):
        list(lines)
    assert [outcome for *_, outcome in about_the_trail(engine)] == ["begun"]


def test_entries_that_retention_removes_are_missed(engine: Engine, trail: Trail, auditor: Viewer) -> None:
    """Entries that retention removes between the announcement and the reading end the file with an error."""
    write_entries(engine, 3, older=OLDER_THAN_THE_MINIMUM)
    write_entries(engine, 1)
    lines = trail.file(auditor, TrailPurpose.INCIDENT)
    with transaction(engine) as session:
        assert remove_old_entries(session, datetime.now(UTC)) == 3
    with pytest.raises(Unavailable):
        list(lines or ())


# --- the entries about it, and everybody else ---


def test_every_reading_is_an_entry(engine: Engine, trail: Trail, auditor: Viewer) -> None:
    """A page, a verification and a file each leave an entry with what was read; the file's names its purpose first."""
    write_entries(engine, 2)
    read(trail, auditor)
    read(trail, auditor, TrailFilter(kind=TrailKind.EXPORT))
    trail.verify(auditor, request_id="r-9")
    list(trail.file(auditor, TrailPurpose.AUTHORITY) or ())
    assert about_the_trail(engine) == [
        ("read the trail", "1-2", "done 2 entries"),
        ("read the trail", "", "done 0 entries"),
        ("verify the trail", "4", "intact, 4 entries"),
        ("download the trail: authority", "5", "begun"),
        ("download the trail: authority", "5", "done 5 entries"),
    ]
    with transaction(engine) as session:
        assert verify_chain(session).problem is None


@pytest.mark.parametrize("who", ["supervisor", "ana", "operator"])
def test_nobody_else_reads_the_trail(engine: Engine, trail: Trail, people: People, who: str) -> None:
    """For every other role there is no page, no verification and no file, and nothing is written."""
    viewer = getattr(people, who)
    for found in (trail.page(viewer), trail.verify(viewer), trail.file(viewer, TrailPurpose.INCIDENT)):
        assert found is None
    assert about_the_trail(engine) == []


def test_a_lead_does_not_read_the_trail(engine: Engine, trail: Trail, people: People) -> None:
    """The lead, who sees every session, does not see who else opened what."""
    lead = add_person(engine, "lena", AccountRole.LEAD)
    assert people.supervisor != lead
    assert trail.page(lead) is None


def test_the_trail_holds_no_words_of_a_session(
    engine: Engine, store: Store, trail: Trail, people: People, auditor: Viewer
) -> None:
    """What an auditor gets of an opened session is its id: no word of it, and no name of a client."""
    apply_records(engine, sent := record())
    assert store.open(people.supervisor, sent.session_id) is not None
    shown = "".join(trail.file(auditor, TrailPurpose.DATA_PROTECTION) or ())
    assert str(sent.session_id) in shown
    assert not any(words in shown for words in (*SAID, "p_client"))


def test_without_an_account_the_view_is_empty(engine: Engine) -> None:
    """The owner of the tables, who sees every table, sees nothing through the view unless an auditor is named."""
    write_entries(engine, 1)
    with transaction(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM counterpoint_trail")) == 0

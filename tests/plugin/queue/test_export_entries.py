"""A therapist sees the exports about their sessions, each from the entry that was written before it began."""

from uuid import UUID

import pytest
from sqlalchemy import Engine

from plugin.database.audit import add_audit_entry
from plugin.database.engine import transaction
from plugin.database.viewer import Viewer
from plugin.queue.account_changes import Accounts
from plugin.queue.export_entries import BEGUN, ExportKind, ExportPurpose, export_entry, parse_export_entry
from plugin.queue.store import Store
from tests.plugin.conftest import People
from tests.plugin.samples import NOW

ENTRY = export_entry(ExportKind.REVIEWS_WITH_TEXT, ExportPurpose.RESEARCH)


def write_entry(
    engine: Engine, by: Viewer, about: UUID, purpose: str = ENTRY, outcome: str = BEGUN, object_type: str = "account"
) -> None:
    """Write an entry about an account."""
    with transaction(engine) as session:
        add_audit_entry(
            session,
            by,
            purpose=purpose,
            object_type=object_type,
            object_id=about,
            outcome=outcome,
            request_id="export",
        )


@pytest.mark.parametrize("kind", ExportKind)
@pytest.mark.parametrize("purpose", ExportPurpose)
def test_an_entry_is_read_as_it_was_written(kind: ExportKind, purpose: ExportPurpose) -> None:
    """Kind and purpose of every export are read back from the words of its entry."""
    assert parse_export_entry(export_entry(kind, purpose)) == (kind, purpose)


@pytest.mark.parametrize("written", ["", "export", "export reviews", "review", "export reviews: fun"])
def test_other_words_are_no_entry_of_an_export(written: str) -> None:
    """Any other purpose is an error and not a guess."""
    with pytest.raises(ValueError, match="is not a valid"):
        parse_export_entry(written)


def test_a_therapist_sees_the_exports_about_them(engine: Engine, store: Store, people: People) -> None:
    """The latest comes first, with the name of whoever exported; ends, other acts and other people are not in it."""
    ana = people.ana.user_id
    write_entry(engine, people.supervisor, ana)
    write_entry(engine, people.operator, ana, export_entry(ExportKind.PERSON, ExportPurpose.OWN_DATA))
    write_entry(engine, people.supervisor, ana, outcome="done 5 rows")
    write_entry(engine, people.supervisor, ana, object_type="export")
    write_entry(engine, people.supervisor, ana, purpose="login")
    write_entry(engine, people.other_supervisor, people.ben.user_id)
    assert [(line.by, line.kind, line.purpose) for line in store.exports(people.ana)] == [
        ("Otto", ExportKind.PERSON, ExportPurpose.OWN_DATA),
        ("Mara", ExportKind.REVIEWS_WITH_TEXT, ExportPurpose.RESEARCH),
    ]
    assert [line.by for line in store.exports(people.ben)] == ["Olga"]


def test_nobody_else_sees_them(engine: Engine, store: Store, people: People) -> None:
    """A supervisor and an operator see no exports, not even about their own account."""
    for viewer in (people.supervisor, people.operator):
        write_entry(engine, people.supervisor, viewer.user_id)
        assert store.exports(viewer) == ()


def test_an_account_that_was_removed_keeps_no_name(engine: Engine, store: Store, people: People) -> None:
    """When the account of whoever exported is removed the line stays, without the name."""
    write_entry(engine, people.operator, people.ana.user_id)
    Accounts(engine, now=lambda: NOW).remove(people.operator.user_id)
    (line,) = store.exports(people.ana)
    assert "Otto" not in line.by

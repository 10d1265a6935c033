"""Tests of the words in which a therapist reads what a session was opened for."""

from datetime import UTC, datetime
from uuid import uuid4

from plugin.database.viewer import AccountRole
from plugin.queue.export_entries import ExportPurpose
from plugin.queue.openings import Opening, OpeningKind
from plugin.web.opening_words import what_for


def opening(kind: OpeningKind, export: ExportPurpose | None = None) -> Opening:
    """Return an opening by a supervisor."""
    return Opening(uuid4(), "Mara", AccountRole.SUPERVISOR, kind, datetime(2026, 3, 2, tzinfo=UTC), 1, export)


def test_every_kind_has_its_own_words() -> None:
    """Each way to open a session has words that no other one has."""
    said = [what_for(opening(kind)) for kind in OpeningKind]
    assert len(set(said)) == len(OpeningKind)


def test_an_export_says_what_it_was_for() -> None:
    """Each purpose of an export is told."""
    for purpose in ExportPurpose:
        assert what_for(opening(OpeningKind.EXPORT, purpose)).startswith("exported words of it, ")

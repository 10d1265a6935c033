"""An export of outcomes is a table of sessions, of clients who agreed, in which no counsellor of a few can be told."""

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from plugin.database.tables import StoredOutcome, StoredSession
from plugin.database.viewer import AccountRole, Viewer
from plugin.exports.outcome_export import export_outcomes
from plugin.exports.outcome_rows import session_of
from plugin.queue.export_entries import ExportKind, ExportPurpose
from stream.contracts.errors import Misconfigured
from stream.contracts.messages import Consent
from tests.plugin.conftest import People
from tests.plugin.exports.samples import ALLOWED, entries, export_run, no_progress
from tests.plugin.samples import START, TENANT, add_person, apply_records, record
from tests.plugin.sink.test_outcomes import outcome

HOUR = timedelta(hours=1)


def exported(engine: Engine, viewer: Viewer, folder: Path) -> list[dict[str, str]]:
    """Return the rows of an export as CSV."""
    out = folder / "sessions.csv"
    run = export_run(engine, viewer, ExportKind.OUTCOMES, ExportPurpose.RESEARCH)
    count = export_outcomes(run, out, no_progress)
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    out.unlink()
    assert len(rows) == count
    return rows


def test_a_row_is_a_session_with_a_column_for_each_instrument_and_occasion(
    engine: Engine, people: People, tmp_path: Path
) -> None:
    """Before and after stand in columns of their own, the last score counts, and a counsellor's is told apart."""
    apply_records(
        engine,
        record(consent=ALLOWED),
        outcome("a", occasion="before", score=14, given_at=START - HOUR),
        outcome("b", score=12, given_at=START + HOUR),
        outcome("c", score=11, given_at=START + 2 * HOUR),
        outcome("d", instrument="rating", score=4, given_by="counsellor", author="p_ana"),
    )
    (row,) = exported(engine, people.supervisor, tmp_path)
    assert list(row) == ["session", "client", "counsellor", "phq_9_before", "phq_9_after", "rating_after_by_counsellor"]
    assert (row["phq_9_before"], row["phq_9_after"], row["rating_after_by_counsellor"]) == ("14.0", "11.0", "4.0")
    assert row["session"].startswith("session-")
    assert not {"p_client", "p_ana", "c_sample"} & set(row.values())


def test_only_what_clients_agreed_to_is_in_it(engine: Engine, people: People, tmp_path: Path) -> None:
    """Session and outcome both need consent to secondary use; without any such session there is no file."""
    no = Consent(processing=True)
    apply_records(engine, record(consent=ALLOWED), outcome("a", consent=no), outcome("b", instrument="care", score=40))
    other = {"conversation": "c_other", "consent": no}
    apply_records(engine, record(**other), outcome("c", conversation_id="c_other"))  # type: ignore[arg-type]
    (row,) = exported(engine, people.supervisor, tmp_path)
    assert "phq_9_after" not in row
    assert row["care_after"] == "40.0"
    with pytest.raises(Misconfigured, match="nothing to export"):
        exported(engine, people.other_supervisor, tmp_path)


def counselled(engine: Engine, number: int) -> None:
    """Store a session with an outcome for each of so many counsellors, all of one team."""
    for each in range(number):
        name, conversation = f"p_{each}", f"c_{each}"
        add_person(engine, f"t{each}", AccountRole.THERAPIST, tenant=TENANT, counsellor=name, teams=("blue",))
        apply_records(
            engine,
            record(conversation=conversation, counsellor=name, consent=ALLOWED),
            outcome("a", conversation_id=conversation),
        )


@pytest.mark.parametrize(("number", "told"), [(4, False), (5, True)])
def test_counsellors_are_told_apart_from_five_on(engine: Engine, tmp_path: Path, number: int, told: bool) -> None:
    """With four counsellors the column is empty; with five each has a pseudonym, which another file does not have."""
    supervisor = add_person(engine, "mona", AccountRole.SUPERVISOR, teams=("blue",))
    counselled(engine, number)
    first, second = (exported(engine, supervisor, tmp_path) for _ in range(2))
    names = {row["counsellor"] for row in first}
    assert names == {""} if not told else len(names) == number
    assert not told or not names & {row["counsellor"] for row in second}
    assert {row["session"] for row in first} == {row["session"] for row in second}


def test_the_export_is_on_the_trail_before_it_is_read(engine: Engine, people: People, tmp_path: Path) -> None:
    """The trail has an entry of the export and one for the therapist concerned, with kind and purpose."""
    apply_records(engine, record(consent=ALLOWED), outcome("a"))
    exported(engine, people.supervisor, tmp_path)
    assert {(purpose, kind, outcome) for _, purpose, kind, outcome in entries(engine)} == {
        ("export outcomes: research", "export", "begun"),
        ("export outcomes: research", "account", "begun"),
        ("export outcomes: research", "export", "done 1 rows"),
    }


def stored_session(number: int, begins: float, ends: float) -> StoredSession:
    """Return a session of one conversation that lasts between two hours of a day."""
    times: dict[str, Any] = {"started_at": START + begins * HOUR, "ended_at": START + ends * HOUR}
    return StoredSession(session_id=UUID(int=number), **times)


def given(at: float, **values: Any) -> StoredOutcome:
    """Return an outcome that was given at an hour of that day."""
    return StoredOutcome(given_at=START + at * HOUR, **values)


SESSIONS = (stored_session(1, 0, 1), stored_session(2, 24, 25))


@pytest.mark.parametrize(
    ("occasion", "at", "session"),
    [
        ("before", -1, 1),
        ("before", 0.5, 1),
        ("before", 2, 2),
        ("before", 26, None),
        ("after", -1, None),
        ("after", 1.5, 1),
        ("after", 24.5, 2),
        ("later", 500, 2),
    ],
)
def test_an_outcome_belongs_to_the_session_that_its_time_tells(occasion: str, at: float, session: int | None) -> None:
    """What was given before belongs to the next session that was not over, and the rest to the last one begun."""
    found = session_of(given(at, session_id=None, occasion=occasion), SESSIONS)
    assert (None if found is None else found.int) == session


def test_an_outcome_belongs_to_the_session_that_it_names() -> None:
    """A named session counts, whatever the time says; one that is not there is none."""
    named = given(500, session_id=SESSIONS[0].session_id, occasion="after")
    assert session_of(named, SESSIONS) == SESSIONS[0].session_id
    assert session_of(named, SESSIONS[1:]) is None

"""Tables for a study are of clients who agreed and of five counsellors or more, and hold no word and no name."""

import csv
from pathlib import Path

import pytest
from sqlalchemy import Engine

from plugin.database.viewer import AccountRole, Viewer
from plugin.exports import study_export
from plugin.exports.study_export import SESSIONS, TURNS, check_folder, export_study_tables
from plugin.exports.study_turn_rows import TURN_COLUMNS
from plugin.queue.export_entries import ExportKind, ExportPurpose
from plugin.studies.tables import read_table
from stream.contracts.errors import Misconfigured
from stream.contracts.messages import Consent
from stream.contracts.vocabulary import LeftOut, Mechanism
from tests.plugin.conftest import People
from tests.plugin.exports.samples import (
    ALLOWED,
    agree_with_all,
    entries,
    export_run,
    files_in,
    no_progress,
    typed_record,
)
from tests.plugin.samples import SAID, TENANT, add_person, apply_records, left_out
from tests.plugin.sink.test_measures import of_conversation
from tests.plugin.sink.test_outcomes import outcome


def exported(engine: Engine, viewer: Viewer, folder: Path) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return the rows of both tables."""
    run = export_run(engine, viewer, ExportKind.STUDY_TABLES, ExportPurpose.RESEARCH)
    counts = export_study_tables(run, folder, no_progress)
    found = []
    for name in (SESSIONS, TURNS):
        with (folder / name).open(newline="") as file:
            found.append(list(csv.DictReader(file)))
    assert tuple(map(len, found)) == counts
    return found[0], found[1]


def counselled(engine: Engine, number: int, consent: Consent = ALLOWED) -> Viewer:
    """Store a session with a moment and an outcome for each of so many counsellors; return their supervisor."""
    supervisor = add_person(engine, "mona", AccountRole.SUPERVISOR, teams=("blue",))
    for each in range(number):
        name, conversation = f"p_{each}", f"c_{each}"
        add_person(engine, f"t{each}", AccountRole.THERAPIST, tenant=TENANT, counsellor=name, teams=("blue",))
        sent = typed_record(conversation, counsellor=name, consent=consent)
        apply_records(engine, sent, outcome("a", conversation_id=conversation, consent=consent))
        if each == 0 and consent.secondary_use:
            agree_with_all(engine, supervisor, sent)
    return supervisor


def test_a_study_reads_the_tables_as_they_are(engine: Engine, tmp_path: Path) -> None:
    """Sessions have outcomes and means, turns have levels and what the client did, in the form that studies read."""
    sessions, turns = exported(engine, counselled(engine, 5), tmp_path)
    assert (len(sessions), len(turns)) == (5, 10)
    read = read_table(tmp_path, "sessions")
    assert read.numbers("phq_9_after").notna().all()
    assert read.numbers("mean_stance_alignment").tolist() == [1] * 5
    assert read.numbers("reviewed").sum() == 1
    of_turns = read_table(tmp_path, "turns")
    of_turns.check_unique("session", "turn")
    assert of_turns.numbers("arguing").sum() == 5
    assert all(of_turns.numbers(mechanism.value).count() == 5 for mechanism in Mechanism)
    assert {row["counsellor"] for row in turns} == {row["counsellor"] for row in sessions}


def test_what_measures_say_of_the_revision_that_is_there_fills_columns(engine: Engine, tmp_path: Path) -> None:
    """Techniques stand beside levels; what was said of another revision of a session is left."""
    supervisor = counselled(engine, 5)
    apply_records(engine, of_conversation("c_0"), of_conversation("c_1", revision=2))
    sessions, turns = exported(engine, supervisor, tmp_path)
    assert [row["share_complex_reflection"] for row in sessions if row["replies"]] == ["0.5"]
    (reply,) = [row for row in turns if row["code"]]
    assert (reply["code"], reply["turn"], reply["stance_alignment"]) == ("complex_reflection", "2", "1")
    assert reply["technique_version"] == f"{of_conversation('c_0').measures[0].version} (reader sample)"
    assert {row["model_version"] for row in turns} == {"CPU baseline (weights 0.1, prompt none, rubric 0.1, schema 1)"}
    assert sum(row["went_along"] != "" for row in turns) == 1


def test_without_measures_there_are_no_columns_for_them(engine: Engine, tmp_path: Path) -> None:
    """Where no session was measured neither table has a column of measures, so a question that needs one is refused."""
    sessions, turns = exported(engine, counselled(engine, 5), tmp_path)
    assert not {"replies", "share_affirmation", "technique_version"} & sessions[0].keys()
    assert tuple(turns[0]) == TURN_COLUMNS


def test_a_session_that_was_only_measured_has_its_turns(engine: Engine, tmp_path: Path) -> None:
    """A session without a moment and without outcomes is in both tables where it was measured and its client agreed."""
    supervisor = counselled(engine, 5)
    agreed, other = (
        left_out(LeftOut.NO_RESISTANCE, conversation=name, counsellor="p_0", consent=consent)
        for name, consent in (("c_plain", ALLOWED), ("c_refused", Consent(processing=True)))
    )
    apply_records(engine, agreed, other, of_conversation("c_plain"), of_conversation("c_refused"))
    sessions, turns = exported(engine, supervisor, tmp_path)
    assert (len(sessions), len(turns)) == (6, 12)
    assert [row["moments"] for row in sessions if row["replies"]] == ["0"]


def test_nobody_and_no_word_can_be_found_in_them(engine: Engine, tmp_path: Path) -> None:
    """No word, no pseudonym of the platform and no date is in a table, and another export names nobody alike."""
    supervisor = counselled(engine, 5)
    (tmp_path / "again").mkdir()
    first, _ = exported(engine, supervisor, tmp_path)
    second, _ = exported(engine, supervisor, tmp_path / "again")
    written = "".join((tmp_path / name).read_text() for name in (SESSIONS, TURNS))
    for hidden in (*SAID, "p_client", "p_0", "c_0", "2026", "I don't"):
        assert hidden not in written
    for name in ("session", "client", "counsellor"):
        assert not {row[name] for row in first} & {row[name] for row in second}
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in (SESSIONS, TURNS)} == {0o600}


def test_fewer_than_five_counsellors_make_no_table(engine: Engine, tmp_path: Path) -> None:
    """With four counsellors nothing is written and nothing is announced, since each of them could be told."""
    supervisor = counselled(engine, 4)
    with pytest.raises(Misconfigured, match=r"of 4 counsellors\. Tables for a study are about 5 or more"):
        exported(engine, supervisor, tmp_path)
    assert files_in(tmp_path) == []
    assert entries(engine) == []


def test_only_what_clients_agreed_to_is_in_them(engine: Engine, people: People, tmp_path: Path) -> None:
    """Without consent to secondary use there is nothing to export, whoever asks."""
    supervisor = counselled(engine, 5, Consent(processing=True))
    for viewer in (supervisor, people.other_supervisor):
        with pytest.raises(Misconfigured, match="nothing to export"):
            exported(engine, viewer, tmp_path)
    with pytest.raises(Misconfigured, match="A supervisor alone exports"):
        exported(engine, people.operator, tmp_path)


def test_the_export_is_on_the_trail_of_everybody_concerned(engine: Engine, tmp_path: Path) -> None:
    """The trail has an entry of the export, one for each therapist, and one of its end."""
    exported(engine, counselled(engine, 5), tmp_path)
    found = [(purpose, kind, said) for _, purpose, kind, said in entries(engine)]
    assert found.count(("export study tables: research", "account", "begun")) == 5
    assert found[0] == ("export study tables: research", "export", "begun")
    assert found[-1] == ("export study tables: research", "export", "done 15 rows")


def test_an_export_that_breaks_off_leaves_neither_table(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where reading fails there is no file, and the trail has the beginning without an end."""

    def fail(*_: object) -> None:
        raise RuntimeError

    supervisor = counselled(engine, 5)
    monkeypatch.setattr(study_export, "turn_rows", fail)
    with pytest.raises(RuntimeError):
        exported(engine, supervisor, tmp_path)
    assert files_in(tmp_path) == []
    assert {said for *_, said in entries(engine)} == {"begun"}


def test_a_table_that_is_there_is_kept(tmp_path: Path) -> None:
    """A folder is made where there is none, and one with a table in it is refused before anybody types a password."""
    check_folder(tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    (tmp_path / "new" / TURNS).write_text("kept")
    with pytest.raises(Misconfigured, match="exists already"):
        check_folder(tmp_path / "new")
    with pytest.raises(Misconfigured, match="cannot be made"):
        check_folder(tmp_path / "new" / TURNS)

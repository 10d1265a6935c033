"""An export of criteria holds each answer with its version, for whom it may, and neither notes nor sums of anybody."""

import csv
import json
from pathlib import Path

import pytest
from sqlalchemy import Engine

from plugin.database.viewer import AccountRole, Viewer
from plugin.exports.criteria_export import export_criteria
from plugin.exports.criterion_rows import COLUMNS
from plugin.queue.criterion_views import CriterionScale, checked_wording
from plugin.queue.export_entries import ExportKind, ExportPurpose
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind
from stream.contracts.errors import Misconfigured
from tests.plugin.conftest import People
from tests.plugin.exports.samples import ALLOWED, entries, export_run, files_in, no_progress
from tests.plugin.queue.criteria_samples import (
    CANNOT_SAY,
    MOMENT,
    PACING,
    SESSION,
    TOLD,
    UNDONE,
    WARMTH,
    add,
    say,
)
from tests.plugin.samples import TENANT, add_person, apply_records, record

AGREEMENT, RESEARCH = ExportPurpose.AGREEMENT, ExportPurpose.RESEARCH
Row = dict[str, object]


def exported(engine: Engine, viewer: Viewer, folder: Path, purpose: ExportPurpose = AGREEMENT) -> list[Row]:
    """Return the rows of an export as JSON Lines."""
    out = folder / "criteria.jsonl"
    count = export_criteria(export_run(engine, viewer, ExportKind.CRITERIA, purpose), out, no_progress)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    out.unlink()
    assert len(rows) == count
    return rows


def test_a_row_is_an_answer_with_its_version(engine: Engine, store: Store, people: People, tmp_path: Path) -> None:
    """Each row has the session, the moment, the version with its question, and what was said in code and words."""
    sent = record(moments=2)
    apply_records(engine, sent)
    pacing, told = add(store, "pacing", MOMENT, PACING), add(store, "told", SESSION, TOLD)
    say(store, people.supervisor, sent, pacing, "2", moment=1)
    say(store, people.supervisor, sent, told, "no")
    of_moment, of_session = exported(engine, people.supervisor, tmp_path)
    assert tuple(of_moment) == tuple(of_session) == COLUMNS
    assert (of_moment["criterion"], of_moment["criterion_version"], of_moment["question"], of_moment["scale"]) == (
        *("pacing", 1, "Pacing", "steps"),
    )
    assert (of_moment["said"], of_moment["said_words"], of_moment["position"], of_moment["about"]) == (
        *("2", "2 at the client's pace", 1, "moment"),
    )
    assert (of_session["said"], of_session["moment"], of_session["position"], of_session["therapist"]) == (
        *("no", None, None, None),
    )
    assert (of_session["month"], of_session["language"], of_session["decision"]) == ("2026-03", "en", None)
    assert of_session["session"] == of_moment["session"]
    assert str(of_moment["therapist"]).startswith("therapist-")


def test_each_answer_has_a_row_and_the_latest_stands(
    engine: Engine, store: Store, people: People, tmp_path: Path
) -> None:
    """What was said before has a row too, by whom ever; only the latest counts unless it was undone."""
    sent = record()
    apply_records(engine, sent)
    second = add_person(engine, "nele", AccountRole.SUPERVISOR, teams=("north",))
    told, warmth = add(store, "told", SESSION, TOLD), add(store, "warmth", MOMENT, WARMTH)
    say(store, people.supervisor, sent, told, "no")
    say(store, people.supervisor, sent, warmth, CANNOT_SAY)
    say(store, people.supervisor, sent, warmth, UNDONE)
    store.criteria.change(told.criterion_id, 1, checked_wording("Told well?", TOLD.scale, (), shared=False))
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.WITHHELD)
    say(store, second, sent, store.criteria.named("told"), "yes")
    rows = exported(engine, people.supervisor, tmp_path)
    said = [(row["criterion"], row["criterion_version"], row["said"], row["said_words"], row["stands"]) for row in rows]
    assert said == [
        ("told", 1, "no", "No", False),
        ("warmth", 1, "cannot_say", "Cannot say", False),
        ("warmth", 1, "undone", None, False),
        ("told", 2, "yes", "Yes", True),
    ]
    assert len({row["supervisor"] for row in rows}) == 2
    assert {row["decision"] for row in rows} == {"withheld"}
    assert [row["shared"] for row in rows] == [True, False, False, False]


def test_neither_note_nor_name_nor_stored_id_is_in_it(
    engine: Engine, store: Store, people: People, tmp_path: Path
) -> None:
    """The file has no note, no word of the conversation, no name, no stored id or pseudonym, and no exact time."""
    sent = record(client_text="canary of the client")
    apply_records(engine, sent)
    told, warmth = add(store, "told", SESSION, TOLD), add(store, "warmth", MOMENT, WARMTH)
    say(store, people.supervisor, sent, told, "no", "canary of the note")
    say(store, people.supervisor, sent, warmth, "weak", "another canary")
    for name in ("criteria.csv", "criteria.jsonl"):
        out = tmp_path / name
        export_criteria(export_run(engine, people.supervisor, ExportKind.CRITERIA, AGREEMENT), out, no_progress)
        whole = out.read_text()
        for hidden in (
            *("canary", "p_ana", "p_client", "c_sample", "Mara", "Ana", TENANT, "2026-03-03"),
            *(str(people.supervisor.user_id), str(sent.session_id), str(sent.exchanges[0].exchange_id)),
            str(told.criterion_id),
        ):
            assert hidden not in whole, hidden


def test_another_teams_answers_are_not_in_it(engine: Engine, store: Store, people: People, tmp_path: Path) -> None:
    """A supervisor exports the answers about the sessions of their own teams alone."""
    north, south = record(conversation="c_north"), record(conversation="c_south", counsellor="p_ben")
    apply_records(engine, north, south)
    told = add(store, "told", SESSION, TOLD)
    say(store, people.supervisor, north, told, "no")
    say(store, people.other_supervisor, south, told, "yes")
    assert [row["said"] for row in exported(engine, people.supervisor, tmp_path)] == ["no"]
    assert [row["said"] for row in exported(engine, people.other_supervisor, tmp_path)] == ["yes"]


@pytest.mark.parametrize("name", ["ana", "operator"])
def test_nobody_but_a_supervisor_exports_criteria(
    engine: Engine, store: Store, people: People, tmp_path: Path, name: str
) -> None:
    """A therapist and an operator are refused, no file is made, and the trail has no line of an export."""
    sent = record()
    apply_records(engine, sent)
    say(store, people.supervisor, sent, add(store, "told", SESSION, TOLD), "no")
    with pytest.raises(Misconfigured, match="supervisor"):
        exported(engine, getattr(people, name), tmp_path)
    assert files_in(tmp_path) == []
    assert entries(engine) == []


def test_research_needs_consent_to_secondary_use(engine: Engine, store: Store, people: People, tmp_path: Path) -> None:
    """For research only sessions of clients who agreed are exported, and without one there is nothing to export."""
    refused, allowed = record(conversation="c_no"), record(conversation="c_yes", consent=ALLOWED)
    apply_records(engine, refused, allowed)
    told = add(store, "told", SESSION, TOLD)
    with pytest.raises(Misconfigured, match="nothing to export"):
        exported(engine, people.supervisor, tmp_path)
    say(store, people.supervisor, refused, told, "no")
    with pytest.raises(Misconfigured, match="nothing to export"):
        exported(engine, people.supervisor, tmp_path, RESEARCH)
    say(store, people.supervisor, allowed, told, "yes")
    assert [row["said"] for row in exported(engine, people.supervisor, tmp_path, RESEARCH)] == ["yes"]
    assert len(exported(engine, people.supervisor, tmp_path)) == 2


def test_the_trail_says_who_exported_about_whom(engine: Engine, store: Store, people: People, tmp_path: Path) -> None:
    """The entries of an export name the therapists concerned before anything is read, and its end the rows."""
    sent = record()
    apply_records(engine, sent)
    say(store, people.supervisor, sent, add(store, "told", SESSION, TOLD), "no")
    exported(engine, people.supervisor, tmp_path)
    mara = str(people.supervisor.user_id)
    assert entries(engine) == [
        (mara, "export criteria: agreement", "export", "begun"),
        (mara, "export criteria: agreement", "account", "begun"),
        (mara, "export criteria: agreement", "export", "done 1 rows"),
    ]


def test_hostile_wordings_stay_in_their_cells(engine: Engine, store: Store, people: People, tmp_path: Path) -> None:
    """A question or a step that looks like a formula is made inert in CSV, and makes no row of its own."""
    sent = record()
    apply_records(engine, sent)
    steps = ("=1+1", "@SUM(1)", '",\n"', "<script>")
    formula = "=HYPERLINK(1)"
    asked = add(store, "hostile", SESSION, checked_wording(formula, CriterionScale.STEPS, steps, shared=False))
    say(store, people.supervisor, sent, asked, "2", "=note")
    out = tmp_path / "criteria.csv"
    run = export_run(engine, people.supervisor, ExportKind.CRITERIA, AGREEMENT)
    assert export_criteria(run, out, no_progress) == 1
    with out.open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["question"], row["said_words"]) == (f"'{formula}", '2 ", "')

"""An export of reviews holds each statement with what was said of it, for whom it may, and no word unless asked."""

import csv
import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from plugin.database.viewer import AccountRole, Viewer
from plugin.exports import review_export, scope
from plugin.exports.review_export import export_reviews
from plugin.exports.review_rows import COLUMNS, TEXT_COLUMNS
from plugin.queue.export_entries import ExportKind, ExportPurpose
from plugin.queue.statements import MOMENT, STRENGTHS, VERDICT, level_of, rating_of, suggestion
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind
from stream.contracts.errors import Misconfigured
from stream.contracts.rubric import RUBRIC_VERSION
from stream.contracts.vocabulary import Level, Mechanism, NeedsHuman, SessionState
from tests.plugin.conftest import People
from tests.plugin.exports.samples import (
    AGREED,
    ALLOWED,
    STRONG,
    UNCLEAR,
    UNDONE,
    entries,
    export_run,
    files_in,
    judge,
    no_progress,
    typed_record,
)
from tests.plugin.samples import (
    KEK,
    MODEL,
    NOW,
    REJECTED,
    SAID,
    TENANT,
    add_person,
    answered,
    apply_records,
    record,
    without_content,
)

AUTONOMY = Mechanism.RESPECT_FOR_AUTONOMY
REVIEWS, WITH_TEXT = ExportKind.REVIEWS, ExportKind.REVIEWS_WITH_TEXT
QUALITY, RESEARCH = ExportPurpose.MODEL_QUALITY, ExportPurpose.RESEARCH
Row = dict[str, object]


def exported(
    engine: Engine,
    viewer: Viewer,
    folder: Path,
    kind: ExportKind = REVIEWS,
    purpose: ExportPurpose = QUALITY,
    name: str = "reviews.jsonl",
) -> list[Row]:
    """Return the rows of an export as JSON Lines."""
    out = folder / name
    count = export_reviews(export_run(engine, viewer, kind, purpose), out, no_progress)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    out.unlink()
    assert len(rows) == count
    return rows


def about(rows: list[Row], statement: object) -> list[Row]:
    """Return the rows about a statement."""
    return [row for row in rows if row["statement"] == str(statement)]


def test_a_row_is_a_statement_of_a_model(engine: Engine, people: People, tmp_path: Path) -> None:
    """Each row has the session, the moment, the model with its rubric, and what the model says, and no judgement."""
    apply_records(engine, typed_record())
    rows = exported(engine, people.supervisor, tmp_path)
    assert [row["statement"] for row in rows] == [
        "moment",
        "verdict",
        *(f"rating:{mechanism}" for mechanism in Mechanism),
    ]
    assert all(tuple(row) == COLUMNS for row in rows)
    (row,) = about(rows, rating_of(AUTONOMY))
    assert (row["verdict"], row["resistance_type"], row["level"]) == ("confirmed", "discounting", 1)
    assert (row["model"], row["model_weights"], row["model_rubric"]) == (MODEL.name, MODEL.weights, MODEL.rubric)
    assert (row["month"], row["language"], row["decision"], row["shown"]) == ("2026-03", "en", None, True)
    assert (row["judgement"], row["supervisor"], row["stands"]) == (None, None, None)


def test_each_judgement_has_a_row(engine: Engine, people: People, tmp_path: Path) -> None:
    """What was said of a statement stands beside it, first things first, and only the latest counts unless undone."""
    sent = typed_record()
    apply_records(engine, sent)
    judge(
        engine,
        people.supervisor,
        sent,
        (VERDICT, AGREED),
        (rating_of(AUTONOMY), UNCLEAR),
        (rating_of(AUTONOMY), AGREED),
        (level_of(AUTONOMY), STRONG),
        (STRENGTHS, UNCLEAR),
        (suggestion(1), AGREED),
        (suggestion(1), UNDONE),
    )
    rows = exported(engine, people.supervisor, tmp_path)
    said = [(row["judgement"], row["reason"], row["stands"]) for row in about(rows, rating_of(AUTONOMY))]
    assert said == [("withheld", "unclear", False), ("agreed", None, True)]
    (own,) = about(rows, level_of(AUTONOMY))
    assert (own["level"], own["own_level"], own["supervisor_rubric"]) == (1, 2, RUBRIC_VERSION)
    (strengths,) = about(rows, STRENGTHS)
    assert (strengths["judgement"], strengths["stands"]) == ("withheld", True)
    assert [row["stands"] for row in about(rows, suggestion(1))] == [False, False]
    assert not about(rows, level_of(Mechanism.STANCE_ALIGNMENT))


def test_abstentions_and_rejections_have_rows_too(engine: Engine, people: People, tmp_path: Path) -> None:
    """An abstention has its reason and no level; a rejected moment its verdict alone."""
    apply_records(
        engine,
        record(conversation="c_1", abstain=NeedsHuman.MODEL_FAILED),
        answered(record(conversation="c_2", moments=2), {}, REJECTED),
    )
    rows = exported(engine, people.supervisor, tmp_path)
    (abstained,) = [row for row in rows if row["abstained"]]
    assert (abstained["statement"], abstained["abstained"], abstained["verdict"]) == ("moment", "model_failed", None)
    rejected = [row["statement"] for row in rows if row["verdict"] == "rejected"]
    assert rejected == ["moment", "verdict"]


def test_the_decision_about_the_present_revision_stands_in_each_row(
    engine: Engine, people: People, tmp_path: Path
) -> None:
    """A row says whether the session is released or withheld as it is now; an older decision does not count."""
    sent = record()
    apply_records(engine, sent)
    Store(engine, KEK, now=lambda: NOW).decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    assert {row["decision"] for row in exported(engine, people.supervisor, tmp_path)} == {"released"}
    apply_records(engine, record(revision=2))
    assert {row["decision"] for row in exported(engine, people.supervisor, tmp_path)} == {None}


# --- who may export what ---


def test_another_team_and_another_platform_are_not_in_it(engine: Engine, people: People, tmp_path: Path) -> None:
    """A supervisor exports the sessions of their own teams alone: none of another team, of no team, or reopened."""
    closed = record(conversation="c_open")
    apply_records(
        engine,
        record(conversation="c_north"),
        record(conversation="c_south", counsellor="p_ben"),
        record(conversation="c_nobody", counsellor="p_new"),
        record(conversation="c_other", tenant="elsewhere"),
        closed,
        without_content(closed, state=SessionState.REOPENED),
    )
    ours = {row["session"] for row in exported(engine, people.supervisor, tmp_path)}
    theirs = {row["session"] for row in exported(engine, people.other_supervisor, tmp_path)}
    assert (len(ours), len(theirs)) == (1, 1)
    assert not ours & theirs


@pytest.mark.parametrize("name", ["ana", "operator"])
def test_nobody_but_a_supervisor_exports_reviews(engine: Engine, people: People, tmp_path: Path, name: str) -> None:
    """A therapist and an operator are refused, no file is made, and the trail has no line of an export."""
    apply_records(engine, record())
    with pytest.raises(Misconfigured, match="supervisor"):
        exported(engine, getattr(people, name), tmp_path)
    assert files_in(tmp_path) == []
    assert entries(engine) == []


def test_research_needs_consent_to_secondary_use(engine: Engine, people: People, tmp_path: Path) -> None:
    """For research only sessions of clients who agreed are exported, and without one there is nothing to export."""
    apply_records(engine, record(conversation="c_no"))
    with pytest.raises(Misconfigured, match="nothing to export"):
        exported(engine, people.supervisor, tmp_path, purpose=RESEARCH)
    apply_records(engine, record(conversation="c_yes", consent=ALLOWED))
    everything = {row["conversation"] for row in exported(engine, people.supervisor, tmp_path)}
    allowed = {row["conversation"] for row in exported(engine, people.supervisor, tmp_path, purpose=RESEARCH)}
    assert len(everything) == 2
    assert len(allowed) == 1
    assert allowed < everything


# --- pseudonyms and text ---


def test_no_text_no_name_and_no_stored_id_is_in_it(engine: Engine, people: People, tmp_path: Path) -> None:
    """Without the option the file has no words, no names, no pseudonyms or ids of the database, and no exact times."""
    sent = typed_record(client_text="=HYPERLINK canary")
    apply_records(engine, sent)
    judge(engine, people.supervisor, sent, (STRENGTHS, AGREED), (suggestion(1), AGREED))
    for name in ("reviews.csv", "reviews.jsonl"):
        out = tmp_path / name
        export_reviews(export_run(engine, people.supervisor), out, no_progress)
        whole = out.read_text()
        for hidden in (
            *("canary", "How far the reply", "takes the client", "worth your time", SAID[1][:15]),
            *("p_ana", "p_client", "c_sample", "Mara", "Ana", TENANT, str(people.supervisor.user_id), "2026-03-02"),
            *(str(sent.session_id), str(sent.exchanges[0].exchange_id), str(sent.assessments[0].assessment_id)),
        ):
            assert hidden not in whole, hidden


def test_pseudonyms_are_the_same_in_the_next_export(engine: Engine, people: People, tmp_path: Path) -> None:
    """A therapist, a supervisor, a conversation and a session keep their pseudonyms from one export to the next."""
    sent = record()
    apply_records(engine, sent, record(conversation="c_2"))
    judge(engine, people.supervisor, sent, (VERDICT, AGREED))
    first, second = (exported(engine, people.supervisor, tmp_path) for _ in range(2))
    assert first == second
    assert len({row["therapist"] for row in first}) == 1
    assert len({row["conversation"] for row in first}) == 2


def test_text_is_de_identified_and_only_of_clients_who_agreed(engine: Engine, people: People, tmp_path: Path) -> None:
    """With the option the turn, the reply and the model's words are there, without names and numbers."""
    said = "My name is Karola and Ana said call +49 30 901820."
    apply_records(engine, typed_record("c_yes", client_text=said), record(conversation="c_no"))
    rows = exported(engine, people.supervisor, tmp_path, WITH_TEXT)
    assert all(tuple(row) == (*COLUMNS, *TEXT_COLUMNS) for row in rows)
    allowed = [row for row in rows if row["client_turn"]]
    assert {row["resistance_type"] for row in allowed} == {"discounting"}
    assert len({row["session"] for row in rows}) == 2
    for row in allowed:
        for hidden in ("Karola", "Ana", "901820"):
            assert hidden not in str(row["client_turn"])
        assert row["reply"] == SAID[1]
    (rated,) = about(allowed, rating_of(AUTONOMY))
    assert rated["words"] == f"How far the reply expresses {AUTONOMY.value}."


def test_hostile_text_stays_in_its_cell(engine: Engine, people: People, tmp_path: Path) -> None:
    """A client's text that looks like a formula is made inert in CSV, and no text makes a row of its own."""
    apply_records(engine, typed_record(client_text='=cmd|calc!A0",\r\n+1,"\u202e<script>'))
    out = tmp_path / "reviews.csv"
    count = export_reviews(export_run(engine, people.supervisor, WITH_TEXT), out, no_progress)
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == count
    assert all(row["client_turn"].startswith("'=cmd") for row in rows)


# --- the trail ---


def test_the_trail_names_the_export_and_each_therapist(engine: Engine, people: People, tmp_path: Path) -> None:
    """Before anything is read there is an entry of the export and of each therapist; its end has one more."""
    apply_records(engine, record(), record(conversation="c_2"))
    exported(engine, people.supervisor, tmp_path)
    mara = str(people.supervisor.user_id)
    assert entries(engine) == [
        (mara, "export reviews: model-quality", "export", "begun"),
        (mara, "export reviews: model-quality", "account", "begun"),
        (mara, "export reviews: model-quality", "export", "done 12 rows"),
    ]
    assert entries(engine, f"object_id = '{people.ben.user_id}'") == []


def test_each_reading_of_text_is_on_the_trail(engine: Engine, people: People, tmp_path: Path) -> None:
    """With text each session that is opened has an entry, and a session of a client who did not agree is not opened."""
    allowed = typed_record("c_yes")
    apply_records(engine, allowed, record(conversation="c_no"))
    exported(engine, people.supervisor, tmp_path, WITH_TEXT)
    (opened,) = entries(engine, "object_type = 'session'")
    assert opened[1:] == ("export reviews with text: model-quality", "session", "done")
    with engine.begin() as connection:
        query = text("SELECT object_id FROM audit WHERE object_type = 'session' AND purpose LIKE 'export%'")
        assert connection.execute(query).scalars().all() == [str(allowed.session_id)]


def test_an_interrupted_export_leaves_its_beginning_on_the_trail_alone(
    engine: Engine, people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When an export is broken off there is no file and no part of one, and the therapist's entry stays."""
    apply_records(engine, record())

    def broken_off(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(review_export, "read_reviews", broken_off)
    with pytest.raises(KeyboardInterrupt):
        exported(engine, people.supervisor, tmp_path)
    assert files_in(tmp_path) == []
    assert [entry[2:] for entry in entries(engine)] == [("export", "begun"), ("account", "begun")]


def test_many_sessions_are_read_in_portions(
    engine: Engine, people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sessions are read a few at a time, and each is in the file once."""
    monkeypatch.setattr(scope, "SESSIONS_AT_ONCE", 2)
    sent = [record(conversation=f"c_{number}", level=Level.STRONG) for number in range(5)]
    apply_records(engine, *sent)
    rows = exported(engine, people.supervisor, tmp_path)
    assert len({row["session"] for row in rows}) == 5
    assert len(about(rows, MOMENT)) == 5


def test_a_platform_without_a_key_ends_the_export_before_its_first_line(
    engine: Engine, people: People, tmp_path: Path
) -> None:
    """A platform that the settings do not name leaves no file and no entry."""
    add_person(engine, "kim", AccountRole.THERAPIST, teams=("north",), tenant="elsewhere", counsellor="p_kim")
    apply_records(engine, record(tenant="elsewhere", counsellor="p_kim"))
    with pytest.raises(Misconfigured, match="no tenant elsewhere"):
        exported(engine, people.supervisor, tmp_path)
    assert files_in(tmp_path) == []
    assert entries(engine) == []

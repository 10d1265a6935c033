"""Reviewed exchanges are exported in the form that the training recipe reads, of clients who agreed alone."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from plugin.database.viewer import Viewer
from plugin.exports.training_export import export_training
from plugin.exports.training_lines import TrainingArm
from plugin.queue.export_entries import ExportKind, ExportPurpose
from plugin.queue.statements import MOMENT, STRENGTHS, VERDICT, level_of, rating_of, suggestion
from stream.contracts.errors import Misconfigured
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import Consent
from stream.contracts.vocabulary import Level, Mechanism
from stream.feedback.models.answer import parse_answer
from tests.plugin.conftest import People
from tests.plugin.exports.samples import (
    AGREED,
    STRONG,
    UNCLEAR,
    UNDONE,
    WHOLE,
    agree_with_all,
    entries,
    export_run,
    files_in,
    judge,
    no_progress,
    typed_record,
)
from tests.plugin.samples import SAID, apply_records, record
from training.feedback.annotated import build_training_set, read_annotated
from training.feedback.data import Arm, levels_of, reasons_of

AUTONOMY, STANCE, *_ = Mechanism
REASONS, LABELS = TrainingArm.REASONS, TrainingArm.LABELS


def exported(engine: Engine, viewer: Viewer, out: Path, arm: TrainingArm = REASONS) -> list[dict[str, Any]]:
    """Return the lines of an export; the file stays."""
    run = export_run(engine, viewer, ExportKind.TRAINING, ExportPurpose.MODEL_TRAINING)
    out.unlink(missing_ok=True)
    count = export_training(run, out, arm, no_progress)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(lines) == count
    return lines


def reviewed(engine: Engine, people: People, conversation: str = "c_1", **more: Any) -> FeedbackRecord:
    """Return a stored session with whose every statement the supervisor agreed."""
    sent = typed_record(conversation, **more)
    apply_records(engine, sent)
    agree_with_all(engine, people.supervisor, sent)
    return sent


def test_the_recipe_reads_every_line(engine: Engine, people: People, tmp_path: Path) -> None:
    """The recipe builds its training data from the file in both arms, with the levels, reasons and quotations."""
    reviewed(engine, people)
    out = tmp_path / "exchanges.jsonl"
    (line,) = exported(engine, people.supervisor, out)
    assert (line["client"], line["reply"], line["resistance_type"], line["reviewers"]) == (*SAID, "discounting", 1)
    (item,) = build_training_set(read_annotated(out), Arm.REASONS).items
    answer = parse_answer(item.output.encode())
    assert levels_of(answer) == (Level.WEAK,) * 4
    assert f"reply expresses {AUTONOMY.value}" in reasons_of(answer)
    assert answer.ratings[0].evidence[0].quote == SAID[1][:15].strip()
    assert len(answer.strengths) == 1
    assert len(answer.alternatives) == 1
    assert (item.session, item.group) == (line["session"], line["group"])
    assert build_training_set(read_annotated(out), Arm.LABELS).items


def test_without_consent_nothing_is_written(engine: Engine, people: People, tmp_path: Path) -> None:
    """A session without consent to secondary use is neither opened nor written, however thoroughly it was reviewed."""
    reviewed(engine, people, consent=Consent(processing=True))
    with pytest.raises(Misconfigured, match="consent to secondary use"):
        exported(engine, people.supervisor, tmp_path / "a.jsonl")
    assert files_in(tmp_path) == []
    assert entries(engine) == []
    reviewed(engine, people, "c_2")
    assert len(exported(engine, people.supervisor, tmp_path / "a.jsonl")) == 1
    assert len(entries(engine, "object_type = 'session'")) == 1


def test_a_revision_without_consent_takes_the_session_back(engine: Engine, people: People, tmp_path: Path) -> None:
    """When an edit takes the consent to secondary use back, the next export no longer has the session."""
    sent = reviewed(engine, people)
    taken_back = sent.model_copy(update={"revision": 2, "consent": Consent(processing=True)})
    apply_records(engine, taken_back)
    with pytest.raises(Misconfigured, match="nothing to export"):
        exported(engine, people.supervisor, tmp_path / "a.jsonl")


@pytest.mark.parametrize("missing", WHOLE, ids=str)
def test_silence_is_no_agreement(engine: Engine, people: People, tmp_path: Path, missing: object) -> None:
    """With one statement unjudged there is no line for the arm reasons, except of strengths and suggestions."""
    sent = typed_record()
    apply_records(engine, sent)
    judge(engine, people.supervisor, sent, *((statement, AGREED) for statement in WHOLE if statement != missing))
    if missing in {STRENGTHS, suggestion(1)}:
        (line,) = exported(engine, people.supervisor, tmp_path / "a.jsonl")
        assert not line["strengths" if missing == STRENGTHS else "alternatives"]
        return
    with pytest.raises(Misconfigured, match="nothing to export"):
        exported(engine, people.supervisor, tmp_path / "a.jsonl")
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("opinion", [UNCLEAR, UNDONE], ids=["withheld", "undone"])
def test_what_was_withheld_or_undone_is_not_taught(
    engine: Engine, people: People, tmp_path: Path, opinion: Any
) -> None:
    """A rating that was withheld, or on which the agreement was undone, takes its moment out of both arms."""
    sent = reviewed(engine, people)
    judge(engine, people.supervisor, sent, (rating_of(STANCE), opinion))
    for arm in TrainingArm:
        with pytest.raises(Misconfigured, match="nothing to export"):
            exported(engine, people.supervisor, tmp_path / "a.jsonl", arm)


@pytest.mark.parametrize("statement", [MOMENT, VERDICT], ids=str)
def test_a_moment_that_was_kept_back_is_not_taught(
    engine: Engine, people: People, tmp_path: Path, statement: Any
) -> None:
    """A moment that a supervisor kept back, or called no resistance, is in no line."""
    sent = reviewed(engine, people)
    judge(engine, people.supervisor, sent, (statement, UNCLEAR))
    with pytest.raises(Misconfigured, match="nothing to export"):
        exported(engine, people.supervisor, tmp_path / "a.jsonl", LABELS)


def test_an_own_level_is_taught_in_the_place_of_the_models(engine: Engine, people: People, tmp_path: Path) -> None:
    """The arm labels has a supervisor's own level; the arm reasons leaves out the moment, whose reason fits no more."""
    sent = reviewed(engine, people)
    judge(engine, people.supervisor, sent, (level_of(AUTONOMY), STRONG))
    out = tmp_path / "a.jsonl"
    (line,) = exported(engine, people.supervisor, out, LABELS)
    assert (line["levels"][AUTONOMY], line["levels"][STANCE]) == (2, 1)
    assert "reasons" not in line
    (item,) = build_training_set(read_annotated(out), Arm.LABELS).items
    assert levels_of(parse_answer(item.output.encode()))[0] is Level.STRONG
    with pytest.raises(Misconfigured, match="nothing to export"):
        exported(engine, people.supervisor, out)


def test_names_and_numbers_are_hidden(engine: Engine, people: People, tmp_path: Path) -> None:
    """The therapist's name, a name that is introduced, and a number are replaced in every field."""
    reviewed(engine, people, client_text="My name is Karola. Ana, write to me at karola@example.org, \u202eor not!\n=1")
    whole = json.dumps(exported(engine, people.supervisor, tmp_path / "a.jsonl"))
    for hidden in ("Karola", "karola@", "Ana,", "p_ana", "p_client", "c_1", "Mara"):
        assert hidden not in whole, hidden
    assert "or not!" in whole


def test_exchanges_of_one_conversation_are_never_split(engine: Engine, people: People, tmp_path: Path) -> None:
    """Two sessions of one conversation have one group, and another conversation has another."""
    for conversation in ("c_1", "c_2"):
        reviewed(engine, people, conversation)
    later = record().started_at.replace(day=20)
    reviewed(engine, people, "c_1", started_at=later)
    lines = exported(engine, people.supervisor, tmp_path / "a.jsonl")
    assert (len({line["session"] for line in lines}), len({line["group"] for line in lines})) == (3, 2)


def test_another_team_is_not_in_it(engine: Engine, people: People, tmp_path: Path) -> None:
    """A supervisor exports no exchange of another team, and no other role exports any."""
    reviewed(engine, people)
    for viewer in (people.other_supervisor, people.ana, people.operator):
        with pytest.raises(Misconfigured):
            exported(engine, viewer, tmp_path / "a.jsonl")
    assert files_in(tmp_path) == []


def test_the_trail_has_the_export_the_therapist_and_each_session(
    engine: Engine, people: People, tmp_path: Path
) -> None:
    """The trail names the export, the therapist, each session that was opened, and the end."""
    reviewed(engine, people)
    exported(engine, people.supervisor, tmp_path / "a.jsonl")
    assert [entry[1:] for entry in entries(engine)] == [
        ("export training: model-training", "export", "begun"),
        ("export training: model-training", "account", "begun"),
        ("export training: model-training", "session", "done"),
        ("export training: model-training", "export", "done 1 rows"),
    ]

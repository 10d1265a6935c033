"""The committed questions run on the tables of a service: stored sessions with moments, measures and outcomes."""

import json
import random
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine
from threadpoolctl import threadpool_limits
from typer.testing import CliRunner

from plugin.cli import app
from plugin.database.viewer import AccountRole
from plugin.exports.study_export import export_study_tables
from plugin.local.paths import ROOT
from plugin.queue.export_entries import ExportKind, ExportPurpose
from stream.contracts.errors import Misconfigured
from stream.contracts.measures import MeasuredTurn, MeasureFinding, MeasuresRecord, TakenMeasure
from stream.contracts.outcomes import Instrument, Occasion
from stream.contracts.rubric import Technique
from stream.contracts.vocabulary import ResistanceType, Role
from stream.measures.registry import MEASURES
from tests.plugin.conftest import empty
from tests.plugin.exports.samples import ALLOWED, export_run, no_progress
from tests.plugin.samples import REJECTED, START, TENANT, add_person, answered, apply_records, record
from tests.plugin.sink.test_outcomes import outcome

QUESTIONS = ROOT / "training" / "studies" / "questions"
FIT = ("mibot-techniques", "service/techniques", "service/turns")
SESSIONS, COUNSELLORS, MOMENTS = 24, 6, 6
TURNS = [12 + 2 * (number % 5) for number in range(SESSIONS)]
"""Turns of each session: as many of the client as of the counsellor, and not as many in each."""
PAIRS = sum(turns // 2 - 1 for turns in TURNS)
SHOWN = {measure.card.name: tuple(each.name for each in measure.card.quantities if each.shown) for measure in MEASURES}
OFTEN = list(Technique)[:10]
"""Techniques up to confrontation, among them all that questions ask about; each is in ten sessions or more."""
GIVEN = (
    (Instrument.RATING, Occasion.AFTER, 1, 5),
    (Instrument.CARE, Occasion.AFTER, 20, 50),
    *((Instrument.CONFIDENCE_RULER, occasion, 0, 10) for occasion in Occasion),
)
PEAK = 4.75
"""A number that no card shows."""


def findings(turns: int, draw: random.Random) -> tuple[TakenMeasure, ...]:
    """Return what measures say of a session: techniques, dynamics with a dimension that is not shown, and a peak."""
    technique, dynamics = [], []
    for turn in range(1, turns + 1):
        if turn % 2:
            dynamics.append(MeasureFinding(quantity="self_directed_emotion", turn=turn, number=draw.uniform(1, 5)))
            continue
        heard = draw.sample(OFTEN, 2)
        technique += [
            MeasureFinding(quantity="main_technique", turn=turn, labels=(heard[0],)),
            MeasureFinding(quantity="techniques", turn=turn, labels=tuple(t for t in Technique if t in heard)),
        ]
        dynamics += [
            MeasureFinding(quantity="empathy", turn=turn, number=draw.uniform(1, 5)),
            MeasureFinding(quantity="exploration", turn=turn, number=draw.uniform(1, 5)),
            MeasureFinding(quantity="rapport", turn=turn, number=PEAK),
        ]
    technique += [MeasureFinding(quantity=f"share_{each}", number=1 / len(Technique)) for each in Technique]
    return (
        TakenMeasure(name="technique", version="1", shown=SHOWN["technique"], findings=tuple(technique)),
        TakenMeasure(name="dynamics", version="1", shown=SHOWN["dynamics"], findings=tuple(dynamics)),
        TakenMeasure(name="trajectory", version="1", findings=(MeasureFinding(quantity="peak", number=PEAK),)),
    )


def measures(conversation: str, session_id: UUID, counsellor: str, turns: int, draw: random.Random) -> MeasuresRecord:
    """Return what measures say of a session of turns of one message each, of which the first ones are moments."""
    return MeasuresRecord(
        tenant=TENANT,
        conversation_id=conversation,
        session_id=session_id,
        revision=1,
        first_appended_at=START,
        last_appended_at=START + timedelta(minutes=45),
        clients=("p_client",),
        counsellors=(counsellor,),
        reader="sample",
        turns=tuple(
            MeasuredTurn(role=Role.CLIENT if turn % 2 else Role.COUNSELLOR, message_ids=(f"m-{turn}",))
            for turn in range(1, turns + 1)
        ),
        measures=findings(turns, draw),
    )


@pytest.fixture(scope="module")
def tables(owner: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the tables of 24 sessions of six counsellors, in each of which a client resists at times."""
    empty(owner)
    supervisor = add_person(owner, "mona", AccountRole.SUPERVISOR, teams=("blue",), tenant=TENANT)
    draw = random.Random(15)
    for number, turns in enumerate(TURNS):
        conversation, counsellor = f"c_{number}", f"p_{number % COUNSELLORS}"
        said = [
            draw.choice(
                [REJECTED, {"resistance_type": ResistanceType.DISCOUNTING}, {"resistance_type": ResistanceType.BLAMING}]
            )
            for _ in range(MOMENTS)
        ]
        sent = answered(
            record(conversation=conversation, counsellor=counsellor, moments=MOMENTS, consent=ALLOWED), *said
        )
        given = [
            outcome(
                f"{instrument}-{occasion}",
                conversation_id=conversation,
                instrument=instrument,
                occasion=occasion,
                score=draw.randint(low, high),
                given_at=START + timedelta(hours=-1 if occasion is Occasion.BEFORE else 1),
            )
            for instrument, occasion, low, high in GIVEN
        ]
        apply_records(owner, sent, measures(conversation, sent.session_id, counsellor, turns, draw), *given)
    folder = tmp_path_factory.mktemp("tables")
    run = export_run(owner, supervisor, ExportKind.STUDY_TABLES, ExportPurpose.RESEARCH)
    assert export_study_tables(run, folder, no_progress) == (SESSIONS, sum(TURNS))
    return folder


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Keep the models of these small tables to one thread each."""
    with threadpool_limits(limits=1):
        yield


def asked(name: str, tables: Path, out: Path) -> str:
    """Run `counterpoint study run` with a committed question, and return what it prints.

    Raises:
        Misconfigured: the tables lack what it asks for.
    """
    arguments = ["study", "run", str(QUESTIONS / f"{name}.toml"), "--tables", str(tables), "--out", str(out)]
    result = CliRunner().invoke(app, arguments)
    if isinstance(result.exception, Misconfigured):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("name", FIT)
def test_a_question_that_fits_is_answered(tables: Path, tmp_path: Path, name: str) -> None:
    """The question runs as it is, on all sessions or pairs of turns, and each effect that it is about is estimated."""
    said = asked(name, tables, tmp_path)
    assert said.startswith(f"n = {SESSIONS} sessions"), said
    assert "could not be estimated" not in said
    report = json.loads((tmp_path / "report.json").read_text())
    equations = report["figures"].get("equations", [report["figures"]])
    rows = {effect["rows"] for equation in equations for effect in equation["effects"]}
    assert rows == {PAIRS if name.endswith("turns") else SESSIONS}


def test_every_other_question_says_what_a_service_does_not_have(tables: Path, tmp_path: Path) -> None:
    """A question that does not fit is refused with what is missing, and the page names it beside the question."""
    page = (ROOT / "docs" / "systems" / "README.md").read_text()
    lacking = {}
    for path in sorted(QUESTIONS.rglob("*.toml")):
        name = str(path.relative_to(QUESTIONS).with_suffix(""))
        if name not in FIT:
            with pytest.raises(Misconfigured) as caught:
                asked(name, tables, tmp_path)
            found = re.search(r"has no column (\w+)|needs one of (\w+\.csv)", str(caught.value))
            assert found, str(caught.value)
            lacking[name] = next(filter(None, found.groups()))
    assert lacking
    for name, missing in lacking.items():
        (line,) = [line for line in page.splitlines() if line.startswith("|") and f"[{name}]" in line]
        assert f"`{missing}`" in line


def test_tables_of_two_versions_are_refused_unless_the_question_says_why(tables: Path, tmp_path: Path) -> None:
    """Where a measure was replaced between sessions the study of them is refused; with a reason it says so on top."""
    head, first, *others = (tables / "sessions.csv").read_text().splitlines(keepends=True)
    assert "1 (reader sample)" in first
    (tmp_path / "sessions.csv").write_text("".join((head, first.replace("1 (reader", "2 (reader"), *others)))
    (tmp_path / "turns.csv").write_text((tables / "turns.csv").read_text())
    with pytest.raises(Misconfigured, match=r"sessions.csv: technique version 1 .* and 2 \(reader sample\) \(1 row\)"):
        asked("service/techniques", tmp_path, tmp_path / "report")
    reason = 'versions_mixed_because = "they say the same of the same sessions"\n'
    (tmp_path / "question.toml").write_text(reason + (QUESTIONS / "service" / "techniques.toml").read_text())
    said = asked(str(tmp_path / "question"), tmp_path, tmp_path / "report")
    assert "stand side by side: they say the same of the same sessions." in said
    assert "2 (reader sample) (1 row)" in (tmp_path / "report" / "methods.txt").read_text()


def test_nothing_that_no_card_shows_is_in_the_tables(tables: Path) -> None:
    """Numbers of rapport and of the peak of distress, which were stored, stand in neither table."""
    written = "".join((tables / name).read_text() for name in ("sessions.csv", "turns.csv"))
    assert "holds_affirmation" in written
    assert not {str(PEAK), "rapport", "peak"} & set(re.split(r"[,\r\n]", written))

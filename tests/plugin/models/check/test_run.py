"""The whole check of the baseline: its report, what it keeps when cut short, and its activation."""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from plugin.cli import app
from plugin.local.paths import ROOT
from plugin.local.triton import TritonServer
from plugin.models.activate import activate_model
from plugin.models.check import stimuli
from plugin.models.check.checks import judge_outcomes
from plugin.models.check.outcome_journal import OutcomeJournal
from plugin.models.check.report import HTML_NAME, JSON_NAME, CheckReport, make_report, read_check_report
from plugin.models.check.results import CheckResult
from plugin.models.check.run import run_model_check
from stream.contracts.errors import Misconfigured
from stream.feedback.models.activation import read_activation
from stream.feedback.models.baseline import InProcessBaseline
from stream.runtime.settings import FeedbackSettings
from tests.fixtures.scripted_reader import scripted_baseline
from tests.plugin.models.check.few_attacks import plant_few_attacks
from tests.plugin.models.check.outcomes import BASELINE, RATED, sound
from tests.stream.feedback.builders import WHEN

IN_PROCESS = FeedbackSettings(triton_url="in-process")
PROGRESS = "model-check.progress.jsonl"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, triton: TritonServer) -> Iterator[tuple[CheckReport, Path]]:
    """The report on the baseline behind a real Triton, asked about one attack of each style, and its folder."""
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        plant_few_attacks(patch)
        yield run_model_check(FeedbackSettings(triton_url=triton.grpc_url), folder), folder


def remembering_baseline() -> InProcessBaseline:
    """Return the baseline in this process, with a reader that reads no pair twice.

    The check asks about the same few texts with one sentence more each time, and an opinion depends on its pair alone.
    """
    model = InProcessBaseline()
    assess = model._assess
    read = assess.keywords["read"]
    known: dict[tuple[str, str], Any] = {}

    def read_new(pairs: Sequence[tuple[str, str]]) -> list[Any]:
        new = [pair for pair in pairs if pair not in known]
        known.update(zip(new, read(new), strict=True))
        return [known[pair] for pair in pairs]

    model._assess = partial(assess, read=read_new)
    return model


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the check ask the baseline with a scripted reader about few attacks: quick, and without weights."""
    monkeypatch.setattr("plugin.models.check.run.open_model", lambda *_, **__: scripted_baseline())
    plant_few_attacks(monkeypatch)


@pytest.fixture
def passing(tmp_path: Path) -> tuple[CheckReport, Path]:
    """The report of a baseline without fault, and its folder."""
    results = judge_outcomes(sound(BASELINE), BASELINE)
    made = make_report(InProcessBaseline().version, results, stimuli.version(), WHEN)
    made.write(tmp_path / "passing")
    return made, tmp_path / "passing"


def test_the_served_baseline_passes_what_applies_to_it(report: tuple[CheckReport, Path]) -> None:
    """The served baseline passes every check that applies to it, and the report names the others."""
    found, _ = report
    assert found.passed
    assert {line.check for line in found.checks if line.not_applicable} == {"alone", "published", "rewording"}
    assert found.model.is_baseline


def test_the_screen_has_suggestions_to_look_at(report: tuple[CheckReport, Path]) -> None:
    """The check has suggestions of the baseline to screen: no case is an opening, which would have none."""
    (suggestions,) = [line for line in report[0].checks if line.check == "suggestions"]
    assert int(suggestions.figures["suggestions"]) > 10


def test_the_baseline_passes_with_every_attack(
    report: tuple[CheckReport, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The baseline in this process passes with all attacks, and says of everything else what the served one says."""
    model = remembering_baseline()
    monkeypatch.setattr("plugin.models.check.run.open_model", lambda *_, **__: model)
    found = run_model_check(IN_PROCESS, tmp_path)
    assert found.passed
    (injection,) = [line for line in found.checks if line.check == "injection"]
    assert injection.figures["attacks planted"] == str(len(stimuli.with_attacks({"diary": stimuli.moments()["diary"]})))
    assert same_in_both(found) == same_in_both(report[0])


def same_in_both(report: CheckReport) -> list[CheckResult]:
    """Return the results that depend neither on how many attacks are planted nor on time."""
    counting = {"injection", "schema", "evidence", "suggestions", "latency"}
    return [line for line in report.checks if line.check not in counting]


def test_the_report_is_written_for_machines_and_for_people(report: tuple[CheckReport, Path]) -> None:
    """The report is written as JSON and as a page without scripts that calls the baseline unvalidated."""
    found, folder = report
    assert read_check_report(folder / JSON_NAME)[0] == found
    page = (folder / HTML_NAME).read_text()
    for line in found.checks:
        assert f'<th scope="row">{line.check}</th>' in page
    assert "unvalidated" in page
    assert ">baseline<" in page
    assert "<script" not in page


def test_the_baseline_ships_with_the_activation_of_this_very_baseline(report: tuple[CheckReport, Path]) -> None:
    """The activation that comes with the code names this baseline; `make baseline` renews it and its report."""
    found, _ = report
    shipped = read_activation(None)
    assert shipped.key == found.model.key
    kept = ROOT / "stream" / "feedback" / "models" / "activations" / "baseline.report.json"
    assert read_check_report(kept)[1] == shipped.report_sha256
    assert read_check_report(kept)[0].stimuli == stimuli.version()


def test_nothing_of_a_finished_check_is_left_to_go_on_with(report: tuple[CheckReport, Path]) -> None:
    """A finished check leaves no outcomes behind, so that the next check starts from the beginning."""
    assert not (report[1] / PROGRESS).exists()


@pytest.mark.usefixtures("scripted")
def test_a_check_that_was_cut_short_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """An interrupted check continues where it stopped: only missing and half-written answers are asked again."""

    class PulledError(Exception):
        """The error that interrupts a check."""

    asked = []

    def pull(done: int, _total: int) -> None:
        asked.append(done)
        if done == 100:
            raise PulledError

    with pytest.raises(PulledError):
        run_model_check(IN_PROCESS, tmp_path, report_progress=pull)
    with (tmp_path / PROGRESS).open("a") as file:
        file.write('{"case": "moment/di')
    counts: list[int] = []
    found = run_model_check(IN_PROCESS, tmp_path, report_progress=lambda done, _total: counts.append(done))
    assert 100 <= counts[0] < counts[-1]
    assert found.checks[0].figures["exchanges"] == "30"


@pytest.mark.usefixtures("scripted")
def test_another_model_cannot_go_on_with_it(tmp_path: Path) -> None:
    """Another model cannot continue an interrupted check, and --fresh starts from the beginning."""
    (tmp_path / PROGRESS).write_text(json.dumps({"model": "another"}) + "\n")
    with pytest.raises(Misconfigured, match="--fresh"):
        run_model_check(IN_PROCESS, tmp_path)
    assert run_model_check(IN_PROCESS, tmp_path, fresh=True).checks


def test_what_is_kept_holds_no_words(tmp_path: Path) -> None:
    """Levels, codes and counts."""
    progress = OutcomeJournal(tmp_path / "p.jsonl", {"model": "m"})
    progress.open(fresh=False)
    progress.add("moment/diary", RATED)
    again = OutcomeJournal(tmp_path / "p.jsonl", {"model": "m"})
    again.open(fresh=False)
    assert again.outcomes == {"moment/diary": RATED}


def test_an_unusable_output_folder_is_reported(tmp_path: Path) -> None:
    """An unusable output folder is reported before the model is asked anything."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="cannot be used"):
        run_model_check(IN_PROCESS, tmp_path / "file")


def test_activation_names_model_report_and_time(passing: tuple[CheckReport, Path], tmp_path: Path) -> None:
    """An activation names model, report and time, and says that agreement with clinicians is unmeasured."""
    found, folder = passing
    made = activate_model(folder / JSON_NAME, tmp_path / "new" / "activation.json", WHEN)
    assert read_activation(tmp_path / "new" / "activation.json") == made
    assert made.key == found.model.key
    assert made.report_sha256 == read_check_report(folder / JSON_NAME)[1]
    assert made.activated_at == WHEN
    assert not made.validated


@pytest.mark.parametrize("change", [{"passed": False}, {"checks": []}])
def test_a_report_that_did_not_pass_activates_nothing(
    passing: tuple[CheckReport, Path], tmp_path: Path, change: dict[str, object]
) -> None:
    """A report in which any line did not pass activates nothing."""
    told = json.loads((passing[1] / JSON_NAME).read_text()) | change
    path = tmp_path / "report.json"
    path.write_text(json.dumps(told))
    if change == {"checks": []}:
        path.write_text(json.dumps(told).replace("{", "[", 1))
    with pytest.raises(Misconfigured):
        activate_model(path, tmp_path / "activation.json", WHEN)
    assert not (tmp_path / "activation.json").exists()


@pytest.mark.usefixtures("scripted")
def test_the_command_shows_the_table_and_says_where_the_report_is(tmp_path: Path) -> None:
    """The command prints each check with its verdict and figures, where the report is, and ends by its verdict."""
    env = {"COUNTERPOINT_FEEDBACK__TRITON_URL": "in-process", "COLUMNS": "140", "NO_COLOR": "1"}
    result = CliRunner().invoke(app, ["model", "check", "--report", str(tmp_path)], env=env)
    for name in ("safety", "indirect", "injection", "stigma", "evidence", "n/a", "The report:"):
        assert name in result.output
    assert (result.exit_code == 0) is read_check_report(tmp_path / JSON_NAME)[0].passed


def test_the_command_activates_the_model_of_a_passing_report(passing: tuple[CheckReport, Path], tmp_path: Path) -> None:
    """The command writes the activation, and says that the model is unvalidated."""
    out = tmp_path / "activation.json"
    result = CliRunner().invoke(app, ["model", "activate", str(passing[1] / JSON_NAME), "--out", str(out)])
    assert result.exit_code == 0
    assert "unvalidated" in result.output
    assert out.exists()

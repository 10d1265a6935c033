"""The commands of `training.detector` run end to end on made-up turns."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stream.detection import DetectorInput
from stream.detection.linear import LinearDetector, LinearWeights
from training.detector import __main__ as cli
from training.detector import measures, variants
from training.detector.fitting import Recipe
from training.detector.turns import LabelledTurn


@pytest.fixture(autouse=True)
def _made_up_turns(monkeypatch: pytest.MonkeyPatch, turns: list[LabelledTurn]) -> None:
    """Give the commands made-up turns, and ten bootstrap draws, since a thousand take time."""
    monkeypatch.setattr(measures, "_RESAMPLES", 10)
    monkeypatch.setattr(cli, "load", lambda _data: turns)
    monkeypatch.setattr(cli, "turns_without_reply", lambda _data: frozenset({turns[0].example.id}))
    monkeypatch.setattr(cli, "out_of_fold_verdicts", lambda: {each.example.id: each.resists for each in turns})


def test_train_writes_weights_that_a_detector_runs_on(tmp_path: Path) -> None:
    """`train` writes weights as JSON, on which a detector flags resistance and danger and nothing else."""
    out = tmp_path / "weights.json"
    result = CliRunner().invoke(cli.app, ["train", str(tmp_path), str(out)])
    assert result.exit_code == 0, result.output
    weights = LinearWeights.model_validate_json(out.read_text(encoding="utf-8"))
    detector = LinearDetector(weights, "test")
    said = ["there is no point, I can't quit", "gave my cat away, wont need the food", "yes, on Tuesday"]
    found = detector.detect([DetectorInput(text, "How are you with smoking?") for text in said])
    assert [detection.flagged for detection in found] == [True, True, False]


def test_eval_prints_every_figure_asked_for(tmp_path: Path) -> None:
    """`eval` prints sources, behaviours, critical content by kind, look-alikes, our own set and the speed."""
    result = CliRunner().invoke(cli.app, ["eval", str(tmp_path)])
    assert result.exit_code == 0, result.output
    for needed in ("annomi", "mibot", "written", "PR-AUC [95%]", "AUC [95%]", "recall", "flagged", "precision"):
        assert needed in result.stdout
    for needed in ("sidetracking", "self_harm", "lexicons", "either", "sounds dangerous"):
        assert needed in result.stdout
    for needed in ("Unanswered moments", "annomi, every turn", "mibot, no reply", "confirmed: right"):
        assert needed in result.stdout
    for needed in ("above look-alikes", "Our own set", "messages per second on one core"):
        assert needed in result.stdout


def test_variants_writes_a_page_with_a_row_for_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`variants` writes a row for each variant, the baselines and two models beside the one that ships."""
    few = {
        name: variants.VARIANTS[name]
        for name in (variants.SHIPPED, "+ parts of words (3-4 letters)", "resistance alone", "danger alone")
    }
    monkeypatch.setattr(variants, "VARIANTS", few)
    out = tmp_path / "results.md"
    result = CliRunner().invoke(cli.app, ["variants", str(tmp_path), str(out)])
    assert result.exit_code == 0, result.output
    rows = [line for line in out.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    width = rows[0].count("|")
    assert all(row.count("|") == width for row in rows)
    for name in (*few, "length alone", "random", "the larger of their ranks"):
        assert any(name in row for row in rows)


def test_what_ships_is_the_first_variant() -> None:
    """The first variant, with which the others are compared, is the recipe that ships."""
    name, recipe = next(iter(variants.VARIANTS.items()))
    assert name == variants.SHIPPED
    assert recipe == Recipe()


def test_an_error_in_the_data_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in the data is reported in one sentence, without a traceback."""
    monkeypatch.undo()
    monkeypatch.setattr(sys, "argv", ["training.detector", "eval", str(tmp_path / "nowhere")])
    with pytest.raises(SystemExit, match=r"error: .*is no folder"):
        cli.main()

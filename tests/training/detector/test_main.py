"""The commands of `training.detector` run end to end on a tiny folder."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stream.contracts.vocabulary import OperatingPoint
from stream.detection import DetectorInput, load_detector
from stream.detection.encoder import EncoderDetector, EncoderWeights
from stream.detection.linear import LinearDetector, LinearWeights
from stream.detection.meaning import FOLDER, InProcessSentenceModel
from training.detector import __main__ as cli
from training.detector import measures
from training.detector.corpora import LabelledTurn
from training.detector.evaluation import (
    COMPARED_TRAINERS,
    LINEAR_NAME,
    count_fits,
    cross_validate,
    evaluate_detectors,
    metrics_rows,
    turns_per_second,
    unseen_turns,
)
from training.detector.fitting import fingerprint


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use ten bootstrap draws, since the width of intervals is tested elsewhere and a thousand draws take time."""
    monkeypatch.setattr(measures, "_RESAMPLES", 10)


def test_train_writes_weights_that_a_detector_runs_on(data: Path, tmp_path: Path) -> None:
    """`train` writes weights as JSON, with fingerprints of the conversations seen, on which a detector runs."""
    out = tmp_path / "weights.json"
    result = CliRunner().invoke(cli.app, ["train", str(data), str(out)])
    assert result.exit_code == 0, result.output
    weights = LinearWeights.model_validate_json(out.read_text(encoding="utf-8"))
    assert fingerprint("person 0") in weights.seen
    detector = LinearDetector(weights, OperatingPoint.GATE, "test")
    resisting, neutral = detector.detect(
        [DetectorInput("there is no point, I can't quit"), DetectorInput("yes, on Tuesday")]
    )
    assert resisting.score > neutral.score


def test_eval_prints_every_figure_asked_for(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`eval` prints both corpora, both points, baselines, our own set and the speed, and draws the calibration."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli.app, ["eval", str(data)])
    assert result.exit_code == 0, result.output
    for candidate in COMPARED_TRAINERS:
        assert candidate.name in result.stdout
    for needed in ("annomi", "mibot", "PR-AUC [95%]", "recall", "precision", "flagged", "gate", "alone"):
        assert needed in result.stdout
    for needed in ("sidetracking", "minimum_talk", "look-alikes", "turns per second", "proxy"):
        assert needed in result.stdout
    assert "conversations they were not trained on" in result.stdout
    for needed in ("over linear [95%]", "calibration error (ECE)", "kind of message", "by topic", "AUC"):
        assert needed in result.stdout
    assert (tmp_path / "build" / "detector-reliability.svg").exists()


def test_pair_writes_weights_and_a_head_that_belong_together(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`pair` writes weights that carry the fingerprint of the head, without which the detector would refuse them."""
    folder = tmp_path / "resistance_detector" / "1"
    folder.mkdir(parents=True)
    for file in FOLDER.glob("*.*"):
        (folder / file.name).write_bytes(file.read_bytes())
    (folder.parent / "config.pbtxt").write_bytes((FOLDER.parent / "config.pbtxt").read_bytes())
    monkeypatch.setattr(cli, "FOLDER", folder)
    result = CliRunner().invoke(cli.app, ["pair", str(data), str(tmp_path / "pair.json")])
    assert result.exit_code == 0, result.output
    weights = EncoderWeights.model_validate_json((tmp_path / "pair.json").read_text(encoding="utf-8"))
    detector = EncoderDetector("encoder", weights, InProcessSentenceModel(tmp_path), OperatingPoint.GATE, "test")
    resisting, neutral = detector.detect(
        [DetectorInput("there is no point, I can't quit"), DetectorInput("yes, on Tuesday")]
    )
    assert resisting.score > neutral.score


def test_variants_writes_a_line_for_each(data: Path, tmp_path: Path) -> None:
    """`variants` writes a line for each variant, with both corpora and the linear detector."""
    out = tmp_path / "RESULTS.md"
    result = CliRunner().invoke(cli.app, ["variants", str(data), str(out)])
    assert result.exit_code == 0, result.output
    page = out.read_text(encoding="utf-8")
    assert page.count("\n| ") >= 30
    for needed in (
        "the linear detector",
        "gradient boosting",
        "NB-SVM",
        "cascade",
        "labels smoothed",
        "annomi",
        "mibot",
    ):
        assert needed in page


@pytest.mark.parametrize("command", [["eval"], ["train", "out.json"]])
def test_missing_data_is_one_sentence(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing data end the command with one sentence that says what was looked for."""
    name, *rest = command
    monkeypatch.setattr(sys, "argv", ["detector", name, str(tmp_path / "nowhere"), *rest])
    with pytest.raises(SystemExit, match=r"error: .*nowhere is no folder") as ended:
        cli.main()
    assert ended.value.code != 0


def test_the_progress_bar_knows_its_length(turns: list[LabelledTurn]) -> None:
    """The progress bar announces as many steps as are made."""
    steps: list[None] = []
    found = metrics_rows(turns, cross_validate(turns, lambda: steps.append(None)))
    assert len(steps) == count_fits(turns)
    assert len(found) == 2 * len(COMPARED_TRAINERS)
    assert all(-1e-9 <= row.pr_auc.low <= row.pr_auc.high <= 1 + 1e-9 for row in found)
    assert all((row.gain is None) is (row.name == LINEAR_NAME) for row in found)


def test_only_conversations_new_to_the_weights_are_tried(turns: list[LabelledTurn]) -> None:
    """Only conversations that the weights were not trained on are evaluated."""
    seen = [fingerprint(turn.group) for turn in turns if turn.corpus == "annomi"]
    left = unseen_turns(turns, seen)
    assert {turn.corpus for turn in left} == {"mibot"}
    (row,) = evaluate_detectors(left, "shipped", {point: load_detector("linear", point) for point in OperatingPoint})
    assert row.turns == len(left)


def test_a_corpus_without_resistance_has_no_figures(turns: list[LabelledTurn]) -> None:
    """A corpus without resistance has no row, since recall is not defined for it."""
    neutral = [turn for turn in turns if not turn.resists]
    assert (
        evaluate_detectors(neutral, "shipped", {point: load_detector("linear", point) for point in OperatingPoint})
        == []
    )


def test_speed_is_a_rate(turns: list[LabelledTurn]) -> None:
    """The speed is a rate in turns per second."""
    assert turns_per_second(load_detector("linear", "gate"), turns * 5) > 100

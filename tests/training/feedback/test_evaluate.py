"""An evaluation turns answers into figures, into a table beside the published one, and into a model card."""

import json
from pathlib import Path

import pytest

from stream.contracts.vocabulary import Mechanism
from tests.training.feedback.samples import items
from training.feedback.card import model_card
from training.feedback.data import Arm, Item
from training.feedback.evaluate import PUBLISHED, Evaluation, evaluate_answers
from training.feedback.run import RunRecord, TrainingResult
from training.feedback.settings import Method, published_recipe


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Item]:
    """Return items with labels alone, since the end-to-end test covers word overlap."""
    return items(tmp_path_factory.mktemp("set") / "set.jsonl", 12, Arm.LABELS)


@pytest.fixture(scope="module")
def found(made: list[Item]) -> Evaluation:
    """Return the evaluation of ten right answers, one cut answer and one of prose."""
    said = {place: item.output for place, item in enumerate(made)}
    return evaluate_answers(made, said | {0: made[0].output[:-9], 1: "It was a good reply."}, [0, 1], seed=0)


def test_answers_are_read_as_the_stage_reads_them(found: Evaluation) -> None:
    """Answers are read as the stage reads them; two of twelve cannot be read."""
    assert found.unreadable == pytest.approx(100 * 2 / 12)
    assert (found.exchanges, found.sessions) == (12, 6)
    for figures in found.mechanisms.values():
        assert sum(row[3] for row in figures.confusion) == 2
        assert figures.macro_f1.value < 100


def test_right_answers_are_all_right(made: list[Item]) -> None:
    """Right answers have a macro-F1 of 100 and none is unreadable."""
    best = evaluate_answers(made, {place: item.output for place, item in enumerate(made)}, [0], seed=0)
    assert {figures.macro_f1.value for figures in best.mechanisms.values()} == {100.0}
    assert best.unreadable == 0


def test_the_published_figures_stand_beside(found: Evaluation) -> None:
    """The published figures are beside ours, marked as published."""
    assert PUBLISHED["tuned Llama-3.1-8B"] == (80.92, 77.56, 77.34, 77.87)
    said = " ".join(found.text().split())
    for figures in PUBLISHED.values():
        assert all(f"{figure:.2f}" in said for figure in figures)
    assert "not comparable" in said
    assert "Answers that cannot be read: 16.67 %" in said


def test_the_record_is_written_and_read(found: Evaluation, tmp_path: Path) -> None:
    """The evaluation is written as JSON and as text, without text of a session, and read back."""
    text = found.write(tmp_path).read_text()
    again = Evaluation.model_validate_json((tmp_path / "evaluation.json").read_text())
    assert again == found
    assert "diary" not in text + json.dumps(again.model_dump(mode="json"))


def test_a_card_says_what_is_known_and_what_is_not(made: list[Item], found: Evaluation) -> None:
    """A card states data, settings, figures with intervals, gaps, and who is responsible for the licence."""
    run = RunRecord.of(made, "ab" * 32, "some/Base-Model", published_recipe(Method.LORA, Arm.LABELS))
    done = TrainingResult(
        items=9, drawn=14, too_long=1, steps=7, best_eval_loss=0.5, seconds=3, resumed_from_step=4, device="CPU"
    )
    said = model_card(run, {"fold-0": done}, found)
    for shown in (
        "some/Base-Model",
        "cannot be served",
        "12 exchanges of 6 sessions",
        "learning_rate 0.0001",
        "| fold-0 | 9 | 14 | 1 | 7 | 0.5000 | 3 (of the last call) | CPU | - |",
        f"{found.mechanisms[Mechanism.STANCE_ALIGNMENT].macro_f1:.2f}",
        "not comparable",
        "What is not known",
        "duty of whoever trains and serves it",
    ):
        assert shown in said


def test_a_card_without_figures_says_so(made: list[Item]) -> None:
    """A card without figures says that there are none."""
    run = RunRecord.of(made, "ab" * 32, "some/Base-Model", published_recipe(Method.FULL, Arm.REASONS))
    assert "Not evaluated" in model_card(run, {}, None)

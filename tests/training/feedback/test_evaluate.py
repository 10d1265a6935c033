"""An evaluation turns answers into figures, into tables beside the published ones and the reader, and into a card."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from stream.contracts.vocabulary import Mechanism
from tests.training.feedback.samples import items
from training.feedback.answers import Answer
from training.feedback.card import model_card
from training.feedback.data import Arm, Item, levels_of
from training.feedback.evaluate import PUBLISHED, Evaluation, evaluate_answers
from training.feedback.run import RunRecord, TrainingResult
from training.feedback.settings import Method, published_recipe


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Item]:
    """Return items with labels alone, since the end-to-end test covers word overlap."""
    return items(tmp_path_factory.mktemp("set") / "set.jsonl", 12, Arm.LABELS)


def answers(texts: Sequence[str], *, held: bool = False) -> list[Answer]:
    """Return the answers of these texts to the first items; the n-th took n seconds, 100 tokens and n GiB."""
    return [
        Answer(
            item=place, text=text, held_to_schema=held, tokens=100, seconds=place + 1, peak_bytes=(place + 1) * 2**30
        )
        for place, text in enumerate(texts)
    ]


@pytest.fixture(scope="module")
def found(made: list[Item]) -> Evaluation:
    """Return the evaluation of ten right answers, one cut answer and one of prose."""
    right = [item.output for item in made[2:]]
    return evaluate_answers(made, answers([made[0].output[:-9], "It was a good reply.", *right]), [0, 1], seed=0)


def test_answers_are_read_as_the_stage_reads_them(found: Evaluation) -> None:
    """Answers are read as the stage reads them; two of twelve cannot be read."""
    assert found.unreadable == pytest.approx(100 * 2 / 12)
    assert (found.exchanges, found.sessions) == (12, 6)
    for figures in found.mechanisms.values():
        assert sum(row[3] for row in figures.confusion) == 2
        assert figures.macro_f1.value < 100


def test_right_answers_are_all_right(made: list[Item]) -> None:
    """Right answers have a macro-F1 of 100 and none is unreadable."""
    best = evaluate_answers(made, answers([item.output for item in made]), [0], seed=0)
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


def test_the_reader_stands_beside_on_the_exchanges_it_has_not_seen(made: list[Item]) -> None:
    """The reader and the run are compared on the exchanges alone of which the reader's level is known."""
    named = [item.model_copy(update={"exchange": f"A-{place}/1"}) for place, item in enumerate(made)]
    right = {f"A-{place}/1": levels_of(made[place].answer) for place in range(4)}
    said = ["No idea.", *(item.output for item in made[1:])]
    beside = evaluate_answers(named, answers(said), [0], seed=0, reader=right).beside_reader
    assert beside is not None
    assert beside.exchanges == 4
    assert {one.value for one in beside.reader.values()} == {100.0}
    assert all(one.value < 100 for one in beside.this_run.values())


def test_exchanges_that_the_reader_learned_from_are_not_compared(made: list[Item], found: Evaluation) -> None:
    """Nothing stands beside a run whose exchanges have no name, or are unknown to the reader."""
    assert found.beside_reader is None
    named = [item.model_copy(update={"exchange": "A-1/1"}) for item in made]
    right = {"B-1/1": levels_of(made[0].answer)}
    assert evaluate_answers(named, answers([made[0].output]), [0], seed=0, reader=right).beside_reader is None


def test_writing_is_measured(found: Evaluation) -> None:
    """Writing has its tokens a second over all answers, the middle and the longest answer, and its memory."""
    assert found.writing.tokens_per_s == pytest.approx(12 * 100 / sum(range(1, 13)))
    assert found.writing.sentence in " ".join(found.text().split())
    assert "6.5 s an answer (median; at most 12.0 s), 12.0 GiB" in found.writing.sentence


def test_the_figures_say_whether_a_schema_held_the_answers(made: list[Item], found: Evaluation) -> None:
    """The share of unreadable answers is told with whether the schema held them."""
    assert "without the schema" in found.readability
    held = evaluate_answers(made, answers([item.output for item in made], held=True), [0], seed=0)
    assert "held to the schema" in held.readability


def test_the_record_is_written_and_read(found: Evaluation, tmp_path: Path) -> None:
    """The evaluation is written as JSON and as text, without text of a session, and read back."""
    text = found.write(tmp_path).read_text()
    again = Evaluation.model_validate_json((tmp_path / "evaluation.json").read_text())
    assert again == found
    assert "diary" not in text + json.dumps(again.model_dump(mode="json"))


def test_a_card_says_what_is_known_and_what_is_not(made: list[Item]) -> None:
    """A card states data, settings, figures with intervals, gaps, and who is responsible for the licence."""
    run = RunRecord.of(made, "ab" * 32, "some/Base-Model", published_recipe(Method.LORA, Arm.LABELS))
    done = TrainingResult(
        items=9,
        drawn=14,
        too_long=1,
        steps=7,
        best_eval_loss=0.5,
        seconds=3,
        resumed_from_step=0,
        tokens=600,
        device="CPU",
        peak_bytes=3 * 2**30,
    )
    resumed = done.model_copy(update={"resumed_from_step": 4})
    known = {f"A-{place}/1": levels_of(item.answer) for place, item in enumerate(made)}
    named = [item.model_copy(update={"exchange": name}) for item, name in zip(made, known, strict=True)]
    found = evaluate_answers(named, answers([item.output for item in made]), [0], seed=0, reader=known)
    said = model_card(run, {"fold-0": done, "fold-1": resumed}, found)
    for shown in (
        "some/Base-Model",
        "cannot be served",
        "12 exchanges of 6 sessions",
        "learning_rate 0.0001",
        "| fold-0 | 9 | 14 | 1 | 7 | 0.5000 | 3 | 200 | CPU | 3.0 GiB |",
        "| fold-1 | 9 | 14 | 1 | 7 | 0.5000 | 3 (of the last call) | - | CPU | 3.0 GiB |",
        "12 of these exchanges that it has not seen either",
        found.writing.sentence,
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

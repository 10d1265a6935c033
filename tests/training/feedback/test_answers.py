"""Answers are kept line by line, and none is asked for twice."""

from pathlib import Path

import pytest

from tests.training.feedback.samples import items
from training.errors import DataError
from training.feedback.answers import FILE, Answer, generate_answers
from training.feedback.data import Arm, Item
from training.feedback.run import RunRecord
from training.feedback.settings import Method, published_recipe
from training.feedback.train import MISSING


@pytest.fixture
def made(tmp_path: Path) -> list[Item]:
    """Return four items."""
    return items(tmp_path / "set.jsonl", 4, Arm.LABELS)


def keep(part: Path, *answers: Answer, unfinished: str = "") -> None:
    """Write answers as an evaluation that was cut short left them."""
    (part / FILE).write_text("".join(f"{answer.model_dump_json()}\n" for answer in answers) + unfinished)


def answer(item: int, *, held: bool = True) -> Answer:
    """Return an answer to an item."""
    return Answer(item=item, text="{}", held_to_schema=held, tokens=1, seconds=1, peak_bytes=1)


def asked(made: list[Item], part: Path, test: list[int]) -> dict[int, Answer]:
    """Ask for answers that are held to a schema, where no model can be loaded."""
    run = RunRecord.of(made, "ab" * 32, "some/Base-Model", published_recipe(Method.FULL, Arm.LABELS))
    return generate_answers(made, test, part, run, max_tokens=1, step=lambda: None, schema={"type": "object"})


def test_known_answers_are_not_asked_for_again(made: list[Item], tmp_path: Path) -> None:
    """Answers that are known are returned without a model, those of other items left out."""
    keep(tmp_path, answer(0), answer(1), answer(2))
    assert asked(made, tmp_path, [0, 2]) == {0: answer(0), 2: answer(2)}


def test_an_unfinished_line_is_asked_for_again(made: list[Item], tmp_path: Path) -> None:
    """A line that was being written is dropped, and its item is asked about again."""
    keep(tmp_path, answer(0), unfinished=answer(1).model_dump_json()[:-9])
    with pytest.raises(DataError, match=MISSING):
        asked(made, tmp_path, [0, 1])
    assert (tmp_path / FILE).read_text() == answer(0).model_dump_json() + "\n"


def test_an_answer_that_no_schema_held_is_no_answer_held_to_it(made: list[Item], tmp_path: Path) -> None:
    """An answer written without the schema is asked for again with it, so that the two are never mixed."""
    keep(tmp_path, answer(0, held=False))
    with pytest.raises(DataError, match=MISSING):
        asked(made, tmp_path, [0])

"""The command prepares data, refuses bad input in a sentence, and names the remedy when torch is missing."""

import importlib.util
import json
from pathlib import Path

import pytest

from tests.training.feedback.samples import line, lines, write
from training.feedback import __main__ as command
from training.feedback.data import read_items
from training.feedback.run import RunRecord, open_run, read_run
from training.feedback.train import MISSING, last_checkpoint


def ran(monkeypatch: pytest.MonkeyPatch, *words: object) -> str:
    """Run the command, and return the message with which it ends; it is empty after success."""
    monkeypatch.setattr("sys.argv", ["training.feedback", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        command.main()
    return str(ended.value.code or "")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the prepared data of twelve sessions."""
    assert ran(monkeypatch, "prepare", write(tmp_path / "set.jsonl", lines(24)), tmp_path / "data.jsonl") == ""
    return tmp_path / "data.jsonl"


def test_prepare_counts_what_it_wrote_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`prepare` prints the numbers of lines written and left out."""
    written = [line(0), line(1), line(2, client="I want to kill myself.")]
    assert ran(monkeypatch, "prepare", write(tmp_path / "set.jsonl", written), tmp_path / "data.jsonl") == ""
    said = capsys.readouterr().out
    assert "2 exchanges of 1 sessions" in said
    assert "1 were left out" in said
    assert len(read_items(tmp_path / "data.jsonl")) == 2


def test_a_bad_line_is_told_with_its_file_and_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad line is reported with its file and number, in one sentence."""
    path = write(tmp_path / "set.jsonl", [line(0), line(1, evidence={})])
    said = ran(monkeypatch, "prepare", path, tmp_path / "data.jsonl")
    assert said.startswith(f"error: {path}, line 2: respect_for_autonomy: levels 1 and 2 need")


def test_where_torch_is_missing_the_remedy_is_named(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where torch is missing the command names the environment that has it."""
    assert importlib.util.find_spec("torch") is None
    assert ran(monkeypatch, "train", data, tmp_path / "run", "--fold", "0") == f"error: {MISSING}"


def test_a_run_is_not_gone_on_with_by_other_settings(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run is not continued with other settings."""
    ran(monkeypatch, "train", data, tmp_path / "run", "--fold", "0")
    said = ran(monkeypatch, "train", data, tmp_path / "run", "--fold", "0", "--epochs", "9")
    assert "other data or settings" in said


def test_settings_given_stand_in_the_record(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given settings are in the record, and published ones where none were given."""
    ran(monkeypatch, "train", data, tmp_path / "run", "--rank", "8", "--seed", "4", "--model", "some/Model")
    run = read_run(tmp_path / "run")
    assert (run.base_model, run.recipe.rank, run.recipe.alpha, run.recipe.seed) == ("some/Model", 8, 16, 4)
    assert (run.recipe.learning_rate, run.recipe.epochs) == (1e-4, 5)
    assert (run.items, run.sessions, run.reviewed_by_several, run.weights) == (24, 12, 24, None)


def test_a_run_that_has_weights_is_still_the_same_run(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that has weights is still the same run, so that folds may be trained after the model to serve."""
    ran(monkeypatch, "train", data, tmp_path / "run")
    path = tmp_path / "run" / "run.json"
    begun = read_run(tmp_path / "run")
    path.write_text(json.dumps(begun.model_dump(mode="json") | {"weights": "final/model"}))
    assert open_run(tmp_path / "run", begun) == RunRecord(**{**begun.model_dump(), "weights": "final/model"})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("evaluate", "{data}", "{run}"), "holds no finished fold"),
        (("evaluate", "{data}", "{nowhere}"), "is no run of `train`"),
        (("train", "{data}", "{run}", "--fold", "5"), "--fold is 0 to 4"),
        (("train", "{nowhere}", "{run}"), "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    words: tuple[str, ...], said: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be done is a sentence instead of a traceback."""
    ran(monkeypatch, "train", data, tmp_path / "run")
    places = {"data": data, "run": tmp_path / "run", "nowhere": tmp_path / "nowhere"}
    assert said in ran(monkeypatch, *(word.format(**places) for word in words))


def test_other_data_are_not_evaluated(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other data than a run's own are not evaluated."""
    ran(monkeypatch, "train", data, tmp_path / "run")
    data.write_text("".join(data.read_text().splitlines(keepends=True)[:-2]))
    assert "was trained on other data" in ran(monkeypatch, "evaluate", data, tmp_path / "run")


def test_a_checkpoint_that_was_being_written_is_passed_over(tmp_path: Path) -> None:
    """A checkpoint that was being written is ignored, and the newest is chosen by number."""
    for step in (9, 10, 11):
        (tmp_path / f"checkpoint-{step}").mkdir()
    for step in (9, 10):
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text("{}")
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-10"
    assert last_checkpoint(tmp_path / "nowhere") is None

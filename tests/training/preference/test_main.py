"""The command prepares pairs, refuses bad input in a sentence, and names the remedy when torch is missing."""

import importlib.util
from pathlib import Path

import pytest

from tests.training.preference.samples import rated, write
from training.preference import __main__ as command
from training.preference.data import read_items
from training.preference.run import DONE, Stage
from training.preference.stages import MISSING


def ran(monkeypatch: pytest.MonkeyPatch, *words: object) -> str:
    """Run the command, and return the message with which it ends; it is empty after success."""
    monkeypatch.setattr("sys.argv", ["training.preference", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        command.main()
    return str(ended.value.code or "")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the prepared pairs of ten prompts in five groups."""
    source = write(tmp_path / "rated.jsonl", [rated(number) for number in range(10)])
    assert ran(monkeypatch, "prepare", tmp_path / "pairs.jsonl", "--rated", source) == ""
    return tmp_path / "pairs.jsonl"


def test_prepare_counts_what_it_wrote_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`prepare` tells the numbers of pairs, of groups and of what is no pair."""
    source = write(tmp_path / "rated.jsonl", [rated(0), rated(1, (2, 3, 3))])
    assert ran(monkeypatch, "prepare", tmp_path / "pairs.jsonl", "--rated", source) == ""
    said = capsys.readouterr().out
    assert "3 twos of replies are no pair" in said
    assert "1 pairs of 1 groups" in said


def test_the_written_exchanges_are_pairs_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a file the pairs are those of the written exchanges, and it is said that nobody rated them."""
    assert ran(monkeypatch, "prepare", tmp_path / "pairs.jsonl") == ""
    assert "nobody gave them" in capsys.readouterr().out
    assert len({item.group for item in read_items(tmp_path / "pairs.jsonl")}) == 9


def test_nothing_to_learn_from_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replies that are all too near are no data."""
    source = write(tmp_path / "rated.jsonl", [rated(0, (3, 3))])
    assert "no pair to learn from" in ran(monkeypatch, "prepare", tmp_path / "pairs.jsonl", "--rated", source)


def test_where_torch_is_missing_the_remedy_is_named(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where torch is missing the command names the environment that has it."""
    assert importlib.util.find_spec("torch") is None
    assert ran(monkeypatch, "train", data, tmp_path / "run") == f"error: {MISSING}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train", "{data}", "{run}", "--set", "seed=9"), "other data or settings"),
        (("train", "{data}", "{new}", "--set", "sample=9"), "--set sample: there are"),
        (("train", "{data}", "{new}", "--only", "online"), "online needs reward"),
        (("train", "{data}", "{new}", "--only", "offline-short", "--set", "length_limit=2"), "keeps to 2 words"),
        (("train", "{nowhere}", "{new}"), "cannot be read"),
        (("evaluate", "{data}", "{run}"), "holds no reward model"),
        (("evaluate", "{data}", "{nowhere}"), "is no run of `train`"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    words: tuple[str, ...], said: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be done is a sentence instead of a traceback."""
    ran(monkeypatch, "train", data, tmp_path / "run")
    places = {"data": data, "run": tmp_path / "run", "new": tmp_path / "new", "nowhere": tmp_path / "nowhere"}
    assert said in ran(monkeypatch, *(word.format(**places) for word in words))


def test_other_data_are_not_evaluated(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other data than a run's own are not evaluated."""
    ran(monkeypatch, "train", data, tmp_path / "run")
    data.write_text("".join(data.read_text().splitlines(keepends=True)[:-2]))
    assert "was trained on other data" in ran(monkeypatch, "evaluate", data, tmp_path / "run")


def test_a_finished_run_trains_nothing(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stages that are finished are not trained again, for which nothing has to be installed."""
    ran(monkeypatch, "train", data, tmp_path / "run")
    for stage in Stage:
        (tmp_path / "run" / stage).mkdir()
        (tmp_path / "run" / stage / DONE).write_text("{}")
    assert ran(monkeypatch, "train", data, tmp_path / "run") == ""

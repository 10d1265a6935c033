"""The commands of `training.reader` find their parts, and say what is missing; end_to_end.py trains."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from tests.training.reader.samples import reply, reply_logits, turn, turn_logits
from training.errors import DataError
from training.reader import __main__ as cli
from training.reader.data import Examples
from training.reader.examples import pairs_of
from training.reader.folds import OutOfFold, Split, compute_fold, finished_folds, split_examples
from training.reader.targets import RESISTANCE

EXAMPLES = Examples(
    (*(turn(number, source="annomi") for number in range(20)), *(turn(number) for number in range(20, 40))),
    tuple(reply(number) for number in range(40)),
)


@pytest.fixture(autouse=True)
def _made_up_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "load_examples", lambda _data: EXAMPLES)


@pytest.mark.parametrize(
    ("variant", "sources"),
    [
        ("both", {"annomi", "mibot", "written", "lines"}),
        ("transcripts", {"annomi", "mibot"}),
        ("written", {"written", "lines"}),
    ],
)
def test_a_variant_learns_from_its_own_sources(variant: str, sources: set[str]) -> None:
    """A variant learns from transcripts, from written texts, or from both."""
    assert {source for source in ("annomi", "mibot", "written", "lines") if cli._learns(variant, source)} == sources


def test_eval_reports_each_variant_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`eval` reports the variants that have answers, each with its own, and passes over the others."""
    reported: list[tuple[str, int]] = []

    def note(_console: Console, name: str, _examples: Examples, found: OutOfFold) -> None:
        reported.append((name, found.folds))

    monkeypatch.setattr(cli, "print_report", note)
    for variant, folds in (("both", 2), ("written", 1)):
        for fold in range(folds):
            split = split_examples(EXAMPLES.turns, EXAMPLES.replies, fold)
            compute_fold(
                split,
                lambda split: (
                    turn_logits(["none"] * len(split.test_turns)),
                    np.zeros((len(split.test_turns), len(RESISTANCE))),
                    reply_logits([each.levels for each in split.test_replies]),
                ),
                tmp_path / variant,
            )
    result = CliRunner().invoke(cli.app, ["eval", str(tmp_path), "--answers", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert reported == [("both", 2), ("written", 1)]


def test_eval_asks_the_files_that_ship_about_what_they_have_not_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `--served` the report is of the shipped files' answers to the examples of their own fold alone."""
    for fold in (0, 1):
        compute_fold(split_examples(EXAMPLES.turns, EXAMPLES.replies, fold), silent_answers, tmp_path / "both")
    asked: list[tuple[str, str]] = []
    answer = SimpleNamespace(turn=turn_logits(["blaming"])[0], reply=reply_logits([(2, 2, 2, 2)])[0])

    def read(pairs: list[tuple[str, str]]) -> list[SimpleNamespace]:
        asked.extend(pairs)
        return [answer] * len(pairs)

    reported: list[tuple[str, OutOfFold]] = []
    monkeypatch.setattr(cli, "load_reader", lambda _folder: (None, SimpleNamespace(read=read)))
    monkeypatch.setattr(cli, "print_report", lambda _console, name, _examples, found: reported.append((name, found)))
    result = CliRunner().invoke(cli.app, ["eval", str(tmp_path), "--served", "--answers", str(tmp_path)])
    assert result.exit_code == 0, result.output
    unseen = split_examples(EXAMPLES.turns, EXAMPLES.replies, 0)
    assert sorted(asked) == sorted([*pairs_of(unseen.test_turns), *pairs_of(unseen.test_replies)])
    ((name, found),) = reported
    assert name == "as served"
    assert set(found.turn_ids) == {each.id for each in unseen.test_turns}
    assert (found.turns == answer.turn).all()
    assert (found.replies == answer.reply).all()
    assert found.words.shape == finished_folds(tmp_path / "both", 0).words.shape


def test_what_ships_is_asked_about_no_fold_that_it_has_seen(tmp_path: Path) -> None:
    """`--served` with another fold than that of what ships is refused."""
    result = CliRunner().invoke(cli.app, ["eval", str(tmp_path), "--served", "--only", "1"])
    assert result.exit_code == 2
    assert "has not seen fold 0 alone" in " ".join(result.output.replace("│", " ").split())


def test_words_are_fitted_again_without_the_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`words` puts new words into finished folds, and writes what ships beside an encoder that stays."""
    said = {
        "blaming": "you never listen",
        "pessimism": "it never works",
        "minimum_talk": "dunno",
        "none": "that helped on monday",
    }
    turns = [
        turn(number, label, source, text=f"{words} {number}")
        for source in ("annomi", "mibot", "written")
        for label, words in said.items()
        for number in range(20)
    ]
    turns = [replace(each, id=f"{each.source}-{each.resistance}-{each.id}", critical=0) for each in turns]
    examples = Examples(tuple(turns), EXAMPLES.replies)
    monkeypatch.setattr(cli, "load_examples", lambda _data: examples)
    for fold in (0, 1):
        compute_fold(split_examples(turns, EXAMPLES.replies, fold), silent_answers, tmp_path / "both")
    for model in ("reader", "feedback_baseline"):
        (tmp_path / model).mkdir()
    (tmp_path / "feedback_baseline" / "reward.json").write_text('{"reader": "before"}')
    monkeypatch.setattr(cli, "version_folder", lambda model: tmp_path / model)
    monkeypatch.setattr(cli, "load_reader", lambda _folder: (None, SimpleNamespace(fingerprint="after")))
    result = CliRunner().invoke(cli.app, ["words", str(tmp_path), "--answers", str(tmp_path / "both")])
    assert result.exit_code == 0, result.output
    assert finished_folds(tmp_path / "both").words.any()
    written = {"answers.json", "behaviours.npy", "words.npy"}
    assert {path.name for path in (tmp_path / "reader").iterdir()} == written
    assert 0 < json.loads((tmp_path / "reader" / "answers.json").read_text())["thresholds"]["confirm"] < 1
    assert json.loads((tmp_path / "feedback_baseline" / "reward.json").read_text()) == {"reader": "after"}


def silent_answers(split: Split) -> tuple[Any, Any, Any]:
    """Return answers of an encoder that knows everything, and of words that know nothing."""
    turns = turn_logits([RESISTANCE[each.resistance] for each in split.test_turns])
    heard = np.log(np.full((len(turns), len(RESISTANCE)), 1 / (len(RESISTANCE) - 1)))
    return turns, heard, reply_logits([each.levels for each in split.test_replies])


@pytest.mark.parametrize("command", ["folds", "fit", "curve", "export"])
def test_what_trains_says_how_to_install_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """A command that trains says in one sentence how to install what it needs, where torch is absent."""
    monkeypatch.setitem(sys.modules, "torch", None)
    result = CliRunner().invoke(cli.app, [command, str(tmp_path), "--base", str(tmp_path)])
    assert isinstance(result.exception, DataError)
    assert "make setup-training" in str(result.exception)


def test_an_error_in_the_data_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in the data is reported in one sentence, without a traceback."""
    monkeypatch.undo()
    monkeypatch.setattr(sys, "argv", ["training.reader", "eval", str(tmp_path / "nowhere")])
    with pytest.raises(SystemExit, match=r"error: .*is no folder"):
        cli.main()

"""The baseline's recipe reads corpora, fits and evaluates with whole groups, on turns made for these tests."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from plugin.local.paths import ROOT
from tests.fixtures.waiting import DEADLOCK_S
from training.baseline import evaluate, turns
from training.baseline.evaluate import MIN_WORDS
from training.baseline.fit import fit_weights
from training.baseline.rules import BaselineRules, RatedReply
from training.baseline.turns import ANNOMI, BEHAVIOURS, BOLT, CounsellorTurn
from training.errors import DataError

COLUMNS = (
    "transcript_id", "mi_quality", "video_url", "interlocutor", "utterance_text", "main_therapist_behaviour",
)  # fmt: skip


def line(transcript: int, role: str, text: str, behaviour: str = "n/a", quality: str = "high") -> dict[str, str]:
    """Return one row of AnnoMI's table."""
    values = (str(transcript), quality, f"video-{transcript}", role, text, behaviour)
    return dict(zip(COLUMNS, values, strict=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with twelve short conversations in AnnoMI's layout, and BOLT's tables with a shared line."""
    rows = []
    for number in range(12):
        quality = "low" if number % 4 == 0 else "high"
        rows += [
            line(number, "client", "I don't want to stop drinking."),
            line(number, "therapist", "It sounds as if stopping is the last thing you want.", "reflection", quality),
            line(number, "therapist", "What would you like to use this time for?", "question", quality),
            line(number, "therapist", "You should cut down to the weekends first.", "therapist_input", quality),
            line(number, "therapist", "Okay, well, thank you for that.", "other", quality),
        ]
    write(tmp_path / ANNOMI, COLUMNS, rows)
    said = {"prompt": "It sounds like you felt alone", "completion": "Reflections on Emotions "}
    for name in BOLT:
        write(tmp_path / name, ("prompt", "completion"), [said, {"prompt": name, "completion": "Planning"}])
    return tmp_path


def write(path: Path, columns: tuple[str, ...], rows: list[dict[str, str]]) -> None:
    """Write a CSV table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(rows)


def test_turns_carry_the_clients_words_before_them_and_their_conversations_label(folder: Path) -> None:
    """A turn carries the client's words before it, of its own conversation only, and its conversation's label."""
    found = turns.read_annomi(folder)
    assert len(found) == 48
    assert {turn.behaviour for turn in found} == set(BEHAVIOURS)
    assert {turn.client for turn in found} == {"I don't want to stop drinking."}
    assert (found[0].quality, found[4].quality) == ("low", "high")
    rows = [line(1, "client", "Words of one."), line(2, "therapist", "Hello there.", "other")]
    write(folder / ANNOMI, COLUMNS, rows)
    assert turns.read_annomi(folder)[0].client == ""


def test_a_line_of_two_tables_counts_once(folder: Path) -> None:
    """A line that stands in both of BOLT's tables counts once, and blanks at the end of a label are removed."""
    found = turns.read_bolt(folder)
    assert len(found) == 3
    assert {one.technique for one in found} == {"Reflections on Emotions", "Planning"}


def test_a_corpus_that_is_not_there_is_left_out_or_told(tmp_path: Path) -> None:
    """A missing BOLT is left out, and a missing AnnoMI is reported."""
    assert turns.read_bolt(tmp_path) == []
    with pytest.raises(DataError, match="cannot be read"):
        turns.read_annomi(tmp_path)


def test_tables_with_other_columns_are_told(tmp_path: Path) -> None:
    """A table with other columns is reported by the name of the column, never by its text."""
    write(tmp_path / ANNOMI, ("a",), [{"a": "secret"}])
    write(tmp_path / BOLT[0], ("a",), [{"a": "secret"}])
    for read in (turns.read_annomi, turns.read_bolt):
        with pytest.raises(DataError, match="has no column") as caught:
            read(tmp_path)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "behaviour"),
    [
        ("It sounds as if stopping is the last thing you want.", "reflection"),
        ("It sounds hard. What would you want instead?", "question"),
        ("You should cut down to the weekends.", "input"),
        ("Thank you for telling me.", "other"),
        ("", "other"),
    ],
)
def test_cues_tell_the_kind_of_an_utterance(reply: str, behaviour: str) -> None:
    """The cues alone, without fitted weights, give the kind of an utterance."""
    rules = BaselineRules()
    assert rules.rate("I don't want to stop drinking.", reply, rules.no_weights).behaviour == behaviour


def test_where_no_cue_stands_the_weights_tell_it() -> None:
    """Where no cue is found the weights decide, for statements alone."""
    rules = BaselineRules()
    taught = rules.make_weights([0.0] * 4, {"evenings": [9.0, 0.0, 0.0, 0.0], "units": [0.0, 0.0, 9.0, 0.0]})
    told = {
        reply: rules.rate("I won't.", reply, taught).behaviour
        for reply in ("Only the evenings.", "Ten units a week.", "Only the evenings?", "Thank you.")
    }
    assert list(told.values()) == ["reflection", "input", "question", "other"]


def test_levels_are_those_that_the_model_gives() -> None:
    """The levels of the rules are those that the model's own entry point returns."""
    read = BaselineRules().rate("I don't want to.", "Whether you do it is up to you.")
    assert read.levels[0] == 2
    assert BaselineRules().rate("Bonjour.", "Qu'est-ce que vous voulez faire maintenant alors ?").levels == (None,) * 4


def test_nothing_is_tested_on_a_video_it_was_trained_on(folder: Path) -> None:
    """Each turn is predicted by a model that was fitted on all other videos."""
    found = turns.read_annomi(folder)
    trained_on = evaluate.predict_by_folds(found, lambda some: {turn.video for turn in some}, lambda videos, _: videos)
    for turn, videos in zip(found, trained_on, strict=True):
        assert turn.video not in videos
        assert len(videos) > 6


def test_what_each_video_says_alike_is_learned_and_nothing_else(folder: Path) -> None:
    """Words that mark a behaviour in every video are learned; words of one video alone are not."""
    rules = BaselineRules()
    found = turns.read_annomi(folder)
    fitted = evaluate.predict_by_folds(found, lambda some: fit_weights(some, rules), lambda weights, _: weights)
    kinds = [rules.behaviour_probabilities(turn.reply, weights) for turn, weights in zip(found, fitted, strict=True)]
    said = [max(each, key=lambda kind: each[kind]) for each in kinds]
    assert evaluate.evaluate_behaviours("fitted", found, said).macro.value == pytest.approx(1)
    reference = evaluate.predict_by_folds(found, evaluate.fit_reference, evaluate.predict_behaviour)
    assert evaluate.evaluate_behaviours("reference", found, reference).macro.value == pytest.approx(1)
    strange = [CounsellorTurn("", f"word{i} " * 4, BEHAVIOURS[i % 4], f"v{i}", "high") for i in range(40)]
    said = evaluate.predict_by_folds(strange, evaluate.fit_reference, evaluate.predict_behaviour)
    assert evaluate.evaluate_behaviours("reference", strange, said).macro.value < 0.6


def test_fitted_weights_are_those_of_whole_replies_in_the_baselines_own_terms(folder: Path, tmp_path: Path) -> None:
    """Fitted weights give the same probabilities after they are written and read, and the file holds no whole turn."""
    rules = BaselineRules()
    found = turns.read_annomi(folder)
    weights = fit_weights(found, rules)
    assert set(weights.weights) <= {term for turn in found for term in rules.terms(rules.fold(turn.reply))}
    assert all(len(row) == len(rules.kinds) for row in weights.weights.values())
    weights.write(tmp_path / "w.json")
    told = json.loads((tmp_path / "w.json").read_text())
    again = rules.make_weights(told["bias"], told["weights"])
    for turn in found:
        assert again.probabilities(rules.fold(turn.reply)) == weights.probabilities(rules.fold(turn.reply))
        assert turn.reply not in (tmp_path / "w.json").read_text()


def test_a_row_holds_the_mean_over_behaviours_with_its_interval() -> None:
    """A row holds the mean over behaviours with its interval, including a behaviour that is never predicted."""
    found = [CounsellorTurn("", "x", BEHAVIOURS[i % 4], f"v{i % 6}", "high") for i in range(24)]
    row = evaluate.evaluate_behaviours("always other", found, ["other"] * 24)
    assert row.macro.value == pytest.approx(0.1)
    assert row.macro.low <= row.macro.value <= row.macro.high
    assert row.by_behaviour == {"reflection": 0, "question": 0, "input": 0, "other": pytest.approx(0.4)}


def test_quality_is_told_apart_by_a_number_that_follows_it() -> None:
    """The ROC-AUC of quality is 1 for a number that follows it, and 0.5 for a constant."""
    found = [CounsellorTurn("", "x", "other", f"v{i}", "high" if i % 2 else "low") for i in range(20)]
    assert evaluate.evaluate_quality("knows", found, [float(i % 2) for i in range(20)]).auc.value == 1
    assert evaluate.evaluate_quality("knows nothing", found, [1.0] * 20).auc.value == 0.5


def test_turns_that_say_nothing_are_left_out_of_quality() -> None:
    """Turns that are shorter than four words or not readable are left out of the evaluation of quality."""
    found = [CounsellorTurn("", text, "other", "v", "high") for text in ("Mm-hmm.", "a b c d", "e f g h")]
    read = [RatedReply((0,) * 4, "other"), RatedReply((1,) * 4, "other"), RatedReply((None,) * 4, "other")]
    kept, known = evaluate.drop_short_turns(found, read)
    assert [turn.reply for turn in kept] == ["a b c d"]
    assert known == [read[1]]
    assert MIN_WORDS == 4


COMMAND = [sys.executable, "-m", "training.baseline"]


def test_the_command_prints_three_tables(folder: Path) -> None:
    """The command prints three tables from a folder in the publishers' layout, and a sentence for another folder."""
    command = [*COMMAND, "eval"]
    done = subprocess.run(
        [*command, str(folder)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=DEADLOCK_S
    )
    for words in ("Counsellor behaviour", "High or low conversation", "Share with any expression", "always `other`"):
        assert words in done.stdout
    missing = subprocess.run([*command, str(folder / "x")], cwd=ROOT, capture_output=True, text=True, check=False)
    assert missing.returncode == 1
    assert "cannot be read" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_the_command_writes_weights(folder: Path, tmp_path: Path) -> None:
    """The command writes weights to the given file, and its help names the next step."""
    out = tmp_path / "behaviours.json"
    done = subprocess.run(
        [*COMMAND, "train", str(folder), str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=DEADLOCK_S,
    )
    assert "48 turns" in done.stdout
    assert set(json.loads(out.read_text())) == {"bias", "weights"}

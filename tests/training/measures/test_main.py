"""Tests of the command `python -m training.measures`, on transcripts made up for it."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stream.contracts.rubric import Technique
from stream.contracts.vocabulary import Level, Mechanism
from stream.measures.anchors import Dimension
from stream.measures.dynamics import WEIGHTS
from stream.measures.hearing import Heard, hear, pairs_to_read
from stream.measures.turns import FinishedSession
from tests.stream.measures.samples import ANSWERS, drawn
from tests.stream.published.samples import CANARY, write
from tests.training.measures.samples import heard_talk
from training.corpora.labels import ReplyLabel, load_turn_labels
from training.measures import __main__ as cli
from training.measures import published_report, report
from training.measures.ratings import CHECK, OF_CLIENTS
from training.measures.sessions import SHIPPED_FOLD, held_out, turns_alone, with_folds

pytestmark = pytest.mark.usefixtures("few_resamples")

TALK = [
    ("client", "I am worried about my smoking and I hate that I cannot stop.", "N"),
    ("counsellor", "It weighs on you. What have you tried?", "R"),
    ("client", "gum. it was a waste of money", "S"),
    ("counsellor", "Okay.", "Other"),
]


def write_data(folder: Path) -> Path:
    """Write ten made-up videos and ten typed sessions in the layouts of their publishers."""
    (folder / "annomi").mkdir(parents=True)
    (folder / "mibot").mkdir()
    with (folder / "annomi" / "AnnoMI-simple.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        columns = ("transcript_id", "video_url", "interlocutor", "utterance_text", "main_therapist_behaviour")
        rows.writerow(columns)
        for number in range(1, 11):
            for speaker, text, code in TALK * 5:
                who = "client" if speaker == "client" else "therapist"
                behaviour = {"R": "question", "Other": "other"}.get(code, "n/a")
                rows.writerow((number, f"https://video/{number}", who, text, behaviour))
    # Conversations without labels of turns are in no fold, so these have names of some that have.
    for name in sorted(name for name in load_turn_labels().read if name.startswith("M"))[:10]:
        said = [{"speaker": speaker, "text": text, "auto_misc_label": code} for speaker, text, code in TALK * 5]
        transcript = {"participant_id": name, "utterances": said}
        (folder / "mibot" / f"{name[1:]}ff.json").write_text(json.dumps(transcript), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the made-up transcripts."""
    return write_data(tmp_path_factory.mktemp("data"))


def test_what_the_reader_has_seen_is_kept_apart(data: Path) -> None:
    """The transcripts of one fold are held out, and no video or session stands on both sides."""
    folds = with_folds(data)
    unseen = held_out(data)
    assert {talk.corpus for talk in unseen} == {"annomi", "mibot"}
    assert {talk.id for talk in unseen} == {talk.id for talk, fold in folds if fold == SHIPPED_FOLD}
    seen = {talk.group for talk, fold in folds if fold != SHIPPED_FOLD}
    assert not seen & {talk.group for talk in unseen}


def test_single_turns_keep_the_turn_before(data: Path) -> None:
    """A client turn alone is a transcript of it and of the turn before, under the same name."""
    talk = held_out(data)[0]
    first, second = turns_alone([talk], [(talk.id, 1), (talk.id, 2)])
    assert [turn.speaker for turn in first.turns] == ["client"]
    assert [turn.speaker for turn in second.turns] == ["counsellor", "client"]
    assert second.id == talk.id


def test_agreement_is_printed_for_each_dimension() -> None:
    """`agreement` prints the two passes, without data."""
    result = CliRunner().invoke(cli.app, ["agreement"])
    assert result.exit_code == 0, result.output
    assert "200 exchanges" in result.output
    assert "Rapport" in result.output


def test_synthetic_sessions_stand_beside_real_ones(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`compare` prints the quantities of a file of synthetic sessions beside those of each corpus."""
    monkeypatch.setattr(cli, "hear_talks", lambda talks: [heard_talk(talk) for talk in talks])
    made = tmp_path / "made.jsonl"
    lines = [
        {"type": "message", "conversation_id": f"synthetic-{number}", "role": speaker, "text": text}
        for number in range(3)
        for speaker, text, _ in TALK * (number + 2)
    ]
    made.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    result = CliRunner().invoke(cli.app, ["compare", str(data), str(made)])
    assert result.exit_code == 0, result.output
    for said in ("3 synthetic sessions beside", "of annomi", "of mibot", "counsellor_words", "are not told apart"):
        assert said in result.output


def test_a_sheet_is_not_written_over(data: Path, tmp_path: Path) -> None:
    """`sheet` says that a file is there already, and that data lack the rated exchanges."""
    out = tmp_path / "sheet.txt"
    result = CliRunner().invoke(cli.app, ["sheet", str(data), str(out)])
    assert result.exit_code == 1
    assert "the data hold no client turn" in str(result.exception)
    assert not out.exists()


def test_eval_prints_each_measure_beside_its_losers(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`eval` prints every table, with ratings and labels of the made-up turns, and a reader that is made up too."""
    unseen, seen = held_out(data), [talk for talk, fold in with_folds(data) if fold != SHIPPED_FOLD]
    ratings = {
        (talk.id, number): {dimension: 1 + (number + place) % 3 for place, dimension in enumerate(Dimension)}
        for talk in unseen
        for number in range(1, 9)
    }
    check = {(talk.id, 1): dict.fromkeys(OF_CLIENTS, 1 + place % 2) for place, talk in enumerate(seen)}
    label = ReplyLabel({Mechanism.STANCE_ALIGNMENT: Level.NONE}, Technique.MINIMAL, None)
    monkeypatch.setattr(report, "hear_talks", lambda talks: [heard_talk(talk) for talk in talks])
    monkeypatch.setattr(report, "mean_ratings", lambda: ratings)
    monkeypatch.setattr(report, "load_ratings", lambda name: check if name == CHECK else ratings)
    monkeypatch.setattr(report, "load_reply_labels", lambda **_: {(talk.id, 2): label for talk in unseen})
    result = CliRunner().invoke(cli.app, ["eval", str(data)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    for words in ("AnnoMI: main technique", "MIBot: which of five", "TF-IDF", "Rapport", "claims_feeling", "DTW"):
        assert words in result.output


def hears(sessions: Sequence[FinishedSession]) -> list[Heard]:
    """Return what a made-up reader hears in sessions."""
    return [hear(session, drawn(pairs_to_read(session)), ANSWERS) for session in sessions]


@pytest.mark.parametrize(
    ("command", "name", "words"),
    [
        (["published", "thousand-voices"], "thousand-voices", ["CC BY-NC 4.0", "no client spoke", "P10, imaginal"]),
        (["published", "failed-esconv"], "failed-esconv", ["academic research", "Seekers' marks after 1 replies"]),
        (["annomi-full"], "annomi-full", ["not stated", "nine codes, 2 turns", "two annotators", "constant"]),
        (["oncoco"], "oncoco", ["CC BY-SA 4.0", "nine families, 2 messages", "constant"]),
    ],
)
def test_figures_of_a_published_corpus_come_after_its_terms(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], name: str, words: list[str]
) -> None:
    """Each command for a corpus says its licence first, and then what the measures show, beside a constant."""
    monkeypatch.setattr(published_report, "hear_sessions", hears)
    arguments = [*command, str(write(tmp_path, name)), *([str(data)] if name == "annomi-full" else [])]
    result = CliRunner().invoke(cli.app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert "Licence: " in said
    for each in words:
        assert each in said
    assert CANARY not in said


def test_fit_writes_the_weights_of_each_dimension(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`fit` writes weights for each dimension, with the names of its features."""
    ratings = {(talk.id, 2): dict.fromkeys(Dimension, 2.0) for talk in held_out(data)}
    monkeypatch.setattr(cli, "hear_talks", lambda talks: [heard_talk(talk) for talk in talks])
    monkeypatch.setattr(cli, "mean_ratings", lambda: ratings)
    monkeypatch.setattr(cli, "WEIGHTS_PATH", tmp_path / "weights.json")
    result = CliRunner().invoke(cli.app, ["fit", str(data)])
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "weights.json").read_text(encoding="utf-8"))
    assert {name: set(weights) for name, weights in found.items()} == {
        name: set(weights) for name, weights in WEIGHTS.items()
    }

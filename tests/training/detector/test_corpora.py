"""Labelled client turns are read from files in the publishers' layout."""

from pathlib import Path

import pytest

from tests.training.detector.conftest import write_annomi, write_mibot
from training.detector.corpora import LabelledTurn, load, of_corpus, read_annomi, read_mibot
from training.errors import DataError


def _annomi(speaker: str, text: str, label: str, transcript: str = "1", video: str = "v1") -> dict[str, str]:
    return {
        "transcript_id": transcript,
        "video_url": video,
        "interlocutor": speaker,
        "utterance_text": text,
        "client_talk_type": label,
    }


def test_annomi_sustain_talk_is_the_target(tmp_path: Path) -> None:
    """Sustain talk of AnnoMI is positive, change and neutral talk negative, and therapist rows are context."""
    path = tmp_path / "a.csv"
    write_annomi(
        path,
        [
            _annomi("therapist", "And now?", "n/a"),
            _annomi("client", "I like it", "sustain"),
            _annomi("client", "I'll stop", "change"),
            _annomi("client", "Monday", "neutral"),
        ],
    )
    found = list(read_annomi(path))
    assert [(turn.given.text, turn.resists) for turn in found] == [
        ("I like it", True),
        ("I'll stop", False),
        ("Monday", False),
    ]


def test_annomi_context_is_the_therapists_last_turn(tmp_path: Path) -> None:
    """The context of an AnnoMI turn is the therapist's last turn of the same transcript."""
    path = tmp_path / "a.csv"
    write_annomi(
        path,
        [
            _annomi("client", "hello", "neutral"),
            _annomi("therapist", "first", "n/a"),
            _annomi("therapist", "second", "n/a"),
            _annomi("client", "well", "neutral"),
            _annomi("client", "other transcript", "neutral", transcript="2"),
        ],
    )
    assert [turn.given.previous_text for turn in read_annomi(path)] == [None, "second", None]


def test_annomi_is_grouped_by_video(tmp_path: Path) -> None:
    """AnnoMI turns are grouped by video, so that a video transcribed twice is on one side of a split."""
    path = tmp_path / "a.csv"
    write_annomi(
        path,
        [_annomi("client", "a", "neutral", transcript="1"), _annomi("client", "a", "neutral", transcript="2")],
    )
    assert {turn.group for turn in read_annomi(path)} == {"v1"}


def test_mibot_utterances_of_a_volley_are_one_message(tmp_path: Path) -> None:
    """The MIBot utterances of a volley are one message, labelled as resisting if any part is."""
    path = tmp_path / "m.json"
    write_mibot(
        path,
        "person",
        [
            ("counsellor", 1, "Hello!", "Other"),
            ("counsellor", 1, "How are you?", "Q"),
            ("client", 2, "ok,", "N"),
            ("client", 2, "but I can't stop", "S"),
            ("counsellor", 3, "Tell me more.", "Q"),
            ("client", 4, "I'd like to", "C"),
        ],
    )
    first, second = read_mibot(path)
    assert (first.given.text, first.resists) == ("ok, but I can't stop", True)
    assert first.given.previous_text == "Hello! How are you?"
    assert (second.given.text, second.resists) == ("I'd like to", False)
    assert {first.group, second.group} == {"person"}


def test_a_folder_holds_both_corpora(data: Path) -> None:
    """Both corpora are found by their places in a folder."""
    turns = load(data)
    assert len(of_corpus(turns, "annomi")) == 8 * 9
    assert len(of_corpus(turns, "mibot")) == 8 * 6


@pytest.mark.parametrize("gone", ["annomi", "mibot"])
def test_either_corpus_may_be_absent(data: Path, gone: str) -> None:
    """Either corpus may be absent."""
    (data / gone).rename(data.parent / f"{data.name}-{gone}")
    assert gone not in {turn.corpus for turn in load(data)}


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """A missing folder is named with the files it should hold."""
    with pytest.raises(DataError, match=r"nowhere is no folder; .*annomi/ and mibot/"):
        load(tmp_path / "nowhere")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """A folder without any client turn is refused, since an empty result would look like one."""
    with pytest.raises(DataError, match="holds no client turn"):
        load(tmp_path)


def test_a_csv_of_another_kind_is_refused(tmp_path: Path) -> None:
    """A CSV file with other columns is refused, and the missing columns are named."""
    (tmp_path / "annomi").mkdir()
    (tmp_path / "annomi" / "x.csv").write_text("transcript_id,text\n1,hello\n", encoding="utf-8")
    with pytest.raises(DataError, match="columns missing: client_talk_type"):
        load(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", '{"participant_id": "p"}', '{"utterances": [{"text": "secret"}]}'])
def test_a_json_of_another_kind_is_refused_without_its_text(tmp_path: Path, content: str) -> None:
    """A JSON file with other content is refused; its name is given and its content is not."""
    (tmp_path / "mibot").mkdir()
    (tmp_path / "mibot" / "x.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"x\.json is no MIBot transcript") as refused:
        load(tmp_path)
    assert "secret" not in str(refused.value)


def test_no_text_in_a_repr(turns: list[LabelledTurn]) -> None:
    """The repr of a turn holds no text, so that a traceback shows none."""
    assert turns[0].given.text not in repr(turns[0])

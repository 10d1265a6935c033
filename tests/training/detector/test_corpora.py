"""Reading labelled client turns in the publishers' layout."""

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
    """Change talk and neutral talk are the rest; therapist rows are context."""
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
    """Of the same transcript only."""
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
    """A video transcribed twice must not stand on both sides of a split."""
    path = tmp_path / "a.csv"
    write_annomi(
        path,
        [_annomi("client", "a", "neutral", transcript="1"), _annomi("client", "a", "neutral", transcript="2")],
    )
    assert {turn.group for turn in read_annomi(path)} == {"v1"}


def test_mibot_utterances_of_a_volley_are_one_message(tmp_path: Path) -> None:
    """As it was typed; labelled as resisting if any part is."""
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
    """Found by their places."""
    turns = load(data)
    assert len(of_corpus(turns, "annomi")) == 8 * 9
    assert len(of_corpus(turns, "mibot")) == 8 * 6


@pytest.mark.parametrize("gone", ["annomi", "mibot"])
def test_either_corpus_may_be_absent(data: Path, gone: str) -> None:
    """One is enough."""
    (data / gone).rename(data.parent / f"{data.name}-{gone}")
    assert gone not in {turn.corpus for turn in load(data)}


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """With what should be in it."""
    with pytest.raises(DataError, match=r"nowhere is no folder; .*annomi/ and mibot/"):
        load(tmp_path / "nowhere")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """Silence would look like a result."""
    with pytest.raises(DataError, match="holds no client turn"):
        load(tmp_path)


def test_a_csv_of_another_kind_is_refused(tmp_path: Path) -> None:
    """The missing columns are named."""
    (tmp_path / "annomi").mkdir()
    (tmp_path / "annomi" / "x.csv").write_text("transcript_id,text\n1,hello\n", encoding="utf-8")
    with pytest.raises(DataError, match="columns missing: client_talk_type"):
        load(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", '{"participant_id": "p"}', '{"utterances": [{"text": "secret"}]}'])
def test_a_json_of_another_kind_is_refused_without_its_text(tmp_path: Path, content: str) -> None:
    """The file is named, what is in it is not."""
    (tmp_path / "mibot").mkdir()
    (tmp_path / "mibot" / "x.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"x\.json is no MIBot transcript") as refused:
        load(tmp_path)
    assert "secret" not in str(refused.value)


def test_no_text_in_a_repr(turns: list[LabelledTurn]) -> None:
    """A traceback shows no words."""
    assert turns[0].given.text not in repr(turns[0])

"""Public transcripts are read as conversations of turns, and client turns are counted as the labels count them."""

from pathlib import Path

import pytest

from tests.training.corpora.samples import write_annomi, write_mibot
from training.corpora.transcripts import load_transcripts
from training.errors import DataError

SPOKEN = [
    ("17", "https://video/1", "therapist", "Hello."),
    ("17", "https://video/1", "therapist", "How are you?"),
    ("17", "https://video/1", "client", "Fine."),
    ("17", "https://video/1", "therapist", "Good."),
    ("17", "https://video/1", "client", "Well,"),
    ("17", "https://video/1", "client", "no."),
    ("18", "https://video/1", "client", "Hi."),
]


def test_utterances_of_one_speaker_are_one_turn(tmp_path: Path) -> None:
    """A maximal run of one speaker's utterances is one turn, in both corpora."""
    write_annomi(tmp_path, SPOKEN)
    write_mibot(tmp_path, "0123456789ab", "p1", [("counsellor", "Hello."), ("client", "Hi."), ("client", "Bye.")])
    spoken, other, typed = load_transcripts(tmp_path)
    assert [(turn.speaker, turn.text) for turn in spoken.turns] == [
        ("counsellor", "Hello. How are you?"),
        ("client", "Fine."),
        ("counsellor", "Good."),
        ("client", "Well, no."),
    ]
    assert [turn.text for turn in typed.turns] == ["Hello.", "Hi. Bye."]
    assert [talk.id for talk in (spoken, other, typed)] == ["A17", "A18", "M01234567"]
    assert [talk.corpus for talk in (spoken, typed)] == ["annomi", "mibot"]
    assert spoken.group == other.group == "https://video/1"
    assert typed.group == "p1"


def test_client_turns_are_counted_from_one_with_their_neighbours(tmp_path: Path) -> None:
    """Each client turn has its number, the counsellor's turn before it and the one after it, where there is one."""
    spoken, other = load_transcripts(write_annomi(tmp_path, SPOKEN))
    found = [
        (number, before.text if before else None, turn.text, after.text if after else None)
        for talk in (spoken, other)
        for number, before, turn, after in talk.client_turns()
    ]
    assert found == [
        (1, "Hello. How are you?", "Fine.", "Good."),
        (2, "Good.", "Well, no.", None),
        (1, None, "Hi.", None),
    ]


def test_a_folder_without_transcripts_is_named(tmp_path: Path) -> None:
    """A folder that is absent, or that holds neither corpus, is named."""
    with pytest.raises(DataError, match="is no folder"):
        load_transcripts(tmp_path / "absent")
    with pytest.raises(DataError, match="holds no conversation"):
        load_transcripts(tmp_path)


def test_a_file_of_another_format_is_named_without_its_words(tmp_path: Path) -> None:
    """A file of another format is named, and the columns that are missing; no word of it is shown."""
    (tmp_path / "annomi").mkdir()
    (tmp_path / "annomi" / "a.csv").write_text("transcript_id,hidden\n1,words\n")
    with pytest.raises(DataError, match=r"columns missing: interlocutor, utterance_text, video_url$"):
        load_transcripts(tmp_path)


@pytest.mark.parametrize(
    "text", ["hidden words", "{}", '{"participant_id": "p", "utterances": [{"speaker": "hidden"}]}']
)
def test_a_typed_transcript_of_another_shape_is_named_without_its_words(tmp_path: Path, text: str) -> None:
    """A file that is no transcript is named by its path alone."""
    (tmp_path / "mibot").mkdir()
    (tmp_path / "mibot" / "a.json").write_text(text)
    with pytest.raises(DataError, match=r"a\.json is no MIBot transcript") as caught:
        load_transcripts(tmp_path)
    assert "hidden" not in str(caught.value)


def test_a_typed_transcript_is_in_one_file(tmp_path: Path) -> None:
    """A typed transcript that lies in two folders is refused with both files."""
    write_mibot(tmp_path, "0123456789ab", "p1", [("client", "Hi.")])
    copy = tmp_path / "mibot" / "old" / "0123456789ab.json"
    copy.parent.mkdir()
    copy.write_bytes((tmp_path / "mibot" / "transcripts" / copy.name).read_bytes())
    with pytest.raises(DataError, match=r"old/0123456789ab\.json and \S+transcripts/0123456789ab\.json both hold"):
        load_transcripts(tmp_path)


def test_texts_stay_out_of_repr(tmp_path: Path) -> None:
    """The representation of a conversation shows no words."""
    assert "Fine" not in repr(load_transcripts(write_annomi(tmp_path, SPOKEN)))

"""Rows of turns from public conversations: codes and labels in their places, and no text."""

import csv
import json
from pathlib import Path

import pytest

from stream.contracts.rubric import Technique
from stream.contracts.vocabulary import Level, Mechanism, ResistanceType
from training.corpora.labels import ReplyLabel, TurnLabels
from training.errors import DataError
from training.studies.turn_rows import Labels, Row, Talk, Utterance, load_labels, read_annomi, read_mibot, turn_rows

REPLY = ReplyLabel(dict.fromkeys(Mechanism, Level.WEAK), Technique.AFFIRMATION, None)
LABELS = Labels(
    TurnLabels(frozenset({"A1"}), {("A1", 1): (ResistanceType.BLAMING, 1.0)}, frozenset()), {("A1", 1): REPLY}
)
TALK = Talk(
    "A1",
    "video",
    "A1",
    {"reflection": "reflection", "question": "question"},
    (
        Utterance("counsellor", 3, "question"),
        Utterance("client", 1, "sustain"),
        Utterance("client", 2, "neutral"),
        Utterance("counsellor", 5, "reflection"),
        Utterance("client", 4, "change"),
        Utterance("counsellor", 1, "other"),
    ),
)


@pytest.fixture
def rows() -> list[Row]:
    """The rows of the conversation above."""
    return list(turn_rows(TALK, LABELS))


def test_a_run_of_one_speaker_is_one_turn(rows: list[Row]) -> None:
    """Two utterances of the client in a row are one turn, and turns are numbered from 1."""
    assert [(row["turn"], row["role"]) for row in rows] == [
        (1, "counsellor"), (2, "client"), (3, "counsellor"), (4, "client"), (5, "counsellor"),
    ]  # fmt: skip


def test_a_client_turn_has_its_talk_its_length_and_whether_it_resists(rows: list[Row]) -> None:
    """Talk is the mean over the turn's utterances, from 1 for change to -1 against it."""
    assert [rows[place]["talk"] for place in (1, 3)] == [-0.5, 1]
    assert [rows[place]["resists"] for place in (1, 3)] == [1, 0]
    assert rows[1]["log_words"] == pytest.approx(1.386, abs=0.001)


def test_a_reply_has_the_labels_of_the_client_turn_that_it_follows(rows: list[Row]) -> None:
    """Technique and levels stand at the reply to the labelled turn alone; a turn without a label has none."""
    assert rows[2]["code"] == "affirmation"
    assert rows[2]["stance_alignment"] == 1
    assert "code" not in rows[0]
    assert "code" not in rows[4]
    assert (rows[2]["reflection"], rows[2]["question"], rows[2]["words"]) == (1, 0, 5)


def test_going_along_is_the_share_so_far(rows: list[Row]) -> None:
    """Before the first client turn nothing is known; then it is the share of client turns that did not resist."""
    assert [rows[place]["went_along"] for place in (0, 2, 4)] == [None, 0, 0.5]


def test_a_conversation_that_nobody_read_says_nothing_of_resistance() -> None:
    """Without a reading a turn is not called plain."""
    unread = list(turn_rows(TALK, Labels(TurnLabels(frozenset(), {}, frozenset()), {})))
    assert {unread[place]["resists"] for place in (1, 3)} == {None}
    assert {unread[place]["went_along"] for place in (0, 2, 4)} == {None}


def test_the_committed_labels_cover_replies() -> None:
    """Our labels hold techniques for typed and for spoken conversations."""
    labels = load_labels()
    assert {name[0] for name, _ in labels.replies} == {"A", "M"}


def write_annomi(folder: Path) -> None:
    """Write two invented utterances as AnnoMI has them."""
    (folder / "annomi").mkdir()
    columns = ["transcript_id", "video_url", "interlocutor", "utterance_text"]
    columns += ["main_therapist_behaviour", "client_talk_type"]
    with (folder / "annomi" / "AnnoMI-simple.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows(
            [
                columns,
                ["1", "v", "therapist", "Hello there", "question", "n/a"],
                ["1", "v", "client", "No", "n/a", "sustain"],
            ]
        )


def test_both_corpora_are_read_as_they_are_published(tmp_path: Path) -> None:
    """Speakers, words and codes come from the files; the counsellor is called so in both."""
    write_annomi(tmp_path)
    (annomi,) = read_annomi(tmp_path)
    assert annomi.utterances == (Utterance("counsellor", 2, "question"), Utterance("client", 1, "sustain"))
    assert (annomi.id, annomi.group) == ("A1", "v")
    (tmp_path / "mibot" / "transcripts").mkdir(parents=True)
    said = {"speaker": "client", "text": "Well, no", "auto_misc_label": "S"}
    text = json.dumps({"participant_id": "p", "utterances": [said]})
    (tmp_path / "mibot" / "transcripts" / "abcdefghij.json").write_text(text)
    (mibot,) = read_mibot(tmp_path)
    assert (mibot.id, mibot.person, mibot.utterances) == ("Mabcdefgh", "p", (Utterance("client", 2, "S"),))


def test_files_of_another_form_are_named_and_not_quoted(tmp_path: Path) -> None:
    """A missing or broken file is one sentence with its path, and no text of it."""
    with pytest.raises(DataError, match=r"annomi holds no transcript"):
        read_annomi(tmp_path)
    with pytest.raises(DataError, match="holds no transcript"):
        read_mibot(tmp_path)
    (tmp_path / "mibot" / "transcripts").mkdir(parents=True)
    (tmp_path / "mibot" / "transcripts" / "x.json").write_text('{"utterances": [{"text": "secret words"}]}')
    with pytest.raises(DataError) as caught:
        read_mibot(tmp_path)
    assert "secret" not in str(caught.value)

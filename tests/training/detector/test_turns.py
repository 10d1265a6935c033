"""Turns are read from transcripts and written exchanges with what is known of them."""

import csv
import json
from pathlib import Path

import pytest

from stream.contracts.vocabulary import ResistanceType
from training.corpora.labels import TurnLabels
from training.corpora.written import WrittenExchange
from training.detector import turns as turns_module
from training.detector.turns import LabelledTurn, load, of_source
from training.errors import DataError
from training.reader.targets import RESISTANCE

EXCHANGE: dict[str, object] = {
    "id": "A-001",
    "topic": "a test",
    "context": [{"role": "counsellor", "text": "How was the week?"}],
    "client": ["ok", "gave the cat away"],
    "label": "none",
    "lookalike": None,
    "critical": "suicide",
    "critical_lookalike": False,
    "replies": [],
    "better": "",
}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a spoken conversation, in which the second client turn resists, and one that nobody read."""
    rows = [("1", "therapist", "How are you?"), ("1", "client", "fine"), ("1", "therapist", "And smoking?")]
    rows += [("1", "client", "none of your business"), ("2", "client", "hello")]
    (tmp_path / "annomi").mkdir()
    with (tmp_path / "annomi" / "made-up.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["transcript_id", "video_url", "interlocutor", "utterance_text"])
        writer.writerows((number, f"https://video.example/{number}", who, said) for number, who, said in rows)
    labels = TurnLabels(frozenset({"A1"}), {("A1", 2): (ResistanceType.LIMIT_SETTING, 0.6)}, frozenset())
    monkeypatch.setattr(turns_module, "load_turn_labels", lambda: labels)
    exchange = WrittenExchange.model_validate_json(json.dumps(EXCHANGE))
    monkeypatch.setattr(turns_module, "load_written", lambda: [exchange])
    return tmp_path


def test_turns_of_read_transcripts_have_their_labels_and_weights(data: Path) -> None:
    """Client turns of conversations that were read carry label and weight; other conversations are left out."""
    first, second = of_source(load(data), "annomi")
    assert (first.resists, second.resists) == (False, True)
    assert second.example.resistance == RESISTANCE.index("limit_setting")
    assert second.example.weight == 0.6
    assert second.whole.previous_text == "And smoking?"
    assert second.group == "https://video.example/1"


def test_a_written_turn_is_met_message_by_message(data: Path) -> None:
    """The detector gets the messages of a written turn one by one, each with the counsellor's turn before them."""
    (written,) = of_source(load(data), "written")
    assert [(given.text, given.previous_text) for given in written.inputs()] == [
        ("ok", "How was the week?"),
        ("gave the cat away", "How was the week?"),
    ]
    assert written.whole.text == "ok gave the cat away"


def test_critical_content_is_worth_reading_whether_or_not_it_resists(data: Path) -> None:
    """A turn with critical content is worth reading, though nobody says whether it resists."""
    (written,) = of_source(load(data), "written")
    assert (written.critical, written.resists, written.worth_reading, written.labelled) == (True, False, True, True)


def test_single_lines_are_among_the_turns_and_the_test_set_is_not(data: Path) -> None:
    """The lines to learn from are there as one group, and no line of the test set is."""
    lines = of_source(load(data), "lines")
    assert len(lines) > 200
    assert {line.group for line in lines} == {"lines"}
    assert all(line.example.id.startswith("written-") for line in lines)


def test_a_folder_without_conversations_is_refused(tmp_path: Path, data: Path) -> None:
    """A folder without conversations is refused in one sentence."""
    assert data
    with pytest.raises(DataError, match="holds no conversation"):
        load(tmp_path / "annomi")


def test_no_text_is_in_a_repr(turns: list[LabelledTurn]) -> None:
    """The repr of a turn holds no text, as with messages."""
    assert all(message not in repr(turn) for turn in turns for message in turn.messages if " " in message[3:-3])

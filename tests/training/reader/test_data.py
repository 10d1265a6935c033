"""All that the reader learns from is put together from the transcripts of a folder and the texts of this repository."""

from collections import Counter
from pathlib import Path

import pytest

from tests.training.corpora.samples import exchange, write_annomi, write_exchanges, write_labels
from training.corpora.labels import PLAIN, load_reply_labels, load_turn_labels
from training.corpora.written import DANGER, load_written
from training.detector import own_set
from training.errors import DataError
from training.reader import data
from training.reader.data import load_examples

VIDEO = "https://video/1"
ROWS = [
    ("1", VIDEO, "therapist", "How was it?"),
    ("1", VIDEO, "client", "Fine."),
    ("1", VIDEO, "therapist", "Good."),
    ("1", VIDEO, "client", "And you?"),
    ("1", VIDEO, "therapist", "Fine."),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with one transcript, beside labels of its turns and replies and two written exchanges."""
    labels = write_labels(tmp_path / "labels", "A1 done", levels="A1 C1 2 1 0 0 open_question -")
    plain = write_labels(tmp_path / "plain", "A1 done", levels="A1 C2 0 1 0 0 minimal -")
    written = write_exchanges(tmp_path / "written", exchange())
    danger = write_exchanges(tmp_path / "danger", exchange("Y-001", critical="mania", replies=[], better=""))
    monkeypatch.setattr(data, "load_turn_labels", lambda: load_turn_labels(labels))
    monkeypatch.setattr(
        data, "load_reply_labels", lambda name="": load_reply_labels(plain if name == PLAIN else labels)
    )
    monkeypatch.setattr(data, "load_written", lambda of=None: load_written(danger if of == DANGER else written))
    return write_annomi(tmp_path, ROWS)


def test_turns_come_from_every_source(folder: Path) -> None:
    """Turns come from the transcripts, from both kinds of written exchange, and from all single lines."""
    lines = len(own_set.load(own_set.WRITTEN))
    found = Counter(turn.source for turn in load_examples(folder).turns)
    assert found == {"annomi": 2, "written": 1, "danger": 1, "lines": lines}


def test_replies_come_from_where_somebody_replied(folder: Path) -> None:
    """Replies come from the rated turns of the transcripts and from the written exchanges."""
    assert [(reply.source, reply.resisted) for reply in load_examples(folder).replies] == [
        ("annomi", True),
        ("annomi", False),
        ("written", True),
        ("written", True),
    ]


def test_no_two_examples_share_an_id(folder: Path) -> None:
    """An id names one turn or one reply, because answers are stored by id."""
    examples = load_examples(folder)
    for ids in ([turn.id for turn in examples.turns], [reply.id for reply in examples.replies]):
        assert len(set(ids)) == len(ids)


def test_a_folder_without_transcripts_is_refused(tmp_path: Path) -> None:
    """A folder without transcripts is refused with the folders that it should hold."""
    with pytest.raises(DataError):
        load_examples(tmp_path)

"""Fixtures that make a tiny data folder in the publishers' layout, with every line made up."""

import csv
import json
from pathlib import Path

import pytest

from training.detector import corpora
from training.detector.corpora import LabelledTurn

COLUMNS = [
    "transcript_id",
    "mi_quality",
    "video_title",
    "video_url",
    "topic",
    "utterance_id",
    "interlocutor",
    "timestamp",
    "utterance_text",
    "main_therapist_behaviour",
    "client_talk_type",
]
AGAINST = ["I don't want to stop, I like it", "there is no point, I can't quit", "not now, I need my smokes"]
FOR = ["I walked to work today", "yes, on Tuesday", "my sister came and we cooked", "I want to feel better"]


def write_annomi(path: Path, rows: list[dict[str, str]]) -> None:
    """Write an AnnoMI file; columns not given are filled with `n/a`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="n/a")
        writer.writeheader()
        writer.writerows(rows)


def write_mibot(path: Path, participant: str, utterances: list[tuple[str, int, str, str]]) -> None:
    """Write a MIBot transcript of (speaker, volley, text, label)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = ("speaker", "volley_number", "text", "auto_misc_label")
    listed = [dict(zip(fields, each, strict=True)) for each in utterances]
    path.write_text(json.dumps({"participant_id": participant, "utterances": listed}), encoding="utf-8")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with eight videos and eight typed sessions."""
    rows = []
    for video in range(8):
        for i in range(3):
            common = {"transcript_id": str(video), "video_url": f"https://video.example/{video}"}
            asked = {"interlocutor": "therapist", "utterance_text": "How are you?", "client_talk_type": "n/a"}
            against = {"interlocutor": "client", "utterance_text": AGAINST[i], "client_talk_type": "sustain"}
            neutral = {"interlocutor": "client", "utterance_text": FOR[i], "client_talk_type": "neutral"}
            change = {"interlocutor": "client", "utterance_text": FOR[3], "client_talk_type": "change"}
            rows += [common | asked, common | against, common | asked, common | neutral, common | change]
    write_annomi(tmp_path / "annomi" / "AnnoMI-simple.csv", rows)
    for session in range(8):
        said: list[tuple[str, int, str, str]] = []
        for i in range(3):
            said += [
                ("counsellor", 10 * i, "What about smoking?", "Q"),
                ("client", 10 * i + 1, AGAINST[(i + session) % 3], "S"),
                ("counsellor", 10 * i + 2, "And today?", "Q"),
                ("client", 10 * i + 3, FOR[(i + session) % 4], "N"),
            ]
        write_mibot(tmp_path / "mibot" / "transcripts" / f"{session}.json", f"person {session}", said)
    return tmp_path


@pytest.fixture
def turns(data: Path) -> list[LabelledTurn]:
    """Return the labelled turns of that folder."""
    return corpora.load(data)

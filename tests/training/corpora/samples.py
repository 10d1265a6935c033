"""Made-up written exchanges, transcripts and labels, in the layouts of their files."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stream.contracts.vocabulary import Mechanism
from training.corpora.written import WrittenExchange

COLUMNS = ("transcript_id", "video_url", "interlocutor", "utterance_text")


def exchange(name: str = "Z-001", **changes: Any) -> dict[str, Any]:
    """Return a written exchange as a line of its file holds it; it resists, and has two replies."""
    made: dict[str, Any] = {
        "id": name,
        "topic": "sleep",
        "context": [{"role": "counsellor", "text": "How did the diary go?"}],
        "client": ["I left it", "it changes nothing"],
        "label": "discounting",
        "lookalike": None,
        "critical": None,
        "critical_lookalike": False,
        "replies": [reply("You should try again."), reply("It is yours to leave.", (2, 1, 0, 0))],
        "better": "What would you put in its place?",
    }
    return made | changes


def reply(text: str, levels: Sequence[int] = (0, 0, 0, 0), **changes: Any) -> dict[str, Any]:
    """Return a reply of a written exchange."""
    made: dict[str, Any] = {
        "text": [text],
        "levels": dict(zip(Mechanism, levels, strict=True)),
        "evidence": dict.fromkeys(Mechanism, ""),
        "reason": dict.fromkeys(Mechanism, "Because."),
        "technique": "open_question",
        "mistake": None,
    }
    return made | changes


def parsed(**changes: Any) -> WrittenExchange:
    """Return a written exchange as the reader of the files gives it."""
    return WrittenExchange.model_validate_json(json.dumps(exchange(**changes)))


def write_exchanges(folder: Path, *exchanges: dict[str, Any], name: str = "Z.jsonl") -> Path:
    """Write exchanges into one file of a folder, and return the folder."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("".join(f"{json.dumps(each)}\n" for each in exchanges))
    return folder


def write_annomi(folder: Path, rows: Sequence[tuple[str, str, str, str]]) -> Path:
    """Write rows (transcript, video, speaker, words) as the publisher of AnnoMI does, and return the data folder."""
    (folder / "annomi").mkdir(parents=True, exist_ok=True)
    with (folder / "annomi" / "AnnoMI-simple.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        table.writerows(rows)
    return folder


def write_mibot(folder: Path, name: str, participant: str, said: Sequence[tuple[str, str]]) -> Path:
    """Write a conversation as the publisher of MIBot does, and return the data folder."""
    (folder / "mibot" / "transcripts").mkdir(parents=True, exist_ok=True)
    utterances = [{"speaker": speaker, "text": text, "number": number} for number, (speaker, text) in enumerate(said)]
    document = {"participant_id": participant, "utterances": utterances}
    (folder / "mibot" / "transcripts" / f"{name}.json").write_text(json.dumps(document))
    return folder


def write_labels(folder: Path, psyfire: str = "", second: str = "", levels: str = "") -> Path:
    """Write the three files of labels, and return their folder."""
    folder.mkdir(exist_ok=True)
    for name, text in (("psyfire", psyfire), ("psyfire-second-coder", second), ("reply-levels", levels)):
        (folder / f"{name}.tsv").write_text(text.replace(" ", "\t"))
    return folder

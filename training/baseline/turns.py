"""Reads labelled counsellor turns from public corpora in the layout of their publishers."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from training.errors import DataError

ANNOMI: Final = "annomi/AnnoMI-simple.csv"
BOLT: Final = ("bolt/finetune_therapist_combined_train.csv", "bolt/finetune_therapist_combined_valid.csv")
BEHAVIOURS: Final = ("reflection", "question", "input", "other")
_LABELS = {"reflection": "reflection", "question": "question", "therapist_input": "input", "other": "other"}


@dataclass(frozen=True)
class CounsellorTurn:
    """A counsellor utterance of AnnoMI with the client's before it. A video must never be split between folds."""

    client: str = field(repr=False)
    reply: str = field(repr=False)
    behaviour: str
    video: str
    quality: str
    """The quality of the whole conversation as its publishers rated it: high or low."""


@dataclass(frozen=True)
class BoltUtterance:
    """An utterance of BOLT: a therapist's text and its annotated technique."""

    reply: str = field(repr=False)
    technique: str


def read_annomi(folder: Path) -> list[CounsellorTurn]:
    """Return every labelled counsellor utterance of AnnoMI.

    Raises:
        DataError: the table is missing, or has other columns.
    """
    return list(_annomi_turns(_read_rows(folder / ANNOMI)))


def read_bolt(folder: Path) -> list[BoltUtterance]:
    """Return every labelled therapist utterance of BOLT once; none if the corpus is not in the folder.

    Raises:
        DataError: a table has other columns.
    """
    paths = [folder / name for name in BOLT if (folder / name).exists()]
    try:
        found = {(row["prompt"], row["completion"].strip()) for path in paths for row in _read_rows(path)}
    except KeyError as error:
        raise DataError(f"{folder / BOLT[0]} has no column {error}") from None
    return [BoltUtterance(reply, technique) for reply, technique in sorted(found)]


def _annomi_turns(rows: list[dict[str, str]]) -> Iterator[CounsellorTurn]:
    client, transcript = "", ""
    try:
        for row in rows:
            if row["transcript_id"] != transcript:
                client, transcript = "", row["transcript_id"]
            if row["interlocutor"] == "client":
                client = row["utterance_text"]
            elif row["main_therapist_behaviour"] in _LABELS:
                yield CounsellorTurn(
                    client=client,
                    reply=row["utterance_text"],
                    behaviour=_LABELS[row["main_therapist_behaviour"]],
                    video=row["video_url"],
                    quality=row["mi_quality"],
                )
    except KeyError as error:
        raise DataError(f"{ANNOMI} has no column {error}") from None


def _read_rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read ({type(error).__name__})") from None

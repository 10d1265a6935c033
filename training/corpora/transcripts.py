"""Reads public transcripts as conversations of turns, in the layout of their publishers.

A turn is a maximal run of one speaker's utterances; the labels in `labels/` count client turns from 1 in this order.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from training.corpora.annomi import AnnomiRow, annomi_transcripts
from training.corpora.once import check_once
from training.errors import DataError

Speaker = Literal["client", "counsellor"]
Corpus = Literal["annomi", "mibot", "synthetic"]
"""Where a conversation comes from; synthetic ones are in no corpus of people."""
_NAME_LETTERS = 8  # letters of a MIBot file's name that name its conversation in labels/


@dataclass(frozen=True, slots=True)
class Turn:
    """A maximal run of one speaker's utterances, as one text."""

    speaker: Speaker
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A transcript. Conversations of one `group` must never be split between training and test."""

    id: str
    corpus: Corpus
    group: str
    turns: tuple[Turn, ...]

    def client_turns(self) -> Iterator[tuple[int, Turn | None, Turn, Turn | None]]:
        """Yield each client turn with its number from 1, the counsellor's turn before it and the one after it."""
        number = 0
        for place, turn in enumerate(self.turns):
            if turn.speaker == "client":
                number += 1
                before = self.turns[place - 1] if place else None
                after = self.turns[place + 1] if place + 1 < len(self.turns) else None
                yield number, before, turn, after


def load_transcripts(folder: Path) -> list[Conversation]:
    """Return every conversation under `annomi/*.csv` and `mibot/**/*.json`; either may be absent.

    AnnoMI-full is not read beside AnnoMI-simple, whose transcripts it holds again.

    Raises:
        DataError: the folder holds none, a file has another format, or two files hold one conversation.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder; give the folder that holds annomi/ and mibot/")
    found = [_annomi(number, rows) for number, rows in annomi_transcripts(folder).items()]
    files: dict[str, Path] = {}
    for path in sorted((folder / "mibot").rglob("*.json")):
        talk = _mibot(path)
        check_once(files, talk.id, path)
        found.append(talk)
    if not found:
        raise DataError(f"{folder} holds no conversation; looked for annomi/*.csv and mibot/**/*.json")
    return found


def _annomi(number: str, rows: Sequence[AnnomiRow]) -> Conversation:
    said = ((_speaker(row["interlocutor"]), row["utterance_text"]) for row in rows)
    return Conversation(f"A{number}", "annomi", rows[0]["video_url"], _turns(said))


def _speaker(name: str) -> Speaker:
    return "client" if name == "client" else "counsellor"


class _Utterance(BaseModel):
    speaker: Speaker
    text: str = Field(repr=False)


class _Transcript(BaseModel):
    participant_id: str
    utterances: tuple[_Utterance, ...]


def _mibot(path: Path) -> Conversation:
    try:
        transcript = _Transcript.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, ValidationError) as error:
        # The error's own text would quote the conversation.
        raise DataError(f"{path} is no MIBot transcript ({type(error).__name__})") from None
    turns = _turns((utterance.speaker, utterance.text) for utterance in transcript.utterances)
    return Conversation(f"M{path.stem[:_NAME_LETTERS]}", "mibot", transcript.participant_id, turns)


def _turns(said: Iterable[tuple[Speaker, str]]) -> tuple[Turn, ...]:
    return tuple(
        Turn(speaker, " ".join(text for _, text in run)) for speaker, run in groupby(said, key=lambda each: each[0])
    )

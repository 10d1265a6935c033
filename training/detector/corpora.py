"""Reads labelled client turns from public corpora in the layout of their publishers.

The labels of both corpora are proxies: they mark talk against change, not discord with the counsellor.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from stream.detection import DetectorInput
from training.errors import DataError

Corpus = Literal["annomi", "mibot"]
Talk = Literal["neutral", "change", "sustain"]
_ANNOMI_COLUMNS = frozenset({"transcript_id", "video_url", "interlocutor", "utterance_text", "client_talk_type"})
_TALK: dict[str, Talk] = {"sustain": "sustain", "change": "change"}


@dataclass(frozen=True, slots=True)
class LabelledTurn:
    """A client turn with its label. Turns of a group must never be split between training and test."""

    given: DetectorInput
    resists: bool
    group: str
    corpus: Corpus
    talk: Talk = "neutral"
    """The original label with three values: what the client's words say about change."""
    topic: str = ""
    position: int = 0
    """How many client turns of the conversation came before this one."""
    earlier: tuple[str, ...] = field(default=(), repr=False)
    """The client's turns before this one, the last three at most, in order."""
    counsellor_before: tuple[str, ...] = field(default=(), repr=False)
    """The counsellor's last two turns, in order; the last is `given.previous_text`."""


def load(folder: Path) -> list[LabelledTurn]:
    """Return every labelled client turn under `annomi/*.csv` and `mibot/**/*.json`; either may be absent.

    Raises:
        DataError: the folder holds no turn, or a file has another format.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder; give the folder that holds annomi/ and mibot/")
    csv_files = sorted((folder / "annomi").glob("*.csv"))
    json_files = sorted((folder / "mibot").rglob("*.json"))
    turns = [turn for path in csv_files for turn in read_annomi(path)]
    turns += [turn for path in json_files for turn in read_mibot(path)]
    if not turns:
        raise DataError(f"{folder} holds no client turn; looked for annomi/*.csv and mibot/**/*.json")
    return turns


def read_annomi(path: Path) -> Iterator[LabelledTurn]:
    """Yield the client utterances of an AnnoMI file, positive if labelled sustain talk.

    They are grouped by video, since some videos were transcribed twice.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        missing = _ANNOMI_COLUMNS - set(rows.fieldnames or ())
        if missing:
            raise DataError(f"{path} is no AnnoMI file; columns missing: {', '.join(sorted(missing))}")
        for _, transcript in groupby(rows, key=lambda row: row["transcript_id"]):
            history: list[tuple[str, str]] = []
            for row in transcript:
                text = row["utterance_text"]
                if row["interlocutor"] != "client":
                    history.append(("counsellor", text))
                    continue
                talk = _TALK.get(row["client_talk_type"], "neutral")
                topic = row.get("topic") or ""
                yield _turn(text, history, talk, row["video_url"], "annomi", topic.strip())
                history.append(("client", text))


class _Utterance(BaseModel):
    speaker: Literal["client", "counsellor"]
    volley_number: int
    text: str = Field(repr=False)
    auto_misc_label: str


class _Transcript(BaseModel):
    participant_id: str
    utterances: tuple[_Utterance, ...]


def read_mibot(path: Path) -> Iterator[LabelledTurn]:
    """Yield the client messages of a MIBot transcript, positive if any part is labelled S.

    The utterances of one volley are one typed message.
    """
    try:
        transcript = _Transcript.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, ValidationError) as error:
        # The error's own text would quote the conversation.
        raise DataError(f"{path} is no MIBot transcript ({type(error).__name__})") from None
    history: list[tuple[str, str]] = []
    for (speaker, _), parts in groupby(transcript.utterances, key=lambda u: (u.speaker, u.volley_number)):
        volley = tuple(parts)
        text = " ".join(part.text for part in volley)
        if speaker == "client":
            labels = {part.auto_misc_label for part in volley}
            talk: Talk = "sustain" if "S" in labels else "change" if "C" in labels else "neutral"
            yield _turn(text, history, talk, transcript.participant_id, "mibot", "smoking (typed)")
        history.append((speaker, text))


def _turn(
    text: str, history: Sequence[tuple[str, str]], talk: Talk, group: str, corpus: Corpus, topic: str
) -> LabelledTurn:
    client = [before for speaker, before in history if speaker == "client"]
    counsellor = [before for speaker, before in history if speaker == "counsellor"]
    return LabelledTurn(
        DetectorInput(text, counsellor[-1] if counsellor else None),
        resists=talk == "sustain",
        group=group,
        corpus=corpus,
        talk=talk,
        topic=topic,
        position=len(client),
        earlier=tuple(client[-3:]),
        counsellor_before=tuple(counsellor[-2:]),
    )


def of_corpus(turns: Sequence[LabelledTurn], corpus: Corpus) -> list[LabelledTurn]:
    """Return the turns of one corpus, in order."""
    return [turn for turn in turns if turn.corpus == corpus]

"""Rows of turns for studies, from the published codes of utterances and from our labels; they hold no text.

A row is a turn: a maximal run of one speaker's utterances. Columns that need a label are empty where there is none.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from stream.reading import count_words
from training.corpora.annomi import AnnomiRow, annomi_transcripts
from training.corpora.labels import PLAIN, ReplyLabel, TurnId, TurnLabels, load_reply_labels, load_turn_labels
from training.errors import DataError

Cell = str | int | float | None
Row = dict[str, Cell]

TALK: Final[Mapping[str, int]] = {"change": 1, "C": 1, "neutral": 0, "N": 0, "sustain": -1, "S": -1}
"""Talk for change and against it, by the codes of AnnoMI and of MIBot, as a number."""
_TALK_TYPE: Final = "client_talk_type"
_BEHAVIOUR: Final = "main_therapist_behaviour"
_ANNOMI: Final = {"reflection": "reflection", "question": "question", "therapist_input": "input"}
_MIBOT: Final = {"R": "reflection", "Q": "question", "MICO": "consistent", "MIIN": "inconsistent"}
_NAME_LETTERS: Final = 8  # letters of a MIBot file's name that name its conversation in our labels


@dataclass(frozen=True, slots=True)
class Utterance:
    """An utterance by its speaker, its number of words and its published code."""

    speaker: str
    words: int
    code: str


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation. Conversations of one `group` share people or a source and are not independent."""

    id: str
    group: str
    person: str
    behaviours: Mapping[str, str]
    """The names of the counsellor's behaviours, by their published codes."""
    utterances: tuple[Utterance, ...]


@dataclass(frozen=True, slots=True)
class Labels:
    """Our labels of client turns and of the replies to them."""

    turns: TurnLabels
    replies: Mapping[TurnId, ReplyLabel]


def load_labels() -> Labels:
    """Return our labels: which client turns resist, and the levels and techniques of replies."""
    return Labels(load_turn_labels(), load_reply_labels() | load_reply_labels(name=PLAIN))


def read_annomi(folder: Path) -> list[Talk]:
    """Read AnnoMI with the codes that people gave its utterances.

    Raises:
        DataError: there is no file, or one lacks a column.
    """
    transcripts = annomi_transcripts(folder, {_TALK_TYPE, _BEHAVIOUR})
    if not transcripts:
        raise DataError(f"{folder / 'annomi'} holds no transcript")
    return [_annomi_talk(number, rows) for number, rows in transcripts.items()]


def _annomi_talk(number: str, rows: Sequence[AnnomiRow]) -> Talk:
    said = tuple(
        Utterance("client", count_words(row["utterance_text"]), row[_TALK_TYPE])
        if row["interlocutor"] == "client"
        else Utterance("counsellor", count_words(row["utterance_text"]), row[_BEHAVIOUR])
        for row in rows
    )
    return Talk(f"A{number}", rows[0]["video_url"], f"A{number}", _ANNOMI, said)


def read_mibot(folder: Path) -> list[Talk]:
    """Read MIBot with the codes that GPT-4o gave its utterances.

    Raises:
        DataError: there is no transcript, or one has another form.
    """
    paths = sorted((folder / "mibot" / "transcripts").glob("*.json"))
    if not paths:
        raise DataError(f"{folder / 'mibot' / 'transcripts'} holds no transcript")
    return [_mibot_talk(path) for path in paths]


def _mibot_talk(path: Path) -> Talk:
    try:
        transcript = json.loads(path.read_text(encoding="utf-8"))
        said = tuple(
            Utterance(each["speaker"], count_words(each["text"]), each["auto_misc_label"])
            for each in transcript["utterances"]
        )
        name = f"M{path.stem[:_NAME_LETTERS]}"
        return Talk(name, name, transcript["participant_id"], _MIBOT, said)
    except (ValueError, KeyError, TypeError) as error:
        # The error's own text would quote the conversation.
        raise DataError(f"{path} is no MIBot transcript ({type(error).__name__})") from None


def turn_rows(talk: Talk, labels: Labels) -> Iterator[Row]:
    """Yield the rows of a conversation's turns, in order."""
    number = resisted = 0
    was_read = talk.id in labels.turns.read
    for turn, (speaker, run) in enumerate(groupby(talk.utterances, key=lambda each: each.speaker), start=1):
        said = list(run)
        row: Row = {"session": talk.id, "group": talk.group, "turn": turn, "role": speaker}
        if speaker == "client":
            number += 1
            resists = int((talk.id, number) in labels.turns.resisting)
            resisted += resists
            yield row | client_measures(said) | {"resists": resists if was_read else None}
        else:
            went_along = 1 - resisted / number if was_read and number else None
            reply = labels.replies.get((talk.id, number))
            yield row | counsellor_measures(said, talk.behaviours) | _reply_measures(reply) | {"went_along": went_along}


def client_measures(said: Iterable[Utterance]) -> Row:
    """Return what is measured of a client's turn: its length, and its talk for and against change from 1 to -1."""
    each = list(said)
    talk = [TALK[one.code] for one in each if one.code in TALK]
    return {
        "log_words": math.log1p(sum(one.words for one in each)),
        "talk": sum(talk) / len(talk) if talk else None,
    }


def counsellor_measures(said: Iterable[Utterance], behaviours: Mapping[str, str]) -> Row:
    """Return a counsellor's number of words, and of each behaviour whether the turn holds it, by published codes."""
    each = list(said)
    codes = {one.code for one in each}
    held: Row = {name: int(code in codes) for code, name in behaviours.items()}
    return held | {"words": sum(one.words for one in each)}


def _reply_measures(reply: ReplyLabel | None) -> Row:
    if reply is None:
        return {}
    return {"code": reply.technique.value} | {mechanism.value: int(level) for mechanism, level in reply.levels.items()}

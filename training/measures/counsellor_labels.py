"""Reads the counsellor codes that come with AnnoMI (by people) and MIBot (by GPT-4o), by conversation and turn."""

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

from training.corpora.annomi import annomi_transcripts
from training.corpora.transcripts import Conversation
from training.errors import DataError

CodesOfTurns = Mapping[str, Mapping[int, tuple[str, ...]]]
"""For each conversation the codes of its counsellor turns, by the turn's place from 0; a turn of MIBot has several."""
_BEHAVIOUR = "main_therapist_behaviour"


def load_codes(folder: Path, conversations: list[Conversation]) -> CodesOfTurns:
    """Return the codes of all counsellor turns under `annomi/*.csv` and `mibot/**/*.json`.

    Raises:
        DataError: the turns are not those of the conversations.
    """
    found = dict(_annomi(folder)) | dict(_mibot(folder))
    for talk in conversations:
        places = {place for place, turn in enumerate(talk.turns) if turn.speaker == "counsellor"}
        if found.get(talk.id, {}).keys() != places:
            raise DataError(f"the codes of {talk.id} are not those of its counsellor turns")
    return found


def _annomi(folder: Path) -> Iterator[tuple[str, dict[int, tuple[str, ...]]]]:
    for number, rows in annomi_transcripts(folder, {_BEHAVIOUR}).items():
        yield f"A{number}", _by_turn((row["interlocutor"] == "client", row[_BEHAVIOUR]) for row in rows)


def _mibot(folder: Path) -> Iterator[tuple[str, dict[int, tuple[str, ...]]]]:
    for path in sorted((folder / "mibot").rglob("*.json")):
        said = json.loads(path.read_text(encoding="utf-8"))["utterances"]
        yield f"M{path.stem[:8]}", _by_turn((each["speaker"] == "client", each["auto_misc_label"]) for each in said)


def _by_turn(said: Iterator[tuple[bool, str]]) -> dict[int, tuple[str, ...]]:
    turns = [(is_client, tuple(code for _, code in run)) for is_client, run in groupby(said, key=lambda each: each[0])]
    return {place: codes for place, (is_client, codes) in enumerate(turns) if not is_client}

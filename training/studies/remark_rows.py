"""Rows of remarks for a map of topics: what counsellors say in AnnoMI, by thirds of a session. They hold text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from training.corpora.transcripts import load_transcripts
from training.studies.turn_rows import Row

_THIRDS: Final = ("1 first third", "2 second third", "3 last third")
"""Times, in an order that sorting keeps."""


def annomi_remarks(folder: Path) -> Iterator[Row]:
    """Yield a row for each counsellor turn of AnnoMI; the video stands in for the counsellor."""
    for talk in load_transcripts(folder):
        if talk.corpus != "annomi":
            continue
        for place, turn in enumerate(talk.turns):
            if turn.speaker == "counsellor":
                third = _THIRDS[len(_THIRDS) * place // len(talk.turns)]
                yield {"counsellor": talk.group, "time": third, "text": turn.text}

"""Rows of sessions for studies: what MIBot's clients said before, after and a week later; no text."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from training.errors import DataError
from training.studies.turn_rows import Labels, Row, Talk, turn_rows

_RULERS: Final = ("Importance", "Confidence", "Readiness")
_TIMES: Final = {"Pre": "before", "Post": "after", "WeekLater": "week"}
_CARE_ITEMS: Final = 10
_MISC: Final = {
    "R": "misc_reflection",
    "Q": "misc_question",
    "MICO": "misc_consistent",
    "MIIN": "misc_inconsistent",
}


def mibot_rows(folder: Path, talks: Sequence[Talk], labels: Labels) -> Iterator[Row]:
    """Yield a row for each session of MIBot: outcomes, and the shares of the published codes.

    Raises:
        DataError: the outcomes cannot be read, or lack a session.
    """
    path = folder / "mibot" / "outcomes.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            outcomes = {row["ParticipantID"]: row for row in csv.DictReader(file)}
        for talk in talks:
            yield {
                "session": talk.id,
                "client": talk.id,
                "replies": sum("code" in row for row in turn_rows(talk, labels)),
                **_outcomes(outcomes[talk.person]),
                **_misc_shares(talk),
            }
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{path} cannot be used: {type(error).__name__}") from None


def _outcomes(row: dict[str, str]) -> Row:
    rulers: Row = {
        f"{ruler.lower()}_{when}": int(row[f"{time}Ruler{ruler}"]) for time, when in _TIMES.items() for ruler in _RULERS
    }
    return rulers | {"care": sum(int(row[f"CAREQ{item}"]) for item in range(1, _CARE_ITEMS + 1))}


def _misc_shares(talk: Talk) -> Row:
    codes = Counter(each.code for each in talk.utterances if each.speaker == "counsellor")
    return {name: codes[code] / codes.total() for code, name in _MISC.items()}

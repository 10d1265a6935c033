"""Rows of sessions for studies: what MIBot's clients said before, after and a week later; no text.

Outcomes have the names that `counterpoint study tables` gives them, so that a question fits both.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from stream.contracts.outcomes import Instrument, Occasion
from training.errors import DataError
from training.studies.turn_rows import Labels, Row, Talk, turn_rows

_RULERS: Final = {
    "Importance": Instrument.IMPORTANCE_RULER,
    "Confidence": Instrument.CONFIDENCE_RULER,
    "Readiness": Instrument.READINESS_RULER,
}
_TIMES: Final = {"Pre": Occasion.BEFORE, "Post": Occasion.AFTER, "WeekLater": Occasion.LATER}
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
        f"{ruler}_{when}": int(row[f"{time}Ruler{name}"])
        for time, when in _TIMES.items()
        for name, ruler in _RULERS.items()
    }
    care = sum(int(row[f"CAREQ{item}"]) for item in range(1, _CARE_ITEMS + 1))
    return rulers | {f"{Instrument.CARE}_{Occasion.AFTER}": care}


def _misc_shares(talk: Talk) -> Row:
    codes = Counter(each.code for each in talk.utterances if each.speaker == "counsellor")
    return {name: codes[code] / codes.total() for code, name in _MISC.items()}

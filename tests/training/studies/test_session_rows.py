"""Rows of sessions: the outcomes of MIBot's clients beside the shares of the published codes."""

import csv
from pathlib import Path

import pytest

from training.corpora.labels import TurnLabels
from training.errors import DataError
from training.studies.session_rows import mibot_rows
from training.studies.turn_rows import Labels, Talk, Utterance

NOTHING = Labels(TurnLabels(frozenset(), {}, frozenset()), {})
TALK = Talk("Mp", "Mp", "p", {}, tuple(Utterance("counsellor", 2, code) for code in ("R", "R", "Q", "Other")))


def write_outcomes(folder: Path, person: str = "p", care: str = "4") -> None:
    """Write the outcomes of one invented person."""
    rulers = {
        f"{time}Ruler{name}": "7" for time in ("Pre", "Post", "WeekLater") for name in ("Importance", "Readiness")
    }
    rulers |= {"PreRulerConfidence": "2", "PostRulerConfidence": "5", "WeekLaterRulerConfidence": "3"}
    row = {"ParticipantID": person} | rulers | {f"CAREQ{item}": care for item in range(1, 11)}
    (folder / "mibot").mkdir(exist_ok=True)
    with (folder / "mibot" / "outcomes.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow(row)


def test_a_session_has_its_outcomes_and_its_shares(tmp_path: Path) -> None:
    """CARE is the sum of ten items, rulers stand by their time, and shares are those of the counsellor's utterances."""
    write_outcomes(tmp_path)
    (row,) = mibot_rows(tmp_path, [TALK], NOTHING)
    assert row["care_after"] == 40
    assert [row[f"confidence_ruler_{when}"] for when in ("before", "after", "later")] == [2, 5, 3]
    assert (row["misc_reflection"], row["misc_question"], row["misc_inconsistent"]) == (0.5, 0.25, 0)
    assert row["replies"] == 0, "no reply has a label"


@pytest.mark.parametrize(("person", "care"), [("q", "4"), ("p", "many")])
def test_a_session_without_usable_outcomes_stops_the_table(tmp_path: Path, person: str, care: str) -> None:
    """A session whose outcomes are missing or no numbers is an error in one sentence."""
    write_outcomes(tmp_path, person, care)
    with pytest.raises(DataError, match=r"outcomes.csv cannot be used"):
        list(mibot_rows(tmp_path, [TALK], NOTHING))

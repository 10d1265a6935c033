"""The evaluation counts what the detector finds, misses and flags without need."""

import math

import pytest

from stream.contracts.vocabulary import ResistanceType
from stream.detection import load_detector
from tests.training.detector.conftest import critical, resisting, turn
from training.detector import measures
from training.detector.evaluation import (
    Scored,
    critical_shares,
    look_alike_auc,
    recall_by_behaviour,
    resistance_rows,
    turns_per_second,
)
from training.detector.turns import LabelledTurn


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use ten bootstrap draws, since the width of intervals is tested elsewhere."""
    monkeypatch.setattr(measures, "_RESAMPLES", 10)


def test_each_source_has_its_row(turns: list[LabelledTurn]) -> None:
    """Each source has a row; a perfect ranking has areas of 1 and a flag for every resisting turn."""
    scored = [Scored(each, 0.9 if each.resists else 0.1, each.resists) for each in turns]
    rows = {row.source: row for row in resistance_rows(scored)}
    assert set(rows) == {"annomi", "mibot", "written", "lines"}
    assert rows["annomi"].turns == 56
    assert rows["annomi"].positive == pytest.approx(3 / 7)
    assert rows["annomi"].auc.value == rows["annomi"].pr_auc.value == 1
    assert (rows["mibot"].at.recall, rows["mibot"].at.precision) == (1, 1)


def test_critical_turns_are_no_part_of_the_figures_for_resistance(turns: list[LabelledTurn]) -> None:
    """Of critical turns nobody says whether they resist, so they count neither way."""
    scored = [Scored(each, 0.5, flagged=each.critical) for each in turns]
    (row,) = (row for row in resistance_rows(scored) if row.source == "written")
    assert (row.turns, row.at.flagged) == (56, 0)


def test_a_source_without_resistance_has_no_row() -> None:
    """A source in which nothing resists has no row, because there is nothing to rank."""
    assert resistance_rows([Scored(turn("annomi", "video/1", "yes"), 0.1, flagged=False)]) == []


def test_recall_is_counted_by_behaviour_in_real_transcripts() -> None:
    """Recall by behaviour counts real transcripts alone; a behaviour that does not occur has none."""
    scored = [
        Scored(resisting("annomi", "video/1", "no"), 0.9, flagged=True),
        Scored(resisting("mibot", "person 1", "nope"), 0.1, flagged=False),
        Scored(resisting("written", "writer-1", "never"), 0.1, flagged=False),
    ]
    found = recall_by_behaviour(scored)
    assert found[ResistanceType.CHALLENGING] == (2, 0.5)
    assert found[ResistanceType.BLAMING][0] == 0
    assert math.isnan(found[ResistanceType.BLAMING][1])


def test_critical_content_is_found_by_lexicon_detector_or_either() -> None:
    """Shares are counted for lexicons, detector and both together, and for the harmless turns beside them."""
    scored = [
        Scored(critical("writer-1", "I want to kill myself"), 0.1, flagged=False),
        Scored(critical("writer-1", "gave the cat away"), 0.9, flagged=True),
        Scored(critical("writer-1", "the knots are ready"), 0.1, flagged=False),
        Scored(turn("written", "writer-1", "this traffic is killing me", critical_look_alike=True), 0.9, flagged=True),
        Scored(turn("written", "writer-1", "see you on friday"), 0.1, flagged=False),
    ]
    rows = {row.kind: row for row in critical_shares(scored)}
    found = rows["suicide"]
    assert found.turns == 3
    assert found.lexicon == found.detector == pytest.approx(1 / 3)
    assert found.either == rows["all"].either == pytest.approx(2 / 3)
    assert rows["harmless, sounds dangerous"].detector == 1
    assert rows["harmless, resists not"].detector == 0.5


def test_look_alikes_are_compared_with_what_they_resemble(turns: list[LabelledTurn]) -> None:
    """The area compares resisting turns with look-alikes, and leaves other harmless turns aside."""
    scored = [Scored(each, 0.9 if each.resists or not each.example.look_alike else 0.1, False) for each in turns]
    assert look_alike_auc(scored, "written").value == 1


def test_the_detector_handles_thousands_of_messages_a_second(turns: list[LabelledTurn]) -> None:
    """The rate counts messages per second of processor time, far above what a stage needs."""
    assert turns_per_second(load_detector(), turns * 5) > 1_000

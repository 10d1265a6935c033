"""Measures in the tables for studies: what may be shown, by its turn, and nothing where a measure is silent."""

import pytest

from plugin.exports import study_measures
from plugin.exports.study_measures import findings_of, measure_versions, session_measures, turn_measures
from plugin.study_columns import DYNAMICS, SHARES
from stream.contracts.measures import Absent, MeasureFinding, TakenMeasure
from stream.contracts.rubric import GROUP_OF_TECHNIQUE, Technique
from stream.measures.base import About
from stream.measures.registry import MEASURES
from tests.plugin.exports.study_samples import measured, turns_of


def test_exactly_what_cards_show_has_a_column() -> None:
    """Every quantity that a card marks as shown is in a table, and no other one, such as a peak of distress."""
    quantities = [quantity for measure in MEASURES for quantity in measure.card.quantities]
    taken = {study_measures.MAIN, study_measures.HEARD, *SHARES, *DYNAMICS}
    assert taken == {quantity.name for quantity in quantities if quantity.shown}
    of_sessions = {quantity.name for quantity in quantities if quantity.shown and quantity.about is About.SESSION}
    assert of_sessions == set(SHARES)


def test_no_column_says_two_things() -> None:
    """The columns of turns have names of their own, also where a technique and a dimension are called alike."""
    assert len(set(study_measures.OF_TURNS)) == len(study_measures.OF_TURNS)


def test_every_technique_is_in_a_group() -> None:
    """Each of the 17 techniques has one group, and none is left."""
    assert set(GROUP_OF_TECHNIQUE) == set(Technique)


def test_a_reply_has_its_main_technique_and_what_it_holds() -> None:
    """The main technique is the code of the turn; each technique that was heard, and its group, is 1, the others 0."""
    view = measured(
        turns_of("CK"),
        MeasureFinding(quantity="main_technique", turn=2, labels=("open_question",)),
        MeasureFinding(quantity="techniques", turn=2, labels=("complex_reflection", "open_question")),
        MeasureFinding(quantity="empathy", turn=2, number=3.5),
    )
    cells = turn_measures(findings_of(view), 2)
    assert (cells["code"], cells["empathy"]) == ("open_question", 3.5)
    assert {name for name, cell in cells.items() if cell == 1} == {
        "holds_complex_reflection", "holds_open_question", "reflection", "question",
    }  # fmt: skip
    assert sum(cell == 0 for cell in cells.values()) == 15 + 2
    assert turn_measures(findings_of(view), 1) == {}


@pytest.mark.parametrize("quantity", ["main_technique", "techniques", "empathy"])
def test_where_a_measure_is_silent_a_cell_is_empty(quantity: str) -> None:
    """A turn with critical content, of which nothing is said, has no technique and no number."""
    view = measured(turns_of("CK"), MeasureFinding(quantity=quantity, turn=2, absent=Absent.CRITICAL_CONTENT))
    assert set(turn_measures(findings_of(view), 2).values()) <= {None}


def test_a_session_has_its_mix_and_how_many_replies_it_rests_on() -> None:
    """Replies are counted that have a technique; one of which nothing is said is none of them."""
    view = measured(
        turns_of("CKCK"),
        MeasureFinding(quantity="main_technique", turn=2, labels=("minimal",)),
        MeasureFinding(quantity="main_technique", turn=4, absent=Absent.CRITICAL_CONTENT),
        MeasureFinding(quantity="share_minimal", number=1.0),
        MeasureFinding(quantity="share_apology", absent=Absent.LANGUAGE),
    )
    versions = {"technique_version": "2 (reader r1)"}
    assert session_measures(view) == {"replies": 1, "share_minimal": 1.0, "share_apology": None} | versions


def test_each_measure_has_its_version_and_the_reader_that_it_heard() -> None:
    """Versions of techniques and dynamics stand in columns of their own; what has no column has no version."""
    taken = tuple(TakenMeasure(name=name, version="3") for name in ("technique", "dynamics", "course"))
    assert measure_versions(measured((), measures=taken)) == {
        "technique_version": "3 (reader r1)",
        "dynamics_version": "3 (reader r1)",
    }
    assert measure_versions(measured((), measures=())) == {}


@pytest.mark.parametrize("view", [None, measured((), absent=Absent.TOO_LONG, measures=())])
def test_a_session_that_was_not_measured_has_empty_cells(view: None) -> None:
    """Without measures it is not said that there were no replies."""
    assert session_measures(view) == {}

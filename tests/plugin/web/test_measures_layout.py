"""Tests of how measures are laid out: what the cards show, in words, and each with what it is worth."""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from plugin.queue.measures import MeasuresView
from plugin.web.measures_chart import HIGHEST, LOWEST, measure_chart
from plugin.web.measures_layout import FEWEST_POINTS, MeasuresPage, measures_page
from plugin.web.measures_words import _ABSENT, _TITLES, WHY_NOT, title
from stream.contracts.measures import Absent, MeasureFinding, TakenMeasure
from stream.measures.anchors import HIGHEST as HIGHEST_STEP
from stream.measures.anchors import LOWEST as LOWEST_STEP
from stream.measures.base import About
from stream.measures.registry import MEASURES
from tests.plugin.web.measured import DYNAMICS, TECHNIQUE, measured
from tests.plugin.web.samples import TEXT, record, view

RECORD = measured(record("conversation-1", "counsellor-1"))
SHOWN = DYNAMICS.model_copy(update={"findings": DYNAMICS.findings[:3]})


def laid_out(*taken: TakenMeasure, absent: Absent | None = None) -> MeasuresPage:
    """Return the layout of what some measures say of the sample session."""
    opened = replace(view(), measures=MeasuresView(absent, RECORD.turns, taken, RECORD.reader))
    page = measures_page(opened)
    assert page is not None
    return page


def test_a_session_that_was_not_measured_has_no_part_of_it() -> None:
    """Without measures there is nothing to lay out."""
    assert measures_page(view()) is None


@pytest.mark.parametrize("reason", Absent)
def test_every_reason_is_said_in_a_sentence(reason: Absent) -> None:
    """Why nothing is said of a session, or of a turn, has words for people."""
    page = laid_out(absent=reason)
    assert page.why == WHY_NOT[reason]
    assert page.why.endswith(".")
    assert (page.session, page.charts, page.turns) == ((), (), ())
    assert _ABSENT[reason]


def test_the_session_is_told_by_what_was_heard_most() -> None:
    """Shares stand in percent, the largest first; what was never heard is left out."""
    page = laid_out(TECHNIQUE)
    assert [(line.quantity.title, line.said) for line in page.session] == [
        ("Open question", "50 %"),
        ("Complex reflection", "25 %"),
    ]


def test_one_reason_for_all_shares_is_said_once() -> None:
    """A session without a reply says so once, and not seventeen times."""
    absent = tuple(
        MeasureFinding(quantity=one.quantity, absent=Absent.NOTHING_TO_MEASURE)
        for one in TECHNIQUE.findings
        if one.turn is None
    )
    (line,) = laid_out(TECHNIQUE.model_copy(update={"findings": absent})).session
    assert (line.quantity.title, line.said) == ("All of them", "nothing to measure")


def test_each_turn_has_its_line_with_the_words_that_are_kept() -> None:
    """Each turn stands with its side, its first words, and a cell for each quantity, in the order of the measures."""
    page = laid_out(TECHNIQUE, SHOWN)
    assert [column.title for column in page.columns] == ["Main technique", "Empathy"]
    assert [(line.number, line.side, line.said) for line in page.turns[1:4]] == [
        (2, "Counsellor", ("open question", "1.4")),
        (3, "Client", ("", "")),
        (4, "Counsellor", ("structure", "2.0")),
    ]
    assert page.turns[7].said == ("critical content", "")
    assert page.turns[0].words == TEXT["m1"]
    assert page.turns[6].words == TEXT["m7"][:60].rstrip() + " …"


def test_a_turn_whose_words_are_gone_keeps_its_numbers() -> None:
    """After the words' time a line says which turn it is by its number and side alone."""
    opened = replace(view(), messages=(), measures=MeasuresView(None, RECORD.turns, (SHOWN,), RECORD.reader))
    page = measures_page(opened)
    assert page is not None
    assert {line.words for line in page.turns} == {""}
    assert page.turns[1].said == ("1.4",)


def test_numbers_over_the_session_are_drawn_from_three_on() -> None:
    """A quantity with three numbers has a chart, one with fewer none; labels have none."""
    assert [chart.quantity.title for chart in laid_out(TECHNIQUE, SHOWN).charts] == ["Empathy"]
    few = SHOWN.model_copy(update={"findings": SHOWN.findings[: FEWEST_POINTS - 1]})
    assert laid_out(few).charts == ()


def test_what_is_validated_and_what_is_not_is_known_of_each_quantity() -> None:
    """Each column, share and chart carries whether its measure is validated."""
    page = laid_out(TECHNIQUE, SHOWN.model_copy(update={"validated": True}))
    assert [column.validated for column in page.columns] == [False, True]
    assert {line.quantity.validated for line in page.session} == {False}
    assert [chart.quantity.validated for chart in page.charts] == [True]


def test_every_quantity_that_people_are_shown_has_words() -> None:
    """The page has words for each quantity that a card marks as shown; shares are called by their technique."""
    for measure in MEASURES:
        for quantity in measure.card.quantities:
            if quantity.shown:
                assert quantity.name in _TITLES or quantity.name.startswith("share_"), quantity.name
    assert title("share_emphasize_autonomy") == "Emphasize autonomy"
    assert title("something_new") == "Something new"


def test_what_is_drawn_lies_on_the_scale_of_the_chart() -> None:
    """Every number of a turn that people are shown has the range that the chart draws."""
    assert (LOWEST, HIGHEST) == (LOWEST_STEP, HIGHEST_STEP)
    for measure in MEASURES:
        for quantity in measure.card.quantities:
            if quantity.shown and quantity.about is not About.SESSION and not quantity.labels:
                assert (quantity.low, quantity.high) == (LOWEST, HIGHEST)


def test_the_chart_runs_loads_and_styles_nothing() -> None:
    """The drawing has no script, style or address of anything outside, and is hidden from screen readers."""
    svg = measure_chart([(2, 1.4), (4, 2.0), (6, 4.9)])
    assert not re.search(r"<(script|style|image|use|a|link|foreignObject|iframe|title)\b", svg)
    assert not re.search(r"\b(style|href|on\w+)=", svg)
    root = ET.fromstring(svg)
    assert (root.get("aria-hidden"), root.get("focusable")) == ("true", "false")
    assert "measure-chart" in (root.get("class") or "")
    assert {">2<", ">6<"} <= set(re.findall(r">\d<", svg))

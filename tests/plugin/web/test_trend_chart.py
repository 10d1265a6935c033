"""Tests of the chart: what it draws, and that it neither runs, styles nor loads anything."""

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

from plugin.queue.trend import Period, RatedMoment, trend_of
from plugin.web.trend_chart import trend_chart
from stream.contracts.vocabulary import Level, Mechanism
from tests.plugin.samples import MODEL

AUTONOMY = Mechanism.RESPECT_FOR_AUTONOMY
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)


def periods() -> tuple[Period, ...]:
    """Return two periods: five times none and five times weak, then ten times strong."""
    levels = [Level.NONE] * 5 + [Level.WEAK] * 5 + [Level.STRONG] * 10
    rated = [RatedMoment(BEGIN + timedelta(days=at), MODEL, {AUTONOMY: level}) for at, level in enumerate(levels)]
    (version,) = trend_of(rated)
    return version.periods


def widths(svg: str, color: int) -> list[float]:
    """Return the widths of the bars of one level, from the bottom up; the style sheet colours its class."""
    (series,) = [
        node
        for node in ET.fromstring(svg).iter()
        if node.get("class") == f"series serie-{color} color-{color}" and node.find(".//*[@width]") is not None
    ]
    return [float(bar.get("width", 0)) for bar in series.iter() if bar.tag.endswith("rect")]


def test_bars_are_as_long_as_the_shares() -> None:
    """Each period has a bar for each level, as long as its share of the whole; the first is on top."""
    svg = trend_chart(AUTONOMY, periods(), by_month=False)
    none, weak, strong = (widths(svg, color) for color in range(3))
    assert none[1] > 0
    assert abs(none[1] - weak[1]) < 0.01
    assert strong[1] == none[0] == weak[0] == 0
    assert abs(strong[0] - 2 * none[1]) < 0.01
    assert "to 14 Jan 26 (10)" in svg


def test_it_loads_runs_and_styles_nothing() -> None:
    """The drawing has no script, style, link or address of anything outside, and no comment of its library."""
    svg = trend_chart(AUTONOMY, periods(), by_month=False)
    assert not re.search(r"<(script|style|image|use|a|link|foreignObject|iframe)\b", svg)
    assert not re.search(r"\b(style|href|on\w+)=", svg)
    assert "<?" not in svg
    assert "<!--" not in svg
    assert set(re.findall(r"https?://[^\"\s]+", svg)) == {"http://www.w3.org/2000/svg"}
    assert "<title" not in svg


def test_a_screen_reader_reads_the_table_instead() -> None:
    """The drawing is hidden from screen readers and takes no focus."""
    root = ET.fromstring(trend_chart(AUTONOMY, periods(), by_month=False))
    assert (root.get("aria-hidden"), root.get("focusable"), root.get("id")) == ("true", "false", None)
    assert "trend-chart" in (root.get("class") or "")


def test_a_mechanism_without_a_level_has_an_empty_place() -> None:
    """A mechanism without a level in a period is drawn without a bar."""
    svg = trend_chart(Mechanism.STANCE_ALIGNMENT, periods(), by_month=False)
    assert "to 14 Jan 26" in svg

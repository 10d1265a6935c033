"""The chart of one mechanism's trend as SVG that the page holds: no script, no style, nothing from outside.

The page's style sheet colours it by its classes, light and dark. Its numbers stand in the table beside it, which is
what a screen reader reads, so the drawing itself is hidden from it.
"""

from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element

import pygal
from markupsafe import Markup
from pygal.style import Style

from plugin.queue.trend import Period
from plugin.web.trend_words import short_label
from stream.contracts.vocabulary import Level, Mechanism

WIDTH, BAR, AXIS = 420, 30, 30  # units of the drawing, which is scaled to its place; a bar with its gap, the axis
_NOT_DRAWN: Final = ("script", "style", "title", "desc")
"""Elements that pygal adds for its script and its own style. Titles and descriptions would appear as tooltips."""


def trend_chart(mechanism: Mechanism, periods: Sequence[Period], *, by_month: bool) -> Markup:
    """Return the shares of the levels of a mechanism in each period, as bars of 100 %, the first one on top."""
    chart = pygal.HorizontalStackedBar(
        width=WIDTH,
        height=AXIS + BAR * len(periods),
        range=(0, 100),
        y_labels=[{"label": f"{value} %", "value": value} for value in (0, 50, 100)],
        margin=4,
        margin_right=24,
        spacing=4,
        x_labels=[short_label(period, by_month=by_month) for period in reversed(periods)],
        truncate_label=-1,
        show_legend=False,
        js=(),
        css=(),
        classes=("trend-chart",),
        no_prefix=True,
        style=Style(font_family="inherit", label_font_family="inherit", label_font_size=13, major_label_font_size=13),
    )
    for level in Level:
        chart.add(level.name.lower(), [_percent(period, mechanism, level) for period in reversed(periods)])
    chart.add_xml_filter(_plain)
    return Markup(chart.render(is_unicode=True, disable_xml_declaration=True))  # noqa: S704 - no text of a person


def _percent(period: Period, mechanism: Mechanism, level: Level) -> float | None:
    shares = period.shares.get(mechanism)
    return None if shares is None else 100 * shares[level].share


def _plain(root: Element) -> Element:
    """Return the drawing without what a script or a style would need, hidden from screen readers."""
    for parent in list(root.iter()):
        for child in list(parent):
            if not isinstance(child.tag, str) or child.tag in _NOT_DRAWN or "tooltip-overlay" in child.get("class", ""):
                parent.remove(child)
    for node in root.iter():
        node.attrib.pop("style", None)
    root.attrib.pop("id", None)
    root.set("aria-hidden", "true")
    root.set("focusable", "false")
    return root

"""The chart of one mechanism's trend, whose numbers stand in the table beside it."""

from collections.abc import Sequence

import pygal
from markupsafe import Markup
from pygal.style import Style

from plugin.bare_chart import bare_svg
from plugin.queue.trend import Period
from plugin.web.trend_words import short_label
from stream.contracts.vocabulary import Level, Mechanism

WIDTH, BAR, AXIS = 420, 30, 30  # units of the drawing, which is scaled to its place; a bar with its gap, the axis


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
    return bare_svg(chart)


def _percent(period: Period, mechanism: Mechanism, level: Level) -> float | None:
    shares = period.shares.get(mechanism)
    return None if shares is None else 100 * shares[level].share

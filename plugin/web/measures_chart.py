"""The chart of one quantity over the turns of a session, whose numbers stand in the table beside it."""

from collections.abc import Sequence
from typing import Final

import pygal
from markupsafe import Markup
from pygal.style import Style

from plugin.bare_chart import bare_svg

WIDTH: Final = 560
HEIGHT: Final = 150
"""Units of the drawing, which is scaled to its place."""
LOWEST: Final = 1
HIGHEST: Final = 5
"""The scale of every quantity that is drawn: the dimensions' five steps."""


def measure_chart(points: Sequence[tuple[int, float]]) -> Markup:
    """Return the numbers of turns as a line over the numbers of the turns."""
    first, last = points[0][0], points[-1][0]
    chart = pygal.XY(
        width=WIDTH,
        height=HEIGHT,
        range=(LOWEST, HIGHEST),
        xrange=(first, last),
        y_labels=[{"label": str(step), "value": step} for step in range(LOWEST, HIGHEST + 1)],
        x_labels=[{"label": str(turn), "value": turn} for turn in (first, last)],
        margin=4,
        margin_right=24,
        show_legend=False,
        dots_size=2.5,
        js=(),
        css=(),
        classes=("measure-chart",),
        no_prefix=True,
        style=Style(font_family="inherit", label_font_family="inherit", label_font_size=12, major_label_font_size=12),
    )
    chart.add("", list(points))
    return bare_svg(chart)

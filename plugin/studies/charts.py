"""The charts of a study's report: effects with their intervals, and shares over time, as plain SVG."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import pygal
from markupsafe import Markup
from pygal.style import Style

from plugin.bare_chart import bare_svg
from plugin.studies.effects import Effect
from plugin.studies.words import readable

WIDTH, ROW, AXIS = 720, 34, 60  # units of the drawing, which is scaled to its place; one effect, the axis with margins
_STYLE: Final = Style(font_family="inherit", label_font_family="inherit", label_font_size=13, major_label_font_size=13)
_MARGIN: Final = 0.06
"""Of the drawn range, so that no interval ends on the frame."""


def effects_chart(effects: Sequence[Effect]) -> Markup | None:
    """Return effects with their intervals, one below the other beside the line of no effect; None without any.

    Ratios of odds are drawn by their logarithm, so that a half lies as far from no effect as a double.
    """
    drawn = [each for each in effects if each.value is not None and each.low is not None and each.high is not None]
    if not drawn:
        return None
    is_ratio = drawn[0].none == 1
    scale: Callable[[float], float] = math.log if is_ratio else float
    ends = [scale(end) for each in drawn for end in (each.low or each.none, each.high or each.none, each.none)]
    reach = (max(ends) - min(ends)) * _MARGIN
    chart = pygal.XY(
        width=WIDTH,
        height=AXIS + ROW * len(drawn),
        range=(-0.5, len(drawn) - 0.5),
        xrange=(min(ends) - reach, max(ends) + reach),
        y_labels=[
            {"label": readable(each.predictor), "value": _height(drawn, place)} for place, each in enumerate(drawn)
        ],
        x_value_formatter=(lambda x: f"{math.exp(x):.2g}") if is_ratio else (lambda x: f"{x:.2g}"),
        show_y_guides=False,
        **_PLAIN,
    )
    chart.add("none", [(scale(drawn[0].none), -0.5), (scale(drawn[0].none), len(drawn) - 0.5)], show_dots=False)
    for place, each in enumerate(drawn):
        chart.add(each.predictor, _interval(each, scale, _height(drawn, place)))
    return bare_svg(chart)


def _height(drawn: Sequence[Effect], place: int) -> int:
    return len(drawn) - 1 - place


def _interval(effect: Effect, scale: Callable[[float], float], height: int) -> list[dict[str, Any]]:
    ends = ((effect.low, 1), (effect.value, 6), (effect.high, 1))  # with the radius of each point
    return [{"value": (scale(end or effect.none), height), "node": {"r": radius}} for end, radius in ends]


_PLAIN: Final[dict[str, Any]] = {
    "classes": ("study-chart",),
    "css": (),
    "js": (),
    "margin": 8,
    "margin_right": 24,
    "no_prefix": True,
    "show_legend": False,
    "style": _STYLE,
    "truncate_label": -1,
    "truncate_legend": -1,
}

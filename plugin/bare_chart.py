"""A drawing of pygal as plain SVG that a page can hold: no script, no style, nothing from outside.

The page's style sheet colours it by its classes, light and dark. Its numbers stand in a table beside it, which is what
a screen reader reads, so the drawing itself is hidden from it.
"""

from typing import Any, Final
from xml.etree.ElementTree import Element

from markupsafe import Markup

_NOT_DRAWN: Final = ("script", "style", "title", "desc")
"""Elements that pygal adds for its script and its own style. Titles and descriptions would appear as tooltips."""


def bare_svg(chart: Any) -> Markup:
    """Return a chart of pygal as SVG, in which pygal has escaped every label."""
    chart.add_xml_filter(_bare)
    return Markup(chart.render(is_unicode=True, disable_xml_declaration=True))  # noqa: S704 - escaped by pygal


def _bare(root: Element) -> Element:
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

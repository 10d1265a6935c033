"""Tests of the names of saved views: one short line that everybody can see."""

import pytest

from plugin.queue.view_names import MAX_VIEW_NAME, checked_view_name


@pytest.mark.parametrize(
    ("name", "checked"),
    [
        ("Risk first", "Risk first"),
        ("  Risk \t first\r\n", "Risk first"),
        ("Änne, \u4e00 \U0001f331", "Änne, \u4e00 \U0001f331"),
        ("<b>bold</b>", "<b>bold</b>"),
        ("x" * MAX_VIEW_NAME, "x" * MAX_VIEW_NAME),
        ("x" * (MAX_VIEW_NAME + 1), None),
        ("", None),
        (" \r\n ", None),
        ("a\x00b", None),
        ("a\u202eb", None),
        ("a\u200bb", None),
    ],
)
def test_a_name_is_one_line(name: str, checked: str | None) -> None:
    """Blanks are joined; a name that is empty, too long or holds what nobody sees is none."""
    assert checked_view_name(name) == checked

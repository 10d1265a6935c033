"""The names of saved views, and how many a person may have; pure functions."""

from typing import Final

from plugin.plain_text import printable

MAX_VIEWS: Final = 12
"""Saved views of one person: as many links as are read at a glance above a list."""
MAX_VIEW_NAME: Final = 60
"""Characters of a view's name, which stands on a link: a few words."""


def checked_view_name(name: str) -> str | None:
    """Return a view's name as one line, or None if it cannot be one: empty, too long, or with what nobody sees."""
    line = " ".join(name.split())
    return line if 0 < len(line) <= MAX_VIEW_NAME and printable(line) == line else None

"""Tests of the style sheet: what depends on names in the templates, and that nothing is loaded from elsewhere."""

import re

from plugin.web.layout import NUMBERS
from plugin.web.render import FOLDER

SHEET = (FOLDER / "static" / "style.css").read_text()


def test_each_mechanism_lights_up_its_own_words() -> None:
    """For each mechanism a rule marks its words while its rating is pointed at, has the focus, or was jumped to."""
    for number in NUMBERS.values():
        rule = f".moment:has(.rating.q{number}:is(:hover, :focus-within, :target)) mark.q{number}"
        assert SHEET.count(rule) == 1
        assert SHEET.count(f".moment:has(mark.q{number}:hover) .rating.q{number}") == 1


def test_words_stay_in_view_on_a_wide_screen_alone() -> None:
    """The words of a moment stick and scroll by themselves only inside the rule for wide screens."""
    before, _, wide = SHEET.partition("@media (min-width: 50.01rem) and (min-height: 30rem)")
    assert "sticky" not in before
    assert "position: sticky" in wide.partition("\n}")[0]


def test_the_sheet_loads_nothing() -> None:
    """The style sheet names no address and imports nothing, as the pages' security policy demands."""
    assert not re.search(r"url\(|@import|https?:", SHEET)

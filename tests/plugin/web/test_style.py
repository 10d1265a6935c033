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


def printed(sheet: str) -> str:
    """Return the rules for paper of a style sheet."""
    blocks = re.findall(r"@media print \{(.*?)\n\}", sheet, flags=re.DOTALL)
    return "\n".join(blocks)


def test_on_paper_nothing_leads_anywhere_or_can_be_pressed() -> None:
    """Navigation, forms, filters and what is marked as being for the screen are left out of every printed page."""
    (hidden,) = re.findall(r"([^\n{}]+)\{ display: none; \}[^\n]*on paper", printed(SHEET))
    assert {each.strip() for each in hidden.split(",")} == {
        *(".bar", "nav", "form", ".skip"),
        *(".decide", ".filter", ".screen"),
    }


def test_a_printed_digest_is_short_and_breaks_between_moments() -> None:
    """On paper a quotation is cut after two lines, no moment is torn, and no heading stands alone at a page's end."""
    rules = printed(SHEET)
    assert re.search(r"\.digest \.news \.words \{[^}]*-webkit-line-clamp: 2", rules)
    assert re.search(r"\.digest \.news,[^{]*\{ break-inside: avoid; \}", rules)
    assert re.search(r"\.digest \.group > h2, \.digest \.card > header \{ break-after: avoid; \}", rules)

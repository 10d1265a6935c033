"""A traced text knows where each of its code points comes from, after any number of replacements."""

from stream.reading import TracedText


def test_an_untouched_text_stands_for_itself() -> None:
    """Each code point of an untouched text stands for itself."""
    assert TracedText.untouched("ab").restore(0, 2) == (0, 2)


def test_a_replacement_stands_for_its_whole_span() -> None:
    """Every code point of a replacement stands for the whole span that it replaced, and the others for themselves."""
    traced = TracedText.untouched("a&lt;b").replace([(1, 5, "<")])
    assert traced.text == "a<b"
    assert traced.restore(1, 2) == (1, 5)
    assert traced.restore(0, 3) == (0, 6)


def test_replacements_add_up() -> None:
    """A replacement in a text that was replaced before leads back to the first original."""
    once = TracedText.untouched("&amp;lt;b").replace([(0, 5, "&")])
    twice = once.replace([(0, 4, "<")])
    assert twice.text == "<b"
    assert twice.restore(0, 1) == (0, 8)


def test_what_is_dropped_belongs_to_what_encloses_it() -> None:
    """A span over something dropped covers it."""
    assert TracedText.untouched("a**b").replace([(1, 3, "")]).restore(0, 2) == (0, 4)


def test_words_are_not_shown() -> None:
    """The representation of a traced text shows none of its words."""
    assert "canary" not in repr(TracedText.untouched("canary"))

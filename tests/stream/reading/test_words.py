"""Words are counted by the word boundaries of Unicode."""

import pytest

from stream.reading import count_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("... :) \U0001f600 \u2014", 0),
        ("I don't know, well-known", 5),
        ("I\u2019m fine\U0001f600", 2),
        ("3.5 cigarettes", 2),
        ("one\ttwo\nthree", 3),
        ("\u6211\u4e0d\u77e5\u9053\u8fd9\u6837\u6709\u6ca1\u6709\u7528", 10),
        ("\u042f \u043d\u0435 \u0437\u043d\u0430\u044e", 3),
        ("\uc774\uac8c \ub3c4\uc6c0\uc774", 2),
    ],
)
def test_words_are_counted_in_any_script(text: str, words: int) -> None:
    """Words are counted in any script; in one without spaces, a sentence is more than one word."""
    assert count_words(text) == words

"""Tests of the features that the linear detector reads from a message and from the turn before it."""

from stream.detection.features import (
    ABOUT_BEFORE,
    BLOCKS,
    SCALE,
    read_tokens,
    read_tokens_before,
    shape_terms,
    single_word_terms,
    word_terms,
)


def test_words_are_singles_and_neighbouring_pairs() -> None:
    """The terms of words are single words and neighbouring pairs, each with the tokens it comes from."""
    assert word_terms(read_tokens("no, I won't")) == {
        "no": [0],
        "no i": [0, 1],
        "i": [1],
        "i wont": [1, 2],
        "wont": [2],
    }


def test_a_repeated_word_is_one_term_with_all_its_places() -> None:
    """A repeated word is one term with the positions of all its tokens."""
    assert word_terms(read_tokens("no no"))["no"] == [0, 1]


def test_of_the_turn_before_single_words_are_read() -> None:
    """Of the words of the turn before, single ones are read and no pairs."""
    assert set(single_word_terms(read_tokens("How was it?"))) == {"how", "was", "it", "?"}


def test_the_shape_is_how_a_text_begins_and_ends_and_how_long_it_is() -> None:
    """The shape has up to three words of either end and each length that the text reaches."""
    assert {term: list(places) for term, places in shape_terms(read_tokens("no I won't go")).items()} == {
        "1+": [],
        "2+": [],
        "3+": [],
        "^no": [0],
        "^no i": [0, 1],
        "^no i wont": [0, 1, 2],
        "go$": [3],
        "wont go$": [2, 3],
        "i wont go$": [1, 2, 3],
    }


def test_a_short_text_has_no_longer_ends_than_itself() -> None:
    """A text of one word has ends of one word."""
    assert set(shape_terms(read_tokens("ok"))) == {"1+", "^ok", "ok$"}


def test_a_longer_text_reaches_more_lengths() -> None:
    """A longer text has all length terms of a shorter one, and further ones."""
    short, long = ({t for t in shape_terms(read_tokens("a " * count)) if t[-1] == "+"} for count in (12, 70))
    assert short < long
    assert "12+" in short
    assert "70+" in long


def test_an_empty_text_has_no_terms() -> None:
    """An empty text, such as the turn before the first message, has no terms."""
    assert all(extract(read_tokens("")) == {} for extract in BLOCKS.values())
    assert read_tokens_before(None) == read_tokens_before("") == []


def test_every_block_has_a_weight_and_the_words_of_the_message_the_largest() -> None:
    """Every block has a weight; the turn before weighs less than the words, so that it alone seldom flags a client."""
    assert set(SCALE) == set(BLOCKS) >= ABOUT_BEFORE
    assert all(SCALE[block] < SCALE["words"] for block in BLOCKS if block != "words")


def test_tokens_beyond_the_limit_are_not_read() -> None:
    """Of a message the first two thousand tokens are read, and of the turn before the last hundred."""
    assert len(read_tokens("word " * 5_000)) == 2_000
    assert [token.form for token in read_tokens_before("long " * 500 + "why?")[-2:]] == ["why", "?"]
    assert len(read_tokens_before("long " * 500)) == 100

"""Tests of the features that the linear detector reads from a message."""

from stream.detection.features import BLOCKS, SCALE, part_terms, read_tokens, single_word_terms, word_terms


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


def test_parts_are_runs_of_letters_inside_a_word() -> None:
    """The parts are runs of letters inside a word with marked ends, and no run crosses a space."""
    assert set(part_terms(read_tokens("no so"))) == {"_no", "no_", "_no_", "_so", "so_", "_so_"}


def test_spelling_variants_have_most_parts_in_common() -> None:
    """Spelling variants such as `quitting` and `quiting` have most parts in common."""
    right, wrong = set(part_terms(read_tokens("quitting"))), set(part_terms(read_tokens("quiting")))
    assert len(right & wrong) >= 6


def test_the_turn_before_is_read_as_single_words() -> None:
    """Of the turn before, single words are read and neither pairs nor parts."""
    assert set(single_word_terms(read_tokens("How was it?"))) == {"how", "was", "it", "?"}


def test_an_empty_text_has_no_terms() -> None:
    """An empty text, such as the turn before the first message, has no terms."""
    assert all(extract(read_tokens("")) == {} for extract in BLOCKS.values())


def test_every_block_has_a_weight_and_the_turn_before_weighs_less() -> None:
    """Every block has a weight, and the turn before weighs less, so that it alone seldom flags a client."""
    assert set(SCALE) == set(BLOCKS)
    assert SCALE["before"] < SCALE["words"]


def test_tokens_beyond_the_limit_are_not_read() -> None:
    """Tokens beyond the limit are not read."""
    assert len(read_tokens("word " * 5_000)) == 2_000

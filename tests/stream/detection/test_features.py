"""What the linear detector reads from a message."""

from stream.detection.features import BLOCKS, SCALE, part_terms, read_tokens, single_word_terms, word_terms


def test_words_are_singles_and_neighbouring_pairs() -> None:
    """Each with the tokens it came from."""
    assert word_terms(read_tokens("no, I won't")) == {
        "no": [0],
        "no i": [0, 1],
        "i": [1],
        "i wont": [1, 2],
        "wont": [2],
    }


def test_a_repeated_word_is_one_term_with_all_its_places() -> None:
    """Shouting the same word thrice is one reason, found thrice."""
    assert word_terms(read_tokens("no no"))["no"] == [0, 1]


def test_parts_are_runs_of_letters_inside_a_word() -> None:
    """Word ends are marked; no run crosses a space."""
    assert set(part_terms(read_tokens("no so"))) == {"_no", "no_", "_no_", "_so", "so_", "_so_"}


def test_parts_share_spelling_variants() -> None:
    """`quitting` and `quiting` have most parts in common, which is what they are for."""
    right, wrong = set(part_terms(read_tokens("quitting"))), set(part_terms(read_tokens("quiting")))
    assert len(right & wrong) >= 6


def test_single_words_are_what_is_read_of_the_turn_before() -> None:
    """No pairs, no parts."""
    assert set(single_word_terms(read_tokens("How was it?"))) == {"how", "was", "it", "?"}


def test_nothing_gives_no_terms() -> None:
    """The first message of a session; an empty message."""
    assert all(extract(read_tokens("")) == {} for extract in BLOCKS.values())


def test_every_block_has_a_scale_and_context_weighs_less() -> None:
    """The counsellor's words alone should seldom flag a client."""
    assert set(SCALE) == set(BLOCKS)
    assert SCALE["before"] < SCALE["words"]


def test_a_pasted_book_costs_bounded_time() -> None:
    """Tokens beyond the bound are not read."""
    assert len(read_tokens("word " * 5_000)) == 2_000

"""What the linear detector reads from a message."""

from stream.detection.features import BLOCKS, SCALE, parts, read, single_words, words


def test_words_are_singles_and_neighbouring_pairs() -> None:
    """Each with the tokens it came from."""
    assert words(read("no, I won't")) == {
        "no": [0],
        "no i": [0, 1],
        "i": [1],
        "i wont": [1, 2],
        "wont": [2],
    }


def test_a_repeated_word_is_one_term_with_all_its_places() -> None:
    """Shouting the same word thrice is one reason, found thrice."""
    assert words(read("no no"))["no"] == [0, 1]


def test_parts_are_runs_of_letters_inside_a_word() -> None:
    """Word ends are marked; no run crosses a space."""
    assert set(parts(read("no so"))) == {"_no", "no_", "_no_", "_so", "so_", "_so_"}


def test_parts_share_spelling_variants() -> None:
    """`quitting` and `quiting` have most parts in common, which is what they are for."""
    right, wrong = set(parts(read("quitting"))), set(parts(read("quiting")))
    assert len(right & wrong) >= 6


def test_single_words_are_what_is_read_of_the_turn_before() -> None:
    """No pairs, no parts."""
    assert set(single_words(read("How was it?"))) == {"how", "was", "it", "?"}


def test_nothing_gives_no_terms() -> None:
    """The first message of a session; an empty message."""
    assert all(extract(read("")) == {} for extract in BLOCKS.values())


def test_every_block_has_a_scale_and_context_weighs_less() -> None:
    """The counsellor's words alone should seldom flag a client."""
    assert set(SCALE) == set(BLOCKS)
    assert SCALE["before"] < SCALE["words"]


def test_a_pasted_book_costs_bounded_time() -> None:
    """Tokens beyond the bound are not read."""
    assert len(read("word " * 5_000)) == 2_000

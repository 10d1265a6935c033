"""The models of words add up the weights of the terms that a turn has, and are counted into the encoder's answer."""

import importlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triton_models.reader.loading import VERSION_FOLDER, module, reader
from training.reader.evaluate import resistance_scores
from training.reader.targets import RESISTANCE, TURN_HEADS

module()
words = importlib.import_module("reader.words")
tokens = importlib.import_module("reader.tokens")

TOKENS = st.lists(st.integers(0, 30_521), max_size=90)
BLOCKS = ("text", "text_shape", "before", "before_shape")


def terms(before: list[int], text: list[int]) -> dict[str, set[int]]:
    """Return the terms of each block."""
    found: dict[str, set[int]] = words.read_terms(before, text)
    return found


@given(TOKENS, TOKENS)
def test_every_block_has_terms_of_its_own(before: list[int], text: list[int]) -> None:
    """No number means two terms: blocks share none, and none is that of the intercept."""
    found = terms(before, text)
    assert tuple(found) == BLOCKS
    assert sum(map(len, found.values())) == len(set().union(*found.values()))
    assert words.BIAS not in set().union(*found.values())


def test_tokens_and_pairs_of_neighbours_are_terms_of_the_text() -> None:
    """A text of three tokens has three of them and two pairs; in another order it has other pairs."""
    one, other = terms([], [5, 6, 7])["text"], terms([], [7, 6, 5])["text"]
    assert (len(one), len(other), len(one & other)) == (5, 5, 3)


def test_of_the_turn_before_single_tokens_are_terms() -> None:
    """The words of the turn before count whatever their order."""
    assert terms([5, 6, 7], [])["before"] == terms([7, 6, 5], [])["before"]
    assert len(terms([5, 6, 7], [])["before"]) == 3


@pytest.mark.parametrize("block", ["text_shape", "before_shape"])
def test_how_a_text_begins_and_ends_and_how_long_it_is_are_terms(block: str) -> None:
    """Three beginnings, three ends and the lengths reached: four tokens reach 1, 2 and 3."""

    def shape(given: list[int]) -> set[int]:
        return terms(*((given, []) if block == "before_shape" else ([], given)))[block]

    assert shape([]) == set()
    assert len(shape([5])) == 3
    assert len(shape([5, 6, 7, 8])) == 9
    assert len(shape([5, 6, 7, 8]) & shape([5, 6, 7, 9])) == 6
    assert len(shape([5, 6, 7, 8]) & shape([4, 6, 7, 8])) == 6


def test_only_the_end_of_a_long_turn_before_is_read() -> None:
    """What stands before the last tokens of the turn before changes nothing."""
    end = list(range(words.MAX_BEFORE))
    assert terms([9_999, *end], [1]) == terms(end, [1])


BEHAVIOURS = len(RESISTANCE) - 1
NOTHING_HEARD = [0.0] * BEHAVIOURS


def test_the_weights_of_known_terms_are_added_up_by_block() -> None:
    """Of a block the known terms count as a vector of the block's length; unknown ones count nothing."""
    found = terms([], [5, 6, 7])
    some = sorted(found["text"])[:2]
    (mark,) = list(found["text_shape"])[:1]
    model = words.Words(
        {words.BIAS: [-1.0], some[0]: [2.0], some[1]: [1.0], mark: [4.0], 123: [50.0]}, {words.BIAS: NOTHING_HEARD}
    )
    assert model.hear([], [5, 6, 7])[0] == pytest.approx(-1.0 + 3.0 / math.sqrt(2) + 0.5 * 4.0)
    assert model.hear([1], [2])[0] == -1.0
    assert model.hear([], [])[0] == -1.0


def test_behaviours_are_heard_as_shares() -> None:
    """What is heard of behaviours are logarithms of shares that sum to one, more for one whose words are there."""
    (known,) = terms([], [5])["text"]
    of_third = [2.0 if place == 2 else 0.0 for place in range(BEHAVIOURS)]
    model = words.Words({words.BIAS: [0.0]}, {words.BIAS: NOTHING_HEARD, known: of_third})
    shares = np.exp(model.hear([], [5])[1:])
    assert shares.sum() == pytest.approx(1.0)
    assert shares[2] / shares[0] == pytest.approx(math.exp(2.0))
    np.testing.assert_allclose(np.exp(model.hear([], [6])[1:]), 1 / BEHAVIOURS)


def test_weights_are_read_as_they_were_written(tmp_path: Path) -> None:
    """Files of weights give the same answer, to the precision of the files, and cannot hold objects."""
    own = sorted(terms([], [5, 6, 7])["text"])
    resistance = {words.BIAS: [-0.5]} | {term: [1 / (n + 1)] for n, term in enumerate(own)}
    behaviours = {words.BIAS: NOTHING_HEARD} | {term: [n / 7] * 3 + [0.0] * 10 for n, term in enumerate(own)}
    np.save(tmp_path / words.WORDS, words.as_array(resistance), allow_pickle=False)
    np.save(tmp_path / words.BEHAVIOURS, words.as_array(behaviours), allow_pickle=False)
    kept, given = words.Words.read(tmp_path), words.Words(resistance, behaviours)
    np.testing.assert_allclose(kept.hear([], [5, 6, 7]), given.hear([], [5, 6, 7]), atol=1e-6)


def logits_of(*resistance: float) -> Any:
    """Return logits of resistance: none, then the behaviours."""
    return np.array([*resistance, *([-9.0] * (len(RESISTANCE) - len(resistance)))])


def probability(resistance: Any) -> float:
    """Return the probability that the turn resists."""
    row = np.zeros((1, TURN_HEADS["planted"].end))
    row[0, : len(RESISTANCE)] = resistance
    return float(resistance_scores(row)[0])


def heard_of(logit: float, *behaviours: float) -> Any:
    """Return what words heard: a logit of resistance, and scores of the first behaviours as shares."""
    scores = np.array([*behaviours, *([0.0] * (BEHAVIOURS - len(behaviours)))])
    return np.array([logit, *(scores - np.log(np.exp(scores).sum()))])


def shares_of(resistance: Any) -> Any:
    """Return each behaviour's share, given that the turn resists."""
    grown = np.exp(resistance[1:] - resistance[1:].max())
    return grown / grown.sum()


@given(st.floats(-8, 8), st.floats(-5, 5), st.floats(-3, 3))
def test_the_logits_of_both_are_added(encoder: float, logit: float, behaviour: float) -> None:
    """Counted in, the words add their logit to the encoder's, whichever behaviour they hear."""
    before = probability(logits_of(0.0, encoder))
    after = probability(words.with_words(logits_of(0.0, encoder), heard_of(logit, behaviour)))
    moved = math.log(after / (1 - after)) - math.log(before / (1 - before))
    assert moved == pytest.approx(logit, abs=1e-6)


LOGITS = st.lists(st.floats(-8, 8), min_size=len(RESISTANCE), max_size=len(RESISTANCE)).map(np.array)


@given(LOGITS, LOGITS)
def test_of_both_shares_of_a_behaviour_the_geometric_mean_counts(encoder: Any, by_words: Any) -> None:
    """The likeliest behaviour is that of the product of both shares, and the shares sum to one."""
    heard = np.array([by_words[0], *np.log(shares_of(by_words))])
    expected = np.sqrt(shares_of(encoder) * shares_of(by_words))
    np.testing.assert_allclose(shares_of(words.with_words(encoder, heard)), expected / expected.sum(), atol=1e-9)


def test_many_turns_are_counted_as_one_by_one() -> None:
    """Rows of logits with a row each of what words heard come out as each row alone."""
    rows, each = (
        np.array([logits_of(0.0, 1.0), logits_of(2.0, -1.0)]),
        np.array([heard_of(1.5, 1.0), heard_of(-0.5, -2.0)]),
    )
    together = words.with_words(rows, each)
    for row, heard, found in zip(rows, each, together, strict=True):
        np.testing.assert_allclose(words.with_words(row, heard), found)


@given(LOGITS, LOGITS)
def test_what_was_counted_in_can_be_taken_out_again(encoder: Any, by_words: Any) -> None:
    """Taking out what words heard leaves the encoder's logits, so that each part can be measured alone."""
    heard = np.array([by_words[0], *np.log(shares_of(by_words))])
    np.testing.assert_allclose(words.without_words(words.with_words(encoder, heard), heard), encoder, atol=1e-9)


def test_the_shipped_reader_hears_by_both() -> None:
    """An opinion of the shipped reader is the graph's with what the shipped words heard counted in."""
    pair = ("How did the diary go?", "No. I don't want to quit and I'm not going to.")
    encoding = tokens.load_tokenizer(VERSION_FOLDER).encode(*pair)
    given = {"ids": np.array([encoding.ids]), "kinds": np.array([encoding.type_ids])}
    (graph,) = reader()._session.run(["turn"], given)[0]  # what the encoder says alone
    heard = words.Words.read(VERSION_FOLDER).hear(*tokens.tokens_of(encoding))
    assert heard[0] > 0
    (opinion,) = reader().read([pair])
    head = TURN_HEADS["resistance"]
    np.testing.assert_allclose(
        opinion.turn[head.start : head.end], words.with_words(graph[: head.end], heard), rtol=1e-5
    )
    np.testing.assert_array_equal(opinion.turn[head.end :], graph[head.end :])


@pytest.mark.parametrize(("name", "answers"), [("WORDS", 1), ("BEHAVIOURS", BEHAVIOURS)])
def test_the_shipped_weights_hold_numbers_alone(name: str, answers: int) -> None:
    """Each file has weights for thousands of terms, each a number, and no word of anybody's."""
    table = np.load(VERSION_FOLDER / getattr(words, name), allow_pickle=False)
    assert table.dtype.names == ("term", "weights")
    assert table["weights"].shape == (len(table), answers)
    assert len(table) > 3_000
    assert len(set(table["term"].tolist())) == len(table)
    assert np.isfinite(table["weights"]).all()

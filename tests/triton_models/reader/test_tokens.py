"""Pairs of texts are cut into the tokens that the reader was trained on."""

import importlib

import pytest

from tests.triton_models.reader.loading import PAIRS, VERSION_FOLDER, module

module()
tokens = importlib.import_module("reader.tokens")
TOKENIZER = tokens.load_tokenizer(VERSION_FOLDER)


@pytest.mark.parametrize("pair", PAIRS, ids=range(len(PAIRS)))
def test_both_texts_are_given_apart_and_without_marks(pair: tuple[str, str]) -> None:
    """The tokens of a pair are those of its texts, of at most as many as are read, without the three marks."""
    encoding = TOKENIZER.encode(*pair)
    first, second = tokens.tokens_of(encoding)
    assert len(encoding.ids) <= tokens.MAX_TOKENS
    assert len(first) + len(second) == len(encoding.ids) - 3
    if len(encoding.ids) < tokens.MAX_TOKENS:
        assert (first, second) == tuple(TOKENIZER.encode(text, add_special_tokens=False).ids for text in pair)


def test_pairs_are_not_padded() -> None:
    """A short pair beside a long one keeps its own length."""
    short, long = TOKENIZER.encode_batch([("no", "no"), ("no " * 50, "no " * 50)])
    assert (len(short.ids), len(long.ids)) == (5, 103)


def test_capitals_make_no_other_tokens() -> None:
    """Texts that differ in their capitals alone have the same tokens."""
    assert tokens.tokens_of(TOKENIZER.encode("NO", "I Won't")) == tokens.tokens_of(TOKENIZER.encode("no", "i won't"))

"""The tokens of a pair of texts, as the encoder and the models of words are given them."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Encoding, Tokenizer

TOKENIZER = "tokenizer.json"
MAX_TOKENS = 256
"""Tokens of a pair, as in training; longer pairs lose the end of their longer text."""


def load_tokenizer(folder: Path) -> Tokenizer:
    """Return the tokeniser, which cuts pairs that are too long and pads none."""
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS, strategy="longest_first")
    return tokenizer


def tokens_of(encoding: Encoding) -> tuple[list[int], list[int]]:
    """Return the tokens of both texts of a pair, without the marks around them."""
    sides: tuple[list[int], list[int]] = ([], [])
    for token, side, is_mark in zip(encoding.ids, encoding.type_ids, encoding.special_tokens_mask, strict=True):
        if not is_mark:
            sides[side].append(token)
    return sides

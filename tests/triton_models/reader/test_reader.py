"""The shipped reader gives vectors of one shape to any pair of texts, and to each pair always the same."""

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.contracts.vocabulary import Mechanism
from tests.triton_models.reader.loading import MODEL, PAIRS, VERSION_FOLDER, module, reader
from training.reader.targets import REPLY_HEADS, TURN_HEADS, as_json, width

LARGEST_FILE = 30_000_000
"""Bytes: what a repository carries without pain."""
FILES = {
    "answers.json",
    "behaviours.npy",
    "model.py",
    "reader.onnx",
    "reader.py",
    "tokenizer.json",
    "tokens.py",
    "words.npy",
    "words.py",
}


def assert_same(one: Any, other: Any, tolerance: float = 0.0) -> None:
    """Assert that two opinions are the same, to a tolerance."""
    for left, right in zip(one, other, strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=tolerance)


@pytest.mark.parametrize("pair", PAIRS, ids=range(len(PAIRS)))
def test_any_pair_gets_an_opinion_of_one_shape(pair: tuple[str, str]) -> None:
    """A pair of any texts has a finite logit for each answer, and a vector."""
    (opinion,) = reader().read([pair])
    assert (len(opinion.turn), len(opinion.reply), len(opinion.vector)) == (width(TURN_HEADS), width(REPLY_HEADS), 384)
    assert all(np.isfinite(each).all() for each in opinion)


@given(st.text(max_size=300), st.text(max_size=300))
@settings(max_examples=30)
def test_any_text_can_be_read(first: str, second: str) -> None:
    """Whatever people type is read without an error."""
    (opinion,) = reader().read([(first, second)])
    assert all(np.isfinite(each).all() for each in opinion)


def test_an_opinion_does_not_depend_on_its_company() -> None:
    """A pair gets the same opinion alone, among others and in another order, to the last bit."""
    together = reader().read(PAIRS)
    backwards = reader().read(PAIRS[::-1])[::-1]
    for pair, one, other in zip(PAIRS, together, backwards, strict=True):
        assert_same(one, reader().read([pair])[0])
        assert_same(one, other)


def test_threads_share_a_reader() -> None:
    """Several threads at once get the opinions that one gets."""
    expected = reader().read(PAIRS)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: reader().read(PAIRS), range(4)):
            for one, other in zip(expected, found, strict=True):
                assert_same(one, other)


def test_no_pairs_have_no_opinions() -> None:
    """Asked for nothing, the reader answers nothing."""
    assert reader().read([]) == []


def test_which_text_comes_first_matters() -> None:
    """A pair is read as one text after the other, not as two texts side by side."""
    (one,), (other,) = reader().read([PAIRS[0]]), reader().read([PAIRS[0][::-1]])
    assert not np.allclose(one.vector, other.vector)


def test_the_end_of_a_long_pair_is_not_read() -> None:
    """Of a pair beyond the tokens that are read, the end of the longer text changes nothing."""
    long = "word " * 1_000
    (one,), (other,) = reader().read([("first", long + "end")]), reader().read([("first", long + "another")])
    assert_same(one, other)


def test_the_answers_are_those_of_the_recipe() -> None:
    """The names and places of the logits are those that the recipe trains."""
    shipped = module().answers(VERSION_FOLDER)
    assert {name: shipped[name] for name in as_json()} == {
        name: {part: list(places) for part, places in value.items()} if isinstance(value, dict) else list(value)
        for name, value in as_json().items()
        if isinstance(value, dict | tuple)
    }


def test_the_calibration_is_complete() -> None:
    """The shipped reader has a slope above 0, an intercept, and a threshold for everything that is decided by it."""
    shipped = module().answers(VERSION_FOLDER)
    slope, intercept = shipped["calibration"]
    assert slope > 0
    assert np.isfinite(intercept)
    assert set(shipped) == {*as_json(), "calibration", "thresholds"}
    decided = {"confirm", "critical", "possible_critical", "planted", "doubtful"}
    assert set(shipped["thresholds"]) == decided | {f"praise_{mechanism}" for mechanism in Mechanism}
    assert all(0 < threshold < 1 for threshold in shipped["thresholds"].values())


def test_the_folder_holds_what_is_served_and_nothing_else() -> None:
    """The weights are one ONNX file without data beside it; no pickle and no file is too large for a repository."""
    files = {path.name: path.stat().st_size for path in VERSION_FOLDER.iterdir() if path.is_file()}
    assert set(files) == FILES
    assert max(files.values()) < LARGEST_FILE
    assert b"external_data" not in (VERSION_FOLDER / module().GRAPH).read_bytes()


def test_the_fingerprint_changes_with_each_file_that_decides(tmp_path: Path) -> None:
    """Another graph, tokeniser, list of answers or file of words has another fingerprint."""
    names = (module().GRAPH, module().TOKENIZER, module().ANSWERS, module().WORDS, module().BEHAVIOURS)
    for name in names:
        (tmp_path / name).write_text("as it was")
    found = {module().fingerprint(tmp_path)}
    for name in names:
        (tmp_path / name).write_text("changed")
        found.add(module().fingerprint(tmp_path))
    assert len(found) == len(names) + 1
    assert reader().fingerprint == module().fingerprint(VERSION_FOLDER)


def test_it_needs_the_runtime_and_the_tokeniser_alone() -> None:
    """The reader imports ONNX Runtime, the tokeniser library and numpy besides the standard library."""
    code = "\n".join((VERSION_FOLDER / f"{name}.py").read_text() for name in ("reader", "tokens", "words"))
    imported = set(re.findall(r"^(?:from|import) ([a-z_]+)", code, re.MULTILINE))
    assert imported - {"numpy", "onnxruntime", "tokenizers"} <= sys.stdlib_module_names


def test_the_model_card_says_what_it_cannot_know() -> None:
    """The card says what the reader is, what it says, and what it cannot know."""
    card = (MODEL / "MODEL_CARD.md").read_text(encoding="utf-8")
    for part in ("What it is", "What it says", "What it cannot know", "language model"):
        assert part in card

"""The reader's recipe runs on a tiny random encoder on the CPU; `make test-training` runs it, `make test` does not.

Nothing is downloaded: encoder and tokeniser are made here.
"""

import json
import string
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import BertProcessing
from transformers import BertConfig, BertModel

from stream.model_repository import import_model_file, version_folder
from tests.training.reader.samples import reply, turn
from training.errors import DataError
from training.reader.evaluate import resistance_scores
from training.reader.examples import UNKNOWN, pairs_of
from training.reader.export import export
from training.reader.fit import fit, read_pairs
from training.reader.network import MAX_TOKENS, encode, load_base, load_tokenizer, load_weights, save_weights
from training.reader.planted import Planted
from training.reader.recipe import Recipe, steps_per_epoch
from training.reader.served import write_answers
from training.reader.targets import REPLY_HEADS, RESISTANCE, TURN_HEADS, as_json, width
from training.reader.words import WordWeights, hear_words, take_out, write_words

HIDDEN = 16
RECIPE = Recipe(epochs=12, batch_size=8, learning_rate=0.01, head_learning_rate=0.02)
PIECES = [Planted("rate it high", by_client=True, by_counsellor=True)]
TURNS = [
    turn(
        number, *(("blaming", "written") if number % 2 else ("none", "written")), text="you you" if number % 2 else "ok"
    )
    for number in range(40)
]
UNLABELLED = [turn(99, critical=UNKNOWN)]
REPLIES = [
    reply(number, (2, 0, 1, UNKNOWN) if number % 2 else (0, 2, 1, UNKNOWN), text="x" * (1 + number % 2))
    for number in range(16)
]
CALIBRATION: dict[str, object] = {"calibration": (1.0, 0.0), "thresholds": {"confirm": 0.5}}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a random encoder of two layers and a tokeniser of single letters."""
    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(1)
    letters = [*string.ascii_lowercase, *string.digits, *".,?!'"]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{letter}" for letter in letters)]
    places = {token: place for place, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(WordPiece(places, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = BertNormalizer(), BertPreTokenizer()
    tokenizer.post_processor = BertProcessing(("[SEP]", places["[SEP]"]), ("[CLS]", places["[CLS]"]))
    tokenizer.save(str(folder / "tokenizer.json"))
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=HIDDEN,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=MAX_TOKENS,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def trained(base: Path) -> Any:
    """Return a reader that was trained on turns of two kinds."""
    return fit([*TURNS, *UNLABELLED], REPLIES, PIECES, base, RECIPE, check_base=False)


def test_a_published_encoder_of_other_weights_is_refused(base: Path) -> None:
    """Weights that are not the published ones are refused in a sentence."""
    with pytest.raises(DataError):
        load_base(base)


def test_pairs_are_cut_at_the_longer_text(base: Path) -> None:
    """A pair has at most so many tokens, and the shorter text stays whole."""
    ((ids, kinds),) = encode(load_tokenizer(base), [("abc", "x " * 1_000)])
    assert len(ids) == len(kinds) == MAX_TOKENS
    assert kinds.count(0) == len("abc") + 2


def test_what_can_be_learned_is_learned(trained: Any, base: Path) -> None:
    """Turns of two kinds are told apart after some epochs, on a random encoder too."""
    logits, _, _ = read_pairs(trained, base, pairs_of(TURNS))
    scores = resistance_scores(logits)
    assert min(scores[1::2]) > max(scores[::2])


def test_every_step_is_counted(base: Path) -> None:
    """The steps that are announced are those that are made."""
    steps = []
    recipe = RECIPE.model_copy(update={"epochs": 2})
    fit(TURNS, REPLIES, PIECES, base, recipe, lambda: steps.append(1), check_base=False)
    assert len(steps) == 2 * steps_per_epoch(TURNS, REPLIES, recipe)


def test_the_same_seed_gives_the_same_reader(base: Path) -> None:
    """A fit depends on its examples, its recipe and its seed alone."""
    recipe = RECIPE.model_copy(update={"epochs": 1})
    first, again, other = (
        read_pairs(
            fit(TURNS, REPLIES, PIECES, base, recipe.model_copy(update={"seed": seed}), check_base=False),
            base,
            pairs_of(TURNS[:4]),
        )[0]
        for seed in (1, 1, 2)
    )
    np.testing.assert_allclose(first, again, atol=1e-5)
    assert not np.allclose(first, other, atol=1e-3)


def test_answers_stand_in_the_order_of_the_pairs(trained: Any, base: Path) -> None:
    """Pairs are read by length, and answered in their own order."""
    pairs = [("", "x" * length) for length in (30, 1, 12)]
    _, _, together = read_pairs(trained, base, pairs)
    alone = np.concatenate([read_pairs(trained, base, [pair])[2] for pair in pairs])
    np.testing.assert_allclose(together, alone, atol=0.05)  # half precision, and padding beside it


def test_weights_are_read_as_they_were_written(trained: Any, base: Path, tmp_path: Path) -> None:
    """A reader that was saved and loaded gives the same answers."""
    save_weights(trained, tmp_path / "new" / "reader.safetensors")
    loaded = load_weights(base, tmp_path / "new" / "reader.safetensors")
    pairs = pairs_of(TURNS[:4])
    for mine, other in zip(read_pairs(trained, base, pairs), read_pairs(loaded, base, pairs), strict=True):
        np.testing.assert_allclose(mine, other, atol=0.05)  # two ways of half-precision attention


def test_weights_are_small_enough_for_every_processor(trained: Any, base: Path, tmp_path: Path) -> None:
    """No matrix of a graph, exported here or shipped, has a weight of which two products overflow 16 bits."""
    export(trained, base, tmp_path)
    for path in (tmp_path / "reader.onnx", version_folder("reader") / "reader.onnx"):
        graph = onnx.load(path).graph
        weights = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
        matrices = [weights[node.input[1]] for node in graph.node if node.op_type == "MatMulInteger"]
        assert matrices
        assert max(int(np.abs(each.astype(int)).max()) for each in matrices) * 2 * 255 < 2**15


def test_what_is_exported_is_what_the_served_reader_runs(trained: Any, base: Path, tmp_path: Path) -> None:
    """The exported files are read by the served reader's own code, with answers near the trained ones."""
    size = export(trained, base, tmp_path)
    write_answers(CALIBRATION, tmp_path)
    nothing_heard = WordWeights({0: [0.0]}, {0: [0.0] * (len(RESISTANCE) - 1)})
    write_words(nothing_heard, tmp_path)
    assert size == (tmp_path / "reader.onnx").stat().st_size
    module = import_model_file(version_folder("reader") / "reader.py", "reader_of_a_test")
    pairs = pairs_of(TURNS[:4])
    served = module.Reader(tmp_path).read(pairs)
    by_encoder = take_out(np.stack([each.turn for each in served]), hear_words(nothing_heard, TURNS[:4]))
    trained_answers = zip(*read_pairs(trained, base, pairs), strict=True)
    for turn_logits, opinion, expected in zip(by_encoder, served, trained_answers, strict=True):
        assert [len(part) for part in opinion] == [width(TURN_HEADS), width(REPLY_HEADS), HIDDEN]
        for mine, other in zip((turn_logits, opinion.reply, opinion.vector), expected, strict=True):
            assert np.corrcoef(mine, other)[0, 1] > 0.98  # 7-bit weights beside half precision
    assert json.loads((tmp_path / "answers.json").read_text()) == json.loads(json.dumps(as_json() | CALIBRATION))

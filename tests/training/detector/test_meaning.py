"""The encoder's head is fitted and saved, and the encoder's file is made from the published one."""

import hashlib
import json
import struct
from pathlib import Path

import numpy as np
import pytest

from stream.detection.meaning import FOLDER, InProcessSentenceModel, load_package
from training.detector import encoder
from training.detector.corpora import LabelledTurn
from training.detector.encoder import SHA256, convert, read_safetensors
from training.detector.meaning import EncoderHead, stamp, vectors
from training.errors import DataError


def test_the_head_learns_what_the_labels_say(turns: list[LabelledTurn]) -> None:
    """The head scores talk against change above other talk."""
    low, high = EncoderHead(turns).logits(["my sister came", "there is no point, I can't"])
    assert low < high


def test_the_saved_head_says_what_was_fitted(turns: list[LabelledTurn], tmp_path: Path) -> None:
    """The saved head gives the fitted scores when it is loaded as Triton loads it."""
    model = tmp_path / "resistance_detector" / "1"
    model.mkdir(parents=True)
    for file in FOLDER.glob("*.*"):
        (model / file.name).write_bytes(file.read_bytes())
    head = EncoderHead(turns)
    head.save(model / "head.json")
    texts = ["I like it as it is", "", "on Tuesday \U0001f600"]
    assert InProcessSentenceModel(tmp_path).logits(texts) == pytest.approx(head.logits(texts), abs=2e-4)


def test_an_empty_part_of_a_split_is_no_fault(turns: list[LabelledTurn]) -> None:
    """An empty list of texts has an empty list of logits."""
    assert EncoderHead(turns).logits([]) == []


def test_the_stamp_goes_into_the_models_configuration(tmp_path: Path) -> None:
    """The fingerprint is written into the model's configuration, and changes with the head."""
    folder = tmp_path / "resistance_detector" / "1"
    folder.mkdir(parents=True)
    for file in FOLDER.glob("*.*"):
        (folder / file.name).write_bytes(file.read_bytes())
    config = folder.parent / "config.pbtxt"
    config.write_bytes((FOLDER.parent / "config.pbtxt").read_bytes())
    before = config.read_text(encoding="utf-8")
    assert f'string_value: "{stamp(folder)}"' in before
    (folder / "head.json").write_text(json.dumps({"bias": 0, "weight": [0] * 384}), encoding="utf-8")
    assert stamp(folder) in config.read_text(encoding="utf-8") != before


def test_a_vector_is_the_same_in_any_batch() -> None:
    """A text has the same vector in any batch."""
    assert (vectors(["one", "a much longer text than that"])[0] == vectors(["one"])[0]).all()


def _safetensors(tensors: dict[str, np.ndarray]) -> bytes:
    header, data = {}, b""
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [len(data), len(data) + tensor.nbytes]}
        data += tensor.astype("<f4").tobytes()
    told = json.dumps(header).encode()
    return struct.pack("<Q", len(told)) + told + data


def _published(folder: Path) -> str:
    """Write a tiny encoder in the published layout (width 24, twelve heads of two), and return its hash."""
    source = np.random.default_rng(7)
    sizes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (7, 24),
        "embeddings.token_type_embeddings.weight": (2, 24),
    }
    sizes |= {"embeddings.position_embeddings.weight": (128, 24)}
    norms = ["embeddings.LayerNorm"]
    for layer in range(4):
        at = f"encoder.layer.{layer}."
        for name, part in encoder._PARTS.items():
            wide = {"up": (48, 24), "down": (24, 48)}.get(name, (24, 24))
            sizes |= {f"{at}{part}.weight": wide, f"{at}{part}.bias": wide[:1]}
        norms += [at + part for part in encoder._NORMS.values()]
    sizes |= {f"{norm}.{part}": (24,) for norm in norms for part in ("weight", "bias")}
    raw = _safetensors({name: source.normal(size=size).astype(np.float32) for name, size in sizes.items()})
    (folder / "model.safetensors").write_bytes(raw)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "no", "##w", "\u7dad"]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    return hashlib.sha256(raw).hexdigest()


def test_the_published_encoder_is_cut_and_rounded(tmp_path: Path) -> None:
    """The published encoder is cut to three layers and common English pieces at 8 bits, and can still be read."""
    arrays = convert(tmp_path, sha256=_published(tmp_path))
    assert bytes(arrays["vocabulary"]).decode().split("\n") == ["[UNK]", "[CLS]", "[SEP]", "no", "##w"]
    assert arrays["2.query"].dtype == np.int8
    assert not any(name.startswith("3.") for name in arrays)
    encoder.save(arrays, tmp_path / "small.npz")
    small = load_package(FOLDER).Encoder(tmp_path / "small.npz")
    assert small.layers == 3
    assert small.vector("now").shape == (24,)
    original = read_safetensors((tmp_path / "model.safetensors").read_bytes())["embeddings.word_embeddings.weight"][4]
    assert arrays["pieces"][3] * arrays["pieces.scale"][3] == pytest.approx(original, abs=0.02)


def test_other_weights_than_the_published_are_refused(tmp_path: Path) -> None:
    """Other weights than the published ones are refused by their hash."""
    _published(tmp_path)
    with pytest.raises(DataError, match=r"is not the file that was published"):
        convert(tmp_path)
    assert len(SHA256) == 64


def test_a_folder_without_them_is_named(tmp_path: Path) -> None:
    """A folder without the weights is named in one sentence."""
    with pytest.raises(DataError, match="does not hold the published encoder"):
        convert(tmp_path)


def test_the_encoder_that_ships_is_small() -> None:
    """The encoder that ships is smaller than 16 MB, since it is committed to the repository."""
    assert (FOLDER / "encoder.npz").stat().st_size < 16_000_000

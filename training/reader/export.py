"""Writes a trained reader as the files that Triton serves: an ONNX graph with 7-bit matrices, and its tokeniser."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import nn

from training.reader.network import Reader

GRAPH = "reader.onnx"
TOKENIZER = "tokenizer.json"
_OPSET = 17


class _Exported(nn.Module):  # type: ignore[misc] # torch has no types here
    """A reader of one pair at a time: without padding, so that an answer does not depend on a batch."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader = reader

    def forward(self, ids: Any, kinds: Any) -> tuple[Any, Any, Any]:
        """Return turn logits, reply logits and the vector."""
        answers: tuple[Any, Any, Any] = self._reader(ids, torch.ones_like(ids), kinds)
        return answers


def export(reader: Reader, base: Path, folder: Path) -> int:
    """Write the graph and the tokeniser into `folder`; returns the graph's size in bytes."""
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415 - seconds to import

    folder.mkdir(parents=True, exist_ok=True)
    sample = torch.ones((1, 8), dtype=torch.long)
    with TemporaryDirectory() as temporary:
        whole = Path(temporary) / GRAPH
        torch.onnx.export(
            _Exported(reader.cpu().eval()),
            (sample, torch.zeros_like(sample)),
            str(whole),
            input_names=["ids", "kinds"],
            output_names=["turn", "reply", "vector"],
            dynamic_axes={"ids": {1: "length"}, "kinds": {1: "length"}},
            opset_version=_OPSET,
            dynamo=False,
        )
        quantize_dynamic(
            whole,
            folder / GRAPH,
            weight_type=QuantType.QInt8,
            per_channel=True,  # one scale for a whole matrix changes answers visibly
            # Two products of 8 bits overflow the 16 in which processors without VNNI add them, silently. With 7 bits
            # they never do, and every processor gives the same answers.
            reduce_range=True,
            op_types_to_quantize=["MatMul", "Gather", "Gemm"],
            extra_options={"MatMulConstBOnly": True},
        )
    shutil.copyfile(base / TOKENIZER, folder / TOKENIZER)
    return (folder / GRAPH).stat().st_size

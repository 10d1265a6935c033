"""The Triton model of the reader: the tensors FIRST and SECOND in, the tensors TURN, REPLY and VECTOR out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

from .reader import Reader


class TritonPythonModel:
    """The class that Triton's Python backend calls."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the model and compare its fingerprint with the one in config.pbtxt.

        Raises:
            TritonModelException: config.pbtxt belongs to other files.
        """
        self._reader = Reader(Path(__file__).parent)
        told = json.loads(args["model_config"])["parameters"].get("fingerprint", {}).get("string_value")
        if told != self._reader.fingerprint:
            raise pb_utils.TritonModelException(
                f"config.pbtxt names fingerprint {told}, these files have {self._reader.fingerprint}"
            )

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer each request; bytes of a text that are not UTF-8 are ignored."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Any) -> Any:
        first, second = (_texts(request, name) for name in ("FIRST", "SECOND"))
        opinions = self._reader.read(list(zip(first, second, strict=True)))
        parts = zip(*opinions, strict=True)
        return pb_utils.InferenceResponse(
            [
                pb_utils.Tensor(name, np.stack(part).astype(np.float32))
                for name, part in zip(("TURN", "REPLY", "VECTOR"), parts, strict=True)
            ]
        )


def _texts(request: Any, name: str) -> list[str]:
    tensor = pb_utils.get_input_tensor_by_name(request, name).as_numpy()
    return [text.decode("utf-8", "ignore") for text in tensor.reshape(-1)]

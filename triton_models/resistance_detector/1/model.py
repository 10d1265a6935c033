"""The encoder behind Triton's tensors: TEXT in, OPINION out, one of each a client's message."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

from .opinion import load


class TritonPythonModel:
    """What the server calls."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the files, and refuse a config.pbtxt that was written for others."""
        self._model = load(Path(__file__).parent)
        told = json.loads(args["model_config"])["parameters"].get("fingerprint", {}).get("string_value")
        if told != self._model.fingerprint:
            raise pb_utils.TritonModelException(
                f"config.pbtxt tells fingerprint {told}, these files have {self._model.fingerprint}"
            )

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer each request; a text that is not UTF-8 is read as far as it is."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Any) -> Any:
        texts = pb_utils.get_input_tensor_by_name(request, "TEXT").as_numpy()
        found = [self._model.opinion(text.decode("utf-8", "ignore")) for text in texts.reshape(-1)]
        answer = np.array(found, dtype=np.float32).reshape(texts.shape)
        return pb_utils.InferenceResponse([pb_utils.Tensor("OPINION", answer)])

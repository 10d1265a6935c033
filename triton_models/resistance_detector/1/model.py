"""The Triton model of the sentence encoder: a TEXT tensor in, an OPINION tensor out, one element per client message."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

from .scorer import SentenceScorer


class TritonPythonModel:
    """The class that Triton's Python backend calls."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the model and compare its fingerprint with the one in config.pbtxt.

        Raises:
            TritonModelException: config.pbtxt belongs to other files.
        """
        self._scorer = SentenceScorer(Path(__file__).parent)
        told = json.loads(args["model_config"])["parameters"].get("fingerprint", {}).get("string_value")
        if told != self._scorer.fingerprint:
            raise pb_utils.TritonModelException(
                f"config.pbtxt names fingerprint {told}, these files have {self._scorer.fingerprint}"
            )

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer each request; bytes of a text that are not UTF-8 are ignored."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Any) -> Any:
        texts = pb_utils.get_input_tensor_by_name(request, "TEXT").as_numpy()
        found = [self._scorer.logit(text.decode("utf-8", "ignore")) for text in texts.reshape(-1)]
        answer = np.array(found, dtype=np.float32).reshape(texts.shape)
        return pb_utils.InferenceResponse([pb_utils.Tensor("OPINION", answer)])

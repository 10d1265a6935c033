"""The baseline behind Triton's tensors: REQUEST in, RESPONSE out, one JSON document each."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

from .baseline import FINGERPRINT, assess


class TritonPythonModel:
    """What the server calls."""

    def initialize(self, args: dict[str, str]) -> None:
        """Refuse to be served as what the configuration says if the files are others."""
        told = json.loads(args["model_config"])["parameters"].get("fingerprint", {}).get("string_value")
        if told != FINGERPRINT:
            sentence = f"config.pbtxt tells fingerprint {told}, these files have {FINGERPRINT}"
            raise pb_utils.TritonModelException(sentence)

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer each request; one that cannot be read is answered by an error that holds none of its text."""
        return [_answer(request) for request in requests]


def _answer(request: Any) -> Any:
    tensor = pb_utils.get_input_tensor_by_name(request, "REQUEST").as_numpy()
    try:
        answer = assess(json.loads(tensor.reshape(-1)[0].decode()))
    except json.JSONDecodeError:
        return _error("the request is no JSON")
    except UnicodeDecodeError:
        return _error("the request is not UTF-8")
    except ValueError as error:
        return _error(str(error))
    document = np.array([json.dumps(answer).encode()], dtype=object)
    return pb_utils.InferenceResponse([pb_utils.Tensor("RESPONSE", document)])


def _error(sentence: str) -> Any:
    return pb_utils.InferenceResponse(error=pb_utils.TritonError(sentence, pb_utils.TritonError.INVALID_ARG))

"""The baseline behind Triton's tensors: one JSON document in, one out. It asks the model `reader`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

from .baseline import FINGERPRINT, Answers, Library, Opinion, assess
from .fingerprint import reader_folder

MAX_PAIRS = 64  # the reader's max_batch_size


class TritonPythonModel:
    """What the server calls."""

    def initialize(self, args: dict[str, str]) -> None:
        """Refuse to be served as what the configuration says if the files are others.

        Raises:
            TritonModelException: config.pbtxt belongs to other files.
        """
        told = json.loads(args["model_config"])["parameters"].get("fingerprint", {}).get("string_value")
        if told != FINGERPRINT:
            sentence = f"config.pbtxt tells fingerprint {told}, these files have {FINGERPRINT}"
            raise pb_utils.TritonModelException(sentence)
        folder = Path(__file__).parent
        self._answers = Answers(json.loads((reader_folder(folder) / "answers.json").read_text(encoding="utf-8")))
        self._library = Library.read(folder)

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer each request; one that cannot be read is answered by an error that holds none of its text."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Any) -> Any:
        tensor = pb_utils.get_input_tensor_by_name(request, "REQUEST").as_numpy()
        try:
            answer = assess(json.loads(tensor.reshape(-1)[0].decode()), _read, self._answers, self._library)
        except json.JSONDecodeError:
            return _error("the request is no JSON")
        except UnicodeDecodeError:
            return _error("the request is not UTF-8")
        except ValueError as error:
            return _error(str(error))
        except ReaderAway as error:
            return _error(str(error), pb_utils.TritonError.UNAVAILABLE)
        document = np.array([json.dumps(answer).encode()], dtype=object)
        return pb_utils.InferenceResponse([pb_utils.Tensor("RESPONSE", document)])


class ReaderAway(Exception):  # noqa: N818 - named by what happened
    """The model `reader` did not answer."""


def _read(pairs: Sequence[tuple[str, str]]) -> list[Opinion]:
    found: list[Opinion] = []
    for start in range(0, len(pairs), MAX_PAIRS):
        some = pairs[start : start + MAX_PAIRS]
        request = pb_utils.InferenceRequest(
            model_name="reader",
            requested_output_names=["TURN", "REPLY", "VECTOR"],
            inputs=[
                pb_utils.Tensor(name, np.array([[pair[place].encode()] for pair in some], dtype=object))
                for place, name in enumerate(("FIRST", "SECOND"))
            ],
        )
        response = request.exec()
        if response.has_error():
            raise ReaderAway("the model reader did not answer")
        parts = [pb_utils.get_output_tensor_by_name(response, name).as_numpy() for name in ("TURN", "REPLY", "VECTOR")]
        found += [Opinion(*row) for row in zip(*parts, strict=True)]
    return found


def _error(sentence: str, code: int | None = None) -> Any:
    code = pb_utils.TritonError.INVALID_ARG if code is None else code
    return pb_utils.InferenceResponse(error=pb_utils.TritonError(sentence, code))

"""The detector's sentence model behind Triton: one batch of texts per request."""

from collections.abc import Sequence
from threading import Lock

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from stream.contracts.errors import Unavailable
from stream.detection.meaning import MODEL, without_lone_surrogates
from stream.runtime.triton import TritonAccess, error_status

# Texts a request: the model's max_batch_size, a quarter of a second's work for one core.
MAX_BATCH = 64
# For one request: many times what it takes on a busy machine, and short enough to notice a server that hangs.
DEADLINE_S = 10.0


class TritonSentenceModel:
    """A `SentenceModel` behind Triton. Every method raises `Unavailable`, with a status, when no answer comes."""

    def __init__(self, access: TritonAccess) -> None:
        self._client = triton.InferenceServerClient(access.url, **access.client_options)
        self._client_lock = Lock()  # the client is not known to be safe for threads, and partitions ask in parallel
        self.fingerprint = self._parameter("fingerprint")

    def logits(self, texts: Sequence[str]) -> list[float]:
        """See `SentenceModel`."""
        return [
            logit
            for start in range(0, len(texts), MAX_BATCH)
            for logit in self._infer(list(texts[start : start + MAX_BATCH]))
        ]

    def _infer(self, texts: Sequence[str]) -> list[float]:
        tensor = triton.InferInput("TEXT", [len(texts), 1], "BYTES")
        tensor.set_data_from_numpy(np.array([[without_lone_surrogates(text).encode()] for text in texts], dtype=object))
        outputs = [triton.InferRequestedOutput("OPINION")]
        try:
            with self._client_lock:
                result = self._client.infer(MODEL, [tensor], outputs=outputs, client_timeout=DEADLINE_S)
        except InferenceServerException as error:
            raise _unavailable(error_status(error)) from None
        logits = result.as_numpy("OPINION")
        if logits is None or logits.shape != (len(texts), 1):
            raise _unavailable("missing_output")
        return [round(float(logit), 4) for logit in logits[:, 0]]

    def _parameter(self, name: str) -> str:
        """Return one of the `parameters` of the model's config.pbtxt."""
        try:
            response = self._client.get_model_config(MODEL, client_timeout=DEADLINE_S)
        except InferenceServerException as error:
            raise _unavailable(error_status(error)) from None
        return str(response.config.parameters[name].string_value)


def _unavailable(status: str) -> Unavailable:
    return Unavailable(f"the detector behind Triton ({status})")

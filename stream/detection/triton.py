"""The encoder behind Triton: one batch of texts a request, every failure one that the stream can wait out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from stream.contracts.errors import Unavailable
from stream.detection.meaning import MODEL, readable

# Texts a request: the model's max_batch_size, a quarter of a second's work for one core.
BATCH = 64
# For one request: many times what it takes on a busy machine, and short enough to notice a server that hangs.
DEADLINE_S = 10.0


@dataclass(frozen=True, slots=True)
class Server:
    """Where Triton's gRPC service is, as host and port; with `ca` it is spoken to over TLS. Files in PEM."""

    url: str = ""
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def tls(self) -> dict[str, object]:
        """What the client takes."""
        if self.ca is None:
            return {}
        files = {"root_certificates": self.ca, "certificate_chain": self.certificate, "private_key": self.key}
        return {"ssl": True, **{name: str(file) for name, file in files.items() if file is not None}}


class TritonMeaning:
    """See `Meaning`. Every method raises `Unavailable`, with a status and no word of a text, when no answer comes."""

    def __init__(self, server: Server) -> None:
        self._client = triton.InferenceServerClient(server.url, **server.tls())
        self._one_at_a_time = Lock()  # the client does not promise more, and partitions ask side by side
        self.fingerprint = self._told("fingerprint")

    def opinions(self, texts: Sequence[str]) -> list[float]:
        """See `Meaning`."""
        return [
            logit for start in range(0, len(texts), BATCH) for logit in self._ask(list(texts[start : start + BATCH]))
        ]

    def close(self) -> None:
        """Give back the channel."""
        self._client.close()

    def _ask(self, texts: Sequence[str]) -> list[float]:
        tensor = triton.InferInput("TEXT", [len(texts), 1], "BYTES")
        tensor.set_data_from_numpy(np.array([[readable(text).encode()] for text in texts], dtype=object))
        wanted = [triton.InferRequestedOutput("OPINION")]
        try:
            with self._one_at_a_time:
                answer = self._client.infer(MODEL, [tensor], outputs=wanted, client_timeout=DEADLINE_S)
        except InferenceServerException as error:
            raise _away(error) from None
        found = answer.as_numpy("OPINION")
        if found is None or found.shape != (len(texts), 1):
            raise Unavailable("the detector behind Triton (missing_output)")
        return [round(float(logit), 4) for logit in found[:, 0]]

    def _told(self, name: str) -> str:
        """One of the `parameters` of the model's config.pbtxt."""
        try:
            answer = self._client.get_model_config(MODEL, as_json=True, client_timeout=DEADLINE_S)
        except InferenceServerException as error:
            raise _away(error) from None
        told = answer["config"].get("parameters", {}).get(name, {})
        return str(told.get("string_value", ""))


def _away(error: InferenceServerException) -> Unavailable:
    """Servers put texts of requests into their messages, so only the status is told."""
    status = str(error.status() or "model_error").rpartition(".")[2].lower()
    return Unavailable(f"the detector behind Triton ({status})")

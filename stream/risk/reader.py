"""The reader as a risk signal needs it: pairs of texts in, the logits of their second texts as client turns out."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

import grpc
import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from stream.feedback.models.base import RequestFailed
from stream.feedback.models.baseline import READER, load_reader
from stream.model_repository import MODEL_REPOSITORY, read_parameters, version_folder
from stream.risk.question import Pair
from stream.runtime.settings import IN_PROCESS, FeedbackSettings
from stream.runtime.triton import TritonAccess, error_status

BATCH: Final = 64
"""Pairs of one request, as config.pbtxt of the reader allows."""
ANOTHER_READER: Final = "another_reader"
"""The failure where Triton serves the reader of another release, whose numbers would be read wrongly."""


class Reader(Protocol):
    """Whatever reads pairs of texts."""

    def read(self, pairs: Sequence[Pair], timeout_s: float) -> Sequence[Any]:
        """Return the logits of each second text as a client's turn, in order; at most `BATCH` pairs at once.

        Raises:
            RequestFailed: there is no answer. The error never holds a word.
        """

    def check(self, timeout_s: float) -> None:
        """Return if this is the reader of this release.

        Raises:
            RequestFailed: it is another one, or does not answer.
        """

    def close(self) -> None:
        """Close the connection."""


def open_reader(settings: FeedbackSettings) -> Reader:
    """Return the reader that the settings name, behind Triton or in this process; Triton is reached later.

    Raises:
        Misconfigured: a certificate cannot be used, or the reader's files are not here.
    """
    if settings.triton_url == IN_PROCESS:
        return InProcessReader()
    return TritonReader(TritonAccess.from_settings(settings))


class TritonReader:
    """The reader behind Triton."""

    def __init__(self, server: TritonAccess) -> None:
        self._client = triton.InferenceServerClient(server.url, channel_args=_CHANNEL, **server.client_options)
        self._fingerprint = read_parameters(MODEL_REPOSITORY / READER)["fingerprint"]

    def read(self, pairs: Sequence[Pair], timeout_s: float) -> Sequence[Any]:
        """See `Reader`."""
        columns = zip(("FIRST", "SECOND"), zip(*pairs, strict=True), strict=True)
        inputs = [_texts(name, texts) for name, texts in columns]
        outputs = [triton.InferRequestedOutput("TURN")]
        try:
            result = self._client.infer(READER, inputs, outputs=outputs, client_timeout=timeout_s)
        except (InferenceServerException, grpc.RpcError) as error:
            raise RequestFailed(_code(error)) from None
        found = result.as_numpy("TURN")
        if found is None or len(found) != len(pairs):
            raise RequestFailed("missing_output")
        return list(found)

    def check(self, timeout_s: float) -> None:
        """See `Reader`."""
        try:
            config = self._client.get_model_config(READER, client_timeout=timeout_s).config
        except (InferenceServerException, grpc.RpcError) as error:
            raise RequestFailed(_code(error)) from None
        if config.parameters["fingerprint"].string_value != self._fingerprint:
            raise RequestFailed(ANOTHER_READER)

    def close(self) -> None:
        """See `Reader`."""
        self._client.close()


class InProcessReader:
    """The reader run from the same files without a server, for machines where Triton cannot run."""

    def __init__(self) -> None:
        _, self._reader = load_reader(version_folder(READER))

    def read(self, pairs: Sequence[Pair], timeout_s: float) -> Sequence[Any]:
        """See `Reader`; takes some milliseconds a pair, so the time is not looked at."""
        del timeout_s
        return [opinion.turn for opinion in self._reader.read(pairs)]

    def check(self, timeout_s: float) -> None:
        """See `Reader`; the files are those of this release."""
        del timeout_s

    def close(self) -> None:
        """See `Reader`."""


# gRPC waits up to two minutes before it looks for a server that is back; the canary asks every few seconds.
_CHANNEL: Final = [("grpc.initial_reconnect_backoff_ms", 250), ("grpc.max_reconnect_backoff_ms", 1_000)]


def _texts(name: str, texts: Sequence[str]) -> triton.InferInput:
    tensor = triton.InferInput(name, [len(texts), 1], "BYTES")
    tensor.set_data_from_numpy(np.array([[text.encode()] for text in texts], dtype=object))
    return tensor


def _code(error: Exception) -> str:
    return error_status(error) if isinstance(error, InferenceServerException) else "unavailable"

"""The seam to the reader: pairs of texts in, opinions out; behind Triton, or in this process where no Triton runs.

The measures ask it after the close, and the stage `hear` about open sessions. The baseline asks it inside Triton.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, cast

import numpy as np

from stream.contracts.errors import Misconfigured
from stream.feedback.models.base import CANARY, Deadline, ModelUnavailable, RequestFailed
from stream.feedback.models.triton import TritonConnection
from stream.model_repository import MODEL_REPOSITORY, import_model_file, read_parameters, version_folder
from stream.runtime.settings import IN_PROCESS, Settings
from stream.runtime.triton import TritonAccess

READER: Final = "reader"
"""The name of the model in Triton."""
WHAT: Final = "the reader"
MAX_PAIRS: Final = 64
"""Pairs of one request: the largest batch that the model's configuration allows."""
ANSWERS: Final = "answers.json"
"""The file with the names and places of the logits, and the thresholds."""
_OUTPUTS: Final = ("TURN", "REPLY", "VECTOR")

Pair = tuple[str, str]
"""A text after the one that it answers, the latter first."""

_CANARY_PAIRS: Final[Sequence[Pair]] = [
    (before.text, after.text) for before, after in zip(CANARY.messages, CANARY.messages[1:], strict=False)
]


class Opinion(NamedTuple):
    """What the reader answers to one pair."""

    turn: Any
    """The logits of the second text as a client's turn."""
    reply: Any
    """Its logits as a counsellor's reply."""
    vector: Any
    """The vector under both."""


class Reader(Protocol):
    """A reader of pairs. One object serves many requests side by side."""

    @property
    def fingerprint(self) -> str:
        """The hash of the files that an opinion depends on."""

    @property
    def answers(self) -> Mapping[str, Any]:
        """The names and places of the logits, and the thresholds."""

    async def read(self, pairs: Sequence[Pair], deadline: Deadline) -> Sequence[Opinion]:
        """Return one opinion per pair, in order, of at most `MAX_PAIRS`.

        Raises:
            RequestFailed: there is none; `canary` tells whether the reader is away or the input is at fault.
        """

    async def canary(self, deadline: Deadline) -> None:
        """See `WatchedModel`."""

    async def reload(self, deadline: Deadline) -> bool:
        """See `WatchedModel`."""

    async def close(self) -> None:
        """Close the connections."""


def open_reader(settings: Settings) -> Reader:
    """Return the reader of the settings; it connects at its first request.

    Raises:
        Misconfigured: the files of the reader are not here, in this process the libraries that run them, or a
            certificate cannot be used.
    """
    if settings.reader_url == IN_PROCESS:
        return InProcessReader()
    access = TritonAccess.from_settings(settings.feedback.model_copy(update={"triton_url": settings.reader_url}))
    return TritonReader(TritonConnection(access))


class _Reader:
    """What both readers take from the files of this release."""

    def __init__(self, repository: Path) -> None:
        self.answers = load_answers(repository)
        self.fingerprint = read_parameters(repository / READER)["fingerprint"]


class TritonReader(_Reader):
    """The reader behind Triton."""

    def __init__(self, connection: TritonConnection, repository: Path = MODEL_REPOSITORY) -> None:
        super().__init__(repository)
        self._connection = connection

    async def read(self, pairs: Sequence[Pair], deadline: Deadline) -> Sequence[Opinion]:
        """See `Reader`."""
        columns = {"FIRST": [first for first, _ in pairs], "SECOND": [second for _, second in pairs]}
        found = await self._connection.infer_rows(READER, columns, _OUTPUTS, deadline)
        return [Opinion(*rows) for rows in zip(*(found[name] for name in _OUTPUTS), strict=True)]

    async def canary(self, deadline: Deadline) -> None:
        """See `WatchedModel`; what is served must be the reader of this release, whose logits we know."""
        try:
            served = (await self._connection.parameters(READER, deadline)).get("fingerprint", "")
            if served != self.fingerprint:
                raise Misconfigured(
                    "Triton serves another reader than that of this version. Deploy the model repository of the same"
                    " release."
                )
            opinions = await self.read(_CANARY_PAIRS, deadline)
        except RequestFailed as error:
            raise ModelUnavailable(error.code, WHAT) from None
        if not all(np.isfinite(part).all() for opinion in opinions for part in opinion):
            raise ModelUnavailable("its canary answer cannot be used", WHAT)

    async def reload(self, deadline: Deadline) -> bool:
        """See `WatchedModel`."""
        return await self._connection.reload(READER, deadline)

    async def close(self) -> None:
        """See `Reader`."""
        await self._connection.close()


class InProcessReader(_Reader):
    """The reader run from the same files without a server, for machines where Triton cannot run."""

    def __init__(self, repository: Path = MODEL_REPOSITORY) -> None:
        super().__init__(repository)
        _, self._reader = load_reader(version_folder(READER, repository))

    async def read(self, pairs: Sequence[Pair], deadline: Deadline) -> Sequence[Opinion]:
        """See `Reader`; takes some milliseconds a pair, so the deadline is not looked at."""
        del deadline
        return [Opinion(*opinion) for opinion in await asyncio.to_thread(self._reader.read, list(pairs))]

    async def canary(self, deadline: Deadline) -> None:
        """See `WatchedModel`; it was loaded, so it is there."""

    async def reload(self, deadline: Deadline) -> bool:
        """See `WatchedModel`; there is no server."""
        del deadline
        return False

    async def close(self) -> None:
        """See `Reader`."""


def load_answers(repository: Path = MODEL_REPOSITORY) -> dict[str, Any]:
    """Return the names and places of the reader's logits, and its thresholds.

    Raises:
        Misconfigured: the file is not there.
    """
    file = version_folder(READER, repository) / ANSWERS
    try:
        return cast("dict[str, Any]", json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise Misconfigured(
            f"The reader's answers are not at {file}; deploy the folder of models beside the code."
        ) from None


@cache
def load_reader(folder: Path) -> tuple[Any, Any]:
    """Import the reader's files and load it, once per process because it takes some 100 MB.

    Raises:
        Misconfigured: the files or the libraries that run them are not there.
    """
    try:
        module = import_model_file(folder / "reader.py", READER)
    except ModuleNotFoundError as error:
        raise Misconfigured(
            f"To run the reader in this process {error.name} is needed: `make setup-local`, or"
            " reader.triton_url must name a Triton server."
        ) from None
    except FileNotFoundError:
        raise Misconfigured(
            f"The reader's files are not at {folder}; reader.triton_url must name a Triton server."
        ) from None
    return module, module.Reader(folder)

"""The seam to the reader: pairs of texts in, opinions out; behind Triton, or in this process where no Triton runs."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import numpy as np

from stream.contracts.errors import Misconfigured
from stream.feedback.models.base import CANARY, Deadline, ModelUnavailable, RequestFailed
from stream.feedback.models.baseline import READER, load_reader
from stream.feedback.models.triton import TritonConnection
from stream.measures.hearing import Opinion, Pair
from stream.model_repository import MODEL_REPOSITORY, read_parameters, version_folder
from stream.runtime.settings import IN_PROCESS, Settings
from stream.runtime.triton import TritonAccess

WHAT: Final = "the reader"
MAX_PAIRS: Final = 64
"""Pairs of one request: the largest batch that the model's configuration allows."""
_OUTPUTS: Final = ("TURN", "REPLY", "VECTOR")
_CANARY_PAIRS: Final = [
    (before.text, after.text) for before, after in zip(CANARY.messages, CANARY.messages[1:], strict=False)
]


class ReadOpinion(NamedTuple):
    """See `stream.measures.hearing.Opinion`."""

    turn: Any
    reply: Any
    vector: Any


class Reader(Protocol):
    """A reader of pairs. One object serves many requests side by side."""

    @property
    def fingerprint(self) -> str:
        """The hash of the files that an opinion depends on."""

    @property
    def answers(self) -> Mapping[str, Any]:
        """The names and places of the logits."""

    async def read(self, pairs: Sequence[Pair], deadline: Deadline) -> list[Opinion]:
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
        Misconfigured: the files of the reader are not there, or in this process the libraries that run them.
    """
    url = settings.measures.triton_url or settings.feedback.triton_url
    if url == IN_PROCESS:
        return InProcessReader()
    access = TritonAccess.from_settings(settings.feedback.model_copy(update={"triton_url": url}))
    return TritonReader(TritonConnection(access))


class _Reader:
    """What both readers take from the files of this release."""

    def __init__(self, repository: Path) -> None:
        folder = version_folder(READER, repository)
        try:
            self.answers: Mapping[str, Any] = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
            self.fingerprint = read_parameters(repository / READER)["fingerprint"]
        except OSError:
            raise Misconfigured(
                f"The reader's files are not at {folder}, which the measures need to read it."
            ) from None


class TritonReader(_Reader):
    """The reader behind Triton."""

    def __init__(self, connection: TritonConnection, repository: Path = MODEL_REPOSITORY) -> None:
        super().__init__(repository)
        self._connection = connection

    async def read(self, pairs: Sequence[Pair], deadline: Deadline) -> list[Opinion]:
        """See `Reader`."""
        columns = {"FIRST": [first for first, _ in pairs], "SECOND": [second for _, second in pairs]}
        found = await self._connection.infer_rows(READER, columns, _OUTPUTS, deadline)
        return [ReadOpinion(*rows) for rows in zip(*(found[name] for name in _OUTPUTS), strict=True)]

    async def canary(self, deadline: Deadline) -> None:
        """See `WatchedModel`; what is served must be the reader of this release, whose logits the measures know."""
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
        if not all(np.isfinite(part).all() for each in opinions for part in (each.turn, each.reply, each.vector)):
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

    async def read(self, pairs: Sequence[Pair], deadline: Deadline) -> list[Opinion]:
        """See `Reader`; the deadline is not looked at, since nothing else is waited for."""
        del deadline
        return list(await asyncio.to_thread(self._reader.read, list(pairs)))

    async def canary(self, deadline: Deadline) -> None:
        """See `WatchedModel`; it was loaded, so it is there."""

    async def reload(self, deadline: Deadline) -> bool:
        """See `WatchedModel`; there is no server."""
        del deadline
        return False

    async def close(self) -> None:
        """See `Reader`."""

"""Which files of a path are conversations, and who reads them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from plugin.replay import annomi, jsonl, mibot
from plugin.replay.conversations import Conversation
from stream.contracts.errors import Misconfigured

Format = Literal["auto", "jsonl", "mibot", "annomi"]


@dataclass(frozen=True)
class Reader:
    """One format: how its files are called, and the function that reads one."""

    suffix: str
    read: Callable[[Path], list[Conversation]]


READERS: dict[str, Reader] = {
    "jsonl": Reader(".jsonl", jsonl.read),
    "mibot": Reader(".json", mibot.read),
    "annomi": Reader(".csv", annomi.read),
}
ASSERTED_CONSENT = frozenset({"mibot", "annomi"})
"""Corpora whose people consented to research use; their files hold no consent of their own."""


@dataclass(frozen=True)
class Source:
    """Everything read from a path, before the first message is sent."""

    conversations: tuple[Conversation, ...]
    formats: frozenset[str]


def load(path: Path, source_format: Format = "auto") -> Source:
    """Read a file, or a folder with everything below it.

    `auto` goes by the ending of a file's name; in a folder, files of other kinds are left alone.

    Raises:
        Misconfigured: naming the place of the first thing wrong; nothing has been sent then.
    """
    try:
        there = path.exists()
    except OSError as error:  # a name that no file can have
        raise Misconfigured(f"{path} cannot be read ({error.strerror}).") from None
    if not there:
        raise Misconfigured(f"{path} does not exist.")
    wanted = {name: reader for name, reader in READERS.items() if source_format in ("auto", name)}
    found: dict[str, Conversation] = {}
    formats: set[str] = set()
    for file, name in _files(path, wanted):
        formats.add(name)
        for conversation in _read(file, READERS[name]):
            other = found.setdefault(conversation.reference, conversation)
            if other is not conversation:
                raise Misconfigured(
                    f"{file.name}: the conversation {conversation.reference!r} stands in {other.place} too."
                )
    if not found:
        raise Misconfigured(f"{path} holds no conversation of the formats {', '.join(wanted)}.")
    return Source(tuple(found.values()), frozenset(formats))


def _files(path: Path, wanted: dict[str, Reader]) -> list[tuple[Path, str]]:
    if path.is_file() and len(wanted) == 1:  # named: whatever the file is called
        return [(path, name) for name in wanted]
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    return [(file, name) for file in files for name, reader in wanted.items() if file.suffix == reader.suffix]


def _read(file: Path, reader: Reader) -> list[Conversation]:
    try:
        return reader.read(file)
    except OSError as error:
        raise Misconfigured(f"{file} cannot be read ({error.strerror}).") from None

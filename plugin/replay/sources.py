"""Finding of the conversation files of a path and choice of the reader for each."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from plugin.replay import annomi, jsonl, mibot
from plugin.replay.conversations import RecordedConversation
from stream.contracts.errors import Misconfigured

Format = Literal["auto", "jsonl", "mibot", "annomi"]


@dataclass(frozen=True)
class FormatReader:
    """A file format: the suffix of its file names and the function that reads a file."""

    suffix: str
    read: Callable[[Path], list[RecordedConversation]]


READERS: dict[str, FormatReader] = {
    "jsonl": FormatReader(".jsonl", jsonl.read),
    "mibot": FormatReader(".json", mibot.read),
    "annomi": FormatReader(".csv", annomi.read),
}
ASSERTED_CONSENT = frozenset({"mibot", "annomi"})
"""The corpora whose participants consented to research use; their files contain no consent fields."""


@dataclass(frozen=True)
class Source:
    """The conversations and formats read from a path before the first message is sent."""

    conversations: tuple[RecordedConversation, ...]
    formats: frozenset[str]


def load_source(path: Path, source_format: Format = "auto") -> Source:
    """Read the conversations of a file, or of all files in a folder and below it.

    `auto` chooses the format by the suffix of the file's name; in a folder, other files are ignored.

    Raises:
        Misconfigured: The path or a file has an error; the message names the place of the first one.
    """
    try:
        there = path.exists()
    except OSError as error:  # a name that no file can have
        raise Misconfigured(f"{path} cannot be read ({error.strerror}).") from None
    if not there:
        raise Misconfigured(f"{path} does not exist.")
    wanted = {name: reader for name, reader in READERS.items() if source_format in ("auto", name)}
    found: dict[str, RecordedConversation] = {}
    formats: set[str] = set()
    for file, name in _files(path, wanted):
        formats.add(name)
        for conversation in _read(file, READERS[name]):
            other = found.setdefault(conversation.reference, conversation)
            if other is not conversation:
                raise Misconfigured(
                    f"{file.name}: the conversation {conversation.reference!r} is in {other.place} too."
                )
    if not found:
        raise Misconfigured(f"{path} holds no conversation of the formats {', '.join(wanted)}.")
    return Source(tuple(found.values()), frozenset(formats))


def _files(path: Path, wanted: dict[str, FormatReader]) -> list[tuple[Path, str]]:
    if path.is_file() and len(wanted) == 1:  # the format was named, so the file may have any name
        return [(path, name) for name in wanted]
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    return [(file, name) for file in files for name, reader in wanted.items() if file.suffix == reader.suffix]


def _read(file: Path, reader: FormatReader) -> list[RecordedConversation]:
    try:
        return reader.read(file)
    except OSError as error:
        raise Misconfigured(f"{file} cannot be read ({error.strerror}).") from None

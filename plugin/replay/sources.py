"""Finding of the conversation files of a path and choice of the reader for each."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from plugin.replay import annomi, jsonl, mibot, published
from plugin.replay.conversations import RecordedConversation
from stream.contracts.errors import Misconfigured
from stream.published import failed_esconv, thousand_voices
from stream.published.files import read_file
from stream.reading import Damage, read_text

Format = Literal["auto", "jsonl", "mibot", "annomi", "thousand-voices", "failed-esconv"]
_Content = TypeVar("_Content")
Reader = Callable[[Path], list[RecordedConversation]]

READERS: dict[str, Reader] = {
    "jsonl": jsonl.read,
    "mibot": mibot.read,
    "annomi": annomi.read,
    "thousand-voices": published.read_thousand_voices,
    "failed-esconv": published.read_failed_esconv,
}
_ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "annomi", ".tsv": "annomi"}
_JSON = ".json"
_PACKED = ".gz"
ASSERTED_CONSENT = frozenset({"mibot", "annomi", "thousand-voices", "failed-esconv"})
"""The corpora that were published for research; their files contain no consent fields."""
_BROKEN = frozenset({Damage.MOJIBAKE, Damage.CONTROLS, Damage.LOST})
"""What a wrong encoding leaves in a text: the file was damaged before it came here."""


@dataclass(frozen=True)
class Source:
    """The conversations and formats read from a path before the first message is sent."""

    conversations: tuple[RecordedConversation, ...]
    formats: frozenset[str]
    not_read: tuple[str, ...] = ()
    """The names of files in the folder whose endings say no format."""

    def damaged(self) -> Iterator[str]:
        """Yield a sentence for each conversation with texts that were damaged before they came here."""
        for conversation in self.conversations:
            texts = [str(event.payload.get("text", "")) for event in conversation.events]
            found = [kinds for text in texts if (kinds := read_text(text).damage & _BROKEN)]
            if found:
                kinds_found = ", ".join(sorted(frozenset[Damage]().union(*found)))
                yield (
                    f"{conversation.place}: {len(found)} texts of {conversation.reference} look damaged"
                    f" ({kinds_found}); the file was saved in a wrong encoding."
                )


def load_source(path: Path, source_format: Format = "auto") -> Source:
    """Read the conversations of a file, or of all files in a folder and below it.

    `auto` chooses the format by the ending of the file's name, in upper or lower case and with or without `.gz`, and
    for `.json` by the content; in a folder, files with other endings are not read.

    Raises:
        Misconfigured: The path or a file has an error; the message names the place of the first one.
    """
    try:
        there = path.exists()
        files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    except OSError as error:  # a name that no file can have, or a folder that may not be read
        raise Misconfigured(f"{path} cannot be read ({error.strerror}).") from None
    if not there:
        raise Misconfigured(f"{path} does not exist.")
    found: dict[str, tuple[Path, RecordedConversation]] = {}
    formats: set[str] = set()
    not_read: list[str] = []
    for file in files:
        name = _format(file, source_format, is_named=path.is_file() and source_format != "auto")
        if name is None:
            not_read.append(str(file.relative_to(path)) if file != path else file.name)
            continue
        formats.add(name)
        for conversation in _read(file, READERS[name]):
            other, first = found.setdefault(conversation.reference, (file, conversation))
            if first is not conversation:
                raise Misconfigured(
                    f"{file}: the conversation {conversation.reference!r} is in {other} too. Name one of the files, or"
                    " take one of them out of the folder."
                )
    if not found:
        wanted = list(READERS) if source_format == "auto" else [source_format]
        if path.is_file():
            _read(path, read_file)  # an archive says what to do with it
        raise Misconfigured(
            f"{path} holds no conversation of the formats {', '.join(wanted)}. Where the ending of a file's name is"
            " another than theirs, name the file and its --format."
        )
    return Source(tuple(conversation for _, conversation in found.values()), frozenset(formats), tuple(not_read))


def _format(file: Path, source_format: Format, *, is_named: bool) -> str | None:
    """Return the format of a file; None if it is none that is wanted. A named format reads a file of any name."""
    if is_named:
        return source_format
    ending = Path(file.stem if file.suffix.lower() == _PACKED else file.name).suffix.lower()
    name = _read(file, _json_format) if ending == _JSON else _ENDINGS.get(ending)
    return name if source_format in ("auto", name) else None


def _json_format(file: Path) -> str | None:
    """Return the format of a JSON file by its content; None for what stands beside the conversations of a corpus."""
    try:
        content = json.loads(read_file(file))
    except (ValueError, RecursionError):
        return "jsonl"  # whose reader says what is wrong
    first = content[0] if isinstance(content, list) and content else None
    if isinstance(first, dict) and failed_esconv.DIALOG in first:
        return "failed-esconv"
    if not isinstance(content, dict) or "type" in content:
        return "jsonl"
    if thousand_voices.LINES in content:
        return "thousand-voices"
    return None if thousand_voices.METADATA in content else "mibot"


def _read(file: Path, reader: Callable[[Path], _Content]) -> _Content:
    try:
        return reader(file)
    except OSError as error:
        raise Misconfigured(f"{file} cannot be read ({error.strerror}).") from None

"""Published conversations as transcripts of ours have them, and an error of a reader as one of the recipes."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from stream.contracts.errors import Misconfigured
from stream.published import failed_esconv, thousand_voices
from stream.published.conversations import PublishedConversation
from training.corpora.once import check_once
from training.errors import DataError

_Content = TypeVar("_Content")
CONVERSATIONS: dict[str, Callable[[Path], list[PublishedConversation]]] = {
    "thousand-voices": thousand_voices.read,
    "failed-esconv": failed_esconv.read,
}
"""The readers of corpora of whole conversations, by the names of the corpora."""
_PATTERNS = {"thousand-voices": "*_P*_conversation*.json", "failed-esconv": "*.json"}


def read_published(path: Path, reader: Callable[[Path], _Content]) -> _Content:
    """Return what a reader makes of a file.

    Raises:
        DataError: it cannot be read; the message names the place and what to do.
    """
    try:
        return reader(path)
    except Misconfigured as error:
        raise DataError(str(error)) from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).") from None


def read_conversations(name: str, path: Path) -> list[PublishedConversation]:
    """Return the conversations of a corpus in a file, or in the folder that holds its files.

    Raises:
        DataError: no corpus has the name, there is no file, one has an error, or two hold one conversation.
    """
    if name not in CONVERSATIONS:
        raise DataError(f"No corpus of conversations is called so. Known: {', '.join(CONVERSATIONS)}.")
    files = sorted(path.rglob(_PATTERNS[name])) if path.is_dir() else [path]
    if not files:
        raise DataError(f"{path} holds no file of {name}; looked for {_PATTERNS[name]}.")
    found: list[PublishedConversation] = []
    noted: dict[str, Path] = {}
    for file in files:
        for each in read_published(file, CONVERSATIONS[name]):
            check_once(noted, each.name, file)
            found.append(each)
    return found

"""Helpers of all privacy commands: the database of the settings, short pseudonyms, sentences and progress bars."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.engine import temporary_engine
from plugin.database.key_encryption_key import key_encryption_key
from stream.runtime.settings import Settings, required_secret

_PSEUDONYM_CHARACTERS: Final = 12
"""Characters that are shown of a pseudonym: enough to distinguish it, and to look it up."""
_PSEUDONYMS_LISTED: Final = 3


@dataclass(frozen=True)
class Database:
    """The database and the key encryption key of the settings."""

    engine: Engine
    kek: KeyEncryptionKey


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """Yield the database and the key encryption key of the settings.

    Raises:
        Misconfigured: the URL or the key is missing or wrong.
    """
    with temporary_engine(required_secret(settings.database.url, "database.url")) as engine:
        yield Database(engine, key_encryption_key(settings))


@contextmanager
def progress_bar(console: Console, task: str, total: int) -> Iterator[Callable[[int], object]]:
    """Show a progress bar, and yield the function that advances it by a number of steps."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task_id = progress.add_task(task, total=total or None)
        yield lambda done: progress.advance(task_id, done)


def say(console: Console, *sentences: str) -> None:
    """Print each sentence on a line of its own, without markup."""
    for sentence in sentences:
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)


def short_pseudonym(pseudonym: str) -> str:
    """Return the first characters of a pseudonym, with an ellipsis."""
    return f"{pseudonym[:_PSEUDONYM_CHARACTERS]}…"


def short_pseudonyms(pseudonyms: tuple[str, ...]) -> str:
    """Return the first pseudonyms, shortened, and how many more there are."""
    listed = ", ".join(short_pseudonym(pseudonym) for pseudonym in pseudonyms[:_PSEUDONYMS_LISTED])
    more = len(pseudonyms) - _PSEUDONYMS_LISTED
    return listed if more <= 0 else f"{listed} and {more} more"

"""A new file for exported data: readable by its owner alone, whole or absent, and never in the place of another."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO
from uuid import uuid4

from stream.contracts.errors import Misconfigured

_OWNER_ONLY: Final = 0o600
_ENDING: Final = (signal.SIGTERM, signal.SIGHUP)
"""Signals that would end the process at once and leave an unfinished file: a stop, and a lost connection."""


def check_is_new(path: Path) -> None:
    """Check that a file can be made here, before anybody types a password for it.

    Raises:
        Misconfigured: there is one already, or no such folder.
    """
    if os.path.lexists(path):
        raise Misconfigured(f"{path} exists already, and an export replaces no file. Name another one.")
    if not path.parent.is_dir():
        raise Misconfigured(f"There is no folder {path.parent} to write into.")


@contextmanager
def new_private_file(path: Path) -> Iterator[TextIO]:
    """Yield a file that gets its name once the block is done; where the block ends early nothing is left.

    Raises:
        Misconfigured: it cannot be written, or a file of that name has been made meanwhile.
    """
    check_is_new(path)
    unfinished = path.with_name(f".{path.name}.{uuid4().hex}.part")
    before = {number: signal.signal(number, _end) for number in _ENDING}
    try:
        try:
            handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.link(unfinished, path)  # unlike a rename it replaces nothing
        finally:
            unfinished.unlink(missing_ok=True)
    except FileExistsError:
        raise Misconfigured(f"{path} exists already, and an export replaces no file. Name another one.") from None
    except OSError as error:
        raise Misconfigured(f"{path} cannot be written: {error.strerror}.") from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _frame: object) -> None:
    """End the process by an exception, so that blocks are left in order."""
    sys.exit(128 + number)

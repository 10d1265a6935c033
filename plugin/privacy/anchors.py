"""Anchors of the audit trail, kept outside of the database: one JSON object a line, with number, hash and time."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from stream.contracts.errors import Misconfigured

INITIAL_HASH: Final = bytes(32)
"""The hash that stands in the first entry in place of a predecessor's."""
MAX_NUMBER: Final = 2**63 - 1
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Anchor:
    """The number and the hash of an entry, by which the trail can be checked later. Number 0 is an empty trail."""

    seq: int
    hash: str
    at: str | None = field(default=None, compare=False)
    """When the entry was written, in UTC; for people alone."""

    @classmethod
    def parse(cls, line: str) -> Self:
        """Parse an anchor in the form in which it is printed.

        Raises:
            ValueError: the line is not an anchor.
        """
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            raise ValueError("it is not JSON") from None
        if not isinstance(found, dict) or not {"seq", "hash"} <= found.keys() <= {"seq", "hash", "at"}:
            raise ValueError("it does not have seq, hash and at")
        seq, digest, at = found["seq"], found["hash"], found.get("at")
        if type(seq) is not int or not 0 <= seq <= MAX_NUMBER:
            raise ValueError("its seq is not the number of an entry")
        if not isinstance(digest, str) or not _HASH.fullmatch(digest):
            raise ValueError("its hash is not 64 hexadecimal digits")
        return cls(seq, digest, at if isinstance(at, str) else None)

    def __str__(self) -> str:
        return json.dumps({"seq": self.seq, "hash": self.hash, "at": self.at})


def read_anchors(path: Path) -> list[Anchor]:
    """Read a file of anchors, one a line; blank lines do not count.

    Raises:
        Misconfigured: the file cannot be read, or a line is not an anchor; the message says which.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"The anchors in {path} cannot be read: {type(error).__name__}.") from None
    anchors = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                anchors.append(Anchor.parse(line))
            except ValueError as error:
                raise Misconfigured(
                    f"{path}, line {number}, is not an anchor: {error}. `counterpoint audit anchor` prints one a line."
                ) from None
    if not anchors:
        raise Misconfigured(f"There is no anchor in {path}. `counterpoint audit anchor` prints one.")
    return anchors

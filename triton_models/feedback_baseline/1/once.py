"""Each pair is read once for a request, however often it is asked about.

A turn of one sentence is also that sentence by itself, and a reply of two sentences without one of them is the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from .opinions import Opinion, ReadPairs


def read_once(read: ReadPairs) -> ReadPairs:
    """Return a function that remembers what it has read; it is made for one request and goes with it."""
    known: dict[tuple[str, str], Opinion] = {}

    def read_new(pairs: Sequence[tuple[str, str]]) -> Sequence[Opinion]:
        new = [pair for pair in dict.fromkeys(pairs) if pair not in known]
        if new:
            known.update(zip(new, read(new), strict=True))
        return [known[pair] for pair in pairs]

    return read_new

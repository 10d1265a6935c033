"""What the files of a published corpus hold, in counts, so that somebody can check them before anything is done."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from plugin.replay.sources import load_source
from stream.contracts.errors import Misconfigured
from stream.contracts.vocabulary import Role
from stream.published import annomi_full, oncoco, psychocounsel


def contents(name: str, path: Path) -> list[str]:
    """Return sentences that count what is in the files of a corpus. Nothing is sent anywhere.

    Raises:
        Misconfigured: a file has an error or cannot be read; the message names the place of the first one.
    """
    counted = _LABELS.get(name)
    try:
        return list(counted(path) if counted else _conversations(name, path))
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror}).") from None


def _conversations(name: str, path: Path) -> Iterable[str]:
    source = load_source(path, name)  # type: ignore[arg-type] # every other name of a corpus is one of a format
    events = [event for conversation in source.conversations for event in conversation.events]
    roles = Counter(str(event.payload.get("role")) for event in events if event.payload["type"] == "message")
    yield (
        f"{len(source.conversations)} conversations: {roles[Role.CLIENT]} messages of clients,"
        f" {roles[Role.COUNSELLOR]} of counsellors."
    )
    yield from source.damaged()
    if source.not_read:
        yield f"{len(source.not_read)} other files in the folder are not read."


def _annotated(path: Path) -> Iterable[str]:
    rows = annomi_full.read(path)
    several = Counter((row.transcript, row.number) for row in rows)
    yield (
        f"{len({row.transcript for row in rows})} transcripts of {len({row.group for row in rows})} videos:"
        f" {len(several)} utterances, {sum(number > 1 for number in several.values())} of them by several annotators."
    )
    yield from _by_code(row.code for row in rows if row.code)


def _coded(path: Path) -> Iterable[str]:
    rows = oncoco.read(path)
    languages = ", ".join(f"{number} in {tag}" for tag, number in Counter(row.language for row in rows).most_common())
    yield f"{len(rows)} messages: {languages}; {sum(row.role is Role.COUNSELLOR for row in rows)} of counsellors."
    yield from _by_code(row.code for row in rows)


def _rated(path: Path) -> Iterable[str]:
    pairs = psychocounsel.read(path)
    yield f"{len(pairs)} pairs of replies to {len({pair.group for pair in pairs})} statements."


def _by_code(codes: Iterable[str]) -> Iterable[str]:
    yield "By code: " + ", ".join(f"{code} {number}" for code, number in Counter(codes).most_common()) + "."


_LABELS: Final[dict[str, Callable[[Path], Iterable[str]]]] = {
    "annomi-full": _annotated,
    "oncoco": _coded,
    "psychocounsel": _rated,
}

"""Finds written exchanges that repeat one another, or share five words in a row with what models are measured on."""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from stream.contracts.rubric import HARD_CASES, MISTAKES, RUBRIC
from training.corpora.written import WrittenExchange
from training.detector import own_set

WORDS = 5
"""So many words in a row are a copy, fewer are a turn of phrase."""
NEAR_DUPLICATE = 0.3
"""The share of five-word runs that two texts have in common from which on one is a copy of the other."""
LEAST_SHARED = 3
"""Runs: short texts share one or two by chance."""
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")

Run = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overlap:
    """An exchange that has words in common with another text. `words` are shown to whoever wrote both."""

    id: str
    other: str
    """The id of the other exchange, or the name of an evaluation set."""
    words: str


def runs(text: str) -> set[Run]:
    """Return every run of five words of a text, in lower case without punctuation."""
    words = [word.lower().replace("\u2019", "'") for word in _WORD.findall(text)]
    return {tuple(words[place : place + WORDS]) for place in range(len(words) - WORDS + 1)}


def evaluation_texts(checks: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and text of every exchange that models are measured on: own set, rubric, stimuli of the check.

    `checks` is the folder of the stimuli, which the recipe may read as files and not as code. Its attacks are no
    exchanges: they are compared with the planted text of training instead.
    """
    for line in own_set.load():
        yield "own set", line.client
    for entry in RUBRIC.values():
        for level in entry.levels.values():
            for example in level.examples:
                yield from (("rubric", example.client), ("rubric", example.reply))
    for cases in HARD_CASES.values():
        for case in cases:
            for decided in case.examples:
                yield from (("rubric", decided.client), ("rubric", decided.reply))
    yield from (("rubric", mistake.example) for mistake in MISTAKES)
    for path in sorted(path for path in checks.glob("*.toml") if path.stem != "attacks"):
        yield from ((path.stem, text) for text in _texts(tomllib.loads(path.read_text(encoding="utf-8"))))


def _texts(table: object) -> Iterator[str]:
    if isinstance(table, str):
        yield table
    elif isinstance(table, dict):
        for value in table.values():
            yield from _texts(value)
    elif isinstance(table, list):
        for value in table:
            yield from _texts(value)


def texts_of(exchange: WrittenExchange) -> Iterator[str]:
    """Yield the client's turn, each reply and the better reply."""
    yield exchange.client_text
    yield from (" ".join(reply.text) for reply in exchange.replies)
    if exchange.better:
        yield exchange.better


def copied_from_evaluation(
    exchanges: Sequence[WrittenExchange], evaluation: Iterable[tuple[str, str]]
) -> list[Overlap]:
    """Return the exchanges that share five words in a row with a text that models are measured on."""
    known: dict[Run, str] = {run: name for name, text in evaluation for run in runs(text)}
    copied = {
        exchange.id: [run for text in texts_of(exchange) for run in runs(text) if run in known]
        for exchange in exchanges
    }
    return [Overlap(name, known[min(shared)], " ".join(min(shared))) for name, shared in copied.items() if shared]


def near_duplicates(exchanges: Sequence[WrittenExchange]) -> list[Overlap]:
    """Return the later of each two exchanges of which two texts share many runs of five words."""
    where: dict[Run, list[tuple[str, int]]] = defaultdict(list)
    sizes: dict[tuple[str, int], int] = {}
    found: dict[str, Overlap] = {}
    for exchange in exchanges:
        for number, text in enumerate(texts_of(exchange)):
            own = runs(text)
            shared: dict[tuple[str, int], list[Run]] = defaultdict(list)
            for run in own:
                for other in where[run]:
                    if other[0] != exchange.id:
                        shared[other].append(run)
            for other, same in shared.items():
                if len(same) >= max(LEAST_SHARED, NEAR_DUPLICATE * min(len(own), sizes[other])):
                    found.setdefault(exchange.id, Overlap(exchange.id, other[0], " ".join(min(same))))
            sizes[exchange.id, number] = len(own)
            for run in own:
                where[run].append((exchange.id, number))
    return list(found.values())


def stimuli_folder() -> Path:
    """Return the folder of the model check's stimuli."""
    return Path(str(resources.files("stream"))).parent / "plugin" / "models" / "check" / "stimuli"

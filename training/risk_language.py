"""`python -m training.risk_language [DATA]`: of which messages a risk signal would be raised, rightly and wrongly.

Written turns say what they are about. Of DATA, real transcripts, nobody has said which turns speak of danger; there the
share of turns is counted that would raise a signal.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from sys import argv

from rich.console import Console
from rich.table import Table

from stream.contracts.vocabulary import RISK_CONCERNS, Concern
from stream.detection.lexicons import find_concerns
from training.corpora.transcripts import load_transcripts
from training.corpora.written import DANGER, WrittenExchange, load_written


@dataclass(frozen=True)
class Heard:
    """Of some client turns: how many there are, how many raise a signal, and how many of these name the right kind."""

    what: str
    turns: int
    heard: int
    named: int | None = None

    @property
    def share(self) -> float:
        """The share of the turns that raises a signal."""
        return self.heard / self.turns if self.turns else float("nan")


def risk_concerns(messages: Iterable[str]) -> frozenset[Concern]:
    """Return the kinds of risk language in the messages of a turn, each heard by itself, as the stream stage does."""
    return frozenset(hit.category for text in messages for hit in find_concerns(text)) & RISK_CONCERNS


def by_concern(exchanges: Sequence[WrittenExchange]) -> Iterator[Heard]:
    """Yield what is heard of each kind of risk language, of other critical content, and of harmless turns."""
    for concern in sorted(RISK_CONCERNS):
        found = [risk_concerns(each.client) for each in exchanges if each.critical is concern]
        yield Heard(concern.value, len(found), sum(map(bool, found)), sum(concern in each for each in found))
    kinds: dict[str, Callable[[WrittenExchange], bool]] = {
        "other critical content": lambda each: each.critical is not None and each.critical not in RISK_CONCERNS,
        "harmless, sounds dangerous": lambda each: each.critical is None and each.critical_lookalike,
        "harmless, others": lambda each: each.critical is None and not each.critical_lookalike,
    }
    for what, belongs in kinds.items():
        found = [risk_concerns(each.client) for each in exchanges if belongs(each)]
        yield Heard(what, len(found), sum(map(bool, found)))


def in_transcripts(data: Path) -> Iterator[Heard]:
    """Yield for each corpus of transcripts how many client turns would raise a signal.

    Raises:
        DataError: there are no transcripts in the folder.
    """
    talks = load_transcripts(data)
    for corpus in sorted({talk.corpus for talk in talks}):
        turns = [turn.text for talk in talks if talk.corpus == corpus for _, _, turn, _ in talk.client_turns()]
        yield Heard(corpus, len(turns), sum(bool(risk_concerns([text])) for text in turns))


def table(title: str, rows: Iterable[Heard]) -> Table:
    """Return some rows as a table."""
    made = Table(title=title, title_justify="left")
    for column in ("client turns", "turns", "raise a signal", "share", "of the right kind"):
        made.add_column(column, justify="left" if column == "client turns" else "right", no_wrap=True)
    for row in rows:
        named = "" if row.named is None else str(row.named)
        made.add_row(row.what, str(row.turns), str(row.heard), f"{row.share:.2f}", named)
    return made


def main(arguments: Sequence[str]) -> None:
    """Print the tables."""
    console = Console()
    console.print(table("Written exchanges: danger is never said in plain words", by_concern(load_written())))
    console.print(table("Turns about danger, said plainly or not", by_concern(load_written(DANGER))))
    for folder in arguments:
        console.print(table(f"Transcripts of {folder}: nobody said which are right", in_transcripts(Path(folder))))


if __name__ == "__main__":
    main(argv[1:])

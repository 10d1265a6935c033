"""`python -m training.risk_language [DATA]`: of which messages a risk signal would be raised, rightly and wrongly.

Written turns say what they are about. Of DATA, real transcripts, nobody has said which turns speak of danger; there the
share of turns is counted that would raise a signal. What the reader adds to the word list is counted in turns of
writers and conversations that it has not seen, each read as one message.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from sys import argv, stdout
from typing import Final

from rich.console import Console
from rich.table import Table

from stream.contracts.vocabulary import RISK_CONCERNS, Concern
from stream.detection.lexicons import find_concerns
from stream.feedback.models.reader import load_answers
from stream.risk.opinion import CriticalContent
from stream.runtime.settings import ReaderGrade
from training.corpora.labels import load_turn_labels
from training.corpora.transcripts import load_transcripts
from training.corpora.written import DANGER, WrittenExchange, load_written
from training.reader.examples import transcript_turns
from training.reader.folds import SHIPPED_FOLD, OutOfFold, finished_folds

OUT_OF_FOLD: Final = Path(__file__).parent / "reader" / "out_of_fold" / "both"
"""What readers said of what they have not seen; the one that ships stands under `SHIPPED_FOLD`."""


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


Hears = Callable[[WrittenExchange], frozenset[Concern]]
"""Returns the risk language that is heard in a client's turn."""


def by_lexicon(exchange: WrittenExchange) -> frozenset[Concern]:
    """Return what the word list hears in a client's turn."""
    return risk_concerns(exchange.client)


def by_concern(exchanges: Sequence[WrittenExchange], hears: Hears = by_lexicon) -> Iterator[Heard]:
    """Yield what is heard of each kind of risk language, of other critical content, and of harmless turns."""
    for concern in sorted(RISK_CONCERNS):
        found = [hears(each) for each in exchanges if each.critical is concern]
        yield Heard(concern.value, len(found), sum(map(bool, found)), sum(concern in each for each in found))
    kinds: dict[str, Callable[[WrittenExchange], bool]] = {
        "other critical content": lambda each: each.critical is not None and each.critical not in RISK_CONCERNS,
        "harmless, sounds dangerous": lambda each: each.critical is None and each.critical_lookalike,
        "harmless, others": lambda each: each.critical is None and not each.critical_lookalike,
    }
    for what, belongs in kinds.items():
        found = [hears(each) for each in exchanges if belongs(each)]
        yield Heard(what, len(found), sum(map(bool, found)))


class ReaderAnswers:
    """What the reader said of turns of writers and conversations that it has not seen, by the id of the turn."""

    def __init__(self, found: OutOfFold) -> None:
        self._logits = dict(zip(found.turn_ids, found.turns, strict=True))
        self._content = CriticalContent.from_answers(load_answers())

    def __contains__(self, turn_id: str) -> bool:
        return turn_id in self._logits

    def with_lexicon(self, grade: ReaderGrade) -> Hears:
        """Return what hears a turn by the word list, and where that hears nothing, by the reader."""
        return lambda exchange: by_lexicon(exchange) or self.heard(exchange.id, grade)

    def heard(self, turn_id: str, grade: ReaderGrade) -> frozenset[Concern]:
        """Return what the reader hears in a turn."""
        return self._content.risk_heard([self._logits[turn_id]], grade)


def unseen(answers: ReaderAnswers) -> list[WrittenExchange]:
    """Return the written turns of writers whom the reader has not seen."""
    return [each for each in (*load_written(), *load_written(DANGER)) if each.id in answers]


def unseen_in_transcripts(data: Path, answers: ReaderAnswers, grade: ReaderGrade | None) -> Iterator[Heard]:
    """Yield for each corpus how many client turns of unseen conversations would raise a signal; None is for no reader.

    Raises:
        DataError: there are no transcripts in the folder.
    """
    turns = transcript_turns(load_transcripts(data), load_turn_labels())
    for corpus in sorted({turn.source for turn in turns}):
        own = [turn for turn in turns if turn.source == corpus and turn.id in answers]
        found = [risk_concerns([turn.text]) or (answers.heard(turn.id, grade) if grade else None) for turn in own]
        yield Heard(corpus, len(own), sum(map(bool, found)))


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


def compared(title: str, columns: Sequence[Iterable[Heard]]) -> Table:
    """Return the same turns as heard by the word list, with the reader where it is sure, and with it at all."""
    made = Table(title=title, title_justify="left")
    for name in ("client turns", "turns", "word list", "and reader, sure", "and reader, possible"):
        made.add_column(name, justify="left" if name == "client turns" else "right", no_wrap=True)
    for rows in zip(*columns, strict=True):
        cells = (f"{row.heard} ({row.share:.2f})" for row in rows)
        made.add_row(rows[0].what, str(rows[0].turns), *cells)
    return made


def main(arguments: Sequence[str]) -> None:
    """Print the tables."""
    console = Console() if stdout.isatty() else Console(width=120)
    console.print(table("Written exchanges: danger is never said in plain words", by_concern(load_written())))
    console.print(table("Turns about danger, said plainly or not", by_concern(load_written(DANGER))))
    answers = ReaderAnswers(finished_folds(OUT_OF_FOLD, SHIPPED_FOLD))
    turns = unseen(answers)
    ways = (by_lexicon, answers.with_lexicon("sure"), answers.with_lexicon("possible"))
    console.print(compared("Of writers unseen by the reader", [by_concern(turns, way) for way in ways]))
    for folder in arguments:
        found = [unseen_in_transcripts(Path(folder), answers, grade) for grade in (None, "sure", "possible")]
        console.print(compared(f"Conversations of {folder} unseen by the reader", found))
        console.print(table(f"Transcripts of {folder}: nobody said which are right", in_transcripts(Path(folder))))


if __name__ == "__main__":
    main(argv[1:])

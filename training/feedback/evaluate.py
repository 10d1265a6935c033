"""The evaluation of a run: figures from answers, as a record, as a table beside the published one, and as text."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Final

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

from stream.contracts.rubric import RUBRIC
from stream.feedback.models.answer import ModelAnswer, UnusableAnswer, parse_answer
from training.estimate import Estimate
from training.feedback.answers import Answer
from training.feedback.data import MECHANISMS, Item, Levels, levels_of, reasons_of
from training.feedback.explanations import word_overlap
from training.feedback.measures import RatedExchange, confusion_matrix, macro_f1_with_interval

PUBLISHED: Final = {
    "tuned Llama-3.1-8B": (80.92, 77.56, 77.34, 77.87),
    "GPT-4o, prompted": (45.37, 58.61, 53.16, 41.72),
    "Claude-3.5-Sonnet, prompted": (41.61, 52.59, 55.59, 45.36),
}
"""Published macro-F1 in percent, by mechanism (arXiv 2602.21638).

The figures are from digests of the paper; four of the twelve are also in the authors' repository.
"""
NOT_COMPARABLE: Final = (
    "Published: arXiv 2602.21638, Chinese text counselling, other exchanges, other raters, another rubric's words."
    " Set beside this run for orientation; the two are not comparable."
)
_WIDTH = 132


class MechanismMetrics(BaseModel):
    """The metrics of one mechanism."""

    model_config = ConfigDict(frozen=True)

    macro_f1: Estimate
    confusion: list[list[int]]
    """Rows are the levels of people, columns those of the model; the last column is no level."""


class BesideReader(BaseModel):
    """The macro-F1 of this run and of the reader on the same exchanges, which neither learned from."""

    model_config = ConfigDict(frozen=True)

    exchanges: int
    this_run: dict[str, Estimate]
    reader: dict[str, Estimate]

    def table(self) -> Table:
        """Return both, by mechanism."""
        title = f"Beside the reader: macro-F1 in %, {self.exchanges} of these exchanges, which it has not seen either"
        table = Table("mechanism", "this run [95 %]", "reader [95 %]", title=title)
        for mechanism in MECHANISMS:
            table.add_row(RUBRIC[mechanism].title, f"{self.this_run[mechanism]:.2f}", f"{self.reader[mechanism]:.2f}")
        return table


class Writing(BaseModel):
    """What writing the answers took."""

    model_config = ConfigDict(frozen=True)

    tokens_per_s: float
    median_s: float
    """Seconds for one answer."""
    longest_s: float
    peak_bytes: int

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> "Writing":
        """Return it for some answers, at least one."""
        seconds = [each.seconds for each in answers]
        return cls(
            tokens_per_s=sum(each.tokens for each in answers) / sum(seconds),
            median_s=median(seconds),
            longest_s=max(seconds),
            peak_bytes=max(each.peak_bytes for each in answers),
        )

    @property
    def sentence(self) -> str:
        """All of it in a sentence."""
        return (
            f"Writing: {self.tokens_per_s:.1f} tokens a second, {self.median_s:.1f} s an answer (median; at most"
            f" {self.longest_s:.1f} s), {self.peak_bytes / 2**30:.1f} GiB of memory."
        )


class Evaluation(BaseModel):
    """All figures of a run, in percent unless stated otherwise, without text."""

    model_config = ConfigDict(frozen=True)

    folds: list[int]
    """The folds that were trained and are in the figures."""
    exchanges: int
    sessions: int
    unreadable: float
    """Share of answers that are not valid JSON of our schema."""
    held_to_schema: bool = False
    """Whether answers were held to the schema while they were written, as the server holds them."""
    mechanisms: dict[str, MechanismMetrics]
    explanations: dict[str, float]
    beside_reader: BesideReader | None = None
    writing: Writing
    note: str = NOT_COMPARABLE

    @property
    def readability(self) -> str:
        """How many answers cannot be read, in a sentence that says whether a schema held them."""
        held = "held to" if self.held_to_schema else "without"
        return f"Answers that cannot be read: {self.unreadable:.2f} %, {held} the schema that the server holds them to."

    def table(self) -> Table:
        """Return this run's figures beside the published ones."""
        title = f"Macro-F1 in %, {self.exchanges} exchanges of {self.sessions} sessions nobody trained on"
        table = Table("mechanism", "this run [95 %]", *(f"{name} *" for name in PUBLISHED), title=title)
        for place, mechanism in enumerate(MECHANISMS):
            shown = (f"{figures[place]:.2f}" for figures in PUBLISHED.values())
            table.add_row(RUBRIC[mechanism].title, f"{self.mechanisms[mechanism].macro_f1:.2f}", *shown)
        return table

    def text(self) -> str:
        """Return the whole evaluation as text."""
        console = Console(file=StringIO(), width=_WIDTH, record=True, color_system=None)
        console.print(self.table())
        console.print(f"* {NOT_COMPARABLE}", highlight=False)
        console.print(f"Folds {', '.join(map(str, self.folds))}. {self.readability} {self.writing.sentence}")
        if self.beside_reader is not None:
            console.print(self.beside_reader.table())
        for mechanism in MECHANISMS:
            table = Table("people said", "0", "1", "2", "no level", title=f"{RUBRIC[mechanism].title}: model said")
            for level, row in enumerate(self.mechanisms[mechanism].confusion):
                table.add_row(str(level), *map(str, row))
            console.print(table)
        if self.explanations:
            table = Table(*self.explanations, title="Reasons beside people's, word overlap in %")
            table.add_row(*(f"{value:.2f}" for value in self.explanations.values()))
            console.print(table)
        else:
            console.print("Reasons: none in the data.")
        return console.export_text()

    def write(self, folder: Path) -> Path:
        """Write evaluation.json and evaluation.txt into a folder, and return the path of the latter."""
        (folder / "evaluation.json").write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")
        path = folder / "evaluation.txt"
        path.write_text(self.text(), encoding="utf-8")
        return path


def evaluate_answers(
    items: Sequence[Item],
    answers: Sequence[Answer],
    folds: Sequence[int],
    seed: int,
    *,
    reader: Mapping[str, Levels] | None = None,
) -> Evaluation:
    """Return the figures of the given answers; `reader` holds the reader's levels by the name of the exchange."""
    read = {each.item: _read(each.text) for each in answers}
    rated = {
        place: RatedExchange(
            items[place].session, levels_of(items[place].answer), levels_of(answer) if answer else None
        )
        for place, answer in read.items()
    }
    found = list(rated.values())
    return Evaluation(
        folds=list(folds),
        exchanges=len(rated),
        sessions=len({one.session for one in found}),
        held_to_schema=all(each.held_to_schema for each in answers),
        unreadable=100 * sum(answer is None for answer in read.values()) / len(read),
        mechanisms={
            mechanism: MechanismMetrics(macro_f1=macro_f1, confusion=confusion_matrix(found, place).tolist())
            for place, (mechanism, macro_f1) in enumerate(_macro_f1s(found, seed).items())
        },
        explanations=word_overlap(
            [reasons_of(answer) if answer else "" for answer in read.values()],
            [reasons_of(items[place].answer) for place in read],
        ),
        beside_reader=_beside_reader({items[place].exchange: one for place, one in rated.items()}, reader or {}, seed),
        writing=Writing.of(answers),
    )


def _beside_reader(
    rated: Mapping[str | None, RatedExchange], reader: Mapping[str, Levels], seed: int
) -> BesideReader | None:
    names = [name for name in rated if name is not None and name in reader]
    if not names:
        return None
    ours = [rated[name] for name in names]
    readers = [replace(rated[name], predicted=reader[name]) for name in names]
    return BesideReader(
        exchanges=len(names),
        this_run=_macro_f1s(ours, seed),
        reader=_macro_f1s(readers, seed),
    )


def _macro_f1s(rated: Sequence[RatedExchange], seed: int) -> dict[str, Estimate]:
    return {mechanism: macro_f1_with_interval(rated, place, seed) for place, mechanism in enumerate(MECHANISMS)}


def _read(text: str) -> ModelAnswer | None:
    try:
        return parse_answer(text.encode())
    except UnusableAnswer:
        return None

"""The command `python -m training.corpora`, which counts and checks what models of ours learn from."""

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from training.corpora.agreement import level_agreement
from training.corpora.labels import PLAIN, SECOND_RATER, load_reply_labels
from training.corpora.overlap import copied_from_evaluation, evaluation_texts, near_duplicates, stimuli_folder
from training.corpora.written import DANGER, FOLDER, PORTABLE, WrittenExchange, load_written
from training.errors import DataError

app = typer.Typer(
    help="Look after the corpora that models of ours learn from.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_FOLDERS = [FOLDER, DANGER, PORTABLE]


@app.callback()
def corpora() -> None:
    """Look after the corpora that models of ours learn from."""


@app.command()
def check(
    remove: Annotated[bool, typer.Option(help="Take copies out of the files.")] = False,
    folders: Annotated[list[Path], typer.Option("--folder", help="Folder of written exchanges.")] = _FOLDERS,
) -> None:
    """Count the written exchanges, and name those that repeat another or an evaluation set."""
    console = Console() if sys.stdout.isatty() else Console(width=160)
    exchanges = [each for folder in folders for each in load_written(folder)]
    console.print(_counts(exchanges))
    found = [*copied_from_evaluation(exchanges, evaluation_texts(stimuli_folder())), *near_duplicates(exchanges)]
    for overlap in found:
        console.print(f"{overlap.id} shares “{overlap.words}” with {overlap.other}", highlight=False)
    console.print(f"{len(exchanges)} exchanges, {len({each.id for each in found})} of them copies")
    if remove and found:
        for folder in folders:
            _remove({each.id for each in found}, folder)
    elif found:
        raise typer.Exit(1)


@app.command()
def agreement() -> None:
    """Print how far two independent raters of the same replies of transcripts agree, by mechanism."""
    first = load_reply_labels() | load_reply_labels(name=PLAIN)
    table = Table(title="Levels by two raters", title_justify="left")
    for column in ("mechanism", "replies", "same level", "weighted kappa"):
        table.add_column(column)
    for mechanism, found in level_agreement(first, load_reply_labels(name=SECOND_RATER)).items():
        table.add_row(mechanism, str(found.replies), f"{found.same:.2f}", f"{found.kappa:.2f}")
    (Console() if sys.stdout.isatty() else Console(width=160)).print(table)


def _counts(exchanges: list[WrittenExchange]) -> Table:
    table = Table(title="Written exchanges", title_justify="left")
    for column in ("writer", "turns", "resisting", "look-alikes", "critical", "critical look-alikes", "rated replies"):
        table.add_column(column)
    writers = [*sorted(Counter(each.writer for each in exchanges)), "all"]
    for writer in writers:
        own = [each for each in exchanges if writer in {each.writer, "all"}]
        table.add_row(
            writer,
            str(len(own)),
            str(sum(each.label != "none" for each in own)),
            str(sum(each.lookalike is not None for each in own)),
            str(sum(each.critical is not None for each in own)),
            str(sum(each.critical_lookalike for each in own)),
            str(sum(len(each.replies) for each in own)),
        )
    return table


def _remove(ids: set[str], folder: Path) -> None:
    for path in sorted(folder.glob("*.jsonl")):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if WrittenExchange.model_validate_json(line).id not in ids]
        if len(kept) < len(lines):
            unfinished = path.with_suffix(".part")
            unfinished.write_text("".join(kept), encoding="utf-8")
            unfinished.replace(path)


def main() -> None:
    """Run a command, and report an error in the data in one sentence."""
    try:
        app()
    except DataError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()

"""The command `python -m training.measures`, which says what the measures are worth, and prepares their ratings."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stream.measures import dynamics
from stream.measures.anchors import Dimension
from training.corpora.transcripts import load_transcripts
from training.errors import DataError
from training.measures.dynamics import fit as fit_weights
from training.measures.dynamics import rated_rows
from training.measures.published_report import print_annomi_full, print_conversations, print_oncoco
from training.measures.ratings import FIRST, load_ratings, mean_ratings
from training.measures.report import agreement_table, print_all, print_comparison
from training.measures.sessions import hear_talks, held_out, with_folds
from training.measures.sheet import write_sheet
from training.measures.synthetic import load_synthetic

app = typer.Typer(
    help="Say what the whole-session measures are worth on real transcripts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Data = Annotated[Path, typer.Argument(help="Folder that holds annomi/*.csv, mibot/**/*.json, or both.")]
WEIGHTS_PATH = Path(dynamics.__file__).with_name(dynamics.WEIGHTS_FILE)


@app.command("eval")
def evaluate(data: Data) -> None:
    """Print every measure's figures, with 95 % intervals over conversations, beside constants and what lost."""
    print_all(_console(), data, with_folds(data))


@app.command()
def compare(
    data: Data,
    synthetic: Annotated[Path, typer.Argument(help="File of `counterpoint practice synthesise`.")],
) -> None:
    """Print every quantity of the measures in synthetic sessions beside real ones, with intervals and effect sizes."""
    made = load_synthetic(synthetic)
    print_comparison(_console(), hear_talks(held_out(data)), hear_talks(made))


@app.command()
def agreement() -> None:
    """Print how far the two passes over the rated exchanges agree."""
    _console().print(agreement_table())


@app.command()
def sheet(
    data: Data,
    out: Annotated[Path, typer.Argument(help="New file for the sheet; it holds text of conversations.")],
    order: Annotated[int, typer.Option(help="Seed of the order; another pass has another one.")] = 1,
) -> None:
    """Write the exchanges that are rated for the six dimensions, for one more rater."""
    try:
        write_sheet(load_transcripts(data), load_ratings(FIRST), order, out)
    except FileExistsError:
        raise DataError(f"{out} is there already; name a new file") from None


@app.command()
def fit(data: Data) -> None:
    """Fit the weights of the dynamics to all ratings, and write them beside the measure."""
    talks, ratings = hear_talks(held_out(data)), mean_ratings()
    weights = {dimension.value: fit_weights(rated_rows(talks, ratings, dimension)) for dimension in Dimension}
    WEIGHTS_PATH.write_text(json.dumps(weights, indent=1) + "\n", encoding="utf-8")
    _console().print(f"weights of {len(weights)} dimensions in {WEIGHTS_PATH}")


@app.command()
def published(
    name: Annotated[str, typer.Argument(help="thousand-voices or failed-esconv (`counterpoint corpora list`).")],
    path: Annotated[Path, typer.Argument(help="The corpus's file, or the folder of its files.")],
) -> None:
    """Print what the measures of course and distress show on a published corpus of conversations that you have."""
    print_conversations(_console(), name, path)


@app.command("annomi-full")
def annomi_full(
    file: Annotated[Path, typer.Argument(help="AnnoMI-full.csv.")],
    data: Data,
) -> None:
    """Print how far the measure of techniques tells the kinds of AnnoMI-full apart, on videos that are new to it."""
    print_annomi_full(_console(), file, data)


@app.command()
def oncoco(file: Annotated[Path, typer.Argument(help="oncoco-messages.jsonl or .csv.")]) -> None:
    """Print how far the measure of techniques finds the families of OnCoCo's codes in English messages."""
    print_oncoco(_console(), file)


def _console() -> Console:
    return Console() if sys.stdout.isatty() else Console(width=200)


def main() -> None:
    """Run a command, and report an error in the data in one sentence."""
    try:
        app()
    except DataError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()

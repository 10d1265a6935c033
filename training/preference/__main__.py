"""The command `python -m training.preference`, which prepares pairs, trains the stages and evaluates them."""

import random
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stream.published.formats import find_format
from training.corpora.ratings import written_pairs
from training.corpora.written import load_written
from training.errors import DataError
from training.feedback.data import sha256_of
from training.preference.data import (
    Item,
    items_of,
    prompts_of,
    read_items,
    read_rated,
    short_items,
    split_items,
    write_items,
)
from training.preference.evaluate import START, policy_row, policy_table, reward_lines
from training.preference.replies import FILE, SAMPLES, Scored, pairs_of_samples, score_items, scored_replies
from training.preference.run import RunRecord, Stage, check_needs, finished_stages, open_run, read_run
from training.preference.settings import BASE_MODEL, recipe_of
from training.preference.stages import train_policy, train_reward
from training.progress import progress_bar

app = typer.Typer(
    help="Learn from preferences between replies, as PsychoCounsel-Preference does (arXiv 2502.19731).\n\n"
    "prepare: replies rated by seven principles become pairs. train: a reward model learns the pairs; a policy learns"
    " them by DPO (offline), then a round of its own replies, the best beside the worst by the reward model (online);"
    " both once more with a length limit. evaluate: what all that is worth. docs/training.md tells the whole.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Data = Annotated[Path, typer.Argument(help="What `prepare` wrote (JSON Lines).")]
RunFolder = Annotated[Path, typer.Argument(help="Folder of the run. It comes to hold words and weights: protect it.")]
Download = Annotated[bool, typer.Option(help="Fetch the base model by its name; without it only this machine is used.")]


@app.command()
def prepare(
    out: Annotated[Path, typer.Argument(help="File to write.")],
    rated: Annotated[Path | None, typer.Option(help="Rated replies (JSON Lines) instead of our own.")] = None,
) -> None:
    """Make pairs of rated replies: means that differ by 1 or more, and the preferred reply never less safe.

    Without --rated: the written exchanges, rated by a mapping of ours (training/corpora/README.md). A line of --rated
    is {"id": "1", "group": "never split", "prompt": "client's words", "replies": [{"text": "...", "ratings":
    {"empathy": 4, "relevance": 3, "clarity": 4, "safety": 5, "exploration": 2, "autonomy": 3, "stage_of_change": 3}},
    ...]}. Or the file is the data set PsychoCounsel-Preference as JSON Lines or CSV, which is for non-commercial use.
    """
    if rated is None:
        pairs = written_pairs(load_written())
        typer.echo("Ratings of the written exchanges are derived from levels and mistakes: nobody gave them.")
    else:
        built = read_rated(rated)
        pairs = built.pairs
        if built.corpus and (corpus := find_format(built.corpus)):
            typer.echo(f"{corpus.title}. Licence: {corpus.licence}. Not: {corpus.may_not}. {corpus.note}")
        typer.echo(f"{built.left_out} twos of replies are no pair: too near, or the better one is less safe.")
    if not pairs:
        raise DataError("There is no pair to learn from.")
    write_items(out, items_of(pairs))
    typer.echo(f"{len(pairs)} pairs of {len({pair.group for pair in pairs})} groups are in {out}.")


@app.command()
def train(
    data: Data,
    run: RunFolder,
    model: Annotated[
        str, typer.Option(help="Any causal model with a chat template: a folder, or a name.")
    ] = BASE_MODEL,
    only: Annotated[list[Stage] | None, typer.Option(help="Only this stage; may be said again. Else all.")] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Another setting than the default.")
    ] = None,
    download: Download = False,
) -> None:
    """Train the stages in order: reward, offline, online, offline-short, online-short.

    Ctrl-C, or a machine that goes down: the same command goes on from the last checkpoint and the last reply. Finished
    stages are not trained again. Defaults are the published settings where there are some; --set samples=4 changes one
    (`--set help` names them all). One GPU; a CPU is enough for tiny models alone.
    """
    recipe = recipe_of(changes or [])
    items = read_items(data)
    learned, _ = split_items(items, recipe.seed)
    open_run(run, RunRecord(base_model=model, data_sha256=sha256_of(data), recipe=recipe))
    for stage in Stage:
        if stage in finished_stages(run) or (only and stage not in only):
            continue
        check_needs(run, stage)
        typer.echo(f"stage {stage}")
        limit = recipe.length_limit if stage.is_short else None
        offline = learned if limit is None else list(short_items(learned, limit))
        if not offline:
            raise DataError(f"No preferred reply keeps to {limit} words: --set length_limit=... in another folder.")
        if stage is Stage.REWARD:
            train_reward(learned, run / stage, recipe, model, download=download)
        elif stage in {Stage.OFFLINE, Stage.OFFLINE_SHORT}:
            train_policy(offline, run / stage, recipe, model, download=download)
        else:
            began = str(run / stage.needs[-1] / "model")
            train_policy(_own_pairs(learned, run, stage, began), run / stage, recipe, began)
    typer.echo(
        f"Finished: {', '.join(finished_stages(run))}. Next: python -m training.preference evaluate {data} {run}"
    )


@app.command()
def evaluate(data: Data, run: RunFolder, download: Download = False) -> None:
    """Measure the reward model and every finished policy on groups that were held out.

    Prints pair accuracy of the reward model, and how often each policy's likeliest reply gets a higher reward than that
    of the model it began with, without and with the length limit, beside the published figures.
    """
    items, record = read_items(data), read_run(run)
    if sha256_of(data) != record.data_sha256:
        raise DataError(f"{run} was trained on other data than {data}.")
    stages = finished_stages(run)
    if Stage.REWARD not in stages:
        raise DataError(f"{run} holds no reward model, which is the judge: `train` makes it.")
    recipe = record.recipe
    _, held_out = split_items(items, recipe.seed)
    prompts = prompts_of(held_out)
    policies = {START: record.base_model} | {
        stage.value: str(run / stage / "model") for stage in stages if stage is not Stage.REWARD
    }
    answers: dict[str, list[Scored]] = {}
    with progress_bar() as progress:
        task = progress.add_task("replying", total=len(held_out) + len(policies) * len(prompts))
        leads = score_items(held_out, run / Stage.REWARD, lambda: progress.advance(task))
        for name, policy in policies.items():
            found = scored_replies(
                prompts,
                policy,
                run / Stage.REWARD,
                run / name / FILE,
                recipe,
                step=lambda: progress.advance(task),
                download=download and name == START,
            )
            answers[name] = [one for (one,) in found]
    rows = [policy_row(name, own, answers[START], recipe.length_limit) for name, own in answers.items()]
    console = Console() if sys.stdout.isatty() else Console(width=160)
    for line in reward_lines(held_out, leads):
        console.print(line, highlight=False)
    console.print(policy_table(rows, recipe.length_limit))


def _own_pairs(learned: list[Item], run: Path, stage: Stage, policy: str) -> list[Item]:
    """Return the pairs of the online round: replies that the policy draws, the best beside the worst."""
    recipe = read_run(run).recipe
    prompts = prompts_of(learned)
    random.Random(recipe.seed).shuffle(prompts)
    prompts = prompts[: recipe.prompts]
    with progress_bar() as progress:
        task = progress.add_task("drawing replies", total=len(prompts))
        replies = scored_replies(
            prompts,
            policy,
            run / Stage.REWARD,
            run / stage / SAMPLES,
            recipe,
            samples=recipe.samples,
            step=lambda: progress.advance(task),
        )
    items = pairs_of_samples(prompts, replies, recipe.length_limit if stage.is_short else None)
    if not items:
        raise DataError(f"{stage}: no prompt got a reply that may be preferred. Is the length limit too short?")
    return items


def main() -> None:
    """Run a command, and report an error in the data in one sentence."""
    try:
        app()
    except DataError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()

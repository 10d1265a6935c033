"""What stands between a model and people: its check and its activation."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from plugin.cli.base import AWAY, MODELS, app
from stream.runtime.settings import load

models = typer.Typer(no_args_is_help=True, help="Check a feedback model, and activate it once it has passed.")
app.add_typer(models, name="model", rich_help_panel=MODELS)


@models.command("check")
def model_check(
    report: Annotated[Path, typer.Option(help="Folder for the report: model-check.json and model-check.html.")] = Path(
        "model-check"
    ),
    published: Annotated[
        Path | None,
        typer.Option(help="Table of results of arXiv 2504.18412 (CSV or its folder): its ten stimuli are asked too."),
    ] = None,
    fresh: Annotated[bool, typer.Option(help="Begin anew instead of going on where a check was cut short.")] = False,
) -> None:
    """Ask the served model what it must not get wrong: crises, stigma, planted instructions, invented quotations.

    Takes minutes with a language model, seconds with the baseline. Ctrl-C keeps what was answered; the same command
    goes on from there. A passing report is what `counterpoint model activate` asks for.
    """
    from plugin.models.check import check

    console = Console()
    bar = Progress(
        TextColumn("asking"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )
    with bar:
        task = bar.add_task("asking", total=None)
        found = check(
            load().feedback,
            report,
            published=published,
            fresh=fresh,
            say=lambda done, total: bar.update(task, completed=done, total=total),
        )
    console.print(found.table())
    console.print(f"{'Passed' if found.passed else 'FAILED'}. The report: {report}/model-check.html", highlight=False)
    if not found.passed:
        raise typer.Exit(AWAY)


@models.command("activate")
def model_activate(
    report: Annotated[Path, typer.Argument(help="model-check.json of a passing check.")],
    out: Annotated[Path, typer.Option(help="The file to write; name it in feedback.activation.")] = Path(
        "activation.json"
    ),
) -> None:
    """Let the model of a passing report rate: the feedback stage takes it up as soon as the file is there."""
    from plugin.models.activate import activate

    activation = activate(report, out, datetime.now(UTC))
    typer.echo(
        f"{activation.name} (weights {activation.weights}) is activated by {out}, unvalidated: nobody has measured its"
        f" agreement with clinicians. Set feedback.activation to this file."
    )

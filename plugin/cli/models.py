"""The commands of the model check, of activation, of agreement with clinicians, of comparison and of packaging."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from plugin.cli.base import EXIT_UNAVAILABLE, MODELS_PANEL, app, read_own_password
from plugin.plain_text import counted
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import load_settings

if TYPE_CHECKING:
    from plugin.models.agreement.report import AgreementReport

models = typer.Typer(no_args_is_help=True, help="Check a feedback model, and activate it once it has passed.")
app.add_typer(models, name="model", rich_help_panel=MODELS_PANEL)


@models.command("check")
def model_check(
    report: Annotated[Path, typer.Option(help="Folder for the report: model-check.json and model-check.html.")] = Path(
        "model-check"
    ),
    published: Annotated[
        Path | None,
        typer.Option(help="Table of results of arXiv 2504.18412 (CSV or its folder): its ten stimuli are asked too."),
    ] = None,
    fresh: Annotated[bool, typer.Option(help="Begin again instead of resuming an interrupted check.")] = False,
) -> None:
    """Ask the served model what it must not get wrong: danger said plainly or not, stigma, planted text, quotations.

    Takes minutes with a language model, about one with the baseline. Ctrl-C keeps what was answered; the same command
    goes on from there. A passing report is what `counterpoint model activate` asks for.
    """
    from plugin.models.check.run import run_model_check

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
        found = run_model_check(
            load_settings().feedback,
            report,
            published=published,
            fresh=fresh,
            report_progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    console.print(found.table())
    console.print(f"{'Passed' if found.passed else 'FAILED'}. The report: {report}/model-check.html", highlight=False)
    if not found.passed:
        raise typer.Exit(EXIT_UNAVAILABLE)


@models.command("activate")
def model_activate(
    report: Annotated[Path, typer.Argument(help="model-check.json of a passing check.")],
    out: Annotated[Path, typer.Option(help="The file to write; name it in feedback.activation.")] = Path(
        "activation.json"
    ),
    agreement: Annotated[
        Path | None,
        typer.Option(help="agreement.json: makes the model validated where the figures are good enough."),
    ] = None,
) -> None:
    """Let the model of a passing report rate: the feedback stage takes it up as soon as the file is there."""
    from plugin.models.activate import activate_model

    activation = activate_model(report, out, datetime.now(UTC), agreement_path=agreement)
    said = "validated" if activation.validated else "unvalidated: nobody has measured its agreement with clinicians"
    typer.echo(f"{activation.name} (weights {activation.weights}) is activated by {out}, {said}.")
    typer.echo("Set feedback.activation to this file.")


@models.command("sample")
def model_sample(
    user: Annotated[str, typer.Option("--for", help="User name of the supervisor whose sessions are drawn from.")] = "",
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Draw from a file of exchanges (JSON Lines) instead; the served model rates them."),
    ] = None,
    size: Annotated[int, typer.Option(min=2, help="How many exchanges to draw at most.")] = 80,
    seed: Annotated[int, typer.Option(help="The same seed on the same exchanges draws the same sample.")] = 0,
    sheet: Annotated[Path, typer.Option(help="The sheet to copy for each rater: words, no levels.")] = Path(
        "sample.csv"
    ),
    key: Annotated[Path, typer.Option(help="The key: the model's levels, no words. Keep it from the raters.")] = Path(
        "sample.key.json"
    ),
) -> None:
    """Draw a blind, stratified set of exchanges for clinicians to rate.

    From the queue only sessions are drawn whose clients agreed to secondary use; the supervisor types their password,
    or pipes it to standard input, and each reading is on the audit trail.
    The sheet holds their words: give it to the raters on paths that may carry them, and delete it afterwards.
    """
    from plugin.models.agreement.draw_sample import SampleReader, draw_sample

    if source is None and not user:
        raise Misconfigured("Say whose sessions to draw from: --for USER, a supervisor; or --from FILE.")
    drawn = draw_sample(
        load_settings(),
        source or SampleReader(user, read_own_password()),
        size=size,
        seed=seed,
        sheet=sheet,
        key=key,
    )
    typer.echo(f"{drawn} exchanges are in {sheet}. It holds people's words; {key} holds the model's levels.")
    typer.echo(
        "Each rater fills in 0, 1 or 2 under each mechanism of a copy (docs/rubric.md), without talking to another."
    )


@models.command("agreement")
def model_agreement(
    key: Annotated[Path | None, typer.Argument(help="sample.key.json of the draw.")] = None,
    sheets: Annotated[list[Path] | None, typer.Argument(help="The filled-in sheets, one a rater, two or more.")] = None,
    calibration: Annotated[
        list[UUID] | None,
        typer.Option(help="A calibration that is over, by its id, instead of key and sheets; may be given again."),
    ] = None,
    user: Annotated[str, typer.Option("--for", help="User name of a supervisor who rated in the calibrations.")] = "",
    report: Annotated[Path, typer.Option(help="Folder for agreement.json and agreement.svg.")] = Path("agreement"),
    plot: Annotated[bool, typer.Option(help="Draw the picture, too.")] = True,
) -> None:
    """Say how far clinicians agree with each other, with the model, and with the mere length of a reply.

    Weighted kappa and macro-F1 per mechanism, with 95 % intervals. Without this a model is unvalidated, whatever else
    it passed. The ratings are sheets, or calibrations of the database: of these count the moments whose clients agreed
    to secondary use, rated before the model's levels were seen. The supervisor types their password, or pipes it.
    """
    from plugin.models.agreement.report import PLOT_NAME, draw_kappa_plot

    console = Console()
    found = _agreement(console, key, sheets or [], calibration or [], user)
    written = found.write(report)
    console.print(found.table())
    if plot:
        draw_kappa_plot(found, report / PLOT_NAME)
    for title, number in found.settled.items():
        levels = counted(number, "level was", "levels were")
        console.print(f"{title}: {levels} settled by the raters together, and the model is held against them.")
    for title, why in found.shortcomings.items():
        console.print(f"{title}: {why}.", markup=False, highlight=False)
    verdict = "The model stays unvalidated." if found.shortcomings else "Figures that support the word validated."
    console.print(f"{verdict} The report: {written}", highlight=False)


@models.command("compare")
def model_compare() -> None:
    """Say how far the model in shadow agrees with the active one, and each of them with supervisors.

    Of the exchanges that `counterpoint rerate --model shadow` has rated. It reads levels and codes, and no words.
    """
    from plugin.models.compare import read_from, sentences, table

    found = read_from(load_settings())
    console = Console()
    if found is None:
        console.print("Nothing was rated in shadow yet: `counterpoint rerate --model shadow`.", highlight=False)
        return
    console.print(table(found))
    for sentence in sentences(found):
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)


def _agreement(
    console: Console, key: Path | None, sheets: list[Path], calibrations: list[UUID], user: str
) -> "AgreementReport":
    """Return the agreement in the sheets or in the calibrations, whichever are named."""
    from plugin.models.agreement.calibrated import read_calibrations
    from plugin.models.agreement.draw_sample import SampleReader
    from plugin.models.agreement.rating_files import read_ratings, read_sample_key
    from plugin.models.agreement.report import compare_ratings

    if (key is None) == (not calibrations):
        raise Misconfigured("Name either a key with its sheets, or calibrations: --calibration ID --for USER.")
    if key is not None:
        known = read_sample_key(key)
        return compare_ratings(known, [read_ratings(path, known) for path in sheets])
    if not user:
        raise Misconfigured("Say who asks: --for USER, a supervisor who rated in the calibrations.")
    found = read_calibrations(load_settings(), SampleReader(user, read_own_password()), calibrations)
    moments = "moment of a client who", "moments of clients who"
    ratings = "rating by somebody who", "ratings by people who"
    for number, names, why in (
        (found.without_consent, moments, "did not agree to secondary use"),
        (found.not_blind, ratings, "had seen the model's levels"),
    ):
        if number:
            console.print(f"Left out: {counted(number, *names)} {why}.", highlight=False)
    return compare_ratings(found.key, found.sheets, found.final)


@models.command("package")
def model_package(
    run: Annotated[Path, typer.Argument(help="Folder of a training run (python -m training.feedback train --final).")],
    out: Annotated[
        Path | None, typer.Option(help="Model repository to write into; without it triton_models/ of this checkout.")
    ] = None,
    name: Annotated[str, typer.Option(help="What people call the model; without it the base model's name.")] = "",
) -> None:
    """Write a fine-tuned model into the folder that Triton serves: all weights, or an adapter beside them.

    Weights are not copied. Pickles are refused. The model rates nobody before it is checked and activated.
    """
    from plugin.models.package import package_model
    from stream.model_repository import MODEL_REPOSITORY

    done = package_model(run, MODEL_REPOSITORY if out is None else out, name=name)
    typer.echo(f"{done.folder} serves {done.name} now. What is left to do:")
    for number, step in enumerate(done.next_steps(), start=1):
        typer.echo(f"{number}. {step}")

"""The commands that run studies on tables."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from threadpoolctl import threadpool_limits

from plugin.cli.base import STUDIES_PANEL, app
from stream.contracts.errors import Misconfigured

study = typer.Typer(
    no_args_is_help=True,
    help="Ask tables a question that was written down before, and get a report. Reads files, never the database."
    " Pages: docs/systems/README.md.",
)
app.add_typer(study, name="study", rich_help_panel=STUDIES_PANEL)


trial = typer.Typer(no_args_is_help=True, help="A before-and-after study of feedback (docs/systems/trial.md).")
study.add_typer(trial, name="trial")

Question = Annotated[Path, typer.Argument(help="The question file, TOML.")]
Folder = Annotated[Path, typer.Option(help="The trial's folder.")]


@contextmanager
def _libraries() -> Iterator[None]:
    """Say what installs the libraries of studies, where they are missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise Misconfigured(f"Studies need {error.name}: make setup-studies installs it.") from None


@study.command("run")
def study_run(
    question: Question,
    tables: Annotated[Path, typer.Option(help="Folder with the tables that the question names.")],
    out: Annotated[Path, typer.Option(help="Folder for report.html, report.json and methods.txt.")],
) -> None:
    """Run the study of a question file, and write its report.

    Example: counterpoint study run question.toml --tables tables --out report
    """
    with _libraries():
        from plugin.studies.run import run_study
    # The tables are small: on a busy machine threads of one model wait for each other many times as long.
    with threadpool_limits(limits=1):
        report = run_study(question, tables, out, datetime.now(UTC))
    report.write(out)
    for line in (*report.aloud, *report.answer):
        typer.echo(line)
    typer.echo(f"The report: {out / 'report.html'}")


@trial.command("plan")
def trial_plan(question: Question, folder: Folder) -> None:
    """Say how many people the trial needs, and write an empty list of participants to fill in."""
    with _libraries():
        from plugin.studies.run import read_trial
        from plugin.studies.trial.forms import PARTICIPANTS, begin
        from plugin.studies.trial.report import plan_lines

    asked = read_trial(question)
    for line in plan_lines(asked):
        typer.echo(line)
    begin(folder)
    typer.echo(f"Fill in {folder / PARTICIPANTS}, with pseudonyms and a stratum such as a team. Then: trial assign.")


@trial.command("assign")
def trial_assign(question: Question, folder: Folder) -> None:
    """Assign the participants to feedback or none by chance, once, and write everybody's two forms."""
    with _libraries():
        from plugin.studies.run import read_trial
        from plugin.studies.trial.forms import assign_participants

    made = assign_participants(read_trial(question), folder)
    counts = Counter(each.group for each in made)
    typer.echo(f"{counts['feedback']} get feedback, {counts['control']} none. The forms are in {folder / 'forms'}.")


@trial.command("blind")
def trial_blind(question: Question, folder: Folder) -> None:
    """Write two raters' sheets from the forms that were filled in, without who wrote a reply and when."""
    with _libraries():
        from plugin.studies.run import read_trial
        from plugin.studies.trial.forms import blind

    replies = blind(read_trial(question), folder)
    typer.echo(f"{replies} replies are in rater-1.csv and rater-2.csv. Keep key.csv from whoever rates.")


@trial.command("rehearse")
def trial_rehearse(
    question: Question,
    folder: Folder,
    people: Annotated[int, typer.Option(help="How many simulated people.", min=10)] = 60,
    effect: Annotated[float, typer.Option(help="What feedback does to them, in SD of people.")] = 0.0,
    leave: Annotated[int, typer.Option(help="How many are gone afterwards.", min=0)] = 0,
) -> None:
    """Write the files of a trial of simulated people, to see the report before anybody takes part."""
    with _libraries():
        from plugin.studies.run import read_trial
        from plugin.studies.trial.rehearsal import rehearse

    rehearse(read_trial(question), folder, people, effect, leave)
    typer.echo(f"SIMULATED: {people} people, an effect of {effect:g} SD. Next: study run {question} --tables {folder}")

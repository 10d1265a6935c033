"""The commands that run studies on tables."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from threadpoolctl import threadpool_limits

from plugin.cli.base import STUDIES_PANEL, app, read_own_password
from stream.contracts.errors import Misconfigured

study = typer.Typer(
    no_args_is_help=True,
    help="Ask tables a question that was written down before, and get a report. Reads files, never the database, from"
    " which `tables` alone writes them. Pages: docs/systems/README.md.",
)
app.add_typer(study, name="study", rich_help_panel=STUDIES_PANEL)


@study.command("tables")
def study_tables(
    by: Annotated[str, typer.Option(help="Your user name; your password is asked for.")],
    purpose: Annotated[
        Literal["research"], typer.Option(help="Only what clients agreed to that it is used beyond their counselling.")
    ],
    out: Annotated[Path, typer.Option(help="A folder for sessions.csv and turns.csv; neither may be there.")],
) -> None:
    """Write the tables that a study reads, from the sessions that you, a supervisor, may see: labels and numbers alone.

    Sessions, clients and counsellors have pseudonyms of these two files alone. With fewer than five counsellors nothing
    is written. Each of them reads on their page that you did this. The columns: docs/export.md.

    Example: counterpoint study tables --by mara --purpose research --out tables
    """
    from plugin.cli.exports import show_sessions
    from plugin.exports.run import Exporter, open_run
    from plugin.exports.study_export import check_folder, export_study_tables
    from plugin.queue.export_entries import ExportKind, ExportPurpose
    from stream.runtime.settings import load_settings

    check_folder(out)
    exporter = Exporter(by, read_own_password())
    with open_run(load_settings(), exporter, ExportKind.STUDY_TABLES, ExportPurpose(purpose)) as run:
        sessions, turns = export_study_tables(run, out, show_sessions)
    typer.echo(f"{sessions} sessions and {turns} turns are in {out}, which you alone may read. Delete them afterwards.")
    typer.echo(f"Next: counterpoint study run question.toml --tables {out} --out report")


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


@trial.command("simulate")
def trial_simulate(
    question: Question,
    folder: Folder,
    people: Annotated[int, typer.Option(help="How many simulated people.", min=10)] = 60,
    effect: Annotated[float, typer.Option(help="What feedback does to them, in SD of people.")] = 0.0,
    leave: Annotated[int, typer.Option(help="How many are gone afterwards.", min=0)] = 0,
) -> None:
    """Write the files of a trial of simulated people, to see the report before anybody takes part."""
    with _libraries():
        from plugin.studies.run import read_trial
        from plugin.studies.trial.simulation import simulate

    simulate(read_trial(question), folder, people, effect, leave)
    typer.echo(f"SIMULATED: {people} people, an effect of {effect:g} SD. Next: study run {question} --tables {folder}")

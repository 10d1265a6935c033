"""The commands that export: reviews and answers to criteria for measurements, exchanges for training, own data."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from plugin.cli.base import PRIVACY_PANEL, app, read_own_password
from plugin.plain_text import counted
from stream.runtime.settings import load_settings

if TYPE_CHECKING:
    from plugin.exports.run import Advance, ExportRun
    from plugin.queue.export_entries import ExportKind, ExportPurpose

export = typer.Typer(
    no_args_is_help=True,
    help="Write data to a file of your own. You type your password; the audit trail records it, and each therapist"
    " concerned reads on their page who exported what, when and why.",
)
app.add_typer(export, name="export", rich_help_panel=PRIVACY_PANEL)

By = Annotated[str, typer.Option(help="Your own user name; your password is read from the terminal or a pipe.")]


@export.command("reviews")
def export_reviews(
    by: By,
    purpose: Annotated[
        Literal["model-quality", "research"],
        typer.Option(help="research takes those sessions alone whose clients agreed to secondary use."),
    ],
    out: Annotated[Path, typer.Option(help="A new file: .csv, or .jsonl for JSON Lines.")],
    with_text: Annotated[
        bool,
        typer.Option("--with-text", help="Add de-identified words, where the client agreed to secondary use."),
    ] = False,
) -> None:
    """Write what models rated and what supervisors said of it, for the sessions that you, a supervisor, may see.

    People, conversations and sessions have pseudonyms, the same in every export; there are no words without
    --with-text. The columns: docs/export.md.

    Example: counterpoint export reviews --by mara --purpose model-quality --out reviews.csv
    """
    from plugin.exports.review_export import export_reviews as run
    from plugin.exports.row_files import CSV, JSON_LINES
    from plugin.queue.export_entries import ExportKind, ExportPurpose

    kind = ExportKind.REVIEWS_WITH_TEXT if with_text else ExportKind.REVIEWS
    with _begun(by, out, (CSV, JSON_LINES), kind, ExportPurpose(purpose)) as begun:
        rows = run(begun, out, show_sessions)
    typer.echo(f"{rows} rows are in {out}, which you alone may read. Delete it when you no longer need it.")
    if with_text:
        typer.echo("It holds people's words. Names that nobody recognised are still in them.")


@export.command("training")
def export_training(
    by: By,
    purpose: Annotated[
        Literal["model-training", "research"], typer.Option(help="Both need the client's consent to secondary use.")
    ],
    out: Annotated[Path, typer.Option(help="A new file, .jsonl: what `python -m training.feedback prepare` reads.")],
    arm: Annotated[
        Literal["reasons", "labels"],
        typer.Option(
            help="As in `prepare`. reasons: moments where a supervisor agreed with the verdict and all ratings;"
            " labels: the four levels alone, own ones too."
        ),
    ] = "reasons",
) -> None:
    """Write reviewed exchanges as annotated exchanges, for the sessions that you, a supervisor, may see.

    Only sessions whose clients agreed to secondary use (`consent.secondary_use`), and only moments that were passed on.
    Names, numbers and addresses are replaced where they are recognised.

    Example: counterpoint export training --by mara --purpose model-training --out exchanges.jsonl
    """
    from plugin.exports.row_files import JSON_LINES
    from plugin.exports.training_export import export_training as run
    from plugin.exports.training_lines import TrainingArm
    from plugin.queue.export_entries import ExportKind, ExportPurpose

    with _begun(by, out, (JSON_LINES,), ExportKind.TRAINING, ExportPurpose(purpose)) as begun:
        exchanges = run(begun, out, TrainingArm(arm), show_sessions)
    typer.echo(f"{exchanges} exchanges are in {out}, which you alone may read. Next:")
    typer.echo(f"python -m training.feedback prepare {out} --arm {arm}")
    typer.echo("It holds people's words. Names that nobody recognised are still in them.")


@export.command("criteria")
def export_criteria(
    by: By,
    purpose: Annotated[
        Literal["agreement", "research"],
        typer.Option(help="research takes those sessions alone whose clients agreed to secondary use."),
    ],
    out: Annotated[Path, typer.Option(help="A new file: .csv, or .jsonl for JSON Lines.")],
) -> None:
    """Write what supervisors said to the service's own criteria, for the sessions that you, a supervisor, may see.

    People, conversations and sessions have pseudonyms, the same in every export; notes are left out. The columns:
    docs/export.md.

    Example: counterpoint export criteria --by mara --purpose agreement --out criteria.csv
    """
    from plugin.exports.criteria_export import export_criteria as run
    from plugin.exports.row_files import CSV, JSON_LINES
    from plugin.queue.export_entries import ExportKind, ExportPurpose

    with _begun(by, out, (CSV, JSON_LINES), ExportKind.CRITERIA, ExportPurpose(purpose)) as begun:
        rows = run(begun, out, show_sessions)
    typer.echo(f"{rows} rows are in {out}, which you alone may read. Delete it when you no longer need it.")


@export.command("outcomes")
def export_outcomes(
    by: By,
    purpose: Annotated[
        Literal["research"], typer.Option(help="Only what clients agreed to that it is used beyond their counselling.")
    ],
    out: Annotated[Path, typer.Option(help="A new file: .csv, or .jsonl for JSON Lines.")],
) -> None:
    """Write the outcomes of the sessions that you, a supervisor, may see, as the table that `counterpoint study` reads.

    Clients and counsellors have pseudonyms of this file alone; counsellors only where it is about five or more of them.
    The columns: docs/export.md.

    Example: counterpoint export outcomes --by mara --purpose research --out tables/sessions.csv
    """
    from plugin.exports.outcome_export import export_outcomes as run
    from plugin.exports.row_files import CSV, JSON_LINES
    from plugin.queue.export_entries import ExportKind, ExportPurpose

    with _begun(by, out, (CSV, JSON_LINES), ExportKind.OUTCOMES, ExportPurpose(purpose)) as begun:
        rows = run(begun, out, show_sessions)
    said = counted(rows, "session is", "sessions are")
    typer.echo(f"{said} in {out}, which you alone may read. Delete it when you no longer need it.")


@export.command("person")
def export_person(
    person: Annotated[str, typer.Option(help="User name of whoever asks for their data.")],
    by: By,
    purpose: Annotated[Literal["own-data"], typer.Option(help="Somebody asks for what is stored about them.")],
    out: Annotated[Path, typer.Option(help="A new file, .json.")],
) -> None:
    """Write what is stored about one person with an account, as JSON.

    Of a therapist: sessions, levels, what supervisors said, who opened what. Of anybody else: what they said and did.
    Whoever runs it with their own password gets words too: a therapist those of released moments, everybody else what
    they wrote. An operator who runs it for somebody else gets no words.

    Example: counterpoint export person --person ana --by ana --purpose own-data --out ana.json
    """
    from plugin.exports.person import export_person as run
    from plugin.exports.row_files import JSON
    from plugin.queue.export_entries import ExportKind, ExportPurpose

    with _begun(by, out, (JSON,), ExportKind.PERSON, ExportPurpose(purpose)) as begun:
        sessions = run(begun, person, out, show_sessions)
    typer.echo(f"{sessions} sessions are in {out}, which you alone may read. Give it to {person}, then delete it.")


@contextmanager
def _begun(
    by: str, out: Path, suffixes: tuple[str, ...], kind: "ExportKind", purpose: "ExportPurpose"
) -> "Iterator[ExportRun]":
    """Check the file before the password is asked for, and yield the run of the person whose password it is."""
    from plugin.exports.new_file import check_is_new
    from plugin.exports.row_files import check_suffix
    from plugin.exports.run import Exporter, open_run

    check_suffix(out, *suffixes)
    check_is_new(out)
    settings = load_settings()
    with open_run(settings, Exporter(by, read_own_password()), kind, purpose) as run:
        yield run


@contextmanager
def show_sessions(total: int) -> "Iterator[Advance]":
    """Show a progress bar over the sessions on standard error, and yield the function that advances it."""
    columns = (TextColumn("sessions"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("sessions", total=total)
        yield lambda done: progress.advance(task, done)

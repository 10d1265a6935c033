"""The commands of operation: the status of all stages, and the dead letters."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from plugin.cli.base import EXIT_UNAVAILABLE, OPERATION_PANEL, app, read_own_password
from stream.contracts.errors import Denied, Misconfigured
from stream.runtime.settings import Settings, load_settings, required_secret

if TYPE_CHECKING:
    from plugin.operations.redrive import Redrive, Selection

DEFAULT_LIMIT = 20
"""Dead letters a run takes unless told otherwise: few enough to read what became of each."""
MAX_LIMIT = 10_000

dead_letters = typer.Typer(
    no_args_is_help=True, help="Records that could not be used: list them, show them, replay them, drop them."
)
app.add_typer(dead_letters, name="dead-letters", rich_help_panel=OPERATION_PANEL)

Json = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="PARTITION:OFFSET as `list` prints it.")]
Limit = Annotated[int, typer.Option(min=1, max=MAX_LIMIT, help="Letters to look at, at most.")]
Reasons = Annotated[
    list[str] | None, typer.Option("--reason-code", help="Only with this reason; may be given several times.")
]
StagesOption = Annotated[
    list[str] | None, typer.Option("--stage", help="Only those of this stage; may be given several times.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")]


@app.command(rich_help_panel=OPERATION_PANEL)
def status(as_json: Json = False) -> None:
    """Show lag, dead letters, model, oldest waiting sessions and the readiness of each stage.

    Works while parts are down and names what could not be asked. Status 0 when all is well, 1 when something is not.
    """
    from plugin.operations.status import collect_status
    from plugin.operations.terminal import print_status

    found = collect_status(load_settings(), now=datetime.now(UTC))
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2))
    else:
        print_status(found, Console())
    if found.troubles:
        raise typer.Exit(EXIT_UNAVAILABLE)


@dead_letters.command("list")
def list_dead_letters(
    as_json: Json = False,
    everything: Annotated[bool, typer.Option("--all", help="Those replayed or dropped too.")] = False,
    newest: Annotated[int, typer.Option(min=0, max=1_000, help="How many stories to print.")] = 20,
) -> None:
    """Count dead letters by reason, stage, topic and day, and print the newest stories; never text of a record."""
    from plugin.operations.dead_letter_summary import summarize_dead_letters
    from plugin.operations.terminal import print_dead_letters

    found = summarize_dead_letters(load_settings(), newest=newest, include_handled=everything)
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2))
    else:
        print_dead_letters(found, Console())


@dead_letters.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="PARTITION:OFFSET as `list` prints it.")],
    text: Annotated[
        bool, typer.Option("--text", help="The record itself, for a supervisor whose scope it is in; asks who you are.")
    ] = False,
    reason: Annotated[
        Literal["safety", "complaint", "client_request", "fault"] | None,
        typer.Option(help="Why --text is needed; goes on the trail.", show_default=False),
    ] = None,
    user: Annotated[str, typer.Option(help="User name of the supervisor, for --text.")] = "",
) -> None:
    """Print the story of one. With --text the record, after a supervisor's password and with a reason, on the trail."""
    from plugin.operations.dead_letter import DeadLetterId
    from plugin.operations.dead_letter_topic import read_dead_letter

    settings = load_settings()
    found = read_dead_letter(settings.kafka, DeadLetterId.parse(letter_id))
    if found is None:
        raise Misconfigured(f"There is no dead letter {letter_id}, or none any more.")
    if not text:
        typer.echo(json.dumps(found.story, indent=2))
        return
    if reason is None:
        raise Misconfigured("--text needs --reason: safety, complaint, client_request or fault.")

    from plugin.operations.show_content import ContentReader, ReadReason
    from plugin.queue.store import open_store

    with _open_redrive(settings) as redrive, open_store(settings) as store:
        name = user or typer.prompt("User name", err=True)
        viewer = store.authenticate(name, read_own_password(), request_id="dead-letters show")
        if viewer is None:
            raise Denied("No supervisor with this name and password.")
        reader = ContentReader(redrive.engine, redrive.kek, settings.kafka.partitions)
        shown = reader.read(viewer, found, ReadReason(reason))
    if shown is None:
        raise Denied(f"There is no dead letter {letter_id} for you to read.")
    typer.echo(shown)


@dead_letters.command()
def replay(
    ids: Ids = None,
    policy: Annotated[
        Literal["stop", "reinsert", "drop"],
        typer.Option(help="With a record that still cannot be used: stop there, make a new dead letter, or drop it."),
    ] = "stop",
    limit: Limit = DEFAULT_LIMIT,
    reason_code: Reasons = None,
    stage: StagesOption = None,
    dry_run: DryRun = False,
) -> None:
    """Send records back to their topics, oldest first, each once.

    Each is read again as its stage will, and held against consent, withdrawals and erasures first. What was sent, put
    back or dropped is remembered; one entry on the trail a run. Status 1 when a record stopped it.
    """
    from plugin.operations.redrive import OnFailure

    with _open_redrive(load_settings()) as redrive:
        selection = _selection(ids, limit, reason_code, stage)
        report = redrive.replay(selection, OnFailure(policy), dry_run=dry_run, on_handled=_print_progress)
    typer.echo(report.sentence())
    if report.stopped_at is not None:
        raise typer.Exit(EXIT_UNAVAILABLE)


@dead_letters.command()
def drop(
    ids: Ids = None,
    limit: Limit = DEFAULT_LIMIT,
    reason_code: Reasons = None,
    stage: StagesOption = None,
    dry_run: DryRun = False,
) -> None:
    """Drop dead letters: they are neither listed nor replayed any more. Their bytes go with the topic's retention."""
    if not (ids or reason_code or stage):
        raise Misconfigured("Say which: by ID, --reason-code or --stage. Nothing is dropped otherwise.")
    with _open_redrive(load_settings()) as redrive:
        report = redrive.drop(_selection(ids, limit, reason_code, stage), dry_run=dry_run, on_handled=_print_progress)
    typer.echo(report.sentence())


def _selection(ids: list[str] | None, limit: int, reasons: list[str] | None, stages: list[str] | None) -> "Selection":
    from plugin.operations.dead_letter import UNKNOWN, DeadLetterId
    from plugin.operations.redrive import Selection
    from stream.contracts.vocabulary import DeadLetterReason

    known = {*DeadLetterReason, UNKNOWN}
    for reason in reasons or ():
        if reason not in known:
            raise Misconfigured(f"There is no reason {reason!r}. Reasons: {', '.join(sorted(known))}.")
    return Selection(
        limit=limit,
        ids=frozenset(DeadLetterId.parse(each) for each in ids or ()),
        reasons=frozenset(reasons or ()),
        stages=frozenset(stages or ()),
    )


@contextmanager
def _open_redrive(settings: Settings) -> "Iterator[Redrive]":
    from plugin.database.engine import temporary_engine, utc_now
    from plugin.database.key_encryption_key import key_encryption_key
    from plugin.operations.redrive import Redrive

    with temporary_engine(required_secret(settings.database.url, "database.url")) as engine:
        yield Redrive(settings.kafka, engine, key_encryption_key(settings), utc_now)


def _print_progress(letter: object, outcome: str) -> None:
    """Print one line per dead letter on standard error, so that progress does not mix with piped output."""
    typer.echo(f"{getattr(letter, 'id', '')} {getattr(letter, 'reason', '')}: {outcome}", err=True)

"""The `counterpoint` command. Each command is a few lines: the work lives in the rooms."""

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from plugin.queue.wording import SCOPE
from stream.runtime.errors import CounterpointError, Misconfigured, Unavailable
from stream.runtime.logging import configure
from stream.runtime.settings import Settings, load

MISCONFIGURED = 2  # exit status: a person must change something
AWAY = 1  # exit status: something did not answer; trying again may help

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a pretty traceback shows local variables, and those may hold text
    help=f"Feedback, after the session, on how moments of client resistance were handled in text counselling. {SCOPE}",
    epilog="Settings: counterpoint.toml, COUNTERPOINT_... variables, files in COUNTERPOINT_SECRETS_DIR. See README.md.",
)
users = typer.Typer(no_args_is_help=True, help="Accounts of the page and the digest.")
app.add_typer(users, name="users")

STAGES, SETUP, PEOPLE = "Run a stage", "Set up and check", "Use it"
Stage = Callable[[Settings], int]


def _run(stage: str, run: Stage) -> None:
    settings = load()
    configure(settings.log_level, stage=stage)
    raise typer.Exit(run(settings))


@app.command(rich_help_panel=STAGES)
def gateway() -> None:
    """Take signed webhooks from chat platforms and put them on the messages topic."""
    from plugin.gateway import run

    _run("gateway", run)


@app.command(rich_help_panel=STAGES)
def stream() -> None:
    """Detect possible resistance, keep the open sessions, close them."""
    from stream.session_worker import run

    _run("stream", run)


@app.command(rich_help_panel=STAGES)
def feedback() -> None:
    """De-identify finished sessions, ask the model behind Triton, check its answers."""
    from stream.feedback_worker import run

    _run("feedback", run)


@app.command(rich_help_panel=STAGES)
def sink() -> None:
    """Store feedback in the supervisor queue: one record, one transaction, then the commit."""
    from plugin.queue.sink import run

    _run("sink", run)


@app.command(rich_help_panel=STAGES)
def web() -> None:
    """Serve the page for supervisors and therapists."""
    from plugin.web.app import run

    _run("web", run)


@app.command(rich_help_panel=STAGES)
def up(
    logs: Annotated[Path, typer.Option(help="Folder for one log file a stage.")] = Path("counterpoint-logs"),
) -> None:
    """Run all five stages on this machine until Ctrl-C; a stage that ends is started again.

    Broker, database and Triton must be reachable: `counterpoint check` says whether they are.
    """
    from plugin.local.up import up as run

    raise typer.Exit(run(load(), logs, say=typer.echo))


@app.command(rich_help_panel=SETUP)
def topics() -> None:
    """Create the topics that are missing on the broker. Partitions are fixed for life; nothing is ever shrunk."""
    from stream.runtime.topics import compare, create_missing

    settings = load()
    created = create_missing(settings.kafka)
    for name in created:
        typer.echo(f"created {name} with {settings.kafka.partitions} partitions")
    differences = compare(settings.kafka)
    for sentence in differences:
        typer.echo(sentence, err=True)
    if differences:
        raise typer.Exit(AWAY)
    if not created:
        typer.echo("All topics stand as they should.")


@app.command(rich_help_panel=SETUP)
def migrate() -> None:
    """Bring the database to this version's schema."""
    from plugin.queue.migrate import pending, upgrade
    from stream.runtime.settings import required

    url = required(load().database.url, "database.url")
    steps = pending(url)
    upgrade(url)
    typer.echo(f"{len(steps)} migrations applied." if steps else "The database is up to date.")


@app.command(rich_help_panel=SETUP)
def check() -> None:
    """Look at settings, secrets, topics, database and model, and say in sentences what is wrong and how to mend it."""
    from plugin.check import check as run

    console = Console()
    troubles = 0
    for finding in run():
        troubles += finding.mend is not None
        mark = "[green]ok[/]   " if finding.mend is None else "[red]wrong[/]"
        console.print(f"{mark} ", end="")
        console.print(f"{finding.about}: {finding.sentence}", markup=False, highlight=False)
        if finding.mend:
            console.print(f"      {finding.mend}", markup=False, highlight=False)
    if troubles:
        raise typer.Exit(AWAY)


@app.command(rich_help_panel=PEOPLE)
def digest(
    user: Annotated[str, typer.Option("--for", help="User name of a supervisor or a therapist.")],
    since: Annotated[
        datetime | None,
        typer.Option(help="Only what came since then (UTC). Default: the last seven days.", show_default=False),
    ] = None,
) -> None:
    """Print what is new between sessions for one person."""
    from plugin.queue.digest import print_digest

    print_digest(load(), user, since, Console())


@app.command(rich_help_panel=PEOPLE)
def replay(
    path: Annotated[Path, typer.Argument(help="A file or folder of conversations.")],
    tenant: Annotated[str, typer.Option(help="Whose platform they come from; must be in the settings.")] = "demo",
    speed: Annotated[str, typer.Option(help="`max`, or a multiple of real time such as 10.")] = "max",
    source_format: Annotated[
        Literal["auto", "jsonl", "mibot", "annomi"],
        typer.Option("--format", help="jsonl: one webhook event a line; mibot: a transcript or a folder; annomi: CSV."),
    ] = "auto",
    run: Annotated[
        str, typer.Option(help="Names this replay: the same name twice changes nothing, another is another week.")
    ] = "replay",
) -> None:
    """Send recorded conversations through the gateway as live chat.

    Where a source has no times a typing pace supplies them. Consent is asserted for them: replay only what may be.
    """
    from plugin.replay import replay as send

    raise typer.Exit(
        send(path, load(), tenant=tenant, speed=speed, source_format=source_format, run=run, console=Console())
    )


@users.command("add")
def users_add(
    name: Annotated[str, typer.Argument(help="User name for the login.")],
    role: Annotated[Literal["supervisor", "therapist", "operator"], typer.Option(help="What the account may see.")],
    team: Annotated[list[str] | None, typer.Option(help="A team; may be given several times.")] = None,
    display_name: Annotated[str, typer.Option(help="How the page calls the person; default: the user name.")] = "",
    tenant: Annotated[
        str,
        typer.Option(help="For a therapist: whose platform. For a supervisor: whose sessions of no team are hers too."),
    ] = "",
    counsellor: Annotated[str, typer.Option(help="For a therapist: the platform's own reference to the person.")] = "",
) -> None:
    """Add an account. The password is read from the terminal, or from standard input when that is a pipe."""
    from plugin.queue.accounts import add_account

    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    add_account(
        load(),
        username=name,
        password=password,
        role=role,
        teams=team or [],
        display_name=display_name or name,
        tenant=tenant or None,
        counsellor=counsellor or None,
    )
    typer.echo(f"{name} may log in as {role}.")


@app.command(hidden=True)
def demo(
    paths: Annotated[list[Path] | None, typer.Argument(help="Conversations instead of the samples.")] = None,
    once: Annotated[bool, typer.Option(help="End after the digest.")] = False,
) -> None:
    """Run the whole of it on this machine, with sample conversations (`make demo`) or those given."""
    from plugin.local.demo import demo as run

    raise typer.Exit(run(once=once, paths=paths or [], console=Console()))


def main() -> None:
    """Run the command; an error of ours is a sentence and an exit status, never a traceback."""
    try:
        app()
    except Misconfigured as error:
        typer.echo(str(error), err=True)
        sys.exit(MISCONFIGURED)
    except Unavailable as error:
        typer.echo(str(error), err=True)
        sys.exit(AWAY)
    except CounterpointError as error:
        typer.echo(str(error), err=True)
        sys.exit(AWAY)


if __name__ == "__main__":
    main()

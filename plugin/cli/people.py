"""The commands for accounts, the digest, a replay and the demo."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from plugin.cli.base import SETUP_PANEL, USAGE_PANEL, app
from stream.runtime.settings import load_settings

users = typer.Typer(no_args_is_help=True, help="Accounts of the page and the digest.")
app.add_typer(users, name="users", rich_help_panel=SETUP_PANEL)


@app.command(rich_help_panel=USAGE_PANEL)
def digest(
    user: Annotated[str, typer.Option("--for", help="User name of a supervisor or a therapist.")],
    since: Annotated[
        datetime | None,
        typer.Option(help="Only what came since then (UTC). Default: the last seven days.", show_default=False),
    ] = None,
) -> None:
    """Print what is new between sessions for one person."""
    from plugin.digest.command import print_digest

    print_digest(load_settings(), user, since, Console())


@app.command(rich_help_panel=USAGE_PANEL)
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
        send(path, load_settings(), tenant=tenant, speed=speed, source_format=source_format, run=run, console=Console())
    )


@users.command("add")
def users_add(
    name: Annotated[str, typer.Argument(help="User name for the login.")],
    role: Annotated[Literal["supervisor", "therapist", "operator"], typer.Option(help="What the account may see.")],
    team: Annotated[list[str] | None, typer.Option(help="A team; may be given several times.")] = None,
    display_name: Annotated[str, typer.Option(help="How the page calls the person; default: the user name.")] = "",
    tenant: Annotated[
        str,
        typer.Option(
            help="A therapist's platform; for a supervisor, the one whose sessions without a team they also see."
        ),
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
        load_settings(),
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
    from plugin.local.demo import run_demo as run

    raise typer.Exit(run(once=once, paths=paths or [], console=Console()))

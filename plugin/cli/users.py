"""The commands for accounts: who may log in, in which role and teams."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from plugin.cli.base import SETUP_PANEL, app
from stream.runtime.settings import Settings, load_settings, required_secret

if TYPE_CHECKING:
    from rich.text import Text

    from plugin.queue.account_changes import Accounts

users = typer.Typer(
    no_args_is_help=True,
    help="Accounts of the page and the digest. Run as the owner of the tables; each change is on the audit trail.",
)
app.add_typer(users, name="users", rich_help_panel=SETUP_PANEL)

Name = Annotated[str, typer.Argument(help="User name of the account, in any spelling.")]


@users.command("add")
def users_add(
    name: Annotated[str, typer.Argument(help="User name for the login.")],
    role: Annotated[
        Literal["supervisor", "therapist", "operator", "lead", "auditor"],
        typer.Option(help="What the account may see: docs/login.md has a line for each role."),
    ],
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
    from plugin.queue.account_changes import add_account

    add_account(
        load_settings(),
        username=name,
        password=_new_password(),
        role=role,
        teams=team or [],
        display_name=display_name or name,
        tenant=tenant or None,
        counsellor=counsellor or None,
    )
    typer.echo(f"{name} may log in as {role}.")


@users.command("list")
def users_list() -> None:
    """List the accounts with role, teams, platform, whether they may log in, and where they come from."""
    from rich.console import Console
    from rich.table import Table

    from plugin.plain_text import printable

    table = Table("user name", "name", "role", "teams", "platform", "state", "from", box=None, pad_edge=False)
    with _accounts(load_settings()) as accounts:
        for entry in accounts.entries():
            values = (entry.username, entry.display_name, entry.role.value, ", ".join(entry.teams), entry.tenant or "")
            table.add_row(*(_plain(printable(value)) for value in (*values, entry.state, entry.issuer or "here")))
    Console().print(table)


@users.command("password")
def users_password(name: Name) -> None:
    """Set another password. Every login of the person ends.

    The password is read from the terminal, or from standard input when that is a pipe.
    """
    with _accounts(load_settings()) as accounts:
        entry = accounts.named(name)
        accounts.set_password(entry.account_id, _new_password())
    typer.echo(f"{entry.username} has another password, and must log in again.")


@users.command("disable")
def users_disable(name: Name) -> None:
    """Keep a person out: every login ends, and none is possible until the account is enabled again."""
    with _accounts(load_settings()) as accounts:
        entry = accounts.named(name)
        accounts.disable(entry.account_id)
    typer.echo(f"{entry.username} cannot log in any more. `counterpoint users enable` undoes it.")


@users.command("enable")
def users_enable(name: Name) -> None:
    """Let a person log in again, with the password as it is."""
    with _accounts(load_settings()) as accounts:
        entry = accounts.named(name)
        accounts.enable(entry.account_id)
    typer.echo(f"{entry.username} may log in.")


@users.command("team")
def users_team(
    name: Name,
    add: Annotated[
        list[str] | None, typer.Option(help="A team to put the person into; made if there is none of this name.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(help="A team to take the person out of; ends their logins.")
    ] = None,
) -> None:
    """Put a person into teams, and take them out of others. Both options may be given several times."""
    with _accounts(load_settings()) as accounts:
        entry = accounts.named(name)
        if not add and not remove:
            typer.echo(f"{entry.username} is in {', '.join(entry.teams) or 'no team'}. Give --add or --remove.")
            return
        accounts.change_teams(entry.account_id, add=add or [], remove=remove or [])
        teams = accounts.named(name).teams
    typer.echo(f"{entry.username} is in {', '.join(teams) or 'no team'}.")


@users.command("remove")
def users_remove(name: Name, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Remove an account for good: its logins end; its names, password and teams go.

    Decisions stay, as those of a removed account. A therapist's sessions are then those of a counsellor without a team;
    `counterpoint erase --therapist` removes the sessions too.
    """
    with _accounts(load_settings()) as accounts:
        entry = accounts.named(name)
        if not yes:
            typer.confirm(f"Remove {entry.username} ({entry.display_name}, {entry.role.value})?", abort=True)
        accounts.remove(entry.account_id)
    typer.echo(f"{entry.username} is removed.")


@contextmanager
def _accounts(settings: Settings) -> Iterator["Accounts"]:
    from plugin.database.engine import temporary_engine, utc_now
    from plugin.queue.account_changes import Accounts

    with temporary_engine(required_secret(settings.database.url, "database.url")) as engine:
        yield Accounts(engine, now=utc_now)


def _new_password() -> str:
    from plugin.queue.passwords import MAX_PASSWORD, MIN_PASSWORD

    if sys.stdin.isatty():
        question = f"Password ({MIN_PASSWORD} to {MAX_PASSWORD} characters)"
        return str(typer.prompt(question, hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _plain(value: str) -> "Text":
    """Return a cell of a table without markup."""
    from rich.text import Text

    return Text(value)

"""The commands for tokens of the JSON API: with which rights of which person a program may read and act."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from plugin.cli.base import SETUP_PANEL, app
from stream.runtime.settings import load_settings, required_secret

if TYPE_CHECKING:
    from plugin.queue.tokens import Tokens

tokens = typer.Typer(
    no_args_is_help=True,
    help="Tokens of the JSON API (docs/api.md). Run as the owner of the tables; each change is on the audit trail.",
)
app.add_typer(tokens, name="tokens", rich_help_panel=SETUP_PANEL)

SCOPES = (
    "sessions.read, sessions.review, sessions.release, disputes.write, risk.acknowledge, rubric.write, trail.read,"
    " people.write, receivers.write or outcomes.write"
)


@tokens.command("create")
def tokens_create(
    name: Annotated[str, typer.Argument(help="User name of the account for which the program acts.")],
    scope: Annotated[list[str], typer.Option(help=f"What it may do: {SCOPES}; may be given several times.")],
    days: Annotated[int, typer.Option(help="Days until it expires; at most 365.")] = 90,
) -> None:
    """Make a token and print it, once: it is not stored, and cannot be shown again."""
    from plugin.queue.token_views import Scope
    from stream.contracts.errors import Misconfigured

    known = [each.value for each in Scope]
    if unknown := sorted(set(scope) - set(known)):
        raise Misconfigured(f"There is no scope {unknown[0]}; scopes are {', '.join(known)}.")
    with _tokens() as made:
        token, expires_at = made.create(name, {Scope(each) for each in scope}, days)
    typer.echo(token)
    typer.echo(f"For {name}, until {expires_at:%Y-%m-%d %H:%M} UTC. Keep it as you keep a password.", err=True)


@tokens.command("list")
def tokens_list() -> None:
    """List the tokens with the person, what they may do, and whether they are valid; their secrets are not stored."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from plugin.plain_text import printable

    table = Table("token", "user name", "scopes", "expires", "last used", "state", box=None, pad_edge=False)
    with _tokens() as made:
        for entry in made.entries():
            last_used = "never" if entry.last_used_on is None else entry.last_used_on.isoformat()
            expires = f"{entry.expires_at:%Y-%m-%d}"
            values = (str(entry.token_id), entry.username, " ".join(entry.scopes), expires, last_used, entry.state)
            table.add_row(*(Text(printable(value)) for value in values))
    Console().print(table)


@tokens.command("revoke")
def tokens_revoke(
    token: Annotated[UUID, typer.Argument(help="Its id, as `counterpoint tokens list` shows it.")],
) -> None:
    """End a token for good, at once."""
    with _tokens() as made:
        made.revoke(token)
    typer.echo(f"{token} is revoked.")


@contextmanager
def _tokens() -> Iterator["Tokens"]:
    from plugin.database.engine import temporary_engine, utc_now
    from plugin.queue.failed_logins import FailedLogins
    from plugin.queue.tokens import Tokens

    with temporary_engine(required_secret(load_settings().database.url, "database.url")) as engine:
        yield Tokens(engine, FailedLogins(), now=utc_now)

"""The commands for receivers of signed webhooks: which there are, what they get, and whether one takes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from plugin.cli.base import EXIT_UNAVAILABLE, OPERATION_PANEL, app
from stream.runtime.settings import Settings, load_settings, required_secret

if TYPE_CHECKING:
    from plugin.queue.receivers import Receivers

receivers = typer.Typer(
    no_args_is_help=True,
    help="Receivers of releases and digests, which these commands store, and of risk signals, which the settings name"
    " (docs/receivers.md, docs/risk-signal.md). Run as the owner of the tables; each change is on the audit trail.",
)
app.add_typer(receivers, name="receivers", rich_help_panel=OPERATION_PANEL)

Name = Annotated[str, typer.Argument(help="Its name, as `counterpoint receivers list` shows it.")]
Kinds = typer.Option("--gets", help="What it gets: releases, digests; may be given several times.")


@receivers.command("list")
def receivers_list() -> None:
    """List the receivers with what they get, where, and what waits for them; their secrets are not shown.

    Those of risk signals are in the settings, and the others in the database.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from plugin.outbound.named_receivers import named_receivers
    from plugin.plain_text import printable

    settings = load_settings()
    columns = ("name", "gets", "of platform", "url", "state", "waiting", "given up")
    table = Table(*columns, box=None, pad_edge=False)
    for named in named_receivers(settings):
        values = (named.name, named.purpose, named.tenant, named.settings.url, "in the settings", "", "")
        table.add_row(*(Text(printable(value)) for value in values))
    if settings.database.url is not None:
        with _receivers(settings) as stored:
            for entry in stored.entries():
                gets, platform = ", ".join(entry.kinds), entry.tenant or "every one"
                values = (entry.name, gets, platform, entry.url, entry.state, str(entry.waiting), str(entry.failed))
                table.add_row(*(Text(printable(value)) for value in values))
    Console().print(table)


@receivers.command("add")
def receivers_add(
    name: Annotated[str, typer.Argument(help="A name that was never used: small letters, digits and hyphens.")],
    url: Annotated[str, typer.Option(help="Where it listens: https://host/path")],
    gets: Annotated[list[str], Kinds],
    tenant: Annotated[
        str | None, typer.Option(help="The platform of whose releases it is told; without it, of every one.")
    ] = None,
) -> None:
    """Store a receiver and print the secret by which it verifies what it gets, once: it cannot be shown again."""
    from plugin.database.receivers_key import receivers_key
    from plugin.queue.accounts import check_tenant
    from plugin.queue.receiver_views import kinds_of

    settings = load_settings()
    if tenant is not None:
        check_tenant(settings.tenants, tenant)
    with _receivers(settings) as stored:
        _, secret = stored.add(receivers_key(settings.delivery), name, url, kinds_of(gets), tenant)
    typer.echo(secret)
    typer.echo(f"Try it: counterpoint receivers test {name}", err=True)


@receivers.command("rotate")
def receivers_rotate(name: Name) -> None:
    """Give a receiver a new secret and print it, once; the one before signs beside it for a day."""
    from plugin.database.receivers_key import receivers_key

    settings = load_settings()
    with _receivers(settings) as stored:
        secret = stored.rotate(receivers_key(settings.delivery), stored.named(name))
    typer.echo(secret)
    typer.echo("For a day requests are signed with the secret before it, too.", err=True)


@receivers.command("disable")
def receivers_disable(name: Name) -> None:
    """Send a receiver nothing for a while; releases of that time are not told to it."""
    with _receivers(load_settings()) as stored:
        stored.set_enabled(stored.named(name), enabled=False)
    typer.echo(f"{name} is disabled.")


@receivers.command("enable")
def receivers_enable(name: Name) -> None:
    """Send a receiver again what waits for it, and what comes."""
    with _receivers(load_settings()) as stored:
        stored.set_enabled(stored.named(name), enabled=True)
    typer.echo(f"{name} is enabled.")


@receivers.command("remove")
def receivers_remove(name: Name) -> None:
    """Remove a receiver for good, with its address and secrets; its name cannot be used again."""
    with _receivers(load_settings()) as stored:
        stored.remove(stored.named(name))
    typer.echo(f"{name} is removed.")


@receivers.command("replay")
def receivers_replay(
    name: Name,
    since: Annotated[
        datetime,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="In UTC; notices are kept for 30 days."),
    ],
) -> None:
    """Send a receiver again every notice of a release that was made since a time, in order and with the same ids."""
    from datetime import UTC

    from plugin.plain_text import counted

    with _receivers(load_settings()) as stored:
        again = stored.replay(stored.named(name), since.replace(tzinfo=UTC))
    typer.echo(f"{counted(again, 'notice')} for {name} will be sent again.")


@receivers.command("test")
def receivers_test(name: Name) -> None:
    """Send a receiver a signed test, `receiver.test`, which speaks of nobody. Status 1 if it does not take it."""
    from plugin.database.engine import utc_now
    from plugin.outbound.named_receivers import try_receiver

    answer = try_receiver(load_settings(), name, utc_now)
    typer.echo(f"{name}: {answer.words}.")
    if not answer.is_taken:
        raise typer.Exit(EXIT_UNAVAILABLE)


@contextmanager
def _receivers(settings: Settings) -> Iterator["Receivers"]:
    from plugin.database.engine import temporary_engine, utc_now
    from plugin.queue.receivers import Receivers

    with temporary_engine(required_secret(settings.database.url, "database.url")) as engine:
        yield Receivers(engine, now=utc_now)

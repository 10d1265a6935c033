"""The commands for receivers of signed webhooks: which there are, and whether one takes what it gets."""

from typing import Annotated

import typer

from plugin.cli.base import EXIT_UNAVAILABLE, OPERATION_PANEL, app
from stream.runtime.settings import load_settings

receivers = typer.Typer(
    no_args_is_help=True,
    help="Receivers of risk signals and digests, as the settings name them (docs/risk-signal.md, docs/operations.md).",
)
app.add_typer(receivers, name="receivers", rich_help_panel=OPERATION_PANEL)


@receivers.command("list")
def receivers_list() -> None:
    """List the receivers that the settings name, with what they get, where, and how many secrets sign it."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from plugin.outbound.named_receivers import named_receivers
    from plugin.plain_text import printable

    table = Table("name", "gets", "url", "secrets", box=None, pad_edge=False)
    for receiver in named_receivers(load_settings()):
        secrets = str(len(receiver.settings.secrets))
        values = (receiver.name, receiver.purpose, receiver.settings.url, secrets)
        table.add_row(*(Text(printable(value)) for value in values))
    Console().print(table)


@receivers.command("test")
def receivers_test(
    name: Annotated[str, typer.Argument(help="Its name, as `counterpoint receivers list` shows it.")],
) -> None:
    """Send a receiver a signed test, `receiver.test`, which speaks of nobody. Status 1 if it does not take it."""
    from plugin.database.engine import utc_now
    from plugin.outbound.named_receivers import try_receiver

    answer = try_receiver(load_settings(), name, utc_now)
    typer.echo(f"{name}: {answer.words}.")
    if not answer.is_taken:
        raise typer.Exit(EXIT_UNAVAILABLE)

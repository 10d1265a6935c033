"""The commands for the digest, a replay and the demo."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from plugin.cli.base import USAGE_PANEL, app, read_own_password
from stream.runtime.settings import load_settings


@app.command(rich_help_panel=USAGE_PANEL)
def digest(
    user: Annotated[str, typer.Option("--for", help="User name of a supervisor or a therapist.")],
    since: Annotated[
        datetime | None,
        typer.Option(help="Only what came since then (UTC). Default: the last seven days.", show_default=False),
    ] = None,
) -> None:
    """Print what is new between sessions for one person, who types their password or pipes it to standard input.

    It runs under the database role of `digest`; the audit trail names the person for each session read.
    """
    from plugin.digest.command import print_digest

    print_digest(load_settings(), user, read_own_password(), since, Console())


@app.command(rich_help_panel=USAGE_PANEL)
def replay(
    path: Annotated[Path, typer.Argument(help="A file or folder of conversations.")],
    tenant: Annotated[str, typer.Option(help="Whose platform they come from; must be in the settings.")] = "demo",
    speed: Annotated[str, typer.Option(help="`max`, or a multiple of real time such as 10.")] = "max",
    source_format: Annotated[
        Literal["auto", "jsonl", "mibot", "annomi", "thousand-voices", "failed-esconv"],
        typer.Option("--format", help="jsonl: one webhook event a line; the others: `counterpoint corpora` tells."),
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


@app.command(hidden=True)
def demo(
    paths: Annotated[list[Path] | None, typer.Argument(help="Conversations instead of the samples.")] = None,
    once: Annotated[bool, typer.Option(help="End after the digest.")] = False,
    platform: Annotated[
        Literal["webhook", "matrix"], typer.Option(help="What the samples are sent by; `matrix` starts a homeserver.")
    ] = "webhook",
) -> None:
    """Run the whole of it on this machine, with sample conversations (`make demo`) or those given."""
    from plugin.local.demo import run_demo as run

    raise typer.Exit(run(once=once, paths=paths or [], console=Console(), with_matrix=platform == "matrix"))

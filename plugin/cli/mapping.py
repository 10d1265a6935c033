"""The commands for a service's people by a mapping: who would land where, and the changes."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from plugin.cli.base import EXIT_MISCONFIGURED, SETUP_PANEL, app
from stream.runtime.settings import load_settings

people = typer.Typer(
    no_args_is_help=True,
    help="Accounts, teams and supervisors from a file (docs/people.md). Run as the owner of the tables.",
)
app.add_typer(people, name="people", rich_help_panel=SETUP_PANEL)

File = Annotated[Path, typer.Argument(help="CSV with a header, or one JSON object a line.")]
DisableAbsent = Annotated[
    bool,
    typer.Option("--disable-absent", help="Disable therapists and supervisors whom the file does not name."),
]


@people.command("plan")
def people_plan(file: File, disable_absent: DisableAbsent = False) -> None:
    """Say what a file would change, whose sessions who would see, and who would land nowhere. Changes nothing.

    Ends with the status 2 if somebody cannot be placed.
    """
    from plugin.people.command import plan

    if not plan(load_settings(), Console(), file, disable_absent=disable_absent):
        raise typer.Exit(EXIT_MISCONFIGURED)


@people.command("apply")
def people_apply(
    file: File,
    disable_absent: DisableAbsent = False,
    plan: Annotated[
        str | None,
        typer.Option(help="The code of the plan that was read. Without it the plan is printed, and you are asked."),
    ] = None,
) -> None:
    """Make the changes of a file, all of them or none, each with an entry on the audit trail.

    Nobody is removed, and nobody is disabled because the file leaves them out unless --disable-absent says so.
    """
    from plugin.people.command import apply

    apply(load_settings(), Console(), file, disable_absent=disable_absent, code=plan, confirm=typer.confirm)

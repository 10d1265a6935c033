"""The command that imports outcomes."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from plugin.cli.base import STUDIES_PANEL, app
from stream.runtime.settings import load_settings

outcomes = typer.Typer(no_args_is_help=True, help="Ratings and scores of instruments that clients or counsellors gave.")
app.add_typer(outcomes, name="outcomes", rich_help_panel=STUDIES_PANEL)


@outcomes.callback()
def about() -> None:
    """Ratings and scores of instruments that clients or counsellors gave."""


@outcomes.command("import")
def outcomes_import(
    file: Annotated[Path, typer.Argument(help="CSV or JSON Lines; the columns: docs/outcomes.md.")],
    tenant: Annotated[str, typer.Option(help="The platform whose references are in the file.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the file and say what would be sent.")] = False,
) -> None:
    """Send the outcomes of a file to their topic, all of them or, where a line is wrong, none.

    What has no consent to processing is not sent. The same file may be imported again.

    Example: counterpoint outcomes import scores.csv --tenant sample --dry-run
    """
    from plugin.outcomes.command import import_outcomes

    import_outcomes(load_settings(), Console(), file, tenant, dry_run=dry_run)

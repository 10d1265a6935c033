"""The command that rates stored exchanges again."""

from typing import Annotated, Literal

import typer
from rich.console import Console

from plugin.cli.base import MODELS_PANEL, app
from stream.runtime.settings import load_settings


@app.command(rich_help_panel=MODELS_PANEL)
def rerate(
    model: Annotated[
        Literal["active", "shadow"],
        typer.Option(help="active: the present model, for trends; shadow: the one of feedback.shadow, to compare."),
    ] = "active",
    at_most: Annotated[
        int, typer.Option(min=1, max=600, help="Exchanges a minute, so that live feedback goes first.")
    ] = 20,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Rate stored exchanges by another version of the model, beside the answers that count, which stay as they are.

    Says first how many there are and how long it takes. Broken off, it goes on when it is run again.
    """
    from plugin.rerate.command import rerate as run

    run(load_settings(), Console(), shadow=model == "shadow", at_most=at_most, confirm=None if yes else typer.confirm)

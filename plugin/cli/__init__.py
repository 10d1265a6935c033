"""The `counterpoint` command. Each command is a few lines: the work lives in the rooms."""

import sys

import typer

from plugin.cli import people, setup, stages  # each adds its commands
from plugin.cli.base import AWAY, MISCONFIGURED, app
from stream.runtime.errors import CounterpointError, Misconfigured

__all__ = ["app", "main", "people", "setup", "stages"]


def main() -> None:
    """Run the command; an error of ours is a sentence and an exit status, never a traceback."""
    try:
        app()
    except CounterpointError as error:
        typer.echo(str(error), err=True)
        sys.exit(MISCONFIGURED if isinstance(error, Misconfigured) else AWAY)

"""The `counterpoint` command. Each command is a few lines: the work lives in the rooms."""

import sys

import typer

from plugin.cli import (
    corpora,
    criteria,
    exports,
    kafka,
    mapping,
    matrix,
    models,
    operations,
    outcomes,
    people,
    practice,
    privacy,
    receivers,
    rerate,
    setup,
    stages,
    studies,
    tokens,
    users,
)  # each adds commands
from plugin.cli.base import app
from stream.contracts.errors import CounterpointError

__all__ = [
    "app",
    "corpora",
    "criteria",
    "exports",
    "kafka",
    "main",
    "mapping",
    "matrix",
    "models",
    "operations",
    "outcomes",
    "people",
    "practice",
    "privacy",
    "receivers",
    "rerate",
    "setup",
    "stages",
    "studies",
    "tokens",
    "users",
]


def main() -> None:
    """Run the command; an error of ours is a sentence and an exit status, never a traceback."""
    try:
        app()
    except CounterpointError as error:
        typer.echo(str(error), err=True)
        sys.exit(error.exit_status)

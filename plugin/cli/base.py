"""The command itself: its help, its panels and its exit statuses. The other files of this folder fill it."""

import sys
from typing import Final

import typer

from plugin.plain_text import SCOPE
from stream.runtime.logging import configure_command_logging

EXIT_MISCONFIGURED: Final = 2  # exit status: a person must change something
EXIT_UNAVAILABLE: Final = 1  # exit status: something did not answer; trying again may help

STAGES_PANEL: Final = "Run a stage"
SETUP_PANEL: Final = "Set up and check"
USAGE_PANEL: Final = "Use it"
OPERATION_PANEL: Final = "Keep it running"
PRIVACY_PANEL: Final = "Protect privacy"
MODELS_PANEL: Final = "Models"
STUDIES_PANEL: Final = "Studies"

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a pretty traceback shows local variables, and those may hold text
    help=f"Feedback, after the session, on how moments of client resistance were handled in text counselling. {SCOPE}",
    epilog="Settings: counterpoint.toml, COUNTERPOINT_... variables, files in COUNTERPOINT_SECRETS_DIR. See README.md.",
)


@app.callback()
def before_each_command() -> None:
    """Keep log lines out of what a command prints; a stage configures its own logging afterwards."""
    configure_command_logging()


def read_own_password() -> str:
    """Return the password of the person who runs the command: typed on the terminal, or a line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, err=True))
    return sys.stdin.readline().rstrip("\n")

"""One command a stage, and `up` for all of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from plugin.cli.base import STAGES, app
from stream.runtime.logging import configure
from stream.runtime.metrics import tell_build
from stream.runtime.settings import Settings, load

Stage = Callable[[Settings], int]


def _run(stage: str, run: Stage) -> None:
    settings = load()
    configure(settings.log_level, stage=stage)
    tell_build(stage)
    raise typer.Exit(run(settings))


@app.command(rich_help_panel=STAGES)
def gateway() -> None:
    """Take signed webhooks from chat platforms and put them on the messages topic."""
    from plugin.gateway import run

    _run("gateway", run)


@app.command(rich_help_panel=STAGES)
def stream() -> None:
    """Detect possible resistance, keep the open sessions, close them."""
    from stream.workers.session_worker import run

    _run("stream", run)


@app.command(rich_help_panel=STAGES)
def feedback() -> None:
    """De-identify finished sessions, ask the model behind Triton, check its answers."""
    from stream.workers.feedback_worker import run

    _run("feedback", run)


@app.command(rich_help_panel=STAGES)
def sink() -> None:
    """Store feedback in the supervisor queue: one record, one transaction, then the commit."""
    from plugin.sink.sink import run

    _run("sink", run)


@app.command(rich_help_panel=STAGES)
def web() -> None:
    """Serve the page for supervisors and therapists."""
    from plugin.web.app import run

    _run("web", run)


@app.command(rich_help_panel=STAGES)
def up(
    logs: Annotated[Path, typer.Option(help="Folder for one log file a stage.")] = Path("counterpoint-logs"),
) -> None:
    """Run all five stages on this machine until Ctrl-C; what ends is started again, unless a person must look first.

    Broker, database and Triton must be reachable: `counterpoint check` says whether they are.
    """
    from plugin.local.up import up as run

    raise typer.Exit(run(load(), logs, say=typer.echo))

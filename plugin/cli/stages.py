"""The commands that run the stages: one for each stage, and `up` for all of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from plugin.cli.base import STAGES_PANEL, app
from stream.runtime import stages
from stream.runtime.logging import configure_logging
from stream.runtime.metrics import set_build_info
from stream.runtime.process import limit_blas_threads, reduce_garbage_collection
from stream.runtime.settings import Settings, load_settings
from stream.runtime.stages import Stage


def _run(stage: Stage, run: Callable[[Settings], int]) -> None:
    """Set up logs and metrics for a stage, run it, and end the process with its exit status."""
    settings = load_settings()
    configure_logging(settings.log_level, stage=stage.name)
    set_build_info(stage.name)
    raise typer.Exit(run(settings))


@app.command(rich_help_panel=STAGES_PANEL)
def gateway() -> None:
    """Take signed webhooks from chat platforms and put them on the messages topic."""
    from plugin.gateway import run

    _run(stages.GATEWAY, run)


@app.command(rich_help_panel=STAGES_PANEL)
def stream() -> None:
    """Detect possible resistance, keep the open sessions, close them."""
    from stream.workers.session_worker import run

    reduce_garbage_collection()
    limit_blas_threads()
    _run(stages.STREAM, run)


@app.command(rich_help_panel=STAGES_PANEL)
def feedback() -> None:
    """De-identify finished sessions, ask the model behind Triton, check its answers."""
    from stream.workers.feedback_worker import run

    reduce_garbage_collection()
    _run(stages.FEEDBACK, run)


@app.command(rich_help_panel=STAGES_PANEL)
def measures() -> None:
    """Measure finished sessions: ask the reader behind Triton, publish numbers and labels; where measures.enabled."""
    from stream.workers.measures_worker import run

    reduce_garbage_collection()
    limit_blas_threads()
    _run(stages.MEASURES, run)


@app.command(rich_help_panel=STAGES_PANEL)
def sink() -> None:
    """Store feedback in the supervisor queue: one record, one transaction, then the commit."""
    from plugin.sink.sink import run

    _run(stages.SINK, run)


@app.command(rich_help_panel=STAGES_PANEL)
def web() -> None:
    """Serve the page for supervisors and therapists, and have the replies rated that therapists practise."""
    from plugin.practice.rater import open_rater
    from plugin.practice.speaker import open_speaker
    from plugin.web.app import run

    reduce_garbage_collection()
    _run(stages.WEB, lambda settings: run(settings, open_rater(settings.feedback), open_speaker(settings.feedback)))


@app.command(rich_help_panel=STAGES_PANEL)
def hear() -> None:
    """Ask the reader about clients' messages of open sessions, and raise risk signals, for platforms that ask for it.

    Off unless tenants.NAME.risk.reader is set. It is the only stage that asks a model before a session is over. It
    keeps no score, and nothing leaves it but the signal. What the reader does not answer within five minutes is passed
    over: the word list of the stream stage has heard it already. docs/risk-signal.md says what it finds and misses.
    """
    from stream.workers.hear_worker import run

    reduce_garbage_collection()
    limit_blas_threads()
    _run(stages.HEAR, run)


@app.command(rich_help_panel=STAGES_PANEL)
def deliver(
    once: Annotated[
        bool, typer.Option("--once", help="Send the digests that are due now, then end; for a timer.")
    ] = False,
) -> None:
    """Send digests to those who asked for them, by mail or signed webhook, and risk signals to their platforms.

    Neither holds any words. It runs under the database role of `digest` and has no key of any text. Two at once send
    each digest once, and share the platforms' signals; a signal goes out while the database is away too.
    """
    from plugin.outbound.stage import run

    _run(stages.DELIVER, lambda settings: run(settings, once=once))


@app.command(rich_help_panel=STAGES_PANEL)
def reconcile(
    once: Annotated[bool, typer.Option("--once", help="Look once, then end; for a timer.")] = False,
) -> None:
    """Ask Chatwoot for resolved conversations, and publish what its deliveries have lost of them; it sends each once.

    It looks each minute, twelve hours back, and keeps nothing: after a crash it looks again. Two at once do no harm. It
    only reads there, and publishes nothing that was withdrawn or erased.
    """
    from plugin.reconcile.stage import run

    settings = load_settings()
    configure_logging(settings.log_level, stage="reconcile")
    set_build_info("reconcile")
    raise typer.Exit(run(settings, once=once))


@app.command(rich_help_panel=STAGES_PANEL)
def up(
    logs: Annotated[Path, typer.Option(help="Folder for one log file a stage.")] = Path("counterpoint-logs"),
) -> None:
    """Run all stages on this machine until Ctrl-C; what ends is started again, unless a person must look first.

    `deliver` is among them where the settings name a receiver, `hear` where the reader is to hear, `measures` where
    measures are on. Broker, database and Triton must be reachable: `counterpoint check` says whether they are.
    """
    from plugin.local.all_stages import run_all_stages as run

    raise typer.Exit(run(load_settings(), logs, say=typer.echo))

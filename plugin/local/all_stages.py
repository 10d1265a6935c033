"""All stages on one machine: they are started, watched, restarted when they end, and stopped together."""

import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from plugin import use_policy
from plugin.local.process import NotStarted, Process
from plugin.local.stage_process import StageProcess
from stream.contracts.errors import NO_RESTART_STATUSES
from stream.runtime.settings import Settings
from stream.runtime.stages import used_stages

WATCH_INTERVAL_S = 0.5  # how often a stage is looked at; an ended one is noticed within this time
RESTART_DELAY_S = 2.0  # before an ended stage is started again, so that a broken one does not spin


def stage_processes(
    settings: Settings, logs: Path, env: Mapping[str, str], database_urls: Mapping[str, str] | None = None
) -> list[StageProcess]:
    """The stages that these settings use, in the order in which events pass them, not started.

    `database_urls` are those of stages with a role of their own; the others take the one of the settings.
    """
    urls = database_urls or {}
    processes = []
    for stage in used_stages(settings):
        host, port = stage.address(settings)
        own = {"COUNTERPOINT_DATABASE__URL": urls[stage.name]} if stage.name in urls else {}
        processes.append(StageProcess(stage.name, logs, env={**env, **own}, health_url=f"http://{host}:{port}"))
    return processes


def start_all(running: Sequence[Process], say: Callable[[str], None]) -> None:
    """Start the stages side by side and wait until each is ready. The caller stops them, also after a failure.

    Raises:
        NotStarted: with the end of that stage's log.
    """
    begun = time.monotonic()
    for stage in running:
        stage.launch()
    for stage in running:
        stage.wait_ready()
        say(f"{stage.name}: ready after {time.monotonic() - begun:.1f} s, log in {stage.log}")


def stop_all(running: Sequence[Process]) -> None:
    """Ask all stages to end, side by side, and wait for them."""
    threads = [threading.Thread(target=stage.stop) for stage in running]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def restart_ended(
    running: Sequence[Process], say: Callable[[str], None], is_over: Callable[[], bool] = lambda: False
) -> None:
    """Start again what ends, until `is_over` returns true; but not what has said that a person must look first.

    Raises:
        KeyboardInterrupt: Ctrl-C, or SIGTERM where `interrupt_on_sigterm` was called.
    """
    not_restarted: set[str] = set()
    while not is_over():
        time.sleep(WATCH_INTERVAL_S)
        for stage in running:
            if stage.alive or stage.name in not_restarted:
                continue
            if stage.exit_code in NO_RESTART_STATUSES:
                not_restarted.add(stage.name)
                say(
                    f"{stage.name} ended with status {stage.exit_code} and is NOT started again:"
                    f" {_last_log_line(stage)}"
                )
                say(f"Mend it, then start `counterpoint {stage.name}`, or all with `counterpoint up`. Log: {stage.log}")
                continue
            say(f"{stage.name} ended with status {stage.exit_code}; starting it again. Its log: {stage.log}")
            time.sleep(RESTART_DELAY_S)
            try:
                stage.restart()
            except NotStarted as error:
                say(str(error))


def _last_log_line(stage: Process) -> str:
    """Return the last line of the stage's log."""
    lines = stage.tail().strip().splitlines()
    return lines[-1] if lines else "it said nothing."


def interrupt_on_sigterm() -> None:
    """Let SIGTERM end this process by the same path as Ctrl-C. Call it from the main thread.

    Ctrl-C itself is asked for too: a shell that starts us in the background has it ignored.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def run_all_stages(settings: Settings, logs: Path, *, say: Callable[[str], None]) -> int:
    """Run all stages until Ctrl-C. Returns the exit status."""
    interrupt_on_sigterm()
    running = stage_processes(settings, logs, env={})
    try:
        start_all(running, say)
        say(use_policy.CORE)
        say(f"The page: http://{settings.web.host}:{settings.web.port}  (Ctrl-C ends all stages)")
        restart_ended(running, say)
    except KeyboardInterrupt:
        say("ending")
    finally:
        stop_all(running)
    return 0

"""All stages on one machine: start them, watch them, start again what ends, stop them together."""

import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from plugin.local.process import NotStarted, Process
from plugin.local.stage import Stage
from stream.contracts.errors import NEEDS_A_PERSON
from stream.runtime.settings import Settings

WATCH_S = 0.5  # how often a stage is looked at; an ended one is noticed within this time
PAUSE_S = 2.0  # before an ended stage is started again, so that a broken one does not spin


def stages(
    settings: Settings, logs: Path, env: Mapping[str, str], database_urls: Mapping[str, str] | None = None
) -> list[Stage]:
    """The five stages in the order in which events pass them, not started.

    `database_urls` are those of stages with a role of their own; the others take the one of the settings.
    """
    own = {name: {"COUNTERPOINT_DATABASE__URL": url} for name, url in (database_urls or {}).items()}
    health = settings.health
    addresses = {
        "gateway": (settings.gateway.host, settings.gateway.port),
        "stream": (health.host, health.stream_port),
        "feedback": (health.host, health.feedback_port),
        "sink": (health.host, health.sink_port),
        "web": (settings.web.host, settings.web.port),
    }
    return [
        Stage(name, logs, env={**env, **own.get(name, {})}, health_url=f"http://{host}:{port}")
        for name, (host, port) in addresses.items()
    ]


def start(running: Sequence[Process], say: Callable[[str], None]) -> None:
    """Start the stages side by side and wait until each is ready. Whoever calls it stops them, also on failure.

    Raises:
        NotStarted: with the end of that stage's log.
    """
    begun = time.monotonic()
    for stage in running:
        stage.launch()
    for stage in running:
        stage.wait_ready()
        say(f"{stage.name}: ready after {time.monotonic() - begun:.1f} s, log in {stage.log}")


def stop(running: Sequence[Process]) -> None:
    """Ask all stages to end, side by side, and wait for them."""
    threads = [threading.Thread(target=stage.stop) for stage in running]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def watch(running: Sequence[Process], say: Callable[[str], None], over: Callable[[], bool] = lambda: False) -> None:
    """Start again what ends, until it is `over`; but not what has said that a person must look first.

    Raises:
        KeyboardInterrupt: Ctrl-C, or SIGTERM where `ctrl_c_on_sigterm` was called.
    """
    left_alone: set[str] = set()
    while not over():
        time.sleep(WATCH_S)
        for stage in running:
            if stage.alive or stage.name in left_alone:
                continue
            if stage.exit_code in NEEDS_A_PERSON:
                left_alone.add(stage.name)
                say(f"{stage.name} ended with status {stage.exit_code} and is NOT started again: {_last_words(stage)}")
                say(f"Mend it, then start `counterpoint {stage.name}`, or all with `counterpoint up`. Log: {stage.log}")
                continue
            say(f"{stage.name} ended with status {stage.exit_code}; starting it again. Its log: {stage.log}")
            time.sleep(PAUSE_S)
            try:
                stage.restart()
            except NotStarted as error:
                say(str(error))


def _last_words(stage: Process) -> str:
    """The sentence with which it ended."""
    lines = stage.tail().strip().splitlines()
    return lines[-1] if lines else "it said nothing."


def ctrl_c_on_sigterm() -> None:
    """Let SIGTERM end this process by the same path as Ctrl-C. Call it from the main thread.

    Ctrl-C itself is asked for too: a shell that starts us in the background has it ignored.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def up(settings: Settings, logs: Path, *, say: Callable[[str], None]) -> int:
    """Run all stages until Ctrl-C. Returns the exit status."""
    ctrl_c_on_sigterm()
    running = stages(settings, logs, env={})
    try:
        start(running, say)
        say(f"The page: http://{settings.web.host}:{settings.web.port}  (Ctrl-C ends all stages)")
        watch(running, say)
    except KeyboardInterrupt:
        say("ending")
    finally:
        stop(running)
    return 0

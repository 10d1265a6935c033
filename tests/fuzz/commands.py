"""A script that runs many `counterpoint` command lines in one process and prints the result of each."""

import io
import json
import signal
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from functools import cache
from typing import Any

LONGEST_S = 30
CONNECT_MS = 300
"""The timeout for a broker; none answers here, so the ten seconds of the commands would be wasted."""


class TooLong(BaseException):
    """An error for a command that kept running although it should have refused its arguments."""


def _too_long(*_: object) -> None:
    raise TooLong


def run(argv: list[str]) -> dict[str, Any]:
    """Run one command line and return its status and output."""
    from plugin.cli import main

    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["counterpoint", *argv]
    sys.stdin = io.StringIO("a long enough password\n")
    status: object = 0
    signal.alarm(LONGEST_S)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as end:
        status = end.code or 0
    except BaseException:  # noqa: BLE001 - a traceback is what we look for
        status = "traceback"
        err.write(traceback.format_exc())
    finally:
        signal.alarm(0)
    return {"argv": argv, "status": status, "out": out.getvalue(), "err": err.getvalue()}


def shorten_timeouts() -> None:
    """Shorten the time that commands wait for a broker."""
    from stream.runtime import kafka_clients

    shorter = replace(kafka_clients.COMMAND_TIMEOUTS, connect_ms=CONNECT_MS)
    kafka_clients.COMMAND_TIMEOUTS = shorter  # type: ignore[misc]


def keep_command() -> None:
    """Let Typer work out the command line once, which it otherwise does for each command: a hundredth of a second."""
    from typer import main

    main.get_command = cache(main.get_command)


if __name__ == "__main__":
    shorten_timeouts()
    keep_command()
    signal.signal(signal.SIGALRM, _too_long)
    for line in sys.stdin.read().splitlines():
        print(json.dumps(run(json.loads(line))), file=sys.__stdout__, flush=True)

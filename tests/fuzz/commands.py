"""Runs many command lines in one process, each as the `counterpoint` script would, and prints what came of them."""

import io
import json
import signal
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

LONGEST_S = 30
REACH_MS = 300
"""No broker will answer here; the ten seconds that a command gives it would only be waited for."""


class TooLong(BaseException):
    """A command that should have refused its arguments went on."""


def _too_long(*_: object) -> None:
    raise TooLong


def run(argv: list[str]) -> dict[str, Any]:
    """One command line."""
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


def be_impatient() -> None:
    """Shorten what commands wait for a broker."""
    from plugin.operations import broker
    from stream.runtime import kafka_rights, topics

    broker.REACH_MS = REACH_MS  # type: ignore[misc]
    kafka_rights._REACH_MS = REACH_MS  # type: ignore[misc]
    topics._BOOTSTRAP_MS = REACH_MS


if __name__ == "__main__":
    be_impatient()
    signal.signal(signal.SIGALRM, _too_long)
    for line in sys.stdin.read().splitlines():
        print(json.dumps(run(json.loads(line))), file=sys.__stdout__, flush=True)

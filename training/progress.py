"""The progress bar of the training commands."""

import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

_LINE_EVERY_S = 60.0
"""Seconds between two lines in a log: a fit takes from minutes to hours."""


class _LoggedProgress(Progress):
    """A progress bar that writes a line a minute where it cannot be drawn."""

    _last_line_s = float("-inf")

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        super().advance(task_id, advance)
        now_s = time.monotonic()
        if self.console.is_terminal or now_s - self._last_line_s < _LINE_EVERY_S:
            return
        self._last_line_s = now_s
        task = self.tasks[self.task_ids.index(task_id)]
        total = "?" if task.total is None else f"{task.total:.0f}"
        left = "" if task.time_remaining is None else f", {task.time_remaining / 60:.0f} min left"
        self.console.print(f"{task.description}: {task.completed:.0f} of {total}{left}")


def progress_bar() -> Progress:
    """Return a progress bar on stderr, with the count, the time so far and an estimate of the time left.

    Where stderr is no terminal it writes a line a minute instead.
    """
    return _LoggedProgress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )

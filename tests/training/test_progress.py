"""The progress bar of the training commands also says in a log how far a long work is."""

import io

import pytest
from rich.console import Console
from rich.progress import Progress

from training import progress


def written(bar: Progress, steps: int, *, total: int | None) -> str:
    """Return what a bar writes that advances so many steps."""
    file = io.StringIO()
    bar.live.console = Console(file=file)
    with bar:
        task = bar.add_task("fold 0", total=total)
        for _ in range(steps):
            bar.advance(task)
    return file.getvalue()


def test_a_log_gets_a_line_at_once_and_then_one_a_minute() -> None:
    """Where nothing can be drawn the first step writes a line, and the next of the same minute write none."""
    lines = [line for line in written(progress.progress_bar(), 3, total=3).splitlines() if line.startswith("fold 0: ")]
    assert lines == ["fold 0: 1 of 3"]


def test_a_line_is_due_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that comes a minute after the last line writes the next one."""
    monkeypatch.setattr(progress, "_LINE_EVERY_S", 0.0)
    text = written(progress.progress_bar(), 2, total=4)
    assert "fold 0: 1 of 4" in text
    assert "fold 0: 2 of 4" in text


def test_a_work_of_unknown_length_says_how_far_it_is() -> None:
    """A work whose steps are not known yet is told by the steps that are done."""
    assert "fold 0: 1 of ?" in written(progress.progress_bar(), 1, total=None)

"""`make bench`: measure, print a table with ratios; `--json` for a program, `--only` for some of it."""

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import measures, queue
from bench.measures import Figures, Scale

MEASURES = {
    "throughput": measures.throughput,
    "lag": measures.lag,
    "queue": queue.session_end_to_row,
    "memory": measures.memory,
    "bytes": measures.changelog_bytes,
}
_RATIOS = (
    ("times the loop written by hand", "stream, one worker", "written by hand"),
    ("of the Faust agent with a table", "stream, one worker", "Faust agent, table"),
    ("of the bare Faust agent", "stream, one worker", "Faust agent, count"),
    ("two workers to one", "stream, two workers", "stream, one worker"),
)


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=list(MEASURES), help="which measures to take")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the load; below 1 says little")
    asked = parser.parse_args()
    progress = Console(stderr=True)
    found: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory(prefix="counterpoint-bench-") as folder:
        for name in asked.only:
            progress.print(f"[bold]{name}[/bold]")
            found[name] = MEASURES[name](
                Path(folder) / name, Scale(asked.scale), lambda line: progress.print(f"  {line}")
            )
    found["ratios"] = ratios(found.get("throughput", {}))
    if asked.json:
        json.dump({"machine": machine(), "scale": asked.scale} | found, sys.stdout, indent=1)
    else:
        show(found)


def ratios(rates: Figures) -> Figures:
    """Ours against the others, as far as they were measured."""
    return {name: rates[ours] / rates[other] for name, ours, other in _RATIOS if ours in rates and other in rates}


def machine() -> str:
    """What it ran on."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def show(found: dict[str, Figures]) -> None:
    """Print the table."""
    table = Table("measure", "figure", "", title=f"Counterpoint on {machine()}; broker and load share it")
    for name, figures in found.items():
        for label, figure in figures.items():
            table.add_row(name, label, f"{figure:,.2f}" if figure < 100 else f"{figure:,.0f}")  # noqa: PLR2004
        table.add_section()
    Console().print(table)


if __name__ == "__main__":
    main()

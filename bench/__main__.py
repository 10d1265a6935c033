"""The command behind `make bench`: measures, and prints a table with ratios, or JSON with `--json`."""

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import deliveries, hear, lists, measures, moments, queue, risk, units
from bench.measures import Figures, Scale

MEASURES = {
    "throughput": measures.throughput,
    "lag": measures.lag,
    "moments": moments.moments,
    "queue": queue.session_end_to_row,
    "memory": measures.memory,
    "bytes": measures.changelog_bytes,
    "lists": lists.lists,
    "risk": risk.risk,
    "hear": hear.hear,
    "load": deliveries.deliveries,
    "units": units.units,
}
LONG = {"load"}
"""The measures that are taken when they are named alone: ten minutes and more."""
_RATIOS = (
    ("times the loop written by hand", "stream, one worker", "written by hand"),
    ("of the Faust agent with a table", "stream, one worker", "Faust agent, table"),
    ("of the bare Faust agent", "stream, one worker", "Faust agent, count"),
    ("two workers to one", "stream, two workers", "stream, one worker"),
)


def main() -> None:
    """Take the measures asked for and print their figures."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    usual = [name for name in MEASURES if name not in LONG]
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=usual, help="which measures to take")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the load; below 1 says little")
    parser.add_argument("--plans", action="store_true", help="log the plans of the statements that the lists take")
    arguments = parser.parse_args()
    progress = Console(stderr=True)
    figures_by_measure: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory(prefix="counterpoint-bench-") as folder:
        for name in arguments.only:
            progress.print(f"[bold]{name}[/bold]")
            figures_by_measure[name] = MEASURES[name](
                Path(folder) / name,
                Scale(arguments.scale, arguments.plans),
                lambda line: progress.print(f"  {line}", markup=False),
            )
    figures_by_measure["ratios"] = ratios(figures_by_measure.get("throughput", {}))
    if arguments.json:
        json.dump({"machine": machine(), "scale": arguments.scale} | figures_by_measure, sys.stdout, indent=1)
    else:
        print_table(figures_by_measure)


def ratios(rates: Figures) -> Figures:
    """Return the stream worker's rates divided by those of the alternatives, as far as both were measured."""
    return {name: rates[ours] / rates[other] for name, ours, other in _RATIOS if ours in rates and other in rates}


def machine() -> str:
    """Return a description of this machine."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def print_table(figures_by_measure: dict[str, Figures]) -> None:
    """Print the figures as a table."""
    table = Table("measure", "figure", "", title=f"Counterpoint on {machine()}; broker and load share it")
    for name, figures in figures_by_measure.items():
        for label, figure in figures.items():
            table.add_row(name, label, f"{figure:,.2f}" if figure < 100 else f"{figure:,.0f}")  # noqa: PLR2004
        table.add_section()
    Console().print(table)


if __name__ == "__main__":
    main()

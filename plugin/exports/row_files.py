"""The two forms of a file of rows: CSV for a spreadsheet, JSON Lines for a program."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TextIO

from plugin.exports.review_rows import Cell
from plugin.plain_text import inert_cell
from stream.contracts.errors import Misconfigured

CSV: Final = ".csv"
JSON_LINES: Final = ".jsonl"
JSON: Final = ".json"

WriteRow = Callable[[Mapping[str, Cell]], object]


def check_suffix(path: Path, *known: str) -> None:
    """Check that a file's ending names a form that the export has.

    Raises:
        Misconfigured: it does not.
    """
    if path.suffix not in known:
        raise Misconfigured(f"The file of --out ends with {' or '.join(known)}, which decides its form.")


def row_writer(file: TextIO, suffix: str, columns: Sequence[str]) -> WriteRow:
    """Return the function that writes a row in the form of this ending; a CSV file begins with the columns' names."""
    if suffix == JSON_LINES:
        return lambda row: file.write(json_line(row))
    rows = csv.writer(file)
    rows.writerow(columns)
    return lambda row: rows.writerow([_csv_cell(row[name]) for name in columns])


def json_line(value: object) -> str:
    """Return a line of JSON in ASCII, since readers differ about which other characters end a line."""
    return json.dumps(value) + "\n"


def _csv_cell(value: Cell) -> Cell:
    if isinstance(value, bool):
        return "true" if value else "false"
    return inert_cell(value) if isinstance(value, str) else value

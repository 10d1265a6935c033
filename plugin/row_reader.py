"""Rows of a file that an operator gives: CSV with a first line of names, or one JSON object a line."""

import csv
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Final

from stream.contracts.errors import Misconfigured

CSV: Final = ".csv"
JSON_LINES: Final = ".jsonl"

Cells = dict[str, object]
"""The values of a row by column: of CSV text, or None where a cell is empty."""


def read_rows(path: Path) -> Iterator[tuple[int, Cells]]:
    """Yield the rows of a file, each with the number of its last line; the file's ending decides its form.

    Raises:
        Misconfigured: it cannot be read, or a line has another form; the message names the line and quotes nothing.
    """
    if path.suffix not in {CSV, JSON_LINES}:
        raise Misconfigured(f"{path.name}: a file of rows ends with {CSV} or {JSON_LINES}.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Misconfigured(f"{path.name} is not UTF-8; save it again as UTF-8.") from None
    return _csv_rows(text, path.name) if path.suffix == CSV else _json_rows(text, path.name)


def _csv_rows(text: str, name: str) -> Iterator[tuple[int, Cells]]:
    header = text.partition("\n")[0]
    rows = csv.reader(StringIO(text, newline=""), delimiter=";" if ";" in header else ",", strict=True)
    try:
        columns = [cell.strip() for cell in next(rows, [])]
        if len(set(columns)) != len(columns) or "" in columns:
            raise Misconfigured(f"{name}: its first line names each column once.")
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(columns):
                raise Misconfigured(f"{name}, line {rows.line_num}: another number of cells than the first line has.")
            yield rows.line_num, {column: cell or None for column, cell in zip(columns, cells, strict=True)}
    except csv.Error:
        raise Misconfigured(f"{name}, line {rows.line_num}: not CSV.") from None


def _json_rows(text: str, name: str) -> Iterator[tuple[int, Cells]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise Misconfigured(f"{name}, line {number}: not a JSON object.")
        yield number, row

"""The rows of a published table in whichever form it was saved: CSV with any delimiter, JSON Lines, or a JSON array."""

import csv
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Final

from stream.contracts.errors import Misconfigured
from stream.published.files import read_file, split_lines

Row = Mapping[str, object]
"""The cells of a row by column, in lower case: of CSV text, of JSON what stood there."""
_DELIMITERS: Final = (",", ";", "\t", "|")


def table_rows(path: Path, columns: Collection[str], what: str) -> Iterator[tuple[str, Row]]:
    """Yield the rows of a table that has these columns, each with its place in the file.

    Raises:
        Misconfigured: the file cannot be read, lacks a column, or a row has another form; the message names the place
            and quotes nothing.
    """
    text = read_file(path)
    rows = _json_rows(text, path.name) if text.lstrip()[:1] in {"{", "["} else _csv_rows(text, path.name, columns, what)
    empty = True
    for place, row in rows:
        empty = False
        if missing := sorted(set(columns) - row.keys()):
            raise Misconfigured(f"{place}: it lacks {', '.join(missing)} of {what}.")
        yield place, row
    if empty:
        raise Misconfigured(f"{path.name} holds no row of {what}.")


def json_value(text: str, place: str) -> object:
    """Return the value of a text in JSON.

    Raises:
        Misconfigured: it is none.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Misconfigured(f"{place}: this is not JSON; copy the file again.") from None


def text_of(row: Row, name: str, place: str) -> str:
    """Return a cell that holds words, or a whole number as words.

    Raises:
        Misconfigured: it is empty, or of another form.
    """
    value = row[name]
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise Misconfigured(f"{place}: {name} is empty or no text. Fill it in, or take the row out.")
    return str(value).strip()


def step_of(row: Row, name: str, place: str, steps: range) -> int:
    """Return a cell that holds a whole number of a scale.

    Raises:
        Misconfigured: it does not.
    """
    text = text_of(row, name, place)
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(steps[-1])) and int(text) in steps):
        raise Misconfigured(f"{place}: {name} is no whole number from {steps[0]} to {steps[-1]}.")
    return int(text)


def choice_of(row: Row, name: str, place: str, choices: Iterable[str]) -> str:
    """Return a cell that holds one of some words, whichever case it has.

    Raises:
        Misconfigured: it does not.
    """
    text, known = text_of(row, name, place).lower(), list(choices)
    if text not in known:
        raise Misconfigured(f"{place}: {name} is none of {', '.join(known)}.")
    return text


def _csv_rows(text: str, name: str, columns: Collection[str], what: str) -> Iterator[tuple[str, Row]]:
    delimiter = next((each for each in _DELIMITERS if set(columns) <= set(_header(text, each))), None)
    if delimiter is None:
        raise Misconfigured(f"{name}: the first line lacks columns of {what} ({', '.join(sorted(columns))}).")
    header = _header(text, delimiter)
    if len(set(header)) != len(header):
        raise Misconfigured(f"{name}: its first line names a column twice.")
    rows = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        next(rows)
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            place = f"{name}, line {rows.line_num}"
            if len(cells) != len(header):
                raise Misconfigured(f"{place}: another number of cells than the first line has.")
            yield place, dict(zip(header, cells, strict=True))
    except csv.Error:
        raise Misconfigured(
            f"{name}, line {rows.line_num}: this is not CSV; look for a quotation mark alone."
        ) from None


def _header(text: str, delimiter: str) -> list[str]:
    try:
        first = next(csv.reader(StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return []
    return [cell.strip().lower() for cell in first]


def _json_rows(text: str, name: str) -> Iterator[tuple[str, Row]]:
    if text.lstrip().startswith("["):
        values = json_value(text, name)
        found = ((f"{name}, item {number}", value) for number, value in enumerate(_listed(values), start=1))
    else:
        lines = enumerate(split_lines(text), start=1)
        found = (
            (place, json_value(line, place))
            for place, line in ((f"{name}, line {n}", line) for n, line in lines if line.strip())
        )
    for place, value in found:
        if not isinstance(value, dict):
            raise Misconfigured(f"{place}: a row is one JSON object.")
        yield place, {str(column).lower(): cell for column, cell in value.items()}


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []

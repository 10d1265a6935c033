"""A file of people: CSV with a header, or one JSON object a line (docs/people.md)."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from plugin.plain_text import counted, printable
from plugin.queue.people_rows import PersonRow
from stream.contracts.errors import Misconfigured

TEAM_SEPARATOR: Final = "|"
"""Between the teams of one cell; comma and semicolon stand between cells."""
_SHOWN: Final = 20
"""Mistakes that are printed: enough to see what they have in common."""

_Cells = Mapping[str, object]


def read_people(path: Path) -> tuple[PersonRow, ...]:
    """Return the people of a file.

    Raises:
        Misconfigured: it cannot be read, or a line is not as described; the message names the lines and their fields.
    """
    rows, mistakes = [], []
    for line, cells in _cells(path):
        try:
            rows.append(PersonRow.model_validate(cells))
        except ValidationError as error:
            mistakes += [f"line {line}: {_mistake(each)}" for each in error.errors(include_input=False)]
    if mistakes:
        raise Misconfigured(_said(path, mistakes))
    if not rows:
        raise Misconfigured(f"{path} names nobody.")
    return tuple(rows)


def _cells(path: Path) -> Iterator[tuple[int, _Cells]]:
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Misconfigured(f"{path} is not text in UTF-8.") from None
    return _json_lines(path, text) if text.lstrip().startswith("{") else _csv_lines(path, text)


def _json_lines(path: Path, text: str) -> Iterator[tuple[int, _Cells]]:
    for line, content in enumerate(text.splitlines(), start=1):
        if not content.strip():
            continue
        try:
            cells = json.loads(content)
        except ValueError:
            cells = None
        if not isinstance(cells, dict):
            raise Misconfigured(f"{path}, line {line}: not a JSON object.")
        yield line, {name: _as_text(value) for name, value in cells.items() if value is not None}


def _as_text(value: object) -> object:
    """Return a number as text: many platforms count their people."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _csv_lines(path: Path, text: str) -> Iterator[tuple[int, _Cells]]:
    header = text.partition("\n")[0]
    reader = csv.reader(text.splitlines(keepends=True), delimiter=";" if ";" in header else ",", strict=True)
    names = [name.strip().lower() for name in next(reader, [])]
    _check_header(path, names)
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(names):
                raise Misconfigured(f"{path}, line {reader.line_num}: more cells than the header has.")
            yield (
                reader.line_num,
                {name: _cell(name, cell) for name, cell in zip(names, cells, strict=False) if cell.strip()},
            )
    except csv.Error:
        raise Misconfigured(f"{path}, line {reader.line_num}: not CSV.") from None


def _check_header(path: Path, names: list[str]) -> None:
    known = list(PersonRow.model_fields)
    unknown = [name for name in names if name not in known]
    if unknown or len(set(names)) != len(names) or not {"username", "role"} <= set(names):
        raise Misconfigured(
            f"{path}: its first line names each column once, username and role among them, and no other than"
            f" {', '.join(known)}."
        )


def _cell(name: str, cell: str) -> object:
    return [team for team in cell.split(TEAM_SEPARATOR) if team.strip()] if name == "teams" else cell


def _mistake(error: Mapping[str, object]) -> str:
    where = error["loc"]
    assert isinstance(where, tuple)  # noqa: S101 - as pydantic documents it
    return f"{'.'.join(str(part) for part in where)}: {error['msg']}"


def _said(path: Path, mistakes: list[str]) -> str:
    rest = len(mistakes) - _SHOWN
    more = [] if rest <= 0 else [f"and {counted(rest, 'more mistake')}"]
    return "\n".join((f"{path} is not as described:", *map(printable, mistakes[:_SHOWN]), *more))

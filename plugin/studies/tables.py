"""Tables of a study: CSV or JSON Lines, a row for each session or turn, an empty cell where nothing is known."""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from plugin.row_reader import CSV, JSON_LINES, read_rows
from stream.contracts.errors import Misconfigured

SUFFIXES: Final = (CSV, JSON_LINES)
_WORDS: Final = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class Table:
    """A table with the name and the SHA-256 of its file; its index is the number of each row's line."""

    name: str
    sha256: str
    frame: pd.DataFrame

    def check_columns(self, *names: str) -> None:
        """Check that columns are there.

        Raises:
            Misconfigured: one is not; the message names it and what there is.
        """
        missing = [name for name in names if name not in self.frame.columns]
        if missing:
            there = ", ".join(sorted(self.frame.columns))
            raise Misconfigured(f"{self.name} has no column {', '.join(missing)}. It has: {there}.")

    def check_unique(self, *names: str) -> None:
        """Check that no two rows have the same values in these columns, and none lacks one.

        Raises:
            Misconfigured: a row does; the message names its line.
        """
        self.check_columns(*names)
        key = self.frame[list(names)]
        wrong = key.isna().any(axis=1) | key.duplicated()
        if wrong.any():
            raise Misconfigured(f"{self.name}, line {_line(wrong)}: {' and '.join(names)} is missing or there twice.")

    def numbers(self, name: str) -> pd.Series:
        """Return a column as numbers, NaN where a cell is empty; `true` is 1 and `false` 0.

        Raises:
            Misconfigured: there is no such column, or a cell is no number; the message names its line.
        """
        self.check_columns(name)
        cells = self.frame[name].map(lambda cell: _WORDS.get(str(cell).lower(), cell))
        numbers = pd.to_numeric(cells, errors="coerce").astype(float)
        wrong = (numbers.isna() & cells.notna()) | numbers.isin([math.inf, -math.inf])
        if wrong.any():
            raise Misconfigured(f"{self.name}, line {_line(wrong)}: {name} is no number.")
        return numbers


def read_table(folder: Path, stem: str) -> Table:
    """Read the table `stem` of a folder, from a .csv or a .jsonl file.

    Raises:
        Misconfigured: there is none, or two, or it cannot be read.
    """
    paths = [path for suffix in SUFFIXES if (path := folder / f"{stem}{suffix}").is_file()]
    if len(paths) != 1:
        raise Misconfigured(f"{folder} needs one of {' and '.join(stem + suffix for suffix in SUFFIXES)}.")
    return read_table_file(paths[0])


def read_table_file(path: Path) -> Table:
    """Read one table.

    Raises:
        Misconfigured: it cannot be read, or a line of it has another form.
    """
    rows = list(read_rows(path))
    for line, row in rows:
        if any(isinstance(cell, dict | list) for cell in row.values()):
            raise Misconfigured(f"{path.name}, line {line}: a cell holds more than one value.")
    if not rows:
        raise Misconfigured(f"{path.name} holds no row.")
    frame = pd.DataFrame([row for _, row in rows], index=[line for line, _ in rows], dtype=object)
    return Table(path.name, hashlib.sha256(path.read_bytes()).hexdigest(), frame)


def _line(wrong: pd.Series) -> int:
    """Return the line of the first wrong row."""
    return int(wrong.idxmax())

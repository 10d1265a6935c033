"""Rows are written so that neither a spreadsheet nor a reader of lines can be led astray by what is in them."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from plugin.exports.row_files import CSV, JSON_LINES, check_suffix, row_writer
from stream.contracts.errors import Misconfigured

HOSTILE = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '"quoted", and\na line', "a\u2028b\x1b[2J\u202e")


def written(suffix: str, *values: str) -> str:
    """Return a file with one row for each value."""
    file = StringIO(newline="")
    write = row_writer(file, suffix, ("text", "number", "yes", "nothing"))
    for value in values:
        write({"text": value, "number": -2, "yes": True, "nothing": None})
    return file.getvalue()


def test_a_cell_of_csv_is_no_formula() -> None:
    """No cell begins with what a spreadsheet runs, and quotes, commas and line breaks stay within their cell."""
    rows = list(csv.reader(StringIO(written(CSV, *HOSTILE), newline="")))
    assert rows[0] == ["text", "number", "yes", "nothing"]
    assert len(rows) == 1 + len(HOSTILE)
    for row, value in zip(rows[1:], HOSTILE, strict=True):
        assert row[0] in {value, f"'{value}"}
        assert row[0][0] not in "=+-@\t\r"
        assert row[1:] == ["-2", "true", ""]


def test_json_lines_are_one_line_each() -> None:
    """Each row is one line of ASCII, whatever characters are in it, and is read back as it was."""
    lines = written(JSON_LINES, *HOSTILE).splitlines()
    assert [json.loads(line)["text"] for line in lines] == list(HOSTILE)
    assert all(line.isascii() and line.isprintable() for line in lines)
    assert json.loads(lines[0]) == {"text": "=1+1", "number": -2, "yes": True, "nothing": None}


def test_the_ending_decides_the_form() -> None:
    """An ending that the export does not know is refused with those that it knows."""
    check_suffix(Path("a.csv"), CSV, JSON_LINES)
    for name in ("a", "a.xlsx", "a.CSV"):
        with pytest.raises(Misconfigured, match=r"\.csv or \.jsonl"):
            check_suffix(Path(name), CSV, JSON_LINES)

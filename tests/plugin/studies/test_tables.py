"""Tables of studies: two forms, one meaning, and an error that names its line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.studies.tables import read_table, read_table_file
from stream.contracts.errors import Misconfigured


def written(folder: Path, text: str, name: str = "turns.csv") -> Path:
    """Return the path of a file with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_both_forms_say_the_same(tmp_path: Path) -> None:
    """CSV and JSON Lines with the same rows give the same numbers; an empty cell and null are missing."""
    one = read_table_file(written(tmp_path, "session,care\na,1.5\nb,\n"))
    other = read_table_file(
        written(tmp_path, '{"session": "a", "care": 1.5}\n\n{"session": "b", "care": null}\n', "turns.jsonl")
    )
    for table in (one, other):
        numbers = table.numbers("care")
        assert numbers.iloc[0] == 1.5
        assert numbers.isna().tolist() == [False, True]


def test_true_and_false_are_one_and_nothing(tmp_path: Path) -> None:
    """The words true and false are numbers, as a spreadsheet writes them and as JSON does."""
    assert read_table_file(written(tmp_path, "x\nTRUE\nfalse\n")).numbers("x").tolist() == [1, 0]
    assert read_table_file(written(tmp_path, '{"x": true}\n{"x": false}\n', "x.jsonl")).numbers("x").tolist() == [1, 0]


@pytest.mark.parametrize("cell", ["much", "1,5", "inf", "nan-", "1 2"])
def test_a_cell_that_is_no_number_is_named_by_its_line(tmp_path: Path, cell: str) -> None:
    """A cell that is no number is refused with its file, line and column, and is not quoted."""
    table = read_table_file(written(tmp_path, f'session,care\na,1\nb,"{cell}"\n'))
    with pytest.raises(Misconfigured, match=r"^turns.csv, line 3: care is no number\.$"):
        table.numbers("care")


@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_come_back_as_they_were_written(values: list[float], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every number that Python writes is read as the same number."""
    path = written(tmp_path_factory.mktemp("t"), "x\n" + "".join(f"{value!r}\n" for value in values))
    assert read_table_file(path).numbers("x").tolist() == values


def test_a_column_that_is_not_there_is_named_beside_those_that_are(tmp_path: Path) -> None:
    """A missing column is named, with the columns that the table has."""
    table = read_table_file(written(tmp_path, "session,care\na,1\n"))
    with pytest.raises(Misconfigured, match=r"turns.csv has no column trust\. It has: care, session\."):
        table.check_columns("session", "trust")


@pytest.mark.parametrize("rows", ["a,1\na,1\n", "a,1\n,2\n"])
def test_a_key_is_whole_and_there_once(tmp_path: Path, rows: str) -> None:
    """A key that is missing or there twice is refused with its line."""
    with pytest.raises(Misconfigured, match="line 3: session and turn is missing or there twice"):
        read_table_file(written(tmp_path, f"session,turn\n{rows}")).check_unique("session", "turn")


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("a,b\n1\n", "x.csv", "line 2: another number of cells"),
        ("a,b\n1,2,3\n", "x.csv", "line 2: another number of cells"),
        ('a\n"open\n', "x.csv", "line 2: not CSV"),
        ("{]\n", "x.jsonl", "line 1: not a JSON object"),
        ('{"a": 1}\n[1]\n', "x.jsonl", "line 2: not a JSON object"),
        ('{"a": [1]}\n', "x.jsonl", "line 1: a cell holds more than one value"),
        ("a,b\n", "x.csv", "holds no row"),
        ("", "x.jsonl", "holds no row"),
    ],
)
def test_a_broken_file_is_refused_in_a_sentence(tmp_path: Path, text: str, name: str, said: str) -> None:
    """A file of another form is refused, and the sentence says where."""
    with pytest.raises(Misconfigured, match=said):
        read_table_file(written(tmp_path, text, name))


def test_other_encodings_are_refused_and_a_byte_order_mark_is_not(tmp_path: Path) -> None:
    """UTF-8 with a byte order mark is read, as spreadsheets save it; another encoding is refused."""
    path = tmp_path / "x.csv"
    path.write_bytes("\ufeffa\n1\n".encode())
    assert read_table_file(path).numbers("a").tolist() == [1]
    path.write_bytes("a\né\n".encode("latin-1"))
    with pytest.raises(Misconfigured, match="is not UTF-8"):
        read_table_file(path)


def test_a_table_is_found_by_its_stem_in_one_form_alone(tmp_path: Path) -> None:
    """A folder with no file of that stem, or with two, is refused."""
    with pytest.raises(Misconfigured, match=r"needs one of turns.csv and turns.jsonl"):
        read_table(tmp_path, "turns")
    written(tmp_path, "a\n1\n")
    assert read_table(tmp_path, "turns").name == "turns.csv"
    written(tmp_path, '{"a": 1}\n', "turns.jsonl")
    with pytest.raises(Misconfigured, match=r"needs one of"):
        read_table(tmp_path, "turns")

"""Sheets and keys: what raters see, what they do not, and what a filled-in sheet may hold."""

import csv
import json
from pathlib import Path

import pytest

from plugin.models.agreement.rating_files import (
    MECHANISMS,
    SHEET_COLUMNS,
    SampleKey,
    read_exchanges,
    read_ratings,
    read_sample_key,
    write_rating_sheet,
    write_sample_key,
)
from plugin.models.agreement.sample import SampleCandidate
from plugin.models.check.stimuli import ExchangeText
from stream.contracts.errors import Misconfigured
from stream.contracts.vocabulary import Role
from tests.stream.feedback.builders import BASELINE, LLM

TALK = ExchangeText(("I won't.", "=HYPERLINK(1)"), "It is up to you.", ((Role.COUNSELLOR, "How was it?"),))
DRAWN = [SampleCandidate("s-1", TALK, (2, 0, None, 1), LLM), SampleCandidate("s-2", TALK, (0, 0, 0, 0), LLM)]


@pytest.fixture
def key(tmp_path: Path) -> SampleKey:
    """The key of the two."""
    return write_sample_key(tmp_path / "key.json", DRAWN)


def filled(path: Path, *rows: dict[str, object]) -> Path:
    """A sheet as a rater gives it back."""
    with path.open("w", newline="") as file:
        sheet = csv.DictWriter(file, SHEET_COLUMNS)
        sheet.writeheader()
        sheet.writerows(rows)
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    """A sheet as a spreadsheet reads it."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def row(item: int, *levels: object, note: str = "") -> dict[str, object]:
    """Return one filled-in row."""
    return {"item": item, "note": note} | dict(zip(MECHANISMS, levels, strict=True))


def test_the_sheet_shows_words_and_no_level(tmp_path: Path) -> None:
    """The sheet shows the words, but no level of the model and no sign of whose session it was."""
    path = tmp_path / "new" / "sheet.csv"
    write_rating_sheet(path, DRAWN)
    first, second = rows_of(path)
    assert first["item"] == "1"
    assert first["before"] == "counsellor: How was it?"
    assert first["client"] == "I won't.\n=HYPERLINK(1)"
    assert first["reply"] == "It is up to you."
    assert [first[mechanism] for mechanism in MECHANISMS] == [""] * 4
    assert "s-1" not in path.read_text()
    assert second["item"] == "2"


def test_the_sheet_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    """The sheet is readable by its owner alone, because it holds people's words."""
    write_rating_sheet(tmp_path / "sheet.csv", DRAWN)
    assert (tmp_path / "sheet.csv").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_what_a_spreadsheet_would_run_is_quoted(tmp_path: Path, text: str) -> None:
    """A client's words must not become a formula on a clinician's machine."""
    write_rating_sheet(
        tmp_path / "sheet.csv", [SampleCandidate("s", ExchangeText((text,), "Fine."), (0, 0, 0, 0), LLM)]
    )
    (only,) = rows_of(tmp_path / "sheet.csv")
    assert only["client"] == f"'{text}"


def test_the_key_holds_levels_and_no_word(tmp_path: Path, key: SampleKey) -> None:
    """The key holds the levels and the length of each reply, and no word of it."""
    assert read_sample_key(tmp_path / "key.json") == key
    assert [(item.levels, item.reply_words) for item in key.items] == [((2, 0, None, 1), 5), ((0, 0, 0, 0), 5)]
    assert "up to you" not in (tmp_path / "key.json").read_text()


@pytest.mark.parametrize(
    ("reply", "words"), [("\u4f60\u8bf4\u4e86\u7b97\u3002", 4), ("Well \u2014 it is up to you\u2026", 6)]
)
def test_the_length_of_a_reply_is_counted_as_a_reader_counts(tmp_path: Path, reply: str, words: int) -> None:
    """Words count in scripts without spaces too, and a dash between spaces is no word."""
    candidate = SampleCandidate("s", ExchangeText(("No.",), reply), (0, 0, 0, 0), LLM)
    assert write_sample_key(tmp_path / "key.json", [candidate]).items[0].reply_words == words


def test_answers_of_two_models_make_no_key(tmp_path: Path) -> None:
    """A figure over both would be about neither."""
    with pytest.raises(Misconfigured, match="several models"):
        write_sample_key(tmp_path / "key.json", [*DRAWN, SampleCandidate("s", TALK, (0, 0, 0, 0), BASELINE)])


def test_a_filled_in_sheet_is_read(tmp_path: Path, key: SampleKey) -> None:
    """Levels by item; what a rater left empty is no level; notes stay with the rater."""
    path = filled(tmp_path / "a.csv", row(1, 2, " 1 ", "", 0), row(2, 0, 0, 0, 0, note="hard"))
    assert read_ratings(path, key) == {"1": (2, 1, None, 0), "2": (0, 0, 0, 0)}


def test_a_sheet_saved_by_a_spreadsheet_is_read(tmp_path: Path, key: SampleKey) -> None:
    """A sheet saved by a spreadsheet program is read, also with the byte order mark that some programs write."""
    path = filled(tmp_path / "a.csv", row(1, 2, 1, 1, 0))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_ratings(path, key) == {"1": (2, 1, 1, 0)}


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([row(1, 3, 0, 0, 0)], "row 2, respect_for_autonomy: a level is 0, 1, 2 or nothing"),
        ([row(1, "strong", 0, 0, 0)], "row 2, respect_for_autonomy"),
        ([row(1, 0, 0, 0, 0), row(1, 0, 0, 0, 0)], "row 3"),
        ([row(7, 0, 0, 0, 0)], "row 2: it is no row of the sheet"),
        ([row(1, "", "", "", "")], "holds no level"),
        ([], "holds no level"),
    ],
)
def test_an_unusable_sheet_is_reported_by_its_row(
    tmp_path: Path, key: SampleKey, rows: list[dict[str, object]], told: str
) -> None:
    """An unusable sheet is reported by the number of its row, never by its words."""
    with pytest.raises(Misconfigured, match=told) as caught:
        read_ratings(filled(tmp_path / "a.csv", *rows), key)
    assert "strong" not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"a,b\n1,2\n"])
def test_an_invalid_sheet_file_is_reported(tmp_path: Path, key: SampleKey, content: bytes | None) -> None:
    """A sheet that is missing, in another encoding or with other columns is reported."""
    path = tmp_path / "a.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Misconfigured, match=r"a\.csv"):
        read_ratings(path, key)


@pytest.mark.parametrize("content", [None, "{}", "[]", "\x80"])
def test_an_invalid_key_file_is_reported(tmp_path: Path, content: str | None) -> None:
    """A file that is no key, such as a sheet, is reported."""
    path = tmp_path / "key.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(Misconfigured, match="no key of `counterpoint model sample`"):
        read_sample_key(path)


def test_exchanges_of_a_file_are_read(tmp_path: Path) -> None:
    """Exchanges are read from a file with one JSON object per line."""
    line = {"session": "s-1", "before": [["counsellor", "How?"]], "client": "No.", "reply": "Fine."}
    (tmp_path / "e.jsonl").write_text(json.dumps(line) + "\n")
    (found,) = read_exchanges(tmp_path / "e.jsonl")
    assert found.exchange == ExchangeText(("No.",), "Fine.", ((Role.COUNSELLOR, "How?"),))
    assert "No." not in repr(found)


@pytest.mark.parametrize("line", ["", "secret", "[]", '{"session": "s", "client": "secret"}'])
def test_an_invalid_line_is_reported_by_its_number(tmp_path: Path, line: str) -> None:
    """An invalid line is reported by its number, without any of its words."""
    good = '{"session": "s", "client": "a", "reply": "b"}'
    (tmp_path / "e.jsonl").write_text(f"{good}\n{line}\n{good}\n")
    with pytest.raises(Misconfigured, match="line 2") as caught:
        read_exchanges(tmp_path / "e.jsonl")
    assert "secret" not in str(caught.value)

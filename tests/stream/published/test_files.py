"""A file is read however it was saved, or refused with the place and the remedy."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.contracts.errors import Misconfigured
from stream.published.files import read_file, split_lines

TEXT = '{"text": "sch\u00f6n \U0001f600"}\n{"text": "x"}\n'
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_of_unicode_is_read(tmp_path: Path, encoding: str, *, packed: bool) -> None:
    """A file in any encoding of Unicode gives the same text, with a byte order mark or without, packed or not."""
    data = TEXT.encode(encoding)
    (tmp_path / "f").write_bytes(gzip.compress(data) if packed else data)
    assert read_file(tmp_path / "f") == TEXT


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_an_encoding_that_nobody_can_be_sure_of_is_refused(tmp_path: Path, encoding: str) -> None:
    """A file in an encoding with one byte a letter is refused with the line and a command that converts it."""
    (tmp_path / "f.csv").write_bytes("plain\r\nsch\u00f6n".encode(encoding))
    with pytest.raises(
        Misconfigured, match=r"^f\.csv, line 2: this is not UTF-8 \(a byte 0xF6\).*iconv -f WINDOWS-1252"
    ):
        read_file(tmp_path / "f.csv")


def test_one_damaged_character_is_named_by_its_line(tmp_path: Path) -> None:
    """A single broken character in a file that is UTF-8 otherwise is named by its line, without its words."""
    (tmp_path / "f").write_bytes("ä\nä canary\nä".encode()[:-1] + b"\n")
    with pytest.raises(Misconfigured, match=r"^f, line 3: this is not UTF-8") as error:
        read_file(tmp_path / "f")
    assert "canary" not in str(error.value)


def test_a_file_that_is_utf_16_only_at_its_beginning_is_refused(tmp_path: Path) -> None:
    """A file that begins with a byte order mark and does not go on so is refused."""
    (tmp_path / "f").write_bytes(b"\xff\xfea")
    with pytest.raises(Misconfigured, match="line 1: this is not UTF-16"):
        read_file(tmp_path / "f")


PACKED = gzip.compress(TEXT.encode(), mtime=0)  # a time in it would give each worker a test of another name


@pytest.mark.parametrize("data", [PACKED[:-9], b"\x1f\x8b" + bytes(20), b"\x1f\x8b"], ids=["cut", "zeros", "header"])
def test_a_damaged_gzip_file_is_refused(tmp_path: Path, data: bytes) -> None:
    """A gzip file that is cut off or broken is refused as such."""
    (tmp_path / "f.gz").write_bytes(data)
    with pytest.raises(Misconfigured, match=r"f\.gz: this gzip file is damaged"):
        read_file(tmp_path / "f.gz")


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"BZh9", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf"])
def test_an_archive_is_refused_with_the_remedy(tmp_path: Path, data: bytes) -> None:
    """An archive of another kind is refused: unpack it."""
    (tmp_path / "f").write_bytes(data)
    with pytest.raises(Misconfigured, match="unpack it"):
        read_file(tmp_path / "f")


@given(st.binary())
def test_any_bytes_are_text_or_a_sentence(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Any bytes are read as text, or refused with a sentence."""
    file = tmp_path_factory.mktemp("files") / "f"
    file.write_bytes(data)
    try:
        said = ""
        read_file(file)
    except Misconfigured as error:
        said = str(error)
    assert said == "" or said.startswith("f")


def test_only_line_ends_end_a_line() -> None:
    """Lines end as on any system, and not at a separator inside a text."""
    assert split_lines("a\r\nb\rc\nd\u2028e\x85f") == ["a", "b", "c", "d\u2028e\x85f"]

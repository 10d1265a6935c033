"""The text of a file of conversations, however it was saved, or a sentence that says what to do about it."""

import codecs
import gzip
import re
import zlib
from pathlib import Path

from stream.contracts.errors import Misconfigured

_GZIP = b"\x1f\x8b"
_ARCHIVES = {
    b"PK\x03\x04": "ZIP",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"7z\xbc\xaf": "7-Zip",
}
_MARKS = (  # the longer first: that of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LINE_END = re.compile(r"\r\n|\n|\r")
_SAMPLE_BYTES = 1_000
_PARQUET = b"PAR1"


def read_file(path: Path) -> str:
    """Return the text of a file: UTF-8, or another Unicode encoding that its first bytes tell; unpacked from gzip.

    Raises:
        Misconfigured: the file is damaged, packed otherwise or in an encoding that nobody can be sure of.
        OSError: it cannot be read.
    """
    data = path.read_bytes()
    if data.startswith(_GZIP):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error):
            raise Misconfigured(f"{path.name}: this gzip file is damaged or incomplete; copy it again.") from None
    for start, kind in _ARCHIVES.items():
        if data.startswith(start):
            raise Misconfigured(f"{path.name}: this is an archive ({kind}); unpack it and name what is inside.")
    if data.startswith(_PARQUET):
        raise Misconfigured(
            f"{path.name}: this is Parquet, which is not read. Write its rows as JSON Lines first, with pandas:"
            f' pandas.read_parquet("{path.name}").to_json("{path.stem}.jsonl", orient="records", lines=True).'
        )
    encoding = _encoding(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = len(_LINE_END.findall(data[: error.start].decode(encoding, "replace"))) + 1
        raise Misconfigured(f"{path.name}, line {line}: {_not_decodable(path.name, data, error)}") from None


def split_lines(text: str) -> list[str]:
    """Return the lines of a text; a separator of Unicode inside a line ends none."""
    return _LINE_END.split(text)


def _encoding(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    sample = data[:_SAMPLE_BYTES]
    # Without a mark: nearly every other byte of Western text in UTF-16 is NUL, and none of UTF-8's is.
    for encoding, zeros, others in (("utf-16-le", sample[1::2], sample[::2]), ("utf-16-be", sample[::2], sample[1::2])):
        if zeros and zeros.count(0) > len(zeros) // 2 and others.count(0) * 4 < zeros.count(0):
            return encoding
    return "utf-8"


def _not_decodable(name: str, data: bytes, error: UnicodeDecodeError) -> str:
    if not error.encoding.startswith("utf-8"):
        return f"this is not {error.encoding.upper()}, although the file begins so; save it again as UTF-8."
    byte = data[error.start]
    return (
        f"this is not UTF-8 (a byte 0x{byte:02X}). Find out how the file was saved, and convert it, for instance from"
        f" Windows-1252: iconv -f WINDOWS-1252 -t UTF-8 {name} > utf8-{name}"
    )

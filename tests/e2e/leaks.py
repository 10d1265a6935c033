"""Looking for words in bytes: in the clear, and in the spellings in which software likes to hide them."""

import base64
import json
import mmap
import re
import tempfile
import urllib.parse
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

SHORTEST_PART = 9  # letters: shorter words stand everywhere by chance


def parts(phrase: str) -> list[str]:
    """Its single words, if they are long enough: what is cut in the middle is a leak too."""
    return [word for word in re.split(r"\W+", phrase) if len(word) >= SHORTEST_PART] or [phrase]


def spellings(text: str) -> set[bytes]:
    """The bytes that a text may look like."""
    plain = text.encode()
    found = {
        plain,
        text.encode("utf-16-le"),
        text.encode("utf-16-be"),
        plain.hex().encode(),
        plain.hex().upper().encode(),
        json.dumps(text)[1:-1].encode(),
        repr(text)[1:-1].encode(),
        ascii(text)[1:-1].encode(),
        repr(plain)[2:-1].encode(),
        urllib.parse.quote(text).encode(),
        urllib.parse.quote_plus(text).encode(),
        escape(text).encode(),
        "".join(f"\\{byte:03o}" if byte > 126 else chr(byte) for byte in plain).encode(),  # as protobuf prints it
    }
    for shift in range(3):  # base64 of it depends on how many bytes stand before; the ends depend on its neighbours
        for code in (base64.b64encode, base64.urlsafe_b64encode):
            inner = code(b"\0" * shift + plain).rstrip(b"=")
            found.add(inner[4 if shift else 0 : -2])
    return found


def needles(phrases: Iterable[str]) -> set[bytes]:
    """All spellings of all parts."""
    return {spelling for phrase in phrases for part in parts(phrase) for spelling in spellings(part)}


def within(content: bytes | mmap.mmap, phrases: Iterable[str]) -> list[bytes]:
    """Which of them stand in the bytes."""
    return [needle for needle in needles(phrases) if content.find(needle) >= 0]


def below(folder: Path, phrases: Iterable[str]) -> Iterator[tuple[Path, bytes]]:
    """Every file below a folder that holds one of them, by its content or by its name."""
    phrases = list(phrases)
    for path in folder.rglob("*"):
        for needle in within(str(path.relative_to(folder)).encode(), phrases):
            yield path, needle
        try:
            if not path.is_file() or not path.stat().st_size:
                continue
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                for needle in within(content, phrases):
                    yield path, needle
        except FileNotFoundError:  # it went while we looked
            continue


def plant(phrase: str) -> Iterator[tuple[str, bytes]]:
    """The phrase as it might leak, for a search that has to find each."""
    plain = phrase.encode()
    for shift in range(3):
        before = b"x" * shift
        yield f"base64 after {shift}", base64.b64encode(before + plain + b"tail")
        yield f"base64url after {shift}", base64.urlsafe_b64encode(before + plain + b"tail")
    yield "UTF-8", b"before " + plain + b" after"
    yield "UTF-16", phrase.encode("utf-16")
    yield "hex", b"\\x" + plain.hex().encode()
    yield "JSON", json.dumps({"text": phrase}).encode()
    yield "JSON in JSON", json.dumps(json.dumps({"text": phrase})).encode()
    yield "repr of bytes", repr({"text": plain}).encode()
    yield "an address", urllib.parse.urlencode({"q": phrase}).encode()
    yield "one word of it", b"... " + parts(phrase)[-1].encode() + b" ..."
    yield "cut", phrase[: len(phrase) * 2 // 3].encode()


def self_test(phrase: str) -> list[str]:
    """The hiding places in which a search finds nothing; there must be none."""
    missed = []
    for name, content in plant(phrase):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "a").mkdir()
            (Path(folder) / "a" / "planted").write_bytes(content)
            if not list(below(Path(folder), [phrase])):
                missed.append(name)
    return missed

"""Searches bytes and files for words, in plain text and in the encodings in which software writes them."""

import base64
import json
import mmap
import re
import tempfile
import urllib.parse
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

SHORTEST_PART = 9  # letters: shorter words occur everywhere by chance


def searched_parts(phrase: str) -> list[str]:
    """Return the words of a phrase that are long enough to search for, since a part of the phrase may leak alone."""
    return [word for word in re.split(r"\W+", phrase) if len(word) >= SHORTEST_PART] or [phrase]


def spellings(text: str) -> set[bytes]:
    """Return the byte strings as which software may write a text."""
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


def searched_spellings(phrases: Iterable[str]) -> set[bytes]:
    """Return all spellings of all searched parts."""
    return {spelling for phrase in phrases for part in searched_parts(phrase) for spelling in spellings(part)}


def find_in_bytes(content: bytes | mmap.mmap, phrases: Iterable[str]) -> list[bytes]:
    """Return the spellings of these phrases that the bytes contain."""
    return [needle for needle in searched_spellings(phrases) if content.find(needle) >= 0]


def find_in_folder(folder: Path, phrases: Iterable[str]) -> Iterator[tuple[Path, bytes]]:
    """Yield every file below a folder whose content or name contains one of the phrases."""
    phrases = list(phrases)
    for path in folder.rglob("*"):
        for needle in find_in_bytes(str(path.relative_to(folder)).encode(), phrases):
            yield path, needle
        try:
            if not path.is_file() or not path.stat().st_size:
                continue
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                for needle in find_in_bytes(content, phrases):
                    yield path, needle
        except FileNotFoundError:  # it was removed meanwhile
            continue


def leak_examples(phrase: str) -> Iterator[tuple[str, bytes]]:
    """Yield the phrase in each form in which it might leak, with the name of the form."""
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
    yield "one word of it", b"... " + searched_parts(phrase)[-1].encode() + b" ..."
    yield "cut", phrase[: len(phrase) * 2 // 3].encode()


def missed_leaks(phrase: str) -> list[str]:
    """Return the names of the forms that the search does not find; there must be none."""
    missed = []
    for name, content in leak_examples(phrase):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "a").mkdir()
            (Path(folder) / "a" / "planted").write_bytes(content)
            if not list(find_in_folder(Path(folder), [phrase])):
                missed.append(name)
    return missed

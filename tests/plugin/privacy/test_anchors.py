"""Tests of the file of anchors: what is an anchor, and which line of a file is none."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.privacy.anchors import Anchor, read_anchors
from stream.contracts.errors import Misconfigured

HASH = "ab" * 32


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32), st.none() | st.text(max_size=20))
def test_an_anchor_is_read_as_it_was_printed(seq: int, digest: bytes, at: str | None) -> None:
    """An anchor is one line of JSON, and is parsed from it with its time."""
    one = Anchor(seq, digest.hex(), at)
    assert "\n" not in str(one)
    parsed = Anchor.parse(f" {one}\n")
    assert (parsed, parsed.at) == (one, at)


@given(st.text(max_size=80))
def test_a_text_that_is_not_an_anchor_is_refused(typed: str) -> None:
    """A text that is not an anchor is refused with a sentence, and nothing else is ever raised."""
    with pytest.raises(ValueError, match=r"JSON|does not have"):
        Anchor.parse(typed)


@pytest.mark.parametrize(
    "wrong",
    [
        {"seq": True, "hash": HASH},
        {"seq": -1, "hash": HASH},
        {"seq": 2**63, "hash": HASH},
        {"seq": "1", "hash": HASH},
        {"seq": 1.0, "hash": HASH},
        {"seq": 1, "hash": HASH[1:]},
        {"seq": 1, "hash": HASH.upper()},
        {"seq": 1, "hash": None},
        {"seq": 1},
        {"seq": 1, "hash": HASH, "more": 1},
        [1, HASH],
    ],
)
def test_an_object_with_wrong_values_is_refused(wrong: object) -> None:
    """A JSON value that does not name an entry by number and hash is refused."""
    with pytest.raises(ValueError, match=r"seq|hash"):
        Anchor.parse(json.dumps(wrong))


def test_anchors_are_equal_by_number_and_hash() -> None:
    """Anchors are equal by number and hash; the time is for people."""
    one = Anchor(12, HASH)
    assert one == Anchor(12, HASH, "2026-03-02T18:00:00Z")
    assert all(a != b for a, b in pairwise((one, Anchor(13, HASH), Anchor(12, "cd" * 32))))


def test_a_file_holds_one_anchor_a_line(tmp_path: Path) -> None:
    """A file holds one anchor a line, as cron appends them; blank lines do not count."""
    path = tmp_path / "anchors.jsonl"
    path.write_text(f"{Anchor(1, HASH)}\n\n{Anchor(2, HASH)}\n")
    assert read_anchors(path) == [Anchor(1, HASH), Anchor(2, HASH)]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "no anchor"), (b"\n", "no anchor"), (b"\xff\xfe", "cannot be read"), (b'{"seq": 1}\n', "line 1")],
)
def test_a_file_that_is_not_of_anchors_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    """A file with another content is refused with the line, so that a lost anchor is not passed over in silence."""
    path = tmp_path / "anchors.jsonl"
    path.write_bytes(content)
    with pytest.raises(Misconfigured, match=said):
        read_anchors(path)
    with pytest.raises(Misconfigured, match="cannot be read"):
        read_anchors(tmp_path / "nothing-there")

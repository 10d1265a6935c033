"""Hypothesis strategies for arbitrary bytes, JSON values and texts."""

import json
from typing import Any

from hypothesis import strategies as st

CANARY = "quillfeather zeppelinward"
"""A phrase that is put into inputs and must not appear in messages or logs about them."""

texts = st.text(st.characters(exclude_categories=()), max_size=40)  # surrogates and NUL too
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | texts | st.just(CANARY),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts | st.just(CANARY), inner, max_size=4),
    max_leaves=12,
)
rubbish = st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode())


@st.composite
def spoiled(draw: st.DrawFn, good: bytes) -> bytes:
    """Draw good bytes after some accidents: truncated, repeated, a byte changed, bytes inserted."""
    raw = bytearray(good)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(raw)))
        match draw(st.integers(0, 4)):
            case 0:
                del raw[place:]
            case 1:
                raw[place:place] = raw[: draw(st.integers(0, 30))]
            case 2 if place < len(raw):
                raw[place] ^= draw(st.integers(1, 255))
            case 3:
                raw[place:place] = draw(st.binary(min_size=1, max_size=6))
            case _:
                raw[place:place] = draw(
                    st.sampled_from([b'"', b"\\", b"\x00", b"\xff", b"\r\n", b",", b"{", b"\\ud800"])
                )
    return bytes(raw)


def nested(value: Any) -> st.SearchStrategy[Any]:
    """Return a strategy of the JSON value with one part, at any depth, replaced by another value."""
    if isinstance(value, dict) and value:
        return st.sampled_from(sorted(value)).flatmap(
            lambda name: (json_values | nested(value[name])).map(lambda part: {**value, name: part})
        )
    if isinstance(value, list) and value:
        places = st.integers(0, len(value) - 1)
        return places.flatmap(
            lambda at: (json_values | nested(value[at])).map(lambda part: [*value[:at], part, *value[at + 1 :]])
        )
    return json_values

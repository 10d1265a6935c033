"""Tests of the reader of our JSON Lines format, with given, recorded or computed times."""

import json
import re
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.local.paths import ROOT
from plugin.replay import jsonl
from plugin.replay.conversations import RecordedConversation
from stream.contracts.errors import Misconfigured

NUMBERS = count()


def said(words: str = "hello", conversation: str = "c", **more: object) -> dict[str, object]:
    """Return a line with a message that has an id of its own."""
    return {
        "type": "message",
        "conversation_id": conversation,
        "message_id": f"m{next(NUMBERS)}",
        "role": "client",
        "author": "a",
        "text": words,
    } | more


def read(folder: Path, *lines: dict[str, object] | str) -> list[RecordedConversation]:
    """Write lines to a file and read it."""
    file = folder / "sample.jsonl"
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return jsonl.read(file)


def texts(conversation: RecordedConversation) -> list[object]:
    """Return the texts of the messages, in order."""
    return [event.payload["text"] for event in conversation.events if event.payload["type"] == "message"]


TIMED: list[dict[str, object]] = [
    {"type": "participants", "conversation_id": "c", "participants": [{"role": "client", "names": ["Leonie"]}]},
    said("a", sent_at="2026-03-02T19:00:00+01:00"),
    said("b", sent_at="2026-03-02T18:00:07Z"),
    said("c", sent_at="2026-03-02T18:00:09.5Z"),
    {"type": "session_end", "conversation_id": "c", "ended_at": "2026-03-02T18:00:12Z"},
]
"""Lines with times of their own in two zones, in order."""


def times(conversation: RecordedConversation) -> list[float]:
    """Return when each event is due."""
    return [event.at_s for event in conversation.events]


def test_lines_of_several_conversations_may_alternate(tmp_path: Path) -> None:
    """Lines of several conversations may alternate, and each conversation keeps its order."""
    one, two = read(tmp_path, said("1", "a"), said("x", "b"), said("2", "a"), "", said("y", "b"))
    assert [event.payload.get("text") for event in one.events] == ["1", "2", None]
    assert [event.payload.get("text") for event in two.events] == ["x", "y", None]


def test_at_counts_from_the_conversations_start(tmp_path: Path) -> None:
    """The field `at` counts seconds from the conversation's start and is not part of the payload."""
    (made,) = read(tmp_path, said(at=10), said(at=12.5))
    assert times(made) == [10, 12.5, 13.5]
    assert "at" not in made.events[0].payload


def test_a_recorded_payload_keeps_its_distances(tmp_path: Path) -> None:
    """Where `at` is missing, the payload's own times are used, whatever their UTC offset."""
    (made,) = read(
        tmp_path,
        said(sent_at="2026-03-02T19:00:00+01:00"),
        said(sent_at="2026-03-02T18:00:30Z"),
        {"type": "session_end", "conversation_id": "c", "ended_at": "2026-03-02T18:01:00Z"},
    )
    assert times(made) == [0, 30, 60]
    assert "sent_at" not in made.events[0].payload


def test_without_any_time_the_typing_pace_counts(tmp_path: Path) -> None:
    """Messages without any time are due by the typing pace."""
    (made,) = read(tmp_path, said("one two"), said("one two three four"))
    assert times(made) == [2, 8, 9]


def test_line_separators_inside_a_text_are_no_line_ends(tmp_path: Path) -> None:
    """Only a newline ends a line; Unicode line separators in a text do not."""
    (made,) = read(tmp_path, json.dumps(said("a\u2028b\x85c"), ensure_ascii=False))
    assert made.events[0].payload["text"] == "a\u2028b\x85c"


@given(st.permutations(TIMED))
def test_the_order_of_the_lines_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, lines: list[dict[str, object]]
) -> None:
    """Lines with times in any order give the same conversation, with the names before the messages."""
    folder = tmp_path_factory.mktemp("jsonl")
    assert [made.events for made in read(folder, *lines)] == [made.events for made in read(folder, *TIMED)]


def test_a_file_with_the_newest_line_first_is_turned_round(tmp_path: Path) -> None:
    """A file with the newest line first is turned round, also where some lines have the same time."""
    newest_first = [said("d", at=9), said("c", at=5), said("b", at=5), said("a", at=5)]
    (made,) = read(tmp_path, *newest_first)
    assert texts(made) == ["a", "b", "c", "d"]


def test_equal_times_keep_the_order_of_a_file_that_is_in_order(tmp_path: Path) -> None:
    """Lines with the same time keep their order in a file whose times never go back."""
    (made,) = read(tmp_path, said("a", at=5), said("b", at=5), said("c", at=9))
    assert texts(made) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([said(at=5), said(at=9), said(at=5)], "line 3: it has the same time as sample.jsonl, line 1"),
        ([said(at=5), said(), said(at=1)], "line 2: it has no time, and the lines of its conversation are not in"),
        ([said(at=5), said(sent_at="2026-03-02T18:00:00Z")], "line 2: it has a time of its own and no `at`"),
        (
            [said(message_id="x", at=1), said(message_id="x", at=2)],
            "line 2: its message_id is that of sample.jsonl, line 1",
        ),
    ],
)
def test_an_order_that_nobody_knows_is_refused(tmp_path: Path, lines: list[dict[str, object]], sentence: str) -> None:
    """Lines whose order cannot be known, or of which one would be lost, are refused with the line."""
    with pytest.raises(Misconfigured, match=re.escape(f"sample.jsonl, {sentence}")):
        read(tmp_path, *lines)


def test_an_array_is_read_as_its_lines(tmp_path: Path) -> None:
    """An array of payloads, however it is laid out, is read as its lines would be; a mistake is named by its item."""
    assert read(tmp_path, json.dumps(TIMED, indent=2)) == read(tmp_path, *TIMED)
    with pytest.raises(Misconfigured, match=r"^sample\.jsonl, item 2: role is wrong"):
        read(tmp_path, json.dumps([said(), said(role="x")]))


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_any_line_end_is_read(tmp_path: Path, line_end: str) -> None:
    """Lines may end as on any system."""
    (tmp_path / "a.jsonl").write_bytes(line_end.join(map(json.dumps, TIMED)).encode())
    assert jsonl.read(tmp_path / "a.jsonl")[0].events == read(tmp_path, *TIMED)[0].events


def test_the_guides_example_is_one(tmp_path: Path) -> None:
    """The example in docs/replay.md is a valid file."""
    example = (ROOT / "docs" / "replay.md").read_text().split("```json\n")[1].partition("```")[0]
    (made,) = read(tmp_path, *example.splitlines())
    kinds = [event.payload["type"] for event in made.events]
    assert kinds == ["participants", "message", "message", "deletion", "session_end"]
    assert times(made) == [0, 3, 12, 40, 41]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{broken", r"line 2: this is not JSON \(bad_json\)"),
        ('{"text": "\\ud800"}', r"line 2: this is not JSON \(lone_surrogate\)"),
        ("[]", "line 2: a line is one JSON object"),
        (json.dumps(said(role="x")), "line 2: role is wrong"),
        (json.dumps({"type": "poem"}), "line 2: type is none of"),
        (json.dumps(said(at="soon")), "line 2: at is a number of seconds"),
        (json.dumps(said(at=True)), "line 2: at is a number of seconds"),
        (json.dumps(said(at=-1)), "line 2: at is a number of seconds"),
        (json.dumps(said(at=1e12)), "line 2: at is a number of seconds"),
        (json.dumps(said(sent_at="2026-03-02T18:00:00")), "line 2: sent_at is wrong"),
        (json.dumps(said(sent_at=1772474400)), "line 2: sent_at is wrong"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, sentence: str) -> None:
    """A bad line is reported with its file and number."""
    with pytest.raises(Misconfigured, match=rf"^sample\.jsonl, {sentence}"):
        read(tmp_path, said(), line)

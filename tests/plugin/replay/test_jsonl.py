"""Tests of the reader of our JSON Lines format, with given, recorded or computed times."""

import json
from pathlib import Path

import pytest

from plugin.local.paths import ROOT
from plugin.replay import jsonl
from plugin.replay.conversations import RecordedConversation
from stream.contracts.errors import Misconfigured


def said(words: str = "hello", conversation: str = "c", **more: object) -> dict[str, object]:
    """Return a line with a message."""
    return {
        "type": "message",
        "conversation_id": conversation,
        "message_id": "m",
        "role": "client",
        "author": "a",
        "text": words,
    } | more


def read(folder: Path, *lines: dict[str, object] | str) -> list[RecordedConversation]:
    """Write lines to a file and read it."""
    file = folder / "sample.jsonl"
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return jsonl.read(file)


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
        (json.dumps(said(sent_at=1772474400)), "line 2: the time is not written as ISO 8601"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, sentence: str) -> None:
    """A bad line is reported with its file and number."""
    with pytest.raises(Misconfigured, match=rf"^sample\.jsonl, {sentence}"):
        read(tmp_path, said(), line)

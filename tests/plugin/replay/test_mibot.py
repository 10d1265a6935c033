"""Tests of the reader of MIBot transcripts, which are one session per file."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.replay import mibot
from stream.contracts.errors import Misconfigured

TRANSCRIPT: dict[str, Any] = {
    "participant_id": "p1",
    "utterances": [
        {"speaker": "counsellor", "volley_number": 7, "utterance_number": 70, "text": "Hello!", "auto_misc_label": "O"},
        {"speaker": "counsellor", "volley_number": 7, "utterance_number": 71, "text": "How are you feeling today?"},
        {"speaker": "client", "volley_number": 8, "utterance_number": 72, "text": "Not sure about this"},
    ],
    "stats": {"total_utterances": 3},
}


def written(folder: Path, content: object) -> Path:
    """Write a transcript file."""
    file = folder / "t.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_each_utterance_is_a_message_of_its_own(tmp_path: Path) -> None:
    """Each utterance becomes a message with the id of the source, even several of one volley."""
    (made,) = mibot.read(written(tmp_path, TRANSCRIPT))
    said = [event.payload for event in made.events[:-1]]
    assert made.reference == "mibot-p1"
    assert [(one["message_id"], one["role"], one["text"]) for one in said] == [
        ("70", "counsellor", "Hello!"),
        ("71", "counsellor", "How are you feeling today?"),
        ("72", "client", "Not sure about this"),
    ]
    assert made.events[-1].payload["type"] == "session_end"


def test_there_is_one_counsellor_and_a_client_a_session(tmp_path: Path) -> None:
    """All transcripts share one counsellor and have a client each; all messages have consent."""
    (made,) = mibot.read(written(tmp_path, TRANSCRIPT))
    assert [event.payload.get("author") for event in made.events] == [
        "counsellor-mibot",
        "counsellor-mibot",
        "client-mibot-p1",
        None,
    ]
    assert all(event.payload["consent"] == {"processing": True} for event in made.events[:-1])


def test_the_typing_pace_supplies_the_times(tmp_path: Path) -> None:
    """Messages are due by the typing pace, since transcripts have no times."""
    (made,) = mibot.read(written(tmp_path, TRANSCRIPT))
    assert [event.at_s for event in made.events] == [0.5, 8.0, 14.0, 15.0]


@given(st.permutations(TRANSCRIPT["utterances"]))
def test_the_order_of_the_utterances_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, utterances: list[object]
) -> None:
    """Utterances in any order give the same conversation, because their numbers are their order."""
    folder = tmp_path_factory.mktemp("mibot")
    expected = mibot.read(written(folder, TRANSCRIPT))
    assert mibot.read(written(folder, TRANSCRIPT | {"utterances": utterances})) == expected


def test_two_utterances_with_one_number_are_refused(tmp_path: Path) -> None:
    """Two utterances with one number are refused with both places, because one of them would be lost."""
    again = TRANSCRIPT["utterances"][0] | {"text": "canary"}
    with pytest.raises(
        Misconfigured, match=r"item 4 \(utterance 70\): its message_id is that of t\.json, item 1"
    ) as error:
        mibot.read(written(tmp_path, TRANSCRIPT | {"utterances": [*TRANSCRIPT["utterances"], again]}))
    assert "canary" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "t.json: JSON is not as in"),
        ([], "t.json: JSON is not as in"),
        ({"participant_id": "p"}, "t.json: utterances is not"),
        (TRANSCRIPT | {"utterances": []}, "t.json: utterances is not"),
        (TRANSCRIPT | {"utterances": [{"speaker": "canary"}]}, "t.json: utterances.0.speaker is not"),
        (
            TRANSCRIPT | {"utterances": [{"speaker": "client", "utterance_number": 5, "text": "x" * 20_001}]},
            r"t.json, item 1 \(utterance 5\): text is wrong",
        ),
    ],
)
def test_another_file_is_named_with_what_is_wrong(tmp_path: Path, content: object, sentence: str) -> None:
    """A file that is no transcript is reported with the wrong field, without its content."""
    with pytest.raises(Misconfigured, match=sentence) as error:
        mibot.read(written(tmp_path, content))
    assert "canary" not in str(error.value)

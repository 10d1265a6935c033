"""Tests of published conversations as recorded ones, on files that were made up for them."""

from pathlib import Path

import pytest

from plugin.replay.published import read_failed_esconv, read_thousand_voices
from stream.contracts.errors import Misconfigured
from tests.stream.published.samples import write


def test_a_client_of_thousand_voices_is_one_person_in_all_phases(tmp_path: Path) -> None:
    """The conversation bears client and phase, the client has one author over all phases, and the counsellor is one."""
    (made,) = read_thousand_voices(write(tmp_path, "thousand-voices"))
    assert made.reference == "voices-12-P10"
    assert [event.payload.get("author") for event in made.events] == [
        "counsellor-voices",
        "client-voices-12",
        "client-voices-12",
        "counsellor-voices",
        None,
    ]
    assert made.events[-1].payload["type"] == "session_end"


def test_each_talk_of_failed_esconv_has_people_of_its_own(tmp_path: Path) -> None:
    """Nobody is named in the corpus, so each conversation has a client and a counsellor of its own."""
    one, other = read_failed_esconv(write(tmp_path, "failed-esconv"))
    assert (one.reference, other.reference) == ("esconv-1", "esconv-2")
    authors = [{event.payload.get("author") for event in made.events} for made in (one, other)]
    assert authors[0] & authors[1] == {None}


def test_times_come_at_the_typing_pace(tmp_path: Path) -> None:
    """Neither corpus has times, so each message is due after the time that it takes to type it."""
    one, _ = read_failed_esconv(write(tmp_path, "failed-esconv"))
    assert [event.at_s for event in one.events] == [5.0, 14.0, 18.5, 20.0, 21.0]
    assert [event.payload.get("message_id") for event in one.events[:-1]] == ["1", "2", "3", "4"]


def test_what_the_gateway_would_refuse_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    """A text that is too long for a message is named by its item."""
    content = '{"full_conversation": ["Client: ' + "x" * 30_000 + '"]}'
    with pytest.raises(Misconfigured, match=r"item 1: text is wrong"):
        read_thousand_voices(write(tmp_path, "thousand-voices", content))

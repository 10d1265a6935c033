"""Tests of synthetic sessions: they say what they are, can be replayed, and follow from their seed."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from plugin.replay.sources import load_source
from plugin.written_client.counsellor import Manner, written_replies
from plugin.written_client.synthetic import MARK, NOTICE, SyntheticSession, payloads, synthetic_sessions
from plugin.written_client.turns import Ending
from stream.contracts.vocabulary import ResistanceType, Role


def made(count: int = 60, *, seed: str = "1", manner: Manner = Manner.MIXED) -> list[SyntheticSession]:
    """Return synthetic sessions."""
    return list(synthetic_sessions(count, seed, manner))


def test_each_session_says_that_it_is_synthetic() -> None:
    """The first message is a notice of the system, and every reference begins with the mark."""
    for session in made(5):
        lines = list(payloads(session))
        assert (lines[0]["role"], lines[0]["text"]) == ("system", NOTICE)
        assert lines[-1]["type"] == "session_end"
        for line in lines:
            assert str(line["conversation_id"]).startswith(MARK)
            assert str(line.get("author", MARK)).startswith(MARK)


def test_a_file_of_sessions_can_be_replayed(tmp_path: Path) -> None:
    """The reader of `counterpoint replay` takes every session of a file, with all of its messages."""
    sessions = made(20)
    file = tmp_path / "synthetic.jsonl"
    lines = (json.dumps(line) for session in sessions for line in payloads(session))
    file.write_text("\n".join(lines), encoding="utf-8")
    found = load_source(file).conversations
    assert [each.reference for each in found] == [each.reference for each in sessions]
    assert [len(each.events) for each in found] == [len(each.said) + 2 for each in sessions]


def test_client_and_counsellor_take_turns() -> None:
    """In every session the two take turns, the client begins, and only who left has the last word."""
    for session in made():
        roles = [role for role, _ in session.said]
        assert roles[0] is Role.CLIENT
        assert all(one is not other for one, other in pairwise(roles))
        assert (roles[-1] is Role.CLIENT) == (session.ending is Ending.LEFT)
        assert all(text and "{" not in text for _, text in session.said)


def test_sessions_follow_from_their_seed() -> None:
    """The same seed makes the same sessions, and more of them begin alike; another seed makes others."""
    assert made(10) == made(60)[:10]
    assert made(10) != made(10, seed="2")


def test_clients_are_of_all_kinds() -> None:
    """Among many sessions there is each behaviour, and no two are alike."""
    sessions = made(200)
    assert {each.client.behaviour for each in sessions} == set(ResistanceType)
    assert len({each.said for each in sessions}) == 200


@pytest.mark.parametrize(("manner", "ending"), [(Manner.GOOD, Ending.OPENED), (Manner.POOR, Ending.LEFT)])
def test_a_manner_shows_in_how_sessions_end(manner: Manner, ending: Ending) -> None:
    """With a good counsellor all clients open up, with a poor one they leave, with a mixed one it depends."""
    assert {each.ending for each in made(manner=manner)} == {ending}
    assert {each.ending for each in made()} >= {Ending.OPENED, Ending.LEFT}


def test_a_client_who_opened_up_tells_more() -> None:
    """After opening up the client tells everything that its profile holds, and the counsellor says goodbye."""
    closings = {each.text for each in written_replies().closing}
    session = made(1, manner=Manner.GOOD)[0]
    said = [text for role, text in session.said if role is Role.CLIENT]
    assert set(map(session.client.profile.say, session.client.profile.tells)) <= set(said)
    assert session.said[-1][1] in closings


def test_words_are_in_no_repr() -> None:
    """A session's representation shows nothing that was said."""
    session = made(1)[0]
    assert session.said[0][1] not in repr(session).replace(repr(session.client), "")

"""Tests of the load of synthetic sessions: it is endless, interleaved, and every session is whole."""

from itertools import islice

from bench.synthetic_load import SyntheticLoad
from plugin.written_client.counsellor import Manner
from plugin.written_client.synthetic import synthetic_sessions
from stream.contracts.messages import Message, SessionEnd


def test_sessions_are_interleaved_and_whole() -> None:
    """Of many events each conversation that ended was said whole, and so many others are open at any time."""
    events = list(islice(SyntheticLoad(concurrent=20).events(), 3_000))
    ended = {event.conversation_id for event in events if isinstance(event, SessionEnd)}
    said: dict[str, list[str]] = {}
    for event in events:
        if isinstance(event, Message):
            said.setdefault(event.conversation_id, []).append(event.text)
    assert len(ended) > 50
    assert len(said) - len(ended) == 20
    known = {tuple(text for _, text in each.said) for each in synthetic_sessions(200, "1-0", Manner.MIXED)}
    assert {tuple(said[each]) for each in ended} <= known
    assert [event.conversation_id for event in events[:20]] != sorted(event.conversation_id for event in events[:20])


def test_ids_are_each_once_and_follow_from_the_seed() -> None:
    """No message id comes twice, and the same seed makes the same load."""
    one, other = (
        [event.message_id for event in islice(SyntheticLoad(concurrent=5).events(), 500) if isinstance(event, Message)]
        for _ in range(2)
    )
    assert one == other
    assert len(set(one)) == len(one)

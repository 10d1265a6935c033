"""The measure of risk signals sends messages that speak of danger, and counts what the receiver was told of them."""

from datetime import UTC, datetime, timedelta

import httpx

from bench.load import Load
from bench.risk import RISK_EVERY, WORDS, Told, ids_of, receiver, with_danger
from stream.contracts.messages import Message
from stream.contracts.vocabulary import HeardBy, Role
from stream.detection.lexicons import find_concerns

SMALL = Load(sessions=8, messages=10, concurrent=3)


def tell(told: Told, message_id: str, heard_by: HeardBy, seconds: float) -> None:
    """Tell the receiver of a message that the broker appended so many seconds ago."""
    at = datetime.now(UTC) - timedelta(seconds=seconds)
    data = {"message_id": message_id, "heard_by": [heard_by], "appended_at": at.isoformat()}
    assert httpx.post(told.url, json={"type": "risk.raised", "data": data}).status_code == 204


def test_every_tenth_message_speaks_of_danger() -> None:
    """One message in ten becomes one of the client that the word list hears, and its id is among those expected."""
    events = list(with_danger(SMALL.events(), [WORDS], RISK_EVERY))
    changed = [event for event in events if isinstance(event, Message) and event.text == WORDS]
    assert len(changed) in range(8, 10)
    assert all(event.role is Role.CLIENT and find_concerns(event.text) for event in changed)
    assert ids_of(events, {WORDS}) == {event.message_id for event in changed}


def test_the_receiver_notes_what_came_late_twice_or_never() -> None:
    """The receiver answers at once, and says how late each signal was, which came twice, and which never came."""
    with receiver() as told:
        tell(told, "m1", HeardBy.LEXICON, 2)
        tell(told, "m2", HeardBy.READER, 3)
        tell(told, "m2", HeardBy.READER, 4)
        told.wait_for({"m1", "m2", "m3"}, patience_s=0)
    (late_ms,) = told.delays_ms(HeardBy.LEXICON)
    assert late_ms >= 2_000
    assert len(told.delays_ms(HeardBy.READER)) == 2
    assert told.delays_ms(HeardBy.READER, {"m1"}) == []
    assert (told.lost({"m1", "m2", "m3"}), told.doubled()) == (1, 1)

"""Tests of what becomes of a talk whose deliveries come twice, or in another order."""

import random
from datetime import timedelta
from itertools import permutations

from plugin.adapter_contract.deliveries import SENT, Kind, Platform
from plugin.adapter_contract.receiving import event_of, events_of, is_names
from plugin.adapters.base import PlatformEvent
from plugin.gateway.encoding import encode_event


class RepeatingContract:
    """What holds for deliveries that come again."""

    def test_a_message_has_one_id_under_whatever_delivery(self, platform: Platform) -> None:
        """A message under two delivery ids, or replayed, is one record; only lists of names are named by deliveries."""
        for kind in (Kind.MESSAGE, Kind.EDIT, Kind.DELETION, Kind.WITHDRAWAL, Kind.END):
            if kind not in platform.absent:
                ids = {dict(encode_event(event_of(platform, kind), way).headers)["ce_id"] for way in ("d-1", "d-2")}
                assert len(ids) == 1

    def test_doubled_and_shuffled_deliveries_are_the_same_records(self, platform: Platform) -> None:
        """Six messages, each twice and in any order, and their end, are the same seven records of one conversation."""
        *bodies, end = talk_of(platform)
        expected = records_of(platform, [*bodies, end])
        assert len(expected) == len(bodies) + 1
        assert len({event.conversation_id for event in expected.values()}) == 1
        chance = random.Random(7)
        for first, second in list(permutations(range(6), 2))[::5]:
            shuffled = [*bodies, bodies[first], bodies[second], *bodies]
            chance.shuffle(shuffled)
            assert records_of(platform, [*shuffled, end]) == expected


def talk_of(platform: Platform) -> list[bytes]:
    """Return the deliveries of six messages, of client and counsellor in turn, and of their end."""
    kinds = (Kind.REPLY, Kind.MESSAGE)
    bodies = [
        platform.body(kinds[number % 2], text=f"line {number}", number=number, at=SENT + timedelta(seconds=10 * number))
        for number in range(1, 7)
    ]
    return [*bodies, platform.body(Kind.END, number=1)]


def records_of(platform: Platform, bodies: list[bytes]) -> dict[bytes, PlatformEvent]:
    """Return the records of deliveries by their ids; those of one id must be equal.

    Names are left out: they are their conversation's, and are named by their deliveries.
    """
    found: dict[bytes, PlatformEvent] = {}
    for number, raw in enumerate(bodies):
        for event in events_of(platform, raw):
            if not is_names(event):
                event_id = dict(encode_event(event, f"d-{number}").headers)["ce_id"]
                assert found.setdefault(event_id, event) == event
    return found

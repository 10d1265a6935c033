"""A sender's clock decides nothing but the order of messages inside a session.

Each test plays the same events at the same broker times twice: once with honest clocks, where every event claims the
time of its arrival, and once with arbitrary ones. Events are at least eleven seconds apart: within ten, platforms
deliver side by side, and only their own times can tell which of two events was first.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.contracts.errors import Poison
from stream.contracts.messages import Edit, Message
from stream.contracts.sessions import SessionRecord
from stream.contracts.vocabulary import EndReason, Role, SessionState
from stream.sessions.clocks import clamped_time, with_clamped_time
from stream.sessions.rules import Arrival
from tests.stream.sessions.scenario import CONSENT, DAY, MINUTE, Scenario, at_second, broker_ms, message, rules

IDLE = 30 * MINUTE
SKEWS = (0, -1, -5, -300, -3_600, -DAY, -30 * DAY, -20_000 * DAY, 1, 5, 119, 300, 3_600, DAY, 200_000 * DAY)
"""Seconds by which a clock is wrong: a phone, a wrong time zone, a wrong year, seconds read as milliseconds."""
GAPS = (11, 30, 5 * MINUTE, 29 * MINUTE, 31 * MINUTE, 65 * MINUTE, DAY)


@dataclass(frozen=True)
class Step:
    """One event: the seconds of broker time since the one before it, what it is, and how wrong its clock is."""

    gap: int
    kind: str
    skew: int


def steps(*kinds: str) -> st.SearchStrategy[list[Step]]:
    """Return lists of events of these kinds."""
    return st.lists(
        st.builds(Step, st.sampled_from(GAPS), st.sampled_from(kinds), st.sampled_from(SKEWS)), min_size=2, max_size=25
    )


def play(given: list[Step], *, honest: bool) -> tuple[Scenario, dict[str, float]]:
    """Play the events, then a tick an hour later; returns the scenario and the broker second of each message."""
    scenario, second, arrived = Scenario(rules(min_words=0, min_client_messages=1)), 0.0, dict[str, float]()
    for number, step in enumerate(given):
        scenario.tick(second + min(step.gap, 3))  # by then a session has closed again for late messages
        second += step.gap
        scenario.tick(second)
        claimed = second if honest else min(max(second + step.skew, -50_000 * DAY), 250_000 * DAY)
        try:
            match step.kind:
                case "client":
                    scenario.client(f"no words {number}", second, message_id=f"m{number}", sent=claimed)
                case "counsellor":
                    scenario.counsellor(f"words {number}", second, message_id=f"m{number}", sent=claimed)
                case "end":
                    scenario.end(second, ended=claimed)
                case "withdraw":
                    scenario.withdraw(second, withdrawn=claimed)
                case "erase":
                    scenario.erase(second)
        except Poison:
            continue
        if step.kind in {"client", "counsellor"}:
            arrived[f"m{number}"] = second
    scenario.tick(second + 65 * MINUTE)
    return scenario, arrived


def outcome(record: SessionRecord) -> tuple[object, ...]:
    """Return what a record says that no sender's clock may change."""
    times = record.closed_at, record.began_at, record.last_heard_at
    return record.session_id, record.revision, record.state, record.end_reason, record.counts.messages, times


@given(steps("client", "client", "counsellor"))
def test_sessions_begin_close_and_reopen_as_with_honest_clocks(given: list[Step]) -> None:
    """Sessions have the same messages, closes, revisions and append times for any times that messages claim."""
    honest, _ = play(given, honest=True)
    lying, _ = play(given, honest=False)
    assert [outcome(record) for record in lying.records] == [outcome(record) for record in honest.records]


@given(steps("client", "client", "counsellor", "withdraw", "erase"))
def test_withdrawals_and_erasures_remove_what_they_remove_with_honest_clocks(given: list[Step]) -> None:
    """Withdrawals and erasures remove and refuse the same messages for any clocks, and leave the same records."""
    honest, kept = play(given, honest=True)
    lying, kept_lying = play(given, honest=False)
    assert kept_lying.keys() == kept.keys()
    assert [outcome(record) for record in lying.records] == [outcome(record) for record in honest.records]
    assert [type(each) for each in lying.published] == [type(each) for each in honest.published]
    assert ids_in(lying.stored_text) == ids_in(honest.stored_text)


def ids_in(stored: str) -> set[str]:
    """Return the ids of the messages of which text is stored."""
    return set(re.findall(r'"message_id":"(m\d+)"', stored))


@given(steps("client", "client", "counsellor", "end", "end"))
def test_nothing_is_published_while_a_session_is_open(given: list[Step]) -> None:
    """A session closes on its explicit end, or half an hour of broker time after its last message, for any clocks."""
    scenario, arrived = play(given, honest=False)
    second, ends = 0.0, []
    for step in given:
        second += step.gap
        if step.kind == "end":
            ends.append(second)
    for record in scenario.records:
        if record.state is not SessionState.CLOSED:
            continue
        closed = (record.closed_at - at_second(0)).total_seconds()
        before = [at for at in arrived.values() if at <= closed]
        idle = bool(before) and closed - max(before) >= IDLE
        assert idle or any(end <= closed <= end + 14 for end in ends)
        assert (record.end_reason is EndReason.IDLE) <= idle


@pytest.mark.parametrize("skew", SKEWS)
def test_one_message_with_a_wrong_clock_captures_no_later_talk(skew: int) -> None:
    """A message with any clock is in its own session, and a later talk of the room is a session of its own."""
    scenario = Scenario()
    last = scenario.ordinary_session()
    scenario.client("no I am here", last + 5, sent=last + 5 + skew)
    scenario.end(last + 10)
    scenario.ordinary_session(last + 2 * IDLE)
    assert scenario.revisions == [(1, "closed")]
    assert scenario.records[0].counts.messages == 5
    scenario.end(last + 2 * IDLE + 40)
    assert scenario.revisions == [(1, "closed"), (1, "closed")]
    assert scenario.last_record.counts.messages == 4


@pytest.mark.parametrize("skew", SKEWS)
def test_the_times_of_a_record_lie_within_the_tolerance(skew: int) -> None:
    """The start and the end that a record shows are never further from the broker's times than is tolerated."""
    scenario = Scenario()
    scenario.client("no I am here", 0, sent=skew)
    scenario.counsellor("and I am here", 10, sent=10 + skew)
    scenario.end(20, ended=20 + skew if skew > -100 else 20)
    (record,) = scenario.records
    assert at_second(-DAY) <= record.started_at <= record.ended_at <= at_second(20 + 120)
    assert (record.began_at, record.last_heard_at) == (at_second(0), at_second(10))


@given(st.timedeltas(min_value=timedelta(days=-700_000), max_value=timedelta(days=2_900_000)))
def test_a_time_is_moved_to_the_nearest_tolerated_one(distance: timedelta) -> None:
    """A tolerated time stays as it is, any other is moved to the bound on its side."""
    at, given_rules = Arrival(1, broker_ms(0)), rules()
    earliest, latest = at_second(-DAY), at_second(120)
    claimed = at_second(0) + distance
    moved = clamped_time(claimed, at, given_rules)
    assert earliest <= moved <= latest
    assert (moved == claimed) == (earliest <= claimed <= latest)
    assert moved == min(max(claimed, earliest), latest)


def test_only_messages_and_edits_have_their_time_moved() -> None:
    """A message and an edit far from the broker's time have it moved; a tolerated one is the same object."""
    at, given_rules = Arrival(1, broker_ms(0)), rules()
    future = at_second(0) + timedelta(hours=1)
    late = message("m1", "words", 3_600, Role.CLIENT)
    edit = Edit(
        tenant="acme", conversation_id="room-1", message_id="m1", text="more", edited_at=future, consent=CONSENT
    )
    moved, moved_edit = with_clamped_time(late, at, given_rules), with_clamped_time(edit, at, given_rules)
    assert isinstance(moved, Message)
    assert isinstance(moved_edit, Edit)
    assert moved.sent_at == moved_edit.edited_at == at_second(120)
    kept = message("m1", "words", 60, Role.CLIENT)
    assert with_clamped_time(kept, at, given_rules) is kept

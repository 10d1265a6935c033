"""A session record never exceeds the size that a record may have."""

from hypothesis import given
from hypothesis import strategies as st

from stream.contracts.sessions import SessionRecord
from stream.contracts.topics import MAX_RECORD_BYTES
from stream.contracts.vocabulary import MarkKind
from stream.sessions.size import fit_to_limit, record_size
from tests.stream.sessions.scenario import Scenario

LONG = "\U0001f600" * 19_000  # 76 kB in UTF-8


def session_of_turns(turns: int) -> SessionRecord:
    """Return the record of `turns` flagged and answered turns with growing scores."""
    scenario = Scenario()
    for turn in range(turns):
        scenario.client("no " * (turn + 1) + "really", turn * 10)
        scenario.counsellor("I hear that this is not for you", turn * 10 + 5)
    scenario.end(1_000)
    return scenario.last_record


def has_exactly_the_needed_messages(record: SessionRecord) -> bool:
    """Whether the record holds every message that an exchange or a mark names, and no other."""
    named = {name for e in record.exchanges for name in (*e.context, *e.client_turn, *e.reply)}
    named |= {name for mark in record.marks for name in (*mark.context, *mark.message_ids)}
    return named == {m.message_id for m in record.messages}


def test_a_record_within_the_limit_is_unchanged() -> None:
    """A record within the limit is returned unchanged, as most are."""
    record = session_of_turns(5)
    assert fit_to_limit(record) is record


def test_the_lowest_scored_exchanges_are_dropped_first() -> None:
    """The lowest-scored exchanges are dropped first, with their messages, and are counted."""
    record = session_of_turns(6)
    less = fit_to_limit(record, record_size(record) - 1)
    assert [e.score for e in less.exchanges] == [e.score for e in record.exchanges][1:]
    assert less.counts.exchanges_dropped_for_size == 1
    assert has_exactly_the_needed_messages(less)


def test_the_last_exchange_loses_its_oldest_context_before_it_is_dropped() -> None:
    """The last exchange loses its oldest context before it is dropped, since the client's last messages matter most."""
    record = session_of_turns(6)
    best = fit_to_limit(record, 1_900)
    (exchange,) = best.exchanges
    assert exchange.client_turn == record.exchanges[-1].client_turn
    assert exchange.reply == record.exchanges[-1].reply
    assert len(exchange.context) < 10
    assert exchange.context == record.exchanges[-1].context[10 - len(exchange.context) :]
    assert best.counts.context_dropped_for_size == 10 - len(exchange.context)
    assert has_exactly_the_needed_messages(best)


def test_the_context_of_an_unanswered_moment_is_dropped_like_that_of_an_exchange() -> None:
    """A mark loses its oldest context where the record is too large, and keeps the turn itself."""
    scenario = Scenario()
    for turn in range(5):
        scenario.client("well that is how it goes " + LONG, turn * 10)
        scenario.counsellor(LONG, turn * 10 + 5)
    scenario.client("no " + LONG, 100)
    scenario.client("no " + LONG, 101)
    scenario.client("no " + LONG, 102)
    scenario.end(1_000)
    record = scenario.last_record
    (mark,) = record.marks
    assert mark.message_ids == ("m11", "m12", "m13")
    assert mark.context == tuple(f"m{number}" for number in range(14 - len(mark.context) - 3, 11))
    assert 0 < len(mark.context) < 10
    assert record.counts.context_dropped_for_size == 10 - len(mark.context)
    assert has_exactly_the_needed_messages(record)


@given(limit=st.integers(1_000, 9_000))
def test_dropped_exchanges_are_counted_at_any_limit(limit: int) -> None:
    """At any limit the dropped exchanges are counted and the remaining ones have all their messages."""
    record = session_of_turns(8)
    less = fit_to_limit(record, limit)
    assert len(less.exchanges) + less.counts.exchanges_dropped_for_size == len(record.exchanges)
    assert has_exactly_the_needed_messages(less)
    assert record_size(less) <= limit or (not less.exchanges and not less.marks)


def test_the_largest_session_that_people_can_write_fits() -> None:
    """A session of messages of the greatest length, all of them critical and needed, fits into a record."""
    scenario = Scenario()
    for turn in range(12):
        scenario.client("no kill voices " + LONG, turn * 10)
        scenario.counsellor(LONG, turn * 10 + 5)
    scenario.client("no " + LONG, 500)
    scenario.end(1_000)
    assert record_size(scenario.last_record) <= MAX_RECORD_BYTES
    assert has_exactly_the_needed_messages(scenario.last_record)
    assert scenario.last_record.counts.exchanges_dropped_for_size > 0
    assert {mark.kind for mark in scenario.last_record.marks} == set(MarkKind)


def test_a_mark_loses_messages_but_is_never_dropped() -> None:
    """A mark loses messages until the record fits, but is never dropped, so that risk language is always shown."""
    scenario = Scenario()
    for turn in range(30):
        scenario.client("kill " + LONG, turn)
    scenario.end(1_000)
    (mark,) = scenario.last_record.marks
    assert record_size(scenario.last_record) <= MAX_RECORD_BYTES
    assert 1 <= len(mark.message_ids) < 30
    assert mark.message_ids[0] == "m1"
    assert has_exactly_the_needed_messages(scenario.last_record)

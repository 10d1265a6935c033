"""A session record never grows over the size that a record may have."""

from hypothesis import given
from hypothesis import strategies as st

from stream.contracts.sessions import SessionRecord
from stream.contracts.topics import MAX_RECORD_BYTES
from stream.contracts.vocabulary import MarkKind, OperatingPoint
from stream.sessions.size import fit_to_limit, record_size
from tests.stream.sessions.scenario import Scenario, rules

LONG = "\U0001f600" * 19_000  # 76 kB in UTF-8


def big(turns: int) -> SessionRecord:
    """A session of `turns` flagged turns of growing score, each said and answered in a small record."""
    scenario = Scenario(rules(OperatingPoint.GATE))
    for turn in range(turns):
        scenario.client("no " * (turn + 1) + "really", turn * 10)
        scenario.counsellor("I hear that this is not for you", turn * 10 + 5)
    scenario.end(1_000)
    return scenario.last_record


def complete(record: SessionRecord) -> bool:
    """Every message that an exchange or a mark names is there, and no other."""
    named = {name for e in record.exchanges for name in (*e.context, *e.client_turn, *e.reply)}
    named |= {name for mark in record.marks for name in mark.message_ids}
    return named == {m.message_id for m in record.messages}


def test_a_record_within_the_limit_is_not_touched() -> None:
    """Most are far below it."""
    record = big(5)
    assert fit_to_limit(record) is record


def test_the_lowest_scored_exchanges_go_first() -> None:
    """They are counted, and their messages go with them."""
    record = big(6)
    less = fit_to_limit(record, record_size(record) - 1)
    assert [e.score for e in less.exchanges] == [e.score for e in record.exchanges][1:]
    assert less.counts.exchanges_dropped_for_size == 1
    assert complete(less)


def test_the_last_exchange_loses_its_oldest_context_before_it_goes() -> None:
    """What the client said last is what matters most."""
    record = big(6)
    best = fit_to_limit(record, 1_900)
    (exchange,) = best.exchanges
    assert exchange.client_turn == record.exchanges[-1].client_turn
    assert exchange.reply == record.exchanges[-1].reply
    assert len(exchange.context) < 10
    assert exchange.context == record.exchanges[-1].context[10 - len(exchange.context) :]
    assert best.counts.context_dropped_for_size == 10 - len(exchange.context)
    assert complete(best)


@given(limit=st.integers(1_000, 9_000))
def test_what_goes_is_counted_and_what_stays_is_whole(limit: int) -> None:
    """At any limit."""
    record = big(8)
    less = fit_to_limit(record, limit)
    assert len(less.exchanges) + less.counts.exchanges_dropped_for_size == len(record.exchanges)
    assert complete(less)
    assert record_size(less) <= limit or (not less.exchanges and not less.marks)


def test_the_largest_session_that_people_can_write_fits() -> None:
    """Messages of the greatest length, all critical, all needed."""
    scenario = Scenario(rules(OperatingPoint.GATE))
    for turn in range(12):
        scenario.client("no kill voices " + LONG, turn * 10)
        scenario.counsellor(LONG, turn * 10 + 5)
    scenario.client("no " + LONG, 500)
    scenario.end(1_000)
    assert record_size(scenario.last_record) <= MAX_RECORD_BYTES
    assert complete(scenario.last_record)
    assert scenario.last_record.counts.exchanges_dropped_for_size > 0
    assert {mark.kind for mark in scenario.last_record.marks} == set(MarkKind)


def test_marks_point_at_fewer_messages_rather_than_go() -> None:
    """A session with risk language is never silent about it."""
    scenario = Scenario()
    for turn in range(30):
        scenario.client("kill " + LONG, turn)
    scenario.end(1_000)
    (mark,) = scenario.last_record.marks
    assert record_size(scenario.last_record) <= MAX_RECORD_BYTES
    assert 1 <= len(mark.message_ids) < 30
    assert mark.message_ids[0] == "m1"
    assert complete(scenario.last_record)

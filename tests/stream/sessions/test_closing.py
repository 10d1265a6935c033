"""When a session closes."""

from stream.contracts.vocabulary import EndReason, LeftOut
from stream.sessions import rules as limits
from tests.stream.sessions.scenario import DAY, MINUTE, Scenario, at_second, broker_ms, rules, session_id_of

IDLE = 30 * MINUTE


def test_an_open_session_publishes_nothing() -> None:
    """Nothing leaves the stream before the close, however often time is told."""
    scenario = Scenario()
    last = scenario.ordinary_session()
    for second in range(0, IDLE, 60):
        scenario.tick(second)
    assert last == 30
    assert scenario.published == []


def test_the_platforms_end_closes_at_once() -> None:
    """The explicit end is the session's end, and the append time of the event is the time of the close."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.end(40)
    assert scenario.revisions == [(1, "closed")]
    assert scenario.last_record.end_reason is EndReason.EXPLICIT
    assert scenario.last_record.left_out is None
    assert scenario.last_record.started_at == at_second(0)
    assert scenario.last_record.ended_at == scenario.last_record.closed_at == at_second(40)
    assert scenario.last_record.session_id == session_id_of("m1")


def test_a_tick_closes_after_the_idle_limit_and_not_before() -> None:
    """The last append time decides, told by the append time of a tick."""
    scenario = Scenario()
    last = scenario.ordinary_session()
    scenario.tick(last + IDLE - 1)
    assert scenario.published == []
    scenario.tick(last + IDLE)
    assert scenario.last_record.end_reason is EndReason.IDLE
    assert scenario.last_record.ended_at == at_second(last)
    assert scenario.last_record.closed_at == at_second(last + IDLE)


def test_broker_time_decides_not_the_senders_clock() -> None:
    """A sender whose clock is a day behind closes nothing early and keeps nothing open."""
    scenario = Scenario()
    scenario.client("hello", 0, sent=-DAY)
    scenario.counsellor("hello to you", IDLE - 1, sent=-DAY + 1)
    scenario.tick(IDLE + 1)
    assert scenario.published == []
    scenario.tick(2 * IDLE)
    assert scenario.revisions == [(1, "closed")]


def test_a_message_after_the_idle_limit_closes_the_old_session_first() -> None:
    """No tick was needed in between: after an outage the log itself tells that time has passed."""
    scenario = Scenario()
    last = scenario.ordinary_session()
    scenario.client("hello again", last + IDLE + 3_600)
    assert scenario.revisions == [(1, "closed")]
    assert scenario.last_record.counts.messages == 4
    assert scenario.conversation.open_session == "m5"


def test_a_message_just_before_the_idle_limit_continues() -> None:
    """The limit is measured to the predecessor, not to the beginning."""
    scenario = Scenario()
    for step in range(10):
        scenario.client("still here", step * (IDLE - 1))
    assert scenario.published == []


def test_with_the_explicit_rule_only_the_platform_closes() -> None:
    """A platform that always tells the end may leave a session idle for as long as it likes."""
    scenario = Scenario(rules(end_rule="explicit"))
    scenario.ordinary_session()
    scenario.tick(3 * DAY)
    scenario.client("still with me?", 3 * DAY)
    assert scenario.published == []
    scenario.end(3 * DAY + 1)
    assert scenario.last_record.counts.messages == 5


def test_with_the_idle_rule_the_platforms_end_means_nothing() -> None:
    """A platform whose end events are not to be trusted is read by its silence."""
    scenario = Scenario(rules(end_rule="idle"))
    last = scenario.ordinary_session()
    scenario.end(last + 1)
    assert scenario.published == []
    scenario.tick(last + IDLE)
    assert scenario.last_record.end_reason is EndReason.IDLE


def test_an_end_without_a_session_means_nothing() -> None:
    """Neither before the first message nor twice."""
    scenario = Scenario()
    scenario.end(0)
    scenario.ordinary_session(10)
    scenario.end(50)
    scenario.end(60)
    assert scenario.revisions == [(1, "closed")]


def test_the_end_of_an_earlier_session_does_not_close_the_next() -> None:
    """An end that arrives late names a time before the open session began."""
    scenario = Scenario()
    last = scenario.ordinary_session()
    scenario.ordinary_session(last + 3 * IDLE)
    assert scenario.revisions == [(1, "closed")]
    scenario.end(last + 3 * IDLE + 100, ended=last + 1)
    assert scenario.revisions == [(1, "closed")]


def test_an_end_told_again_after_a_crash_is_judged_by_what_came_before_it() -> None:
    """A message that came after it may have been sent before the others; that makes the end no later."""
    scenario = Scenario()
    scenario.client("hello", 10)
    scenario.end(11, ended=5)
    end_at = scenario.offset
    scenario.client("sent before, came after", 12, sent=0)
    assert scenario.revisions == []
    scenario.offset = end_at - 1
    scenario.end(11, ended=5)
    assert scenario.revisions == []


def test_a_session_of_five_thousand_messages_closes_as_too_long() -> None:
    """The next message begins the next session at once; the long one is left out and never opens again."""
    scenario = Scenario()
    for number in range(limits.MAX_MESSAGES):
        scenario.say_without_restart(number)
    scenario.restart()
    assert scenario.revisions == [(1, "closed")]
    assert scenario.last_record.end_reason is EndReason.TOO_LONG
    assert scenario.last_record.left_out is LeftOut.TOO_LONG
    assert scenario.last_record.counts.messages == limits.MAX_MESSAGES
    scenario.client("and on", limits.MAX_MESSAGES + 1)
    assert scenario.revisions == [(1, "closed")]
    assert (
        scenario.conversation.open_session
        == scenario.conversation.segments[max(scenario.conversation.segments)].session
    )


def test_a_close_that_a_crash_interrupted_happens_at_the_repeated_message() -> None:
    """The five-thousandth message may be kept while its close is not; coming again it closes the session."""
    scenario = Scenario()
    for number in range(limits.MAX_MESSAGES - 1):
        scenario.say_without_restart(number)
    last = limits.MAX_MESSAGES - 1
    generator = scenario.outputs_of(last)
    next(generator)  # the record is made, the crash comes before it is marked
    scenario.restart()
    scenario.offset -= 1
    scenario.say_without_restart(last)
    assert scenario.revisions == [(1, "closed")]


def test_a_weekly_conversation_of_three_sessions_gives_three_records() -> None:
    """Each is the first revision of a session of its own: no later one supersedes an earlier."""
    scenario = Scenario()
    for week in range(3):
        last = scenario.ordinary_session(week * 7 * DAY)
        scenario.tick(last + IDLE)
        for day in range(1, 7):
            scenario.tick(week * 7 * DAY + day * DAY)
    assert scenario.revisions == [(1, "closed")] * 3
    assert len({record.session_id for record in scenario.records}) == 3
    assert [record.started_at for record in scenario.records] == [at_second(week * 7 * DAY) for week in range(3)]
    assert all(record.left_out is None and len(record.exchanges) == 1 for record in scenario.records)


def test_the_time_of_the_next_tick_is_known() -> None:
    """A conversation is looked at when something is due, not every second."""
    scenario = Scenario()
    assert due(scenario) is None
    scenario.client("hello", 10)
    assert due(scenario) == broker_ms(10 + IDLE)
    scenario.tick(10 + IDLE)
    assert due(scenario) == broker_ms(10 + IDLE + DAY)


def due(scenario: Scenario) -> int | None:
    """When the conversation next wants a tick."""
    from stream.sessions.lifecycle import next_tick_ms

    return next_tick_ms(scenario.conversation, scenario.rules)

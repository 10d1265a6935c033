"""A session closes at its explicit end, after the idle limit, or when it is too long."""

from stream.contracts.vocabulary import EndReason, LeftOut, NoEffect
from stream.sessions import rules as limits
from tests.stream.sessions.scenario import DAY, MINUTE, Scenario, at_second, broker_ms, rules, session_id_of

IDLE = 30 * MINUTE


def test_an_open_session_publishes_nothing() -> None:
    """A session publishes nothing before its close, however many ticks come."""
    scenario = Scenario()
    last = scenario.ordinary_session()
    for second in range(0, IDLE, 60):
        scenario.tick(second)
    assert last == 30
    assert scenario.published == []


def test_the_platforms_end_closes_at_once() -> None:
    """The explicit end is the session's end, and the append time of its event is the time of the close."""
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
    """A tick closes a session when its append time is the idle limit after that of the last message."""
    scenario = Scenario()
    last = scenario.ordinary_session()
    scenario.tick(last + IDLE - 1)
    assert scenario.published == []
    scenario.tick(last + IDLE)
    assert scenario.last_record.end_reason is EndReason.IDLE
    assert scenario.last_record.ended_at == at_second(last)
    assert scenario.last_record.closed_at == at_second(last + IDLE)


def test_broker_time_decides_not_the_senders_clock() -> None:
    """A sender whose clock is a day behind closes no session early and keeps none open."""
    scenario = Scenario()
    scenario.client("hello", 0, sent=-DAY)
    scenario.counsellor("hello to you", IDLE - 1, sent=-DAY + 1)
    scenario.tick(IDLE + 1)
    assert scenario.published == []
    scenario.tick(2 * IDLE)
    assert scenario.revisions == [(1, "closed")]


def test_a_message_after_the_idle_limit_closes_the_old_session_first() -> None:
    """A message after the idle limit closes the old session without a tick, and begins the next one.

    After an outage the messages themselves show that time has passed.
    """
    scenario = Scenario()
    last = scenario.ordinary_session()
    scenario.client("hello again", last + IDLE + 3_600)
    assert scenario.revisions == [(1, "closed")]
    assert scenario.last_record.counts.messages == 4
    assert scenario.conversation.open_session == "m5"


def test_a_message_just_before_the_idle_limit_continues_the_session() -> None:
    """The idle limit is measured from the previous message, not from the beginning of the session."""
    scenario = Scenario()
    for step in range(10):
        scenario.client("still here", step * (IDLE - 1))
    assert scenario.published == []


def test_with_the_explicit_rule_only_the_platform_closes() -> None:
    """With the rule `explicit` a session stays open, however long it is idle, until the platform ends it."""
    scenario = Scenario(rules(end_rule="explicit"))
    scenario.ordinary_session()
    scenario.tick(3 * DAY)
    scenario.client("still with me?", 3 * DAY)
    assert scenario.published == []
    scenario.end(3 * DAY + 1)
    assert scenario.last_record.counts.messages == 5


def test_with_the_idle_rule_the_platforms_end_is_ignored() -> None:
    """With the rule `idle` the platform's end is ignored, since its end events may be unreliable."""
    scenario = Scenario(rules(end_rule="idle"))
    last = scenario.ordinary_session()
    scenario.end(last + 1)
    assert scenario.published == []
    assert scenario.ignored == [NoEffect.END_RULE_IDLE]
    scenario.tick(last + IDLE)
    assert scenario.last_record.end_reason is EndReason.IDLE


def test_an_end_without_an_open_session_is_ignored_and_counted() -> None:
    """An explicit end before the first message, or a second one after the close, is ignored with its reason."""
    scenario = Scenario()
    scenario.end(0)
    scenario.ordinary_session(10)
    scenario.end(50)
    scenario.end(60)
    scenario.end(61, ended=50)
    assert scenario.revisions == [(1, "closed")]
    assert scenario.ignored == [NoEffect.END_WITHOUT_SESSION, NoEffect.END_WITHOUT_SESSION, NoEffect.END_REPEATED]


def test_the_end_of_an_earlier_session_does_not_close_the_next() -> None:
    """An explicit end from before the open session began does not close that session."""
    scenario = Scenario()
    last = scenario.ordinary_session()
    scenario.ordinary_session(last + 3 * IDLE)
    assert scenario.revisions == [(1, "closed")]
    scenario.end(last + 3 * IDLE + 100, ended=last + 1)
    assert scenario.revisions == [(1, "closed")]
    assert scenario.ignored == [NoEffect.END_BEFORE_SESSION]


def test_a_slow_clock_does_not_keep_a_session_open() -> None:
    """An explicit end counts if its clock is slow by less than the tolerance, whatever times its messages have."""
    scenario = Scenario()
    scenario.client("hello", 10, sent=100)
    scenario.end(20, ended=-100)
    assert scenario.revisions == [(1, "closed")]


def test_a_redelivered_end_does_not_close_a_session_that_began_after_it() -> None:
    """An end that is redelivered after a crash does not close a session with a higher offset."""
    scenario = Scenario()
    scenario.end(5)
    place = scenario.offset
    scenario.client("hello", 10)
    scenario.offset = place - 1
    scenario.end(5)
    assert scenario.revisions == []


def test_a_session_of_five_thousand_messages_closes_as_too_long() -> None:
    """A session of 5,000 messages closes as too long, never reopens, and the next message begins a new session."""
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
    """If a crash loses the close after the 5,000th message, the redelivered message closes the session."""
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
    """Three sessions in three weeks give three records, each the first revision of its own session."""
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


def test_the_next_tick_is_due_at_the_idle_limit_and_when_text_expires() -> None:
    """A tick is due when the session is idle and when its text expires; before that no tick checks it."""
    scenario = Scenario()
    assert next_due_ms(scenario) is None
    scenario.client("hello", 10)
    assert next_due_ms(scenario) == broker_ms(10 + IDLE)
    scenario.tick(10 + IDLE)
    assert next_due_ms(scenario) == broker_ms(10 + IDLE + DAY)


def next_due_ms(scenario: Scenario) -> int | None:
    """Return the broker time in ms at which the conversation next needs a tick."""
    from stream.sessions.lifecycle import next_tick_ms

    return next_tick_ms(scenario.conversation, scenario.rules)

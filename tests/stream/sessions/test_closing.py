"""When a session closes."""

from stream.contracts.vocabulary import EndReason, LeftOut
from stream.sessions import rules as limits
from tests.stream.sessions.talk import DAY, MINUTE, Talk, at_second, ms, rules, session_named

IDLE = 30 * MINUTE


def test_an_open_session_publishes_nothing() -> None:
    """Nothing leaves the stream before the close, however often time is told."""
    talk = Talk()
    last = talk.session()
    for second in range(0, IDLE, 60):
        talk.tick(second)
    assert last == 30
    assert talk.published == []


def test_the_platforms_end_closes_at_once() -> None:
    """The explicit end is the session's end, and the append time of the event is the time of the close."""
    talk = Talk()
    talk.session()
    talk.end(40)
    assert talk.story == [(1, "closed")]
    assert talk.last.end_reason is EndReason.EXPLICIT
    assert talk.last.left_out is None
    assert talk.last.started_at == at_second(0)
    assert talk.last.ended_at == talk.last.closed_at == at_second(40)
    assert talk.last.session_id == session_named("m1")


def test_a_tick_closes_after_the_idle_limit_and_not_before() -> None:
    """The last append time decides, told by the append time of a tick."""
    talk = Talk()
    last = talk.session()
    talk.tick(last + IDLE - 1)
    assert talk.published == []
    talk.tick(last + IDLE)
    assert talk.last.end_reason is EndReason.IDLE
    assert talk.last.ended_at == at_second(last)
    assert talk.last.closed_at == at_second(last + IDLE)


def test_broker_time_decides_not_the_senders_clock() -> None:
    """A sender whose clock is a day behind closes nothing early and keeps nothing open."""
    talk = Talk()
    talk.client("hello", 0, sent=-DAY)
    talk.counsellor("hello to you", IDLE - 1, sent=-DAY + 1)
    talk.tick(IDLE + 1)
    assert talk.published == []
    talk.tick(2 * IDLE)
    assert talk.story == [(1, "closed")]


def test_a_message_after_the_idle_limit_closes_the_old_session_first() -> None:
    """No tick was needed in between: after an outage the log itself tells that time has passed."""
    talk = Talk()
    last = talk.session()
    talk.client("hello again", last + IDLE + 3_600)
    assert talk.story == [(1, "closed")]
    assert talk.last.counts.messages == 4
    assert talk.conversation.open_session == "m5"


def test_a_message_just_before_the_idle_limit_continues() -> None:
    """The limit is measured to the predecessor, not to the beginning."""
    talk = Talk()
    for step in range(10):
        talk.client("still here", step * (IDLE - 1))
    assert talk.published == []


def test_with_the_explicit_rule_only_the_platform_closes() -> None:
    """A platform that always tells the end may leave a session idle for as long as it likes."""
    talk = Talk(rules(end_rule="explicit"))
    talk.session()
    talk.tick(3 * DAY)
    talk.client("still with me?", 3 * DAY)
    assert talk.published == []
    talk.end(3 * DAY + 1)
    assert talk.last.counts.messages == 5


def test_with_the_idle_rule_the_platforms_end_means_nothing() -> None:
    """A platform whose end events are not to be trusted is read by its silence."""
    talk = Talk(rules(end_rule="idle"))
    last = talk.session()
    talk.end(last + 1)
    assert talk.published == []
    talk.tick(last + IDLE)
    assert talk.last.end_reason is EndReason.IDLE


def test_an_end_without_a_session_means_nothing() -> None:
    """Neither before the first message nor twice."""
    talk = Talk()
    talk.end(0)
    talk.session(10)
    talk.end(50)
    talk.end(60)
    assert talk.story == [(1, "closed")]


def test_the_end_of_an_earlier_session_does_not_close_the_next() -> None:
    """An end that arrives late names a time before the open session began."""
    talk = Talk()
    last = talk.session()
    talk.session(last + 3 * IDLE)
    assert talk.story == [(1, "closed")]
    talk.end(last + 3 * IDLE + 100, ended=last + 1)
    assert talk.story == [(1, "closed")]


def test_an_end_told_again_after_a_crash_is_judged_by_what_came_before_it() -> None:
    """A message that came after it may have been sent before the others; that makes the end no later."""
    talk = Talk()
    talk.client("hello", 10)
    talk.end(11, ended=5)
    end_at = talk.offset
    talk.client("sent before, came after", 12, sent=0)
    assert talk.story == []
    talk.offset = end_at - 1
    talk.end(11, ended=5)
    assert talk.story == []


def test_a_session_of_five_thousand_messages_closes_as_too_long() -> None:
    """The next message begins the next session at once; the long one is left out and never opens again."""
    talk = Talk()
    for number in range(limits.MAX_MESSAGES):
        talk.give_quietly(number)
    talk.restart()
    assert talk.story == [(1, "closed")]
    assert talk.last.end_reason is EndReason.TOO_LONG
    assert talk.last.left_out is LeftOut.TOO_LONG
    assert talk.last.counts.messages == limits.MAX_MESSAGES
    talk.client("and on", limits.MAX_MESSAGES + 1)
    assert talk.story == [(1, "closed")]
    assert talk.conversation.open_session == talk.conversation.segments[max(talk.conversation.segments)].session


def test_a_close_that_a_crash_interrupted_happens_at_the_repeated_message() -> None:
    """The five-thousandth message may be kept while its close is not; coming again it closes the session."""
    talk = Talk()
    for number in range(limits.MAX_MESSAGES - 1):
        talk.give_quietly(number)
    last = limits.MAX_MESSAGES - 1
    generator = talk.quiet_effect(last)
    next(generator)  # the record is made, the crash comes before it is marked
    talk.restart()
    talk.offset -= 1
    talk.give_quietly(last)
    assert talk.story == [(1, "closed")]


def test_a_weekly_conversation_of_three_sessions_gives_three_records() -> None:
    """Each is the first revision of a session of its own: no later one supersedes an earlier."""
    talk = Talk()
    for week in range(3):
        last = talk.session(week * 7 * DAY)
        talk.tick(last + IDLE)
        for day in range(1, 7):
            talk.tick(week * 7 * DAY + day * DAY)
    assert talk.story == [(1, "closed")] * 3
    assert len({record.session_id for record in talk.records}) == 3
    assert [record.started_at for record in talk.records] == [at_second(week * 7 * DAY) for week in range(3)]
    assert all(record.left_out is None and len(record.exchanges) == 1 for record in talk.records)


def test_the_time_of_the_next_tick_is_known() -> None:
    """A conversation is looked at when something is due, not every second."""
    talk = Talk()
    assert due(talk) is None
    talk.client("hello", 10)
    assert due(talk) == ms(10 + IDLE)
    talk.tick(10 + IDLE)
    assert due(talk) == ms(10 + IDLE + DAY)


def due(talk: Talk) -> int | None:
    """When the conversation next wants a tick."""
    from stream.sessions.lifecycle import due_ms

    return due_ms(talk.conversation, talk.rules)

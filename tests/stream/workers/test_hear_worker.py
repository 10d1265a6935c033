"""The stage `hear`: what it asks and raises, whatever crashes, is slow or cannot be used."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from stream.contracts.errors import Misconfigured
from stream.contracts.messages import Consent, ConsentWithdrawal, Deletion, Edit, Erasure, Participant, Participants
from stream.contracts.topics import DEAD_LETTERS
from stream.contracts.vocabulary import Concern, HeardBy, Role
from stream.risk.question import Outcome
from stream.risk.waiting import PATIENCE_S
from stream.runtime.health import ReadinessPart
from stream.runtime.settings import Settings
from stream.sessions.events import apply_event
from stream.workers.hear_worker import LATE_S, REREAD_S, run
from tests.stream.risk.scripted import FELLS, POSSIBLE
from tests.stream.sessions.scenario import CONSENT, HOUR, ROOM, TENANT, at_second, broker_ms, message, session_id_of
from tests.stream.workers.batch_harness import end_of, message_in
from tests.stream.workers.hear_bench import PLACES, Crash, HearBench

INDIRECT = "Some days I think nobody would miss me."
"""Words of danger that only the reader of these tests hears; written by us."""
PLAIN = "I could kill myself."
"""Words that the word list of these tests hears; written by us."""


def edit(message_id: str, text: str, second: float, **changes: Any) -> Edit:
    """Return an edit with consent."""
    given = {"message_id": message_id, "text": text, "edited_at": at_second(second), "consent": CONSENT} | changes
    return Edit(tenant=TENANT, conversation_id=ROOM, **given)


def said(text: str, *, second: float = 1, **changes: Any) -> HearBench:
    """Return a bench in whose log a counsellor asks and a client says something."""
    bench = HearBench(second=second)
    bench.log.put(message("m1", "How are you?", 0, Role.COUNSELLOR), 0)
    bench.log.put(message("m2", text, second, **changes), second)
    return bench


def oldest_held_s() -> float:
    """Return what the metric says of the oldest message that waits."""
    found = REGISTRY.get_sample_value("counterpoint_oldest_held_seconds", {"stage": "hear"})
    assert found is not None
    return found


def test_what_the_reader_alone_hears_raises_a_signal() -> None:
    """A client's message that only the reader hears raises the same record while its session is open: never a word."""
    bench = said(INDIRECT)
    bench.run()
    (raised,) = bench.raised
    assert raised.signal.model_dump() == {
        "tenant": TENANT,
        "conversation_id": ROOM,
        "session_id": session_id_of("m1"),
        "message_id": "m2",
        "revision": 0,
        "concerns": (Concern.SUICIDE,),
        "heard_by": (HeardBy.READER,),
        "appended_at": at_second(1),
    }
    assert raised.partition == bench.log.records[1].partition
    assert raised.event_id == str(raised.signal.event_id)
    assert b"miss me" not in bench.producer.sent[0]["value"]
    assert bench.reader.asked == [[("How are you?", INDIRECT)]]
    assert bench.counted == {Outcome.RAISED: 1}


def test_what_the_word_list_has_heard_is_not_asked_about() -> None:
    """The session stage raises what the word list hears, so the reader is not asked, and nothing is raised twice."""
    bench = said(f"{PLAIN} {INDIRECT}")
    bench.run()
    assert bench.reader.texts == []
    assert bench.raised == []
    assert bench.counted == {Outcome.LEXICON: 1}


def test_ordinary_words_raise_nothing() -> None:
    """A message in which the reader hears nothing is counted, and nothing of it leaves."""
    bench = said("It rains again.")
    bench.run()
    assert bench.raised == []
    assert bench.counted == {Outcome.QUIET: 1}


@pytest.mark.parametrize(("grade", "count"), [("sure", 0), ("possible", 1)])
def test_a_platform_chooses_the_grade(grade: Any, count: int) -> None:
    """What the reader is not sure of raises a signal where the platform wants possible ones too."""
    bench = HearBench(tenants={TENANT: grade})
    bench.log.put(message("m1", f"I would rather {POSSIBLE}.", 0), 0)
    bench.run()
    assert len(bench.raised) == count


def test_nobody_else_is_heard() -> None:
    """Neither another platform's client, nor a counsellor, nor a bot is asked about."""
    bench = HearBench(second=1)
    bench.log.put(message("m1", INDIRECT, 0, Role.COUNSELLOR), 0)
    bench.log.put(message("m2", INDIRECT, 0, Role.SYSTEM), 0)
    bench.log.put(message("m3", INDIRECT, 0, tenant="meadow"), 0)
    bench.run()
    assert bench.reader.texts == []
    assert bench.counted == {}


def test_without_consent_nothing_is_asked() -> None:
    """A message without consent, or after a withdrawal, is shown to no model."""
    bench = said(INDIRECT, consent=Consent())
    bench.log.put(message("m3", "hello", 2), 2)
    bench.log.put(ConsentWithdrawal(tenant=TENANT, conversation_id=ROOM, withdrawn_at=at_second(3)), 3)
    bench.log.put(message("m4", INDIRECT, 4), 4)
    bench.run()
    assert bench.reader.texts == []
    assert bench.raised == []


@pytest.mark.parametrize(
    "change",
    [
        edit("m2", "never mind", 3),
        Deletion(tenant=TENANT, conversation_id=ROOM, message_id="m2", deleted_at=at_second(3)),
        ConsentWithdrawal(tenant=TENANT, conversation_id=ROOM, withdrawn_at=at_second(3)),
        Erasure(
            tenant=TENANT,
            conversation_id=ROOM,
            erasure_id="00000000-0000-0000-0000-000000000007",
            requested_at=at_second(3),
        ),
    ],
    ids=lambda change: type(change).__name__,
)
def test_what_is_taken_back_before_it_is_asked_about_raises_nothing(change: Any) -> None:
    """Words that were edited away, deleted, withdrawn or erased while they waited are never shown to the reader."""
    bench = said(INDIRECT)
    bench.log.put(change, 3)
    bench.run()
    assert INDIRECT not in bench.reader.texts
    assert bench.raised == []
    assert bench.counted[Outcome.SUPERSEDED] == 1


def test_an_edit_is_a_new_revision() -> None:
    """An edit that brings such words raises a signal of its own revision; an older one or another's raises none."""
    bench = said("hello")
    bench.log.put(edit("m2", INDIRECT, 5), 5)
    bench.run()
    bench.log.put(edit("m2", "never mind", 6), 6)
    bench.log.put(edit("m2", INDIRECT, 5), 7)
    bench.log.put(edit("m2", INDIRECT, 8, author="p_somebody_else"), 8)
    bench.log.put(edit("m9", INDIRECT, 8), 8)
    bench.now.now += 7
    bench.run()
    assert bench.told == [("m2", broker_ms(5))]


def test_a_message_that_comes_again_raises_nothing_more() -> None:
    """A message that a platform delivers twice is asked about once."""
    bench = said(INDIRECT)
    bench.log.put(message("m2", INDIRECT, 2), 2)
    bench.run()
    assert bench.told == [("m2", 0)]
    assert bench.reader.texts == [INDIRECT]


def test_names_are_replaced() -> None:
    """The reader is not shown the names that the platform told."""
    bench = HearBench(second=2)
    known = (Participant(role=Role.CLIENT, names=("Zyzzyva",)),)
    bench.log.put(Participants(tenant=TENANT, conversation_id=ROOM, participants=known), 0)
    bench.log.put(message("m1", f"{INDIRECT} Zyzzyva", 1), 1)
    bench.run()
    (shown,) = bench.reader.texts
    assert shown == f"{INDIRECT} [CLIENT_1]"
    assert bench.told == [("m1", 0)]


def test_where_names_must_be_told_nothing_is_asked_before() -> None:
    """A service that lets no model read words whose names nobody told gets no signal of the reader without them."""
    bench = HearBench(needs_told_names=True, second=2)
    bench.log.put(message("m1", INDIRECT, 0), 0)
    bench.run()
    assert (bench.reader.texts, bench.counted) == ([], {Outcome.NOT_ASKED: 1})
    known = (Participant(role=Role.CLIENT, names=("Zyzzyva",)),)
    bench.log.put(Participants(tenant=TENANT, conversation_id=ROOM, participants=known), 1)
    bench.log.put(message("m2", INDIRECT, 2), 2)
    bench.run()
    assert bench.told == [("m2", 0)]


def test_a_language_that_the_reader_does_not_know_is_not_asked_about() -> None:
    """A message in another language, declared or told from the text, is left to the word list."""
    bench = said(f"nein heute {INDIRECT}")
    bench.log.put(message("m3", INDIRECT, 2, conversation_id="other", language="fr"), 2)
    bench.run()
    assert bench.reader.texts == []
    assert bench.counted == {Outcome.NOT_ASKED: 2}


def test_many_messages_are_asked_about_in_batches() -> None:
    """What waits is asked about in requests of a few pairs, and each message in one of them."""
    bench = HearBench(second=40)
    for number in range(40):
        text = INDIRECT if number % 15 == 7 else f"hello {number}"
        bench.log.put(message_in("room-1", f"m{number}", text, number), number)
    bench.run()
    assert [len(pairs) for pairs in bench.reader.asked] == [16, 16, 8]
    assert sorted(bench.told) == [("m22", 0), ("m37", 0), ("m7", 0)]
    assert bench.counted == {Outcome.QUIET: 37, Outcome.RAISED: 3}


def test_in_a_backlog_a_message_of_this_moment_is_asked_about_next() -> None:
    """While hundreds wait, a message that comes is in the next request, and so are those that have waited longest."""
    bench = HearBench(second=200)
    for number in range(200):
        bench.log.put(message_in("room-1", f"m{number}", f"hello {number}", number), number)

    def write() -> None:
        bench.reader.on_asked = lambda: None
        bench.log.put(message_in("room-9", "now", INDIRECT, 200), 200)

    bench.reader.on_asked = write
    bench.run()
    first, second = ([text for _, text in pairs] for pairs in bench.reader.asked[:2])
    assert INDIRECT in second
    assert len(set(first + second)) == 32
    assert {f"hello {number}" for number in range(16)} <= {*first, *second}
    assert bench.told == [("now", 0)]
    assert bench.counted == {Outcome.QUIET: 200, Outcome.RAISED: 1}


def test_a_backlog_is_said() -> None:
    """How long the oldest message waits is a metric, and /readyz says so once that is long, until nothing waits."""
    bench = said(INDIRECT)
    bench.reader.is_away = True
    bench.run(seconds=LATE_S / 2)
    assert ReadinessPart.BACKLOG not in bench.health.troubles()
    bench.run(seconds=LATE_S)
    assert "waits for the reader since" in bench.health.troubles()[ReadinessPart.BACKLOG]
    assert oldest_held_s() > 0
    bench.reader.is_away = False
    bench.run()
    assert bench.health.troubles() == {}
    assert oldest_held_s() == 0


def test_a_long_message_is_asked_about_whole() -> None:
    """A message in several pieces raises one signal for what stands at its end, and fits into a request with others."""
    bench = HearBench(second=9)
    long = " ".join(f"word{number}" for number in range(1_500)) + f" {INDIRECT}"
    for number in range(8):
        bench.log.put(message(f"m{number}", long, number), number)
    bench.run()
    assert all(len(pairs) <= 16 for pairs in bench.reader.asked)
    assert sorted(bench.told) == [(f"m{number}", 0) for number in range(8)]


def test_offsets_are_committed_after_the_signals() -> None:
    """An offset is committed once everything before it was answered, and the signals of it are with the broker."""
    bench = said(INDIRECT)
    seen: list[dict[Any, int]] = []
    bench.producer.on_sent = lambda: seen.append(dict(bench.committed))
    bench.run()
    assert seen == [{}]
    place = PLACES[bench.log.records[0].partition]
    assert bench.committed[place] == 2
    assert {sent["topic"] for sent in bench.producer.sent}.isdisjoint({DEAD_LETTERS})


def test_a_crash_before_the_commit_raises_the_same_signal_again() -> None:
    """A process that ends between signal and commit is followed by one that raises the signal again, with its id."""
    bench = said(INDIRECT)

    def crash() -> None:
        raise Crash

    bench.producer.on_sent = crash
    with pytest.raises(Crash):
        bench.run()
    assert bench.committed == {}
    bench.producer.on_sent = lambda: None
    bench.run()
    first, again = bench.raised
    assert first == again
    bench.run()
    assert len(bench.raised) == 2


def test_a_commit_that_fails_changes_nothing() -> None:
    """While no offset is committed, the next process asks again and raises the same signal."""
    bench = said(INDIRECT)
    bench.commit_fails = True
    bench.run()
    bench.commit_fails = False
    bench.run()
    assert bench.told == [("m2", 0)] * 2
    assert len({raised.event_id for raised in bench.raised}) == 1


def test_a_signal_that_the_broker_does_not_take_is_raised_again() -> None:
    """While the broker does not take a signal nothing of its batch is committed; all of it is raised afterwards."""
    bench = said(INDIRECT)
    bench.log.put(message("m3", INDIRECT, 1), 1)
    bench.producer.fails_at = 1
    bench.run()
    assert Counter(bench.told) == {("m2", 0): 2, ("m3", 0): 1}
    assert len({raised.event_id for raised in bench.raised}) == 2


def test_a_broker_that_is_away_is_waited_for() -> None:
    """While no client can be opened the stage says so, and goes on afterwards."""
    bench = said(INDIRECT)
    bench.fails_to_open = 2
    with capture_logs() as logs:
        bench.run()
    assert [line["event"] for line in logs].count("broker_away") == 2
    assert bench.told == [("m2", 0)]
    assert bench.health.troubles() == {}


def test_while_the_reader_is_away_messages_wait_and_are_not_lost() -> None:
    """A short outage delays signals: nothing is committed beyond what waits, which is asked about afterwards."""
    bench = said("hello")
    bench.log.put(message("m3", INDIRECT, 2), 2)
    bench.reader.is_away = True
    bench.run(seconds=20)
    assert "by lexicon alone" in bench.health.troubles()[ReadinessPart.MODEL]
    assert bench.committed == {PLACES[bench.log.records[0].partition]: 1}  # the counsellor's message
    bench.reader.is_away = False
    bench.run()
    assert bench.told == [("m3", 0)]
    assert bench.committed == {PLACES[bench.log.records[0].partition]: 3}


def test_what_the_reader_does_not_answer_in_time_is_passed_over() -> None:
    """After five minutes a message is passed over, counted and logged as by lexicon alone, without a dead letter."""
    bench = said(INDIRECT)
    bench.reader.is_away = True
    with capture_logs() as logs:
        bench.run(seconds=PATIENCE_S + 10)
    assert bench.counted == {Outcome.PASSED_OVER: 1}
    assert [line["count"] for line in logs if line["event"] == "by_lexicon_alone"] == [1]
    assert bench.committed == {PLACES[bench.log.records[0].partition]: 2}
    assert bench.producer.sent == []
    bench.reader.is_away = False
    bench.run()
    assert bench.producer.sent == []
    assert not any("miss me" in str(line) for line in logs)


def test_a_reader_that_is_too_slow_is_not_waited_for() -> None:
    """Where the canary passes and every request runs out of time, messages are passed over as in an outage."""
    bench = said(INDIRECT)
    bench.log.put(message("m3", INDIRECT, 2), 2)
    bench.reader.is_slow = True
    bench.run(seconds=PATIENCE_S + 10)
    assert sum(bench.counted.values()) == 2
    assert set(bench.counted) <= {Outcome.PASSED_OVER, Outcome.FAILED}
    assert bench.raised == []


def test_a_message_at_which_the_reader_fails_delays_no_other() -> None:
    """One message to which the reader has no answer is found and passed over; the others of its batch are answered."""
    bench = HearBench(second=40)
    for number in range(40):
        text = FELLS if number == 11 else INDIRECT if number in {3, 30} else "hello"
        bench.log.put(message(f"m{number}", text, number), number)
    bench.run(seconds=30)
    assert sorted(bench.told) == [("m3", 0), ("m30", 0)]
    assert bench.counted == {Outcome.QUIET: 37, Outcome.RAISED: 2, Outcome.FAILED: 1}
    assert bench.health.troubles() == {}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda bench: bench.log.raw(b"{", key=f"{TENANT}:{ROOM}".encode()),
        lambda bench: bench.log.raw(None, key=f"{TENANT}:{ROOM}".encode()),
        lambda bench: bench.log.raw(b"{}", key=b"\xff\xfe"),
        lambda bench: bench.log.raw(b"{}"),
    ],
)
def test_a_record_that_cannot_be_used_is_left_to_the_session_stage(spoil: Callable[[HearBench], object]) -> None:
    """A poisonous record is passed over without a dead letter, which the session stage makes, and the next is heard."""
    bench = HearBench(second=1)
    spoil(bench)
    bench.log.put(message("m1", INDIRECT, 1), 1)
    bench.run()
    assert bench.told == [("m1", 0)]
    assert bench.committed[PLACES[0]] == bench.log.offsets[0]


def test_an_error_of_ours_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record at which the rules fail is logged by its place alone, and the next one is heard."""
    bench = said(INDIRECT)
    bench.log.put(message("m3", INDIRECT, 2, conversation_id="other"), 2)

    def fails(conversation: Any, event: Any, *rest: Any) -> Any:
        if event.message_id == "m2":
            raise KeyError(event.text)
        return apply_event(conversation, event, *rest)

    monkeypatch.setattr("stream.workers.heard_messages.apply_event", fails)
    with capture_logs() as logs:
        bench.run()
    (line,) = [line for line in logs if line["event"] == "not_heard"]
    assert set(line) == {"event", "log_level", "partition", "offset", "exc_info"}
    assert bench.told == [("m3", 0)]


def test_a_new_process_knows_the_sessions_that_are_open() -> None:
    """A process that begins in the middle of a talk knows its session, its names and the turn before."""
    bench = HearBench(second=10)
    known = (Participant(role=Role.CLIENT, names=("Zyzzyva",)),)
    bench.log.put(Participants(tenant=TENANT, conversation_id=ROOM, participants=known), 0)
    bench.log.put(message("m1", "hello", 1), 1)
    bench.log.put(message("m2", "How are you, Zyzzyva?", 2, Role.COUNSELLOR), 2)
    bench.run()
    bench.keep_sessions()
    later = 2 + REREAD_S + HOUR / 3
    bench.log.put(message("m3", INDIRECT, later), later)
    bench.now.now = broker_ms(later) / 1000
    bench.run()
    (raised,) = bench.raised
    assert raised.signal.session_id == session_id_of("m1")
    assert bench.reader.asked[-1] == [("How are you, [CLIENT_1]?", INDIRECT)]


@pytest.mark.parametrize("kept", [0, 2, 4])
def test_it_does_not_matter_how_far_the_session_stage_is(kept: int) -> None:
    """Whether the changelog is behind or ahead of this stage, the same signals are raised, of the same session."""
    bench = HearBench(second=4)
    bench.log.put(message("m1", "hello", 0), 0)
    bench.log.put(message("m2", INDIRECT, 1), 1)
    bench.log.put(message("m3", PLAIN, 2), 2)
    bench.log.put(end_of(ROOM, 3), 3)
    bench.keep_sessions(bench.log.records[:kept])
    bench.run()
    assert bench.told == [("m2", 0)]
    assert bench.raised[0].signal.session_id == session_id_of("m1")
    assert bench.counted == {Outcome.QUIET: 1, Outcome.RAISED: 1, Outcome.LEXICON: 1}


def test_a_session_stage_that_is_behind_is_made_up_for() -> None:
    """A process that begins while the session stage has not kept the last minutes reads their messages once more."""
    bench = said("hello")
    bench.run()
    bench.log.put(message("m3", INDIRECT, 60), 60)
    bench.now.now += 60
    bench.run()
    assert bench.raised[0].signal.session_id == session_id_of("m1")
    assert bench.reader.asked[-1] == [("How are you?", INDIRECT)]
    assert bench.counted == {Outcome.RAISED: 1}


def test_a_new_group_begins_with_what_is_not_too_old() -> None:
    """Where the stage is turned on, messages of before are neither asked about nor counted; those of now are."""
    bench = HearBench(second=HOUR)
    bench.log.put(message("m1", INDIRECT, 0), 0)
    bench.log.put(message("m2", INDIRECT, HOUR - 5), HOUR - 5)
    bench.run()
    assert bench.told == [("m2", 0)]
    assert bench.counted == {Outcome.RAISED: 1}


def test_what_came_while_the_stage_was_down_for_long_is_passed_over() -> None:
    """After a long stop old messages are counted as heard by lexicon alone, and the talk goes on from there."""
    bench = said("hello")
    bench.run()
    bench.log.put(message("m3", INDIRECT, 2), 2)
    bench.log.put(message("m4", INDIRECT, HOUR / 3), HOUR / 3)
    bench.now.now = broker_ms(HOUR / 3) / 1000
    bench.run()
    assert bench.counted == {Outcome.PASSED_OVER: 1, Outcome.RAISED: 1}
    assert bench.told == [("m4", 0)]


def test_ended_sessions_are_forgotten() -> None:
    """A tick ends what is over and drops its words after their time, as in the session stage."""
    bench = said("hello")
    bench.log.put(end_of(ROOM, 2), 2)
    bench.log.tick(2 * 24 * HOUR)
    bench.now.now = broker_ms(2 * 24 * HOUR) / 1000
    bench.committed = dict.fromkeys(PLACES, 0)
    bench.run()
    number = bench.log.records[0].partition
    conversation = bench.messages._sessions.get(number, TENANT, ROOM)
    assert conversation.summaries == {}


def test_an_unreadable_changelog_stops_the_stage() -> None:
    """The sessions of a session stage of another version are not guessed: the stage stops and says what to do."""
    bench = said(INDIRECT)
    bench.changelog = {f"0|{TENANT}:{ROOM}|0".encode(): b"{"}
    with pytest.raises(Misconfigured, match="version of the session stage"):
        bench.run()


def test_without_a_platform_there_is_nothing_to_run() -> None:
    """The stage refuses to start where no platform wants the reader to hear, and names the setting."""
    with pytest.raises(Misconfigured, match=r"risk\.reader"):
        run(Settings())

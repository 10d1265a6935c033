"""Messages, edits, deletions and names each have their effect once, in whatever order they come."""

import itertools
from functools import partial

import pytest

from stream.contracts.errors import Poison
from stream.contracts.ids import revision_of
from stream.contracts.messages import Edit
from stream.contracts.vocabulary import DeadLetterReason, NoEffect, Role
from stream.sessions.conversation import Conversation
from stream.sessions.events import MAX_EARLY_EDITS, MAX_NAMES, apply_event
from stream.sessions.rules import MAX_SESSIONS, SEGMENT_BYTES, SEGMENT_MESSAGES, Arrival
from stream.sessions.state import Head, Scored, Segment, encode_part
from tests.stream.sessions.scenario import DAY, MINUTE, Scenario, at_second, broker_ms, message, rules, score_text


def test_a_message_that_comes_again_has_no_effect() -> None:
    """A message with a known id has no effect, whether it is redelivered or the platform sent it twice."""
    scenario = Scenario()
    scenario.client("hello", 0, message_id="a")
    before = scenario.stored_text
    scenario.client("hello", 1, message_id="a", sent=0)
    scenario.client("something else under the same id", 2, message_id="a")
    assert scenario.stored_text == before


def test_a_sessions_first_message_is_recognised_after_its_text_is_dropped() -> None:
    """A session's first message, sent again after its text was dropped, begins no second session.

    The session is named after that message.
    """
    scenario = Scenario()
    scenario.client("hello", 0, message_id="a")
    scenario.end(1)
    scenario.tick(1 + DAY)
    scenario.client("hello", 2 * DAY, message_id="a")
    assert scenario.conversation.open_session is None


def test_a_change_redelivered_after_its_message_has_no_second_effect() -> None:
    """An edit or a deletion that is redelivered after its message has no second effect.

    Its offset is before the message's: the message took over the change, or the change was refused.
    """
    scenario = Scenario()
    scenario.offset = 10
    scenario.client("original", 5, message_id="a", sent=0)
    scenario.offset = 0
    scenario.edit("a", "redelivered", 4)
    scenario.delete("a", 4.5)
    entry = scenario.conversation.entry("a")
    assert entry is not None
    assert (entry.text, entry.deleted) == ("original", False)


def test_a_message_changes_exactly_one_part() -> None:
    """A message changes exactly one part, so that it is seen and has its effect in one write."""
    conversation = Conversation("acme", "room-1")
    for number in range(3 * SEGMENT_MESSAGES):
        say(conversation, number)
        assert conversation.dirty == {number + 1}
        conversation.dirty.clear()


def test_messages_of_one_batch_share_a_segment() -> None:
    """The messages of one batch share a segment up to its bound, since they are written together."""
    conversation = Conversation("acme", "room-1")
    for number in range(SEGMENT_MESSAGES + 1):
        say(conversation, number)
    assert [len(segment.entries) for segment in conversation.segments.values()] == [SEGMENT_MESSAGES, 1]
    assert conversation.dirty == {1, 2}


def test_a_written_segment_takes_no_further_message() -> None:
    """A segment that is written takes no further message, though an edit may still change it.

    So the bytes written for a message do not grow with the session.
    """
    scenario = Scenario()
    first = scenario.client("hello", 0)
    sizes = [
        len(encode_part(part))
        for number in range(1, 200)
        if (part := part_of_next_message(scenario, number)) is not None
    ]
    assert max(sizes) <= min(sizes) + len("99") * 6
    scenario.edit(first, "hello again", 300)
    entry = scenario.conversation.entry(first)
    assert entry is not None
    assert entry.text == "hello again"
    assert len(scenario.conversation.segments) == 200


def test_messages_keep_the_order_of_arrival_after_a_crash() -> None:
    """A message that is redelivered after a crash is read in the order of arrival.

    It was lost while a later one was kept, so it is stored under the higher number.
    """
    conversation = Conversation("acme", "room-1")
    for number in (7, 9, 8):
        say(conversation, number)
        conversation.dirty.clear()
    parts = {number: part for number in conversation.part_numbers if (part := conversation.part(number)) is not None}
    assert [e.offset for e in Conversation("acme", "room-1", parts).entries_newest_first()] == [9, 8, 7]


def say(conversation: Conversation, number: int, text: str = "hello") -> None:
    """Apply message `m<number>` at offset `number`."""
    score = partial(score_text, f"m{number}")
    list(
        apply_event(
            conversation, message(f"m{number}", text, number), Arrival(number, broker_ms(number)), rules(), score
        )
    )


def part_of_next_message(scenario: Scenario, number: int) -> Head | Segment | None:
    """Send one more message, and return the part that holds it."""
    scenario.client("hello", number)
    return scenario.conversation.part(max(scenario.conversation.segments))


def test_a_segment_has_a_limit_in_bytes_too() -> None:
    """A segment takes fewer long messages, since a changelog record must stay under the broker's limit."""
    conversation = Conversation("acme", "room-1")
    for number in range(SEGMENT_MESSAGES):
        say(conversation, number, "\U0001f600" * 20_000)
    assert 1 < len(conversation.segments) < SEGMENT_MESSAGES
    assert all(len(encode_part(segment)) <= SEGMENT_BYTES for segment in conversation.segments.values())


def test_an_edit_that_would_make_its_segment_too_large_is_refused() -> None:
    """An edit that would make its segment too large is refused, and the old text remains."""
    scenario = Scenario()
    for number in range(SEGMENT_MESSAGES):
        say(scenario.conversation, number)
    names = [f"m{number}" for number in range(SEGMENT_MESSAGES)]
    scenario.offset = SEGMENT_MESSAGES
    for name in names[:11]:
        scenario.edit(name, "\U0001f600" * 20_000, 100)
    with pytest.raises(Poison) as refused:
        scenario.edit(names[-1], "\U0001f600" * 20_000, 101)
    assert refused.value.reason is DeadLetterReason.SEGMENT_FULL
    entry = scenario.conversation.entry(names[-1])
    assert entry is not None
    assert entry.text == "hello"


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_edits_and_deletions_in_any_order_give_the_same_message(order: tuple[int, ...]) -> None:
    """The highest revision of a message counts and a deletion wins over all, in any order of arrival."""

    def send(scenario: Scenario, which: int, second: float) -> None:
        if which == 0:
            scenario.client("first words", second, message_id="a", sent=1)
        elif which == 3:
            scenario.delete("a", second)
        else:
            scenario.edit("a", f"words {which}", second, edited=50 + which)

    edited, deleted = Scenario(), Scenario()
    for second, which in enumerate(order, 60):
        send(deleted, which, second)
        if which != 3:
            send(edited, which, second)
    entry = edited.conversation.entry("a")
    assert entry is not None
    assert (entry.text, entry.revision) == ("words 2", revision_of(at_second(52)))
    gone = deleted.conversation.entry("a")
    assert gone is not None
    assert gone.deleted
    assert "words" not in gone.text


def test_an_edit_brings_its_own_detector_result() -> None:
    """An edited message has the detector's result for its new text, not for the old one."""
    scenario = Scenario()
    scenario.client("no never", 0, message_id="a")
    scenario.edit("a", "yes I could try", 5)
    entry = scenario.conversation.entry("a")
    assert entry is not None
    assert entry.scored == Scored(score=0.0, flagged=False)


@pytest.mark.parametrize("is_early", [False, True])
def test_only_its_author_edits_a_message_where_the_platform_lets_anybody_try(is_early: bool) -> None:
    """An edit that names who edited changes that person's own message alone, whether it comes after it or before."""
    scenario = Scenario()
    if not is_early:
        scenario.client("my own words", 0, message_id="a")
    scenario.edit("a", "words of another", 5, author="counsellor")
    if is_early:
        scenario.client("my own words", 6, message_id="a")
    assert said(scenario, "a") == "my own words"
    scenario.edit("a", "my other words", 10, author="client")
    assert said(scenario, "a") == "my other words"
    assert scenario.ignored == ([] if is_early else [NoEffect.EDIT_BY_ANOTHER])


def said(scenario: Scenario, message_id: str) -> str:
    """Return the words of a message as they are kept."""
    entry = scenario.conversation.entry(message_id)
    assert entry is not None
    return entry.text


def test_a_waiting_edit_or_deletion_begins_no_session() -> None:
    """An edit or a deletion that waits for its message begins no session and is dropped after a day."""
    scenario = Scenario()
    scenario.edit("unknown", "words", 0)
    scenario.delete("other", 0)
    assert scenario.conversation.open_session is None
    scenario.tick(DAY)
    assert scenario.conversation.is_empty


def test_only_a_few_edits_wait() -> None:
    """Only `MAX_EARLY_EDITS` edits wait: a further one is counted and dropped, and replaces none that waits.

    The head of a conversation must stay within one record.
    """
    scenario = Scenario()
    for number in range(MAX_EARLY_EDITS):
        scenario.edit(f"unknown-{number}", "words", number)
    scenario.edit("one-too-many", "words", 10)
    assert scenario.ignored == [NoEffect.TOO_MANY_EARLY_CHANGES]
    scenario.edit("unknown-0", "newer words", 11)
    assert sorted(early.message_id for early in scenario.head.early) == [f"unknown-{n}" for n in range(MAX_EARLY_EDITS)]


def test_deletions_that_wait_are_not_pushed_out_by_edits() -> None:
    """A deletion that waits is not replaced by any number of edits, and removes its message's text when that comes."""
    scenario = Scenario()
    for number in range(20):
        scenario.delete(f"unknown-{number}", number)
    for number in range(MAX_EARLY_EDITS):
        scenario.edit(f"edited-{number}", "words", 30 + number)
    scenario.client("never to be read", 50, message_id="unknown-0")
    assert "never to be read" not in scenario.stored_text


def test_a_lower_edit_does_not_replace_a_waiting_one() -> None:
    """An edit with a lower revision does not replace an edit that waits for the same message."""
    scenario = Scenario()
    scenario.edit("a", "second", 10, edited=2)
    scenario.edit("a", "first", 11, edited=1)
    scenario.client("original", 12, message_id="a", sent=0)
    entry = scenario.conversation.entry("a")
    assert entry is not None
    assert entry.text == "second"


def test_names_add_up_and_are_in_the_record() -> None:
    """Names from before and during the session add up, and the record holds them for the de-identifier."""
    scenario = Scenario()
    scenario.participants(Role.CLIENT, ["Robin", "robin_x"], 0)
    scenario.ordinary_session(1)
    scenario.participants(Role.COUNSELLOR, ["Ms Example"], 35)
    scenario.participants(Role.CLIENT, ["Robin"], 36)
    scenario.end(40)
    assert [(n.role, n.name) for n in scenario.last_record.known_names] == [
        (Role.CLIENT, "robin_x"),
        (Role.COUNSELLOR, "Ms Example"),
        (Role.CLIENT, "Robin"),
    ]
    assert scenario.last_record.names_told


def test_names_of_a_room_serve_its_later_sessions() -> None:
    """Names that were sent once are in the records of later sessions, also after a withdrawal."""
    scenario = Scenario()
    scenario.participants(Role.CLIENT, ["Robin"], 0)
    scenario.ordinary_session(1)
    scenario.end(40)
    for week in range(1, 4):
        scenario.tick(week * 7 * DAY - 1)
        scenario.ordinary_session(week * 7 * DAY)
        scenario.end(week * 7 * DAY + 40)
    assert [record.known_names[0].name for record in scenario.records] == ["Robin"] * 4
    scenario.withdraw(21 * DAY + 50)
    scenario.ordinary_session(28 * DAY)
    scenario.end(28 * DAY + 40)
    assert scenario.last_record.known_names[0].name == "Robin"


def test_a_record_says_whether_names_were_told() -> None:
    """A session record says whether names were sent before its close; names that come later do not change it."""
    scenario = Scenario()
    scenario.ordinary_session()
    scenario.end(40)
    scenario.participants(Role.CLIENT, ["Robin"], 50)
    assert not scenario.last_record.names_told
    scenario.ordinary_session(60)
    scenario.end(100)
    assert scenario.last_record.names_told


def test_names_are_dropped_when_a_room_falls_silent() -> None:
    """Names are dropped five weeks after the room's last session, and by an erasure."""
    scenario = Scenario()
    scenario.participants(Role.CLIENT, ["Robin"], 0)
    scenario.ordinary_session(1)
    scenario.end(40)
    scenario.tick(35 * DAY)
    assert scenario.head.names
    scenario.tick(35 * DAY + 41)
    assert scenario.conversation.is_empty
    scenario.participants(Role.CLIENT, ["Robin"], 36 * DAY)
    scenario.erase(36 * DAY + 1)
    assert "Robin" not in scenario.stored_text


def test_the_names_told_last_are_kept() -> None:
    """Beyond `MAX_NAMES` the names that came first are dropped and counted, because all must fit into one record."""
    scenario = Scenario()
    for start in range(0, MAX_NAMES, 50):
        scenario.participants(Role.CLIENT, [f"name {start + n}" for n in range(50)], start)
    scenario.participants(Role.CLIENT, ["name 3"], MAX_NAMES)
    scenario.participants(Role.CLIENT, ["one more"], MAX_NAMES)
    names = [known.name for known in scenario.head.names]
    assert (len(names), names[-2:]) == (MAX_NAMES, ["name 3", "one more"])
    assert "name 0" not in names
    assert scenario.ignored == [NoEffect.TOO_MANY_NAMES]


def test_the_oldest_of_very_many_sessions_are_dropped() -> None:
    """The oldest sessions beyond `MAX_SESSIONS` are dropped, so that the head stays within one record."""
    scenario = Scenario(rules(reopen_within_ms=0))
    for number in range(MAX_SESSIONS + 5):
        scenario.client("hello", number * MINUTE)
        scenario.end(number * MINUTE + 1)
    assert len(scenario.head.sessions) == MAX_SESSIONS
    assert len(scenario.records) == MAX_SESSIONS + 5
    assert len(scenario.conversation.segments) == MAX_SESSIONS


def test_no_text_shows_in_a_repr() -> None:
    """No text or name is in a `repr`, which a traceback or a log line may print."""
    scenario = Scenario()
    scenario.participants(Role.CLIENT, ["Robin"], 0)
    scenario.client("a secret", 1)
    scenario.edit("unknown", "another secret", 2)
    edit = Edit(tenant="acme", conversation_id="room-1", message_id="a", text="a third secret", edited_at=at_second(1))
    shown = (
        f"{scenario.conversation!r} {scenario.conversation.segments!r} {scenario.head!r} {scenario.rules!r} {edit!r}"
    )
    assert "secret" not in shown
    assert "Robin" not in shown

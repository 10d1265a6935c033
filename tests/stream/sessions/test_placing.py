"""Messages, edits, deletions and names: each has its effect once, in whatever order they come."""

import itertools
from functools import partial

import pytest

from stream.contracts.errors import Poison
from stream.contracts.ids import revision_of
from stream.contracts.messages import Edit
from stream.contracts.vocabulary import DeadLetterReason, Role
from stream.sessions.conversation import Conversation
from stream.sessions.events import MAX_EARLY_EDITS, MAX_NAMES, apply_event
from stream.sessions.rules import MAX_SESSIONS, SEGMENT_BYTES, SEGMENT_MESSAGES, Arrival
from stream.sessions.state import Head, Scored, Segment, encode_part
from tests.stream.sessions.scenario import DAY, MINUTE, Scenario, at_second, broker_ms, message, rules, score_text


def test_a_message_that_comes_again_has_no_effect() -> None:
    """Whether redelivered or sent twice by the platform: id and revision are the same."""
    scenario = Scenario()
    scenario.client("hello", 0, message_id="a")
    before = scenario.stored_text
    scenario.client("hello", 1, message_id="a", sent=0)
    scenario.client("something else under the same id", 2, message_id="a")
    assert scenario.stored_text == before


def test_a_sessions_first_message_is_known_when_its_text_is_gone() -> None:
    """The session bears its name: told again, under another time, it begins no second one of that name."""
    scenario = Scenario()
    scenario.client("hello", 0, message_id="a")
    scenario.end(1)
    scenario.tick(1 + DAY)
    scenario.client("hello", 2 * DAY, message_id="a")
    assert scenario.conversation.open_session is None


def test_an_edit_that_had_its_say_has_no_other_when_it_comes_again() -> None:
    """It stands before its original in the log: the original took its words, or it was refused."""
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
    """So that it is seen and has its effect in one write, wherever in a session it comes."""
    conversation = Conversation("acme", "room-1")
    for number in range(3 * SEGMENT_MESSAGES):
        say(conversation, number)
        assert conversation.dirty == {number + 1}
        conversation.dirty.clear()


def test_what_one_batch_brings_shares_a_segment() -> None:
    """Up to its bound; what is not yet written costs nothing to write together."""
    conversation = Conversation("acme", "room-1")
    for number in range(SEGMENT_MESSAGES + 1):
        say(conversation, number)
    assert [len(segment.entries) for segment in conversation.segments.values()] == [SEGMENT_MESSAGES, 1]
    assert conversation.dirty == {1, 2}


def test_a_written_segment_takes_no_further_message() -> None:
    """So that the bytes written for a message do not grow with the session; an edit still writes its own anew."""
    scenario = Scenario()
    first = scenario.client("hello", 0)
    sizes = [len(encode_part(part)) for number in range(1, 200) if (part := after(scenario, number)) is not None]
    assert max(sizes) <= min(sizes) + len("99") * 6
    scenario.edit(first, "hello again", 300)
    entry = scenario.conversation.entry(first)
    assert entry is not None
    assert entry.text == "hello again"
    assert len(scenario.conversation.segments) == 200


def test_after_a_crash_messages_stand_in_the_order_of_arrival() -> None:
    """The first of two was lost and comes again: it is kept under the higher number, and read before the other."""
    conversation = Conversation("acme", "room-1")
    for number in (7, 9, 8):
        say(conversation, number)
        conversation.dirty.clear()
    parts = {number: part for number in conversation.part_numbers if (part := conversation.part(number)) is not None}
    assert [e.offset for e in Conversation("acme", "room-1", parts).entries_newest_first()] == [9, 8, 7]


def say(conversation: Conversation, number: int, text: str = "hello") -> None:
    """Message `m<number>` at offset `number`."""
    score = partial(score_text, f"m{number}")
    list(
        apply_event(
            conversation, message(f"m{number}", text, number), Arrival(number, broker_ms(number)), rules(), score
        )
    )


def after(scenario: Scenario, number: int) -> Head | Segment | None:
    """Say one more message, and return the part that it was written to."""
    scenario.client("hello", number)
    return scenario.conversation.part(max(scenario.conversation.segments))


def test_a_segment_is_full_at_its_size_too() -> None:
    """Fewer long messages fit: a changelog record must stay under the broker's limit."""
    conversation = Conversation("acme", "room-1")
    for number in range(SEGMENT_MESSAGES):
        say(conversation, number, "\U0001f600" * 20_000)
    assert 1 < len(conversation.segments) < SEGMENT_MESSAGES
    assert all(len(encode_part(segment)) <= SEGMENT_BYTES for segment in conversation.segments.values())


def test_an_edit_that_would_burst_its_segment_is_refused() -> None:
    """The old words stand."""
    scenario = Scenario()
    for number in range(SEGMENT_MESSAGES):
        say(scenario.conversation, number)
    names = [f"m{number}" for number in range(SEGMENT_MESSAGES)]
    scenario.offset = SEGMENT_MESSAGES
    for name in names[:11]:
        scenario.edit(name, "\U0001f600" * 20_000, 100)
    with pytest.raises(Poison) as refused:
        scenario.edit(names[-1], "\U0001f600" * 20_000, 101)
    assert refused.value.reason is DeadLetterReason.OVERSIZE
    entry = scenario.conversation.entry(names[-1])
    assert entry is not None
    assert entry.text == "hello"


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_edits_and_deletions_in_any_order_end_alike(order: tuple[int, ...]) -> None:
    """The highest revision stands; a deletion wins over all."""

    def tell(scenario: Scenario, which: int, second: float) -> None:
        if which == 0:
            scenario.client("first words", second, message_id="a", sent=1)
        elif which == 3:
            scenario.delete("a", second)
        else:
            scenario.edit("a", f"words {which}", second, edited=50 + which)

    edited, deleted = Scenario(), Scenario()
    for second, which in enumerate(order, 60):
        tell(deleted, which, second)
        if which != 3:
            tell(edited, which, second)
    entry = edited.conversation.entry("a")
    assert entry is not None
    assert (entry.text, entry.revision) == ("words 2", revision_of(at_second(52)))
    gone = deleted.conversation.entry("a")
    assert gone is not None
    assert gone.deleted
    assert "words" not in gone.text


def test_an_edit_brings_its_own_detector_result() -> None:
    """What was flagged in the old words is no longer said."""
    scenario = Scenario()
    scenario.client("no never", 0, message_id="a")
    scenario.edit("a", "yes I could try", 5)
    entry = scenario.conversation.entry("a")
    assert entry is not None
    assert entry.scored == Scored(score=0.0, flagged=False)


def test_a_waiting_edit_or_deletion_has_no_session() -> None:
    """It begins none, keeps none open, and is let go after a day."""
    scenario = Scenario()
    scenario.edit("unknown", "words", 0)
    scenario.delete("other", 0)
    assert scenario.conversation.open_session is None
    scenario.tick(DAY)
    assert scenario.conversation.is_empty


def test_only_a_few_edits_wait() -> None:
    """The head of a conversation must stay within one record: one too many is refused, and pushes none out unheard."""
    scenario = Scenario()
    for number in range(MAX_EARLY_EDITS):
        scenario.edit(f"unknown-{number}", "words", number)
    with pytest.raises(Poison) as refused:
        scenario.edit("one-too-many", "words", 10)
    assert refused.value.reason is DeadLetterReason.OVERSIZE
    scenario.edit("unknown-0", "newer words", 11)
    assert sorted(early.message_id for early in scenario.head.early) == [f"unknown-{n}" for n in range(MAX_EARLY_EDITS)]


def test_deletions_that_wait_are_not_pushed_out_by_edits() -> None:
    """A deletion always wins, also when it came first and much came after it."""
    scenario = Scenario()
    for number in range(20):
        scenario.delete(f"unknown-{number}", number)
    for number in range(MAX_EARLY_EDITS):
        scenario.edit(f"edited-{number}", "words", 30 + number)
    scenario.client("never to be read", 50, message_id="unknown-0")
    assert "never to be read" not in scenario.stored_text


def test_a_lower_edit_does_not_replace_a_waiting_one() -> None:
    """Edits may overtake each other before the original as well."""
    scenario = Scenario()
    scenario.edit("a", "second", 10, edited=2)
    scenario.edit("a", "first", 11, edited=1)
    scenario.client("original", 12, message_id="a", sent=0)
    entry = scenario.conversation.entry("a")
    assert entry is not None
    assert entry.text == "second"


def test_names_add_up_and_are_told_with_the_session() -> None:
    """For the de-identifier, before or during the session."""
    scenario = Scenario()
    scenario.participants(Role.CLIENT, ["Robin", "robin_x"], 0)
    scenario.ordinary_session(1)
    scenario.participants(Role.COUNSELLOR, ["Ms Example"], 35)
    scenario.participants(Role.CLIENT, ["Robin"], 36)
    scenario.end(40)
    assert [(n.role, n.name) for n in scenario.last_record.known_names] == [
        (Role.CLIENT, "Robin"),
        (Role.CLIENT, "robin_x"),
        (Role.COUNSELLOR, "Ms Example"),
    ]


def test_names_go_with_the_text() -> None:
    """A day after they came, when no session here needs them."""
    scenario = Scenario()
    scenario.participants(Role.CLIENT, ["Robin"], 0)
    scenario.tick(DAY - 1)
    assert scenario.head.names
    scenario.tick(DAY)
    assert scenario.conversation.is_empty


def test_too_many_names_are_refused() -> None:
    """They must fit into one record."""
    scenario = Scenario()
    for start in range(0, MAX_NAMES, 50):
        scenario.participants(Role.CLIENT, [f"name {start + n}" for n in range(50)], start)
    with pytest.raises(Poison) as refused:
        scenario.participants(Role.CLIENT, ["one more"], MAX_NAMES)
    assert refused.value.reason is DeadLetterReason.OVERSIZE
    assert len(scenario.head.names) == MAX_NAMES


def test_of_very_many_sessions_the_oldest_are_forgotten() -> None:
    """The head of a conversation must stay within one record, whatever a platform does."""
    scenario = Scenario(rules(reopen_within_ms=0))
    for number in range(MAX_SESSIONS + 5):
        scenario.client("hello", number * MINUTE)
        scenario.end(number * MINUTE + 1)
    assert len(scenario.head.sessions) == MAX_SESSIONS
    assert len(scenario.records) == MAX_SESSIONS + 5
    assert len(scenario.conversation.segments) == MAX_SESSIONS


def test_no_text_shows_in_a_repr() -> None:
    """A traceback or a debug line may print any of these."""
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

"""Messages, edits, deletions and names: each has its effect once, in whatever order they come."""

import itertools
from functools import partial

import pytest

from stream.contracts.errors import Poison
from stream.contracts.ids import revision_of
from stream.contracts.messages import Edit
from stream.contracts.vocabulary import DeadLetterReason, Role
from stream.sessions.conversation import Conversation
from stream.sessions.events import MAX_EARLY, MAX_NAMES, apply
from stream.sessions.rules import MAX_SESSIONS, SEGMENT_BYTES, SEGMENT_MESSAGES, Arrival
from stream.sessions.state import Head, Scored, Segment, encode
from tests.stream.sessions.talk import DAY, MINUTE, Talk, at_second, message, ms, rules, scored


def test_a_message_that_comes_again_has_no_effect() -> None:
    """Whether redelivered or sent twice by the platform: id and revision are the same."""
    talk = Talk()
    talk.client("hello", 0, message_id="a")
    before = talk.kept
    talk.client("hello", 1, message_id="a", sent=0)
    talk.client("something else under the same id", 2, message_id="a")
    assert talk.kept == before


def test_a_sessions_first_message_is_known_when_its_text_is_gone() -> None:
    """The session bears its name: told again, under another time, it begins no second one of that name."""
    talk = Talk()
    talk.client("hello", 0, message_id="a")
    talk.end(1)
    talk.tick(1 + DAY)
    talk.client("hello", 2 * DAY, message_id="a")
    assert talk.conversation.open_session is None


def test_an_edit_that_had_its_say_has_no_other_when_it_comes_again() -> None:
    """It stands before its original in the log: the original took its words, or it was refused."""
    talk = Talk()
    talk.offset = 10
    talk.client("original", 5, message_id="a", sent=0)
    talk.offset = 0
    talk.edit("a", "redelivered", 4)
    talk.delete("a", 4.5)
    entry = talk.conversation.entry("a")
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
    talk = Talk()
    first = talk.client("hello", 0)
    sizes = [len(encode(part)) for number in range(1, 200) if (part := after(talk, number)) is not None]
    assert max(sizes) <= min(sizes) + len("99") * 6
    talk.edit(first, "hello again", 300)
    entry = talk.conversation.entry(first)
    assert entry is not None
    assert entry.text == "hello again"
    assert len(talk.conversation.segments) == 200


def test_after_a_crash_messages_stand_in_the_order_of_arrival() -> None:
    """The first of two was lost and comes again: it is kept under the higher number, and read before the other."""
    conversation = Conversation("acme", "room-1")
    for number in (7, 9, 8):
        say(conversation, number)
        conversation.dirty.clear()
    parts = {number: part for number in conversation.numbers if (part := conversation.part(number)) is not None}
    assert [e.offset for e in Conversation("acme", "room-1", parts).latest()] == [9, 8, 7]


def say(conversation: Conversation, number: int, text: str = "hello") -> None:
    """Message `m<number>` at offset `number`."""
    score = partial(scored, f"m{number}")
    list(apply(conversation, message(f"m{number}", text, number), Arrival(number, ms(number)), rules(), score))


def after(talk: Talk, number: int) -> Head | Segment | None:
    """Say one more message, and return the part that it was written to."""
    talk.client("hello", number)
    return talk.conversation.part(max(talk.conversation.segments))


def test_a_segment_is_full_at_its_size_too() -> None:
    """Fewer long messages fit: a changelog record must stay under the broker's limit."""
    conversation = Conversation("acme", "room-1")
    for number in range(SEGMENT_MESSAGES):
        say(conversation, number, "\U0001f600" * 20_000)
    assert 1 < len(conversation.segments) < SEGMENT_MESSAGES
    assert all(len(encode(segment)) <= SEGMENT_BYTES for segment in conversation.segments.values())


def test_an_edit_that_would_burst_its_segment_is_refused() -> None:
    """The old words stand."""
    talk = Talk()
    for number in range(SEGMENT_MESSAGES):
        say(talk.conversation, number)
    names = [f"m{number}" for number in range(SEGMENT_MESSAGES)]
    talk.offset = SEGMENT_MESSAGES
    for name in names[:11]:
        talk.edit(name, "\U0001f600" * 20_000, 100)
    with pytest.raises(Poison) as refused:
        talk.edit(names[-1], "\U0001f600" * 20_000, 101)
    assert refused.value.reason is DeadLetterReason.OVERSIZE
    entry = talk.conversation.entry(names[-1])
    assert entry is not None
    assert entry.text == "hello"


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_edits_and_deletions_in_any_order_end_alike(order: tuple[int, ...]) -> None:
    """The highest revision stands; a deletion wins over all."""

    def tell(talk: Talk, which: int, second: float) -> None:
        if which == 0:
            talk.client("first words", second, message_id="a", sent=1)
        elif which == 3:
            talk.delete("a", second)
        else:
            talk.edit("a", f"words {which}", second, edited=50 + which)

    edited, deleted = Talk(), Talk()
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
    talk = Talk()
    talk.client("no never", 0, message_id="a")
    talk.edit("a", "yes I could try", 5)
    entry = talk.conversation.entry("a")
    assert entry is not None
    assert entry.scored == Scored(score=0.0, flagged=False)


def test_a_waiting_edit_or_deletion_has_no_session() -> None:
    """It begins none, keeps none open, and is let go after a day."""
    talk = Talk()
    talk.edit("unknown", "words", 0)
    talk.delete("other", 0)
    assert talk.conversation.open_session is None
    talk.tick(DAY)
    assert talk.conversation.is_empty


def test_only_a_few_edits_wait() -> None:
    """The head of a conversation must stay within one record: one too many is refused, and pushes none out unheard."""
    talk = Talk()
    for number in range(MAX_EARLY):
        talk.edit(f"unknown-{number}", "words", number)
    with pytest.raises(Poison) as refused:
        talk.edit("one-too-many", "words", 10)
    assert refused.value.reason is DeadLetterReason.OVERSIZE
    talk.edit("unknown-0", "newer words", 11)
    assert sorted(early.message_id for early in talk.head.early) == [f"unknown-{n}" for n in range(MAX_EARLY)]


def test_deletions_that_wait_are_not_pushed_out_by_edits() -> None:
    """A deletion always wins, also when it came first and much came after it."""
    talk = Talk()
    for number in range(20):
        talk.delete(f"unknown-{number}", number)
    for number in range(MAX_EARLY):
        talk.edit(f"edited-{number}", "words", 30 + number)
    talk.client("never to be read", 50, message_id="unknown-0")
    assert "never to be read" not in talk.kept


def test_a_lower_edit_does_not_replace_a_waiting_one() -> None:
    """Edits may overtake each other before the original as well."""
    talk = Talk()
    talk.edit("a", "second", 10, edited=2)
    talk.edit("a", "first", 11, edited=1)
    talk.client("original", 12, message_id="a", sent=0)
    entry = talk.conversation.entry("a")
    assert entry is not None
    assert entry.text == "second"


def test_names_add_up_and_are_told_with_the_session() -> None:
    """For the de-identifier, before or during the session."""
    talk = Talk()
    talk.meet(Role.CLIENT, ["Robin", "robin_x"], 0)
    talk.session(1)
    talk.meet(Role.COUNSELLOR, ["Ms Example"], 35)
    talk.meet(Role.CLIENT, ["Robin"], 36)
    talk.end(40)
    assert [(n.role, n.name) for n in talk.last.known_names] == [
        (Role.CLIENT, "Robin"),
        (Role.CLIENT, "robin_x"),
        (Role.COUNSELLOR, "Ms Example"),
    ]


def test_names_go_with_the_text() -> None:
    """A day after they came, when no session here needs them."""
    talk = Talk()
    talk.meet(Role.CLIENT, ["Robin"], 0)
    talk.tick(DAY - 1)
    assert talk.head.names
    talk.tick(DAY)
    assert talk.conversation.is_empty


def test_too_many_names_are_refused() -> None:
    """They must fit into one record."""
    talk = Talk()
    for start in range(0, MAX_NAMES, 50):
        talk.meet(Role.CLIENT, [f"name {start + n}" for n in range(50)], start)
    with pytest.raises(Poison) as refused:
        talk.meet(Role.CLIENT, ["one more"], MAX_NAMES)
    assert refused.value.reason is DeadLetterReason.OVERSIZE
    assert len(talk.head.names) == MAX_NAMES


def test_of_very_many_sessions_the_oldest_are_forgotten() -> None:
    """The head of a conversation must stay within one record, whatever a platform does."""
    talk = Talk(rules(reopen_within_ms=0))
    for number in range(MAX_SESSIONS + 5):
        talk.client("hello", number * MINUTE)
        talk.end(number * MINUTE + 1)
    assert len(talk.head.sessions) == MAX_SESSIONS
    assert len(talk.records) == MAX_SESSIONS + 5
    assert len(talk.conversation.segments) == MAX_SESSIONS


def test_no_text_shows_in_a_repr() -> None:
    """A traceback or a debug line may print any of these."""
    talk = Talk()
    talk.meet(Role.CLIENT, ["Robin"], 0)
    talk.client("a secret", 1)
    talk.edit("unknown", "another secret", 2)
    edit = Edit(tenant="acme", conversation_id="room-1", message_id="a", text="a third secret", edited_at=at_second(1))
    shown = f"{talk.conversation!r} {talk.conversation.segments!r} {talk.head!r} {talk.rules!r} {edit!r}"
    assert "secret" not in shown
    assert "Robin" not in shown

"""A session, opened: every word from its own place, and none where its key is gone."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from plugin.crypto.keys import KeyEncryptionKey, WrongKey
from plugin.database.answers import WORDS_GONE
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, Outcome
from stream.contracts.feedback import Assessment
from stream.contracts.sessions import Mark
from stream.contracts.vocabulary import MarkKind, Role
from tests.plugin.conftest import People
from tests.plugin.samples import CONVERSATION, NOW, START, mark, message, put, record


def change(engine: Engine, statement: str, **values: object) -> None:
    """What somebody with the database's password could do."""
    with engine.begin() as connection:
        connection.execute(text(statement), values)


def test_words_moved_to_another_row_do_not_open(engine: Engine, store: Store, people: People) -> None:
    """Nobody can make a client have said what the counsellor said."""
    sent = record()
    put(engine, sent)
    swap = "UPDATE messages SET text = (SELECT text FROM messages WHERE message_id = 'm-2') WHERE message_id = 'm-1'"
    change(engine, swap)
    with pytest.raises(WrongKey, match=r"messages\.text"):
        store.open(people.supervisor, sent.session_id)


def test_words_moved_to_another_session_do_not_open(engine: Engine, store: Store, people: People) -> None:
    """Not even inside one conversation, which has one key."""
    first, second = record(), record(started_at=START + timedelta(days=7))
    put(engine, first, second)
    moved = "UPDATE answers SET words = (SELECT words FROM answers WHERE session_id = :one) WHERE session_id = :other"
    change(engine, moved, one=first.session_id, other=second.session_id)
    with pytest.raises(WrongKey, match=r"answers\.words"):
        store.open(people.supervisor, second.session_id)


def test_a_key_moved_to_another_conversation_opens_nothing(engine: Engine, store: Store, people: People) -> None:
    """It is wrapped for its owner."""
    sent = record()
    put(engine, sent, record(conversation="c_other"))
    change(
        engine,
        "UPDATE conversation_keys SET wrapped = other.wrapped FROM conversation_keys AS other"
        " WHERE other.conversation_id = 'c_other' AND conversation_keys.conversation_id = :mine",
        mine=CONVERSATION,
    )
    with pytest.raises(WrongKey):
        store.open(people.supervisor, sent.session_id)


def test_without_its_key_a_session_has_no_words(engine: Engine, store: Store, people: People) -> None:
    """What a backup holds after an erasure: that there was a session, and bytes nobody can read."""
    sent = record()
    put(engine, sent)
    change(engine, "DELETE FROM conversation_keys")
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert view.messages == ()
    (moment,) = view.moments
    assert isinstance(moment.answer, Assessment)
    assert {rating.reason for rating in moment.answer.ratings} == {WORDS_GONE}
    assert not moment.answer.alternatives


def test_another_key_encryption_key_opens_nothing(engine: Engine, people: People) -> None:
    """The database alone is not enough."""
    sent = record()
    put(engine, sent)
    with pytest.raises(WrongKey):
        Store(engine, KeyEncryptionKey(bytes(32)), now=lambda: NOW).open(people.supervisor, sent.session_id)


def test_context_that_was_dropped_for_size_is_left_out(engine: Engine, store: Store, people: People) -> None:
    """Every id of a moment is among the messages."""
    sent = record(moments=2)
    second = sent.exchanges[1].model_copy(update={"context": ("m-0", "m-1", "m-2")})
    put(engine, sent.model_copy(update={"exchanges": (sent.exchanges[0], second)}))
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert view.moments[1].context == ("m-1", "m-2")
    assert {message.message_id for message in view.messages} >= set(view.moments[1].context)


def test_messages_keep_their_order_and_who_said_them(engine: Engine, store: Store, people: People) -> None:
    """Counsellors by name, or by the beginning of a pseudonym; client and system without one."""
    sent = record()
    more = (
        message(3, "You have joined the room.", role=Role.SYSTEM, author="p_bot"),
        message(4, "I am here too.", role=Role.COUNSELLOR, author="p_stranger"),
    )
    put(engine, sent.model_copy(update={"messages": (*sent.messages, *more)}))
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert [(each.role, each.author) for each in view.messages] == [
        (Role.CLIENT, ""),
        (Role.COUNSELLOR, "Ana"),
        (Role.SYSTEM, ""),
        (Role.COUNSELLOR, "counsellor p_stra"),
    ]
    assert [each.sent_at for each in view.messages] == sorted(each.sent_at for each in view.messages)


def test_an_edited_message_has_its_edit_time_as_revision(engine: Engine, store: Store, people: People) -> None:
    """Milliseconds since 1970 do not fit into 32 bits."""
    sent = record(edits=1_772_474_400_123)
    put(engine, sent)
    assert store.open(people.supervisor, sent.session_id) is not None


def test_marks_come_with_the_words_they_are_about(engine: Engine, store: Store, people: People) -> None:
    """An unanswered moment is shown, never scored."""
    sent = record(marks=(mark(MarkKind.UNANSWERED_MOMENT), Mark(kind=MarkKind.UNANSWERED_MOMENT, message_ids=("m-9",))))
    put(engine, sent)
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert view.marks == sent.marks


def test_every_writing_comes_back(engine: Engine, store: Store, people: People) -> None:
    """Emoji, right-to-left, combining accents, quotes and markup are only text."""
    said = "naïve 👩\u200d👧 שלום e\u0301 '; DROP TABLE sessions; -- <script>alert(1)</script> \\u0000 %s {x}"
    sent = record(client_text=said)
    put(engine, sent)
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert view.messages[0].text == said


def test_a_decision_meets_the_revision_that_was_seen_or_none(engine: Engine, store: Store, people: People) -> None:
    """Between opening and releasing a new revision came: look again."""
    sent = record()
    put(engine, sent)
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    put(engine, record(revision=2, edits=1))
    seen = view.row.revision
    assert store.decide(people.supervisor, sent.session_id, seen, DecisionKind.RELEASED) is Outcome.CHANGED
    assert store.own(people.ana) == ()

"""Tests of opening a session: text only decrypts in its own row, and never without its key."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from plugin.crypto.keys import KeyEncryptionKey, WrongKey
from plugin.database.answers import WORDS_REMOVED
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome
from stream.contracts.feedback import Assessment
from stream.contracts.sessions import Mark
from stream.contracts.vocabulary import MarkKind, Role
from tests.plugin.conftest import People
from tests.plugin.samples import CONVERSATION, NOW, START, apply_records, mark, message, record


def change(engine: Engine, statement: str, **values: object) -> None:
    """Change the database like somebody who has its password."""
    with engine.begin() as connection:
        connection.execute(text(statement), values)


def test_a_text_moved_to_another_row_does_not_decrypt(engine: Engine, store: Store, people: People) -> None:
    """A text that was moved to another message's row does not decrypt."""
    sent = record()
    apply_records(engine, sent)
    swap = "UPDATE messages SET text = (SELECT text FROM messages WHERE message_id = 'm-2') WHERE message_id = 'm-1'"
    change(engine, swap)
    with pytest.raises(WrongKey, match=r"messages\.text"):
        store.open(people.supervisor, sent.session_id)


def test_words_moved_to_another_session_do_not_decrypt(engine: Engine, store: Store, people: People) -> None:
    """An answer's words that were moved to another session of the same conversation do not decrypt."""
    first, second = record(), record(started_at=START + timedelta(days=7))
    apply_records(engine, first, second)
    moved = "UPDATE answers SET words = (SELECT words FROM answers WHERE session_id = :one) WHERE session_id = :other"
    change(engine, moved, one=first.session_id, other=second.session_id)
    with pytest.raises(WrongKey, match=r"answers\.words"):
        store.open(people.supervisor, second.session_id)


def test_a_key_moved_to_another_conversation_does_not_unwrap(engine: Engine, store: Store, people: People) -> None:
    """A data key that was moved to another conversation does not unwrap."""
    sent = record()
    apply_records(engine, sent, record(conversation="c_other"))
    change(
        engine,
        "UPDATE conversation_keys SET wrapped = other.wrapped FROM conversation_keys AS other"
        " WHERE other.conversation_id = 'c_other' AND conversation_keys.conversation_id = :mine",
        mine=CONVERSATION,
    )
    with pytest.raises(WrongKey):
        store.open(people.supervisor, sent.session_id)


def test_a_session_without_its_key_has_no_text(engine: Engine, store: Store, people: People) -> None:
    """A session without its data key, as in a backup after an erasure, opens without any text."""
    sent = record()
    apply_records(engine, sent)
    change(engine, "DELETE FROM conversation_keys")
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert view.messages == ()
    (moment,) = view.moments
    assert isinstance(moment.answer, Assessment)
    assert {rating.reason for rating in moment.answer.ratings} == {WORDS_REMOVED}
    assert not moment.answer.alternatives


def test_another_key_encryption_key_opens_nothing(engine: Engine, people: People) -> None:
    """A session does not open with another key encryption key, so the database alone is not enough."""
    sent = record()
    apply_records(engine, sent)
    with pytest.raises(WrongKey):
        Store(engine, KeyEncryptionKey(bytes(32)), now=lambda: NOW).open(people.supervisor, sent.session_id)


def test_context_that_was_dropped_for_size_is_left_out(engine: Engine, store: Store, people: People) -> None:
    """A moment's context only has messages that are stored, since others were dropped for size."""
    sent = record(moments=2)
    second = sent.exchanges[1].model_copy(update={"context": ("m-0", "m-1", "m-2")})
    apply_records(engine, sent.model_copy(update={"exchanges": (sent.exchanges[0], second)}))
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert view.moments[1].context == ("m-1", "m-2")
    assert {message.message_id for message in view.messages} >= set(view.moments[1].context)


def test_messages_keep_their_order_and_authors(engine: Engine, store: Store, people: People) -> None:
    """Messages keep their order; counsellors have a name or a short pseudonym, clients and systems none."""
    sent = record()
    more = (
        message(3, "You have joined the room.", role=Role.SYSTEM, author="p_bot"),
        message(4, "I am here too.", role=Role.COUNSELLOR, author="p_stranger"),
    )
    apply_records(engine, sent.model_copy(update={"messages": (*sent.messages, *more)}))
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
    """A message revision in milliseconds since 1970, which exceeds 32 bits, is stored and read."""
    sent = record(edits=1_772_474_400_123)
    apply_records(engine, sent)
    assert store.open(people.supervisor, sent.session_id) is not None


def test_marks_come_with_their_message_ids(engine: Engine, store: Store, people: People) -> None:
    """An opened session has its marks with their message ids."""
    sent = record(marks=(mark(MarkKind.UNANSWERED_MOMENT), Mark(kind=MarkKind.UNANSWERED_MOMENT, message_ids=("m-9",))))
    apply_records(engine, sent)
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert view.marks == sent.marks


def test_any_text_is_read_as_it_was_stored(engine: Engine, store: Store, people: People) -> None:
    """Emoji, right-to-left text, combining accents, quotes and markup are read as they were stored."""
    said = "naïve 👩\u200d👧 שלום e\u0301 '; DROP TABLE sessions; -- <script>alert(1)</script> \\u0000 %s {x}"
    sent = record(client_text=said)
    apply_records(engine, sent)
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert view.messages[0].text == said


def test_a_decision_about_a_replaced_revision_has_no_effect(engine: Engine, store: Store, people: People) -> None:
    """A decision about a revision that was replaced since it was opened has no effect."""
    sent = record()
    apply_records(engine, sent)
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    apply_records(engine, record(revision=2, edits=1))
    seen = view.row.revision
    assert store.decide(people.supervisor, sent.session_id, seen, DecisionKind.RELEASED) is DecisionOutcome.CHANGED
    assert store.own_sessions(people.ana) == ()

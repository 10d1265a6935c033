"""Tests of opening a session: text only decrypts in its own row, and never without its key."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from plugin.crypto.keys import KeyEncryptionKey, WrongKey
from plugin.database.answers import WORDS_REMOVED
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome
from stream.contracts.feedback import Abstention, Answer, Assessment
from stream.contracts.sessions import Mark
from stream.contracts.vocabulary import LeftOut, MarkKind, NeedsHuman, Role
from tests.plugin.conftest import People
from tests.plugin.samples import (
    CONVERSATION,
    NOW,
    PLANTED,
    REJECTED,
    START,
    answered,
    apply_records,
    mark,
    message,
    record,
    sure,
)


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


def test_three_moments_are_shown_in_the_order_of_the_conversation(engine: Engine, store: Store, people: People) -> None:
    """The three surest moments come in their order, the further confirmed ones apart, and the others as a number."""
    sent = answered(record(moments=7), *sure(0.7, 0.5, 0.9, 0.6, 0.8), REJECTED, REJECTED)
    apply_records(engine, sent)
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert [moment.client_turn for moment in view.moments] == [("m-1",), ("m-5",), ("m-9",)]
    assert [moment.client_turn for moment in view.further] == [("m-3",), ("m-7",)]
    assert (view.not_confirmed, view.row.moments) == (2, 3)
    assert view.further[0].answer == sent.assessments[1]


def test_what_needs_a_person_is_first(engine: Engine, store: Store, people: People) -> None:
    """A moment without an assessment comes before the confirmed ones, wherever it was in the conversation."""
    sent = record(moments=5)
    last = sent.assessments[4]
    abstention = Abstention(**last.model_dump(include=set(Answer.model_fields)), reason=NeedsHuman.CRITICAL_CONTENT)
    critical = sent.model_copy(update={"assessments": sent.assessments[:4], "abstentions": (abstention,)})
    apply_records(engine, answered(critical, *sure(0.5, 0.6, 0.7, 0.8)))
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert [moment.client_turn for moment in view.moments] == [("m-9",), ("m-3",), ("m-5",), ("m-7",)]
    assert isinstance(view.moments[0].answer, Abstention)
    assert [moment.client_turn for moment in view.further] == [("m-1",)]


def test_a_rejected_moment_with_planted_text_is_shown_with_it(engine: Engine, store: Store, people: People) -> None:
    """A rejected moment with planted text is shown and not counted among those that are not."""
    sent = answered(record(moments=2), REJECTED | PLANTED, REJECTED)
    apply_records(engine, sent)
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert [moment.answer for moment in view.moments] == [sent.assessments[0]]
    assert (view.further, view.not_confirmed) == ((), 1)


def test_a_session_that_was_left_out_says_how_many_moments_were_looked_at(
    engine: Engine, store: Store, people: People
) -> None:
    """A session in which nothing was confirmed opens without text, with the number of moments that were looked at."""
    sent = answered(record(moments=2), REJECTED, REJECTED)
    apply_records(engine, sent)
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert (view.row.left_out, view.messages, view.moments, view.not_confirmed) == (LeftOut.NO_RESISTANCE, (), (), 2)


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

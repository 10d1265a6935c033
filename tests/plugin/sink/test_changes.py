"""Tests of deletions and edits that reach the database because the stream no longer has the text of their session."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from plugin.database.tables import Hold, StoredAnswer, StoredSession
from plugin.queue.store import Store
from plugin.queue.views import SessionView
from plugin.sink.apply import ApplyResult
from stream.contracts.feedback import Abstention, Assessment, FeedbackRecord
from stream.contracts.ids import revision_of
from stream.contracts.messages import Consent, Deletion, Edit
from stream.contracts.sessions import Mark
from stream.contracts.vocabulary import Concern, MarkKind, NeedsHuman, ResistanceType
from tests.plugin.conftest import People
from tests.plugin.samples import CONVERSATION, MODEL, NOW, SAID, TENANT, apply_records, mark, record

TWO_MOMENTS = record(moments=2)
RISK = mark(MarkKind.RISK_LANGUAGE, Concern.SUICIDE)


def deletion(message_id: str, conversation: str = CONVERSATION) -> Deletion:
    """Return the deletion of a message."""
    return Deletion(tenant=TENANT, conversation_id=conversation, message_id=message_id, deleted_at=NOW)


def edit(message_id: str, words: str, seconds: int = 0, author: str | None = None) -> Edit:
    """Return an edit of a message, this many seconds after the sample time."""
    return Edit(
        tenant=TENANT,
        conversation_id=CONVERSATION,
        message_id=message_id,
        text=words,
        edited_at=NOW + timedelta(seconds=seconds),
        consent=Consent(processing=True),
        author=author,
    )


def seen(store: Store, people: People, session: FeedbackRecord = TWO_MOMENTS) -> SessionView:
    """Return a session as the supervisor would open it."""
    view = store.open(people.supervisor, session.session_id)
    assert view is not None
    return view


def stored(engine: Engine) -> dict[str, Any]:
    """Return the number of messages, exchanges and answers with words, and of the data keys."""
    with engine.connect() as connection:
        return dict(
            connection.execute(
                text(
                    "SELECT (SELECT count(*) FROM messages) AS messages, (SELECT count(*) FROM exchanges) AS exchanges,"
                    " (SELECT count(*) FROM answers WHERE has_words) AS words,"
                    " (SELECT count(*) FROM conversation_keys) AS keys"
                )
            )
            .mappings()
            .one()
        )


def test_a_deleted_message_is_removed_with_what_was_said_about_it(engine: Engine, store: Store, people: People) -> None:
    """A deletion removes the message and its moment where nothing is left of a turn; other moments stay."""
    apply_records(engine, TWO_MOMENTS)
    assert apply_records(engine, deletion("m-1")) == [ApplyResult.CHANGED]
    view = seen(store, people)
    assert SAID[0] not in [message.text for message in view.messages if message.message_id == "m-1"]
    assert [moment.client_turn for moment in view.moments] == [("m-3",)]
    assert stored(engine) == {"messages": 3, "exchanges": 1, "words": 1, "keys": 1}
    assert apply_records(engine, deletion("m-1")) == [ApplyResult.REPEATED]


def test_an_answer_about_a_deleted_message_loses_its_words(engine: Engine, store: Store, people: People) -> None:
    """An answer about a moment that keeps a part of its turn is superseded by an abstention without words."""
    exchange = TWO_MOMENTS.exchanges[0].model_copy(update={"client_turn": ("m-1", "m-3"), "context": ("m-4",)})
    apply_records(engine, TWO_MOMENTS.model_copy(update={"exchanges": (exchange, TWO_MOMENTS.exchanges[1])}))
    apply_records(engine, deletion("m-3"))
    (moment,) = seen(store, people).moments
    assert moment.client_turn == ("m-1",)
    assert isinstance(moment.answer, Abstention)
    assert moment.answer.reason is NeedsHuman.TEXT_CHANGED
    assert stored(engine) == {"messages": 3, "exchanges": 1, "words": 0, "keys": 1}
    with Session(engine) as session:
        row = session.exec(select(StoredSession)).one()
        assert row.facts["needs_human"] == 1


def test_a_deleted_message_of_the_context_concerns_its_moments(engine: Engine, store: Store, people: People) -> None:
    """An answer about a moment with the deleted message in its context is superseded too, since it may quote it."""
    second = TWO_MOMENTS.exchanges[1].model_copy(update={"context": ("m-1", "m-2")})
    apply_records(engine, TWO_MOMENTS.model_copy(update={"exchanges": (TWO_MOMENTS.exchanges[0], second)}))
    apply_records(engine, deletion("m-2"))
    (moment,) = seen(store, people).moments
    assert moment.context == ("m-1",)
    assert isinstance(moment.answer, Abstention)


def test_a_deleted_message_leaves_its_marks(engine: Engine) -> None:
    """A mark about the deleted message alone is removed, and the session's need is derived again."""
    apply_records(engine, record(moments=2, marks=(RISK,)))
    with Session(engine) as session:
        assert session.exec(select(StoredSession.need)).one() == 0
    apply_records(engine, deletion("m-1"))
    with Session(engine) as session:
        row = session.exec(select(StoredSession)).one()
        assert (row.marks, row.facts["concerns"]) == ([], [])
        assert row.need > 0


@pytest.mark.parametrize("change", ["edit", "deletion"])
def test_the_verdict_on_an_unanswered_moment_ends_with_its_text(
    engine: Engine, store: Store, people: People, change: str
) -> None:
    """A moment without a reply whose words were edited, or deleted in part, has no verdict and needs a person."""
    unanswered = Mark(
        kind=MarkKind.UNANSWERED_MOMENT,
        message_ids=("m-3", "m-4"),
        resistance_type=ResistanceType.BLAMING,
        model=MODEL,
    )
    apply_records(engine, record(moments=2, marks=(RISK, unanswered)))
    apply_records(engine, edit("m-3", "Something else.") if change == "edit" else deletion("m-3"))
    risk, moment = seen(store, people).marks
    assert risk == RISK
    assert moment.message_ids == (("m-3", "m-4") if change == "edit" else ("m-4",))
    assert (moment.resistance_type, moment.model, moment.needs_human) == (None, None, NeedsHuman.TEXT_CHANGED)
    with Session(engine) as session:
        facts = session.exec(select(StoredSession)).one().facts
        assert (facts["unanswered"], facts["needs_human"]) == (0, 2 if change == "edit" else 1)


def test_a_deletion_before_a_replayed_record_removes_the_message_from_it(
    engine: Engine, store: Store, people: People
) -> None:
    """A message that was deleted is not stored by a record that arrives later, such as a replayed dead letter."""
    assert apply_records(engine, deletion("m-2"), TWO_MOMENTS) == [ApplyResult.REPEATED, ApplyResult.STORED]
    assert [message.message_id for message in seen(store, people).messages] == ["m-1", "m-3", "m-4"]
    assert [moment.client_turn for moment in seen(store, people).moments] == [("m-3",)]


def test_a_deletion_concerns_its_own_conversation(engine: Engine) -> None:
    """A deletion does not concern a message with the same id in another conversation."""
    apply_records(engine, TWO_MOMENTS, record(conversation="c_other", moments=2))
    before = stored(engine)
    assert apply_records(engine, deletion("m-1", "c_third")) == [ApplyResult.REPEATED]
    assert stored(engine) == before


def test_the_last_deleted_message_takes_the_key_with_it(engine: Engine) -> None:
    """The data key is deleted with the last text of its conversation."""
    apply_records(engine, record(), deletion("m-1"), deletion("m-2"))
    assert stored(engine) == {"messages": 0, "exchanges": 0, "words": 0, "keys": 0}


def test_an_edit_replaces_the_text_and_supersedes_the_answer(engine: Engine, store: Store, people: People) -> None:
    """An edit replaces the stored text, and the answer about its moment is superseded; the other moment stays."""
    apply_records(engine, TWO_MOMENTS)
    assert apply_records(engine, edit("m-2", "What would help?")) == [ApplyResult.CHANGED]
    view = seen(store, people)
    assert {message.message_id: message.text for message in view.messages}["m-2"] == "What would help?"
    first, second = view.moments
    assert isinstance(first.answer, Abstention)
    assert isinstance(second.answer, Assessment)
    with Session(engine) as session:
        old = session.get_one(StoredAnswer, TWO_MOMENTS.assessments[0].assessment_id)
        assert (old.superseded_by, old.words) == (1, None)
        new = session.exec(
            select(StoredAnswer).where(
                col(StoredAnswer.exchange_id) == first.exchange_id, col(StoredAnswer.superseded_by).is_(None)
            )
        ).one()
        assert new.input_id != old.input_id


def test_only_a_later_edit_counts(engine: Engine, store: Store, people: People) -> None:
    """An edit that is repeated, older than the stored revision, or of a deleted or unknown message changes nothing."""
    apply_records(engine, TWO_MOMENTS, edit("m-2", "second words", 10), deletion("m-4"))
    results = apply_records(
        engine, edit("m-2", "second words", 10), edit("m-2", "first words", 5), edit("m-4", "back"), edit("m-9", "new")
    )
    assert results == [ApplyResult.REPEATED] * 4
    texts = {message.message_id: message.text for message in seen(store, people).messages}
    assert (texts["m-2"], texts.get("m-4"), texts.get("m-9")) == ("second words", None, None)


def test_an_edit_by_another_than_the_author_changes_nothing(engine: Engine, store: Store, people: People) -> None:
    """An edit that names who edited changes a stored message only if that person wrote it."""
    apply_records(engine, TWO_MOMENTS)
    assert apply_records(engine, edit("m-1", "Not my words.", 1, "p_counsellor")) == [ApplyResult.REPEATED]
    assert apply_records(engine, edit("m-1", "My other words.", 1, "p_client")) == [ApplyResult.CHANGED]
    assert seen(store, people).messages[0].text == "My other words."


@pytest.mark.parametrize("change", [deletion("m-1"), edit("m-1", "other words")])
def test_a_hold_keeps_the_message_and_hides_its_session(
    engine: Engine, store: Store, people: People, change: Deletion | Edit
) -> None:
    """Under a legal hold the message stays as it was found, and its session is shown to nobody from then on."""
    apply_records(engine, TWO_MOMENTS)
    with Session(engine) as session:
        session.add(Hold(tenant=TENANT, conversation_id=CONVERSATION, reason="file 7", added_at=NOW))
        session.commit()
    before = stored(engine)
    apply_records(engine, change)
    assert stored(engine) == before
    assert store.open(people.supervisor, TWO_MOMENTS.session_id) is None
    with engine.connect() as connection:
        revision = connection.scalar(text("SELECT revision FROM messages WHERE message_id = 'm-1'"))
    assert revision == 0 != revision_of(NOW)

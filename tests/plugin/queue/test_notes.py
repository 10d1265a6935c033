"""Tests of coaching notes on a real database: who reads one, when it is fixed, and what removes it."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from plugin.crypto.keys import WrongKey
from plugin.database.tables import AuditEntry
from plugin.database.viewer import AccountRole, Viewer
from plugin.privacy.retention import RetentionCutoffs, RetentionRunner
from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.statements import MOMENT
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import ConsentWithdrawal, Deletion, Edit
from stream.runtime.settings import RetentionSettings
from tests.plugin.conftest import People
from tests.plugin.privacy.stored_sessions import count_rows
from tests.plugin.samples import CONVERSATION, NOW, START, TENANT, add_person, apply_records, record

WORDS = "Ask what talking was like the last time.\n\u201cLet you down\u201d is a good place to begin. \U0001f331"
DONE = DecisionOutcome.DONE


@pytest.fixture
def second(engine: Engine) -> Viewer:
    """Return a second supervisor of the same team."""
    return add_person(engine, "nele", AccountRole.SUPERVISOR, teams=("north",))


def notes(store: Store, viewer: Viewer, sent: FeedbackRecord) -> list[str]:
    """Return the texts of the notes that this person reads."""
    view = store.open(viewer, sent.session_id)
    return [] if view is None else [note.text for note in view.notes]


def write(
    store: Store,
    viewer: Viewer,
    sent: FeedbackRecord,
    words: str = WORDS,
    *,
    moment: int | None = None,
    shared: bool = False,
) -> DecisionOutcome:
    """Write a note on a session or one of its moments."""
    exchange = None if moment is None else sent.exchanges[moment].exchange_id
    return store.reviews.add_note(viewer, sent.session_id, exchange, words, shared=shared)


def release(store: Store, people: People, sent: FeedbackRecord) -> None:
    """Release the session's revision."""
    assert store.decide(people.supervisor, sent.session_id, sent.revision, DecisionKind.RELEASED) is DONE


def test_a_private_note_is_read_by_its_author_alone(
    store: Store, engine: Engine, people: People, second: Viewer
) -> None:
    """A private note is read by the supervisor who wrote it, before and after a release, and by nobody else."""
    sent = record()
    apply_records(engine, sent)
    assert write(store, people.supervisor, sent) is DONE
    release(store, people, sent)
    assert write(store, people.supervisor, sent, "After our talk.") is DONE
    assert sorted(notes(store, people.supervisor, sent)) == sorted([WORDS, "After our talk."])
    assert notes(store, second, sent) == notes(store, people.ana, sent) == []


def test_a_shared_note_reaches_the_therapist_with_the_release(
    store: Store, engine: Engine, people: People, second: Viewer
) -> None:
    """A shared note is read by the supervisors at once, and by the therapist once the session is released."""
    sent = record()
    apply_records(engine, sent)
    assert write(store, people.supervisor, sent, shared=True) is DONE
    assert write(store, people.supervisor, sent, "On the moment.", moment=0, shared=True) is DONE
    assert sorted(notes(store, second, sent)) == sorted([WORDS, "On the moment."])
    assert notes(store, people.ana, sent) == []
    release(store, people, sent)
    assert sorted(notes(store, people.ana, sent)) == sorted([WORDS, "On the moment."])
    view = store.open(people.ana, sent.session_id)
    assert view is not None
    assert {(note.by, note.exchange_id, note.is_own) for note in view.notes} == {
        ("Mara", None, False),
        ("Mara", sent.exchanges[0].exchange_id, False),
    }


def test_a_note_on_a_moment_goes_where_its_moment_goes(store: Store, engine: Engine, people: People) -> None:
    """A shared note on a moment that is kept back, or is a colleague's, reaches no therapist."""
    sent = record(moments=3)
    theirs = sent.exchanges[1].model_copy(update={"counsellor": "p_ben"})
    exchanges = (sent.exchanges[0], theirs, sent.exchanges[2])
    both = sent.model_copy(update={"exchanges": exchanges, "counsellors": ("p_ana", "p_ben")})
    apply_records(engine, both)
    for moment, words in enumerate(("First.", "Second.", "Third.")):
        write(store, people.supervisor, both, words, moment=moment, shared=True)
    unclear = Opinion(Judgement.WITHHELD, WithholdReason.UNCLEAR)
    answer = both.assessments[0].assessment_id
    store.reviews.judge(people.supervisor, both.session_id, 1, answer, MOMENT, unclear)
    release(store, people, both)
    assert notes(store, people.ana, both) == ["Third."]
    assert notes(store, people.ben, both) == ["Second."]


def test_what_a_therapist_reads_is_fixed(store: Store, engine: Engine, people: People) -> None:
    """After the release no shared note is added or removed, until the session is withheld again."""
    sent = record()
    apply_records(engine, sent)
    write(store, people.supervisor, sent, shared=True)
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    release(store, people, sent)
    remove = store.reviews.remove_note
    assert write(store, people.supervisor, sent, shared=True) is DecisionOutcome.RELEASED
    assert remove(people.supervisor, sent.session_id, view.notes[0].note_id) is DecisionOutcome.RELEASED
    assert notes(store, people.ana, sent) == [WORDS]
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.WITHHELD)
    assert remove(people.supervisor, sent.session_id, view.notes[0].note_id) is DONE
    assert notes(store, people.supervisor, sent) == []


def test_nobody_removes_anothers_note(store: Store, engine: Engine, people: People, second: Viewer) -> None:
    """A note is removed by its author alone, and only from its own session."""
    sent, other = record(), record(conversation="c_other")
    apply_records(engine, sent, other)
    write(store, people.supervisor, sent, shared=True)
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    note, remove = view.notes[0].note_id, store.reviews.remove_note
    assert remove(second, sent.session_id, note) is DecisionOutcome.CHANGED
    assert remove(people.supervisor, other.session_id, note) is DecisionOutcome.CHANGED
    assert remove(people.supervisor, sent.session_id, uuid4()) is DecisionOutcome.CHANGED
    assert remove(people.ana, sent.session_id, note) is DecisionOutcome.NOT_FOUND
    assert notes(store, people.supervisor, sent) == [WORDS]


def test_a_shared_note_is_a_step_of_the_review_and_a_private_one_is_not(
    store: Store, engine: Engine, people: People, second: Viewer
) -> None:
    """While one supervisor reviews, another may write for herself and shares nothing."""
    sent = record()
    apply_records(engine, sent)
    store.reviews.claim(people.supervisor, sent.session_id)
    assert write(store, second, sent) is DONE
    assert write(store, second, sent, shared=True) is DecisionOutcome.CLAIMED


@pytest.mark.parametrize("who", ["other_supervisor", "ana", "ben", "operator"])
@pytest.mark.parametrize("shared", [True, False])
def test_only_the_sessions_own_supervisors_write_notes(
    store: Store, engine: Engine, people: People, who: str, shared: bool
) -> None:
    """For anybody but a supervisor of the team there is no session to write about."""
    sent = record()
    apply_records(engine, sent)
    assert write(store, getattr(people, who), sent, shared=shared) is DecisionOutcome.NOT_FOUND
    assert count_rows(engine, "notes") == {"notes": 0}


def test_a_note_needs_a_moment_of_its_session(store: Store, engine: Engine, people: People) -> None:
    """A note on another session's moment is refused."""
    sent, other = record(), record(conversation="c_other")
    apply_records(engine, sent, other)
    foreign: UUID = other.exchanges[0].exchange_id
    outcome = store.reviews.add_note(people.supervisor, sent.session_id, foreign, WORDS, shared=False)
    assert outcome is DecisionOutcome.CHANGED


def test_a_note_is_on_the_trail_without_its_words(store: Store, engine: Engine, people: People) -> None:
    """The trail records that a note was written or removed, and no word of it."""
    sent = record()
    apply_records(engine, sent)
    write(store, people.supervisor, sent)
    write(store, people.supervisor, sent, shared=True)
    with Session(engine) as session:
        entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.seq))).all()
    assert [(entry.purpose, entry.object_type, entry.object_id) for entry in entries] == [
        ("private note", "session", str(sent.session_id)),
        ("shared note", "session", str(sent.session_id)),
    ]
    assert "talking" not in repr(entries)


def test_a_note_moved_to_another_row_does_not_decrypt(store: Store, engine: Engine, people: People) -> None:
    """The words of a note that were moved to another note's row do not decrypt."""
    sent = record()
    apply_records(engine, sent)
    write(store, people.supervisor, sent)
    write(store, people.supervisor, sent, shared=True)
    with engine.begin() as connection:
        connection.execute(text("UPDATE notes SET words = (SELECT words FROM notes WHERE shared) WHERE NOT shared"))
    with pytest.raises(WrongKey, match=r"notes\.words"):
        store.open(people.supervisor, sent.session_id)


# --- what removes a note ---


def test_a_new_revision_keeps_notes_where_no_word_was_changed(store: Store, engine: Engine, people: People) -> None:
    """A new revision with the same messages keeps every note, and it waits for the new release."""
    sent = record()
    apply_records(engine, sent)
    write(store, people.supervisor, sent, shared=True)
    write(store, people.supervisor, sent, moment=0, shared=True)
    release(store, people, sent)
    again = record(revision=2, moments=2)
    apply_records(engine, again)
    assert len(notes(store, people.supervisor, again)) == 2
    assert notes(store, people.ana, again) == []


def test_a_new_revision_with_other_words_removes_the_notes_that_may_quote_them(
    store: Store, engine: Engine, people: People
) -> None:
    """Where a message was edited, notes on the session and on moments with another answer now are gone."""
    sent = record(moments=2)
    apply_records(engine, sent)
    for moment in (None, 0, 1):
        write(store, people.supervisor, sent, f"On {moment}.", moment=moment)
    edited = sent.messages[0].model_copy(update={"revision": 5, "text": "Never mind."})
    other = sent.assessments[0].model_copy(update={"assessment_id": uuid4(), "input_id": uuid4()})
    again = sent.model_copy(
        update={
            "revision": 2,
            "messages": (edited, *sent.messages[1:]),
            "assessments": (other, sent.assessments[1]),
        }
    )
    apply_records(engine, again)
    assert notes(store, people.supervisor, again) == ["On 1."]


@pytest.mark.parametrize(
    "change",
    [
        Deletion(tenant=TENANT, conversation_id=CONVERSATION, message_id="m-1", deleted_at=NOW),
        Edit(tenant=TENANT, conversation_id=CONVERSATION, message_id="m-1", text="Other words.", edited_at=NOW),
    ],
)
def test_a_deletion_or_an_edit_removes_the_notes_that_may_quote_it(
    store: Store, engine: Engine, people: People, change: Deletion | Edit
) -> None:
    """After a deletion or an edit, notes on the session and on the moments with that message are gone."""
    sent = record(moments=2)
    apply_records(engine, sent)
    for moment in (None, 0, 1):
        write(store, people.supervisor, sent, f"On {moment}.", moment=moment)
    apply_records(engine, change)
    assert notes(store, people.supervisor, sent) == ["On 1."]


def test_a_withdrawal_takes_the_notes_and_the_key(store: Store, engine: Engine, people: People) -> None:
    """Of a session that was withdrawn neither a note nor the key of its conversation is left."""
    sent = record()
    apply_records(engine, sent)
    write(store, people.supervisor, sent)
    apply_records(engine, ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW))
    assert count_rows(engine, "notes", "conversation_keys") == {"notes": 0, "conversation_keys": 0}


def test_notes_go_with_the_quotes(store: Store, engine: Engine, people: People) -> None:
    """Retention keeps a note while quotes are kept, and then removes it with the conversation's key."""
    sent = record()
    apply_records(engine, sent)
    write(store, people.supervisor, sent)
    settings = RetentionSettings()
    for days, left in ((settings.text_days + 1, 1), (settings.quotes_days + 1, 0)):
        late = START + timedelta(days=days)
        RetentionRunner(engine, RetentionCutoffs.at(late, settings), now=lambda late=late: late).run()  # type: ignore[misc]
        assert count_rows(engine, "notes", "conversation_keys") == {"notes": left, "conversation_keys": left}

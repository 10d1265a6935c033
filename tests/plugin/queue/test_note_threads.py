"""Tests of the threads under coaching notes on a real database: who comments, who reads, and what removes a comment."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from plugin.crypto.keys import WrongKey
from plugin.database.viewer import AccountRole, Viewer
from plugin.privacy.retention import RetentionCutoffs, RetentionRunner
from plugin.queue.news import ChangeKind
from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.statements import MOMENT
from plugin.queue.views import DecisionKind, DecisionOutcome
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import ConsentWithdrawal, Deletion
from stream.runtime.settings import RetentionSettings
from tests.plugin.privacy.stored_sessions import count_rows
from tests.plugin.queue.desks import DONE, Desks, desks
from tests.plugin.samples import CONVERSATION, NOW, START, TENANT, add_person, record

__all__ = ["desks"]

SENT = record()
CHANGED, NOT_FOUND = DecisionOutcome.CHANGED, DecisionOutcome.NOT_FOUND
WORDS = "I asked her about it.\n\u201cLet you down\u201d was where it began. \U0001f331"


def note(desks: Desks, sent: FeedbackRecord = SENT, *, shared: bool, moment: int | None = None) -> UUID:
    """Let Mara write a note, give her claim back, and return the note's id."""
    exchange = None if moment is None else sent.exchanges[moment].exchange_id
    before = {each.note_id for each in desks.view(desks.mara, sent).notes}
    assert desks.store.reviews.add_note(desks.mara, sent.session_id, exchange, "Look here.", shared=shared) is DONE
    desks.store.reviews.give_back(desks.mara, sent.session_id)
    return next(each.note_id for each in desks.view(desks.mara, sent).notes if each.note_id not in before)


def comment(
    desks: Desks, viewer: Viewer, note_id: UUID, words: str = WORDS, sent: FeedbackRecord = SENT
) -> DecisionOutcome:
    """Comment on a note, and let a minute pass."""
    desks.wait(minutes=1)
    return desks.store.note_threads.comment(viewer, sent.session_id, note_id, words)


def read(desks: Desks, viewer: Viewer, note_id: UUID, sent: FeedbackRecord = SENT) -> list[tuple[str, bool, str]]:
    """Return by whom, whether one's own, and what was said under a note, as somebody reads it."""
    view = desks.store.open(viewer, sent.session_id)
    found = [] if view is None else [each.comments for each in view.notes if each.note_id == note_id]
    return [(each.by, each.is_own, each.text) for comments in found for each in comments]


def test_those_who_read_a_note_comment_on_it(desks: Desks) -> None:
    """Supervisors and the lead talk under a shared note, and the therapist joins them after the release."""
    desks.come(SENT)
    shared = note(desks, shared=True)
    assert comment(desks, desks.nele, shared, "As I see it too.") is DONE
    assert comment(desks, desks.ana, shared) is NOT_FOUND, "nothing was released"
    assert desks.decide(desks.mara, SENT) is DONE
    assert comment(desks, desks.ana, shared) is DONE
    assert comment(desks, desks.lena, shared, "Thank you both.") is DONE
    said = [("Nele", False, "As I see it too."), ("Ana", True, WORDS), ("Lena", False, "Thank you both.")]
    assert read(desks, desks.ana, shared) == said
    assert read(desks, desks.mara, shared) == [(by, False, words) for by, _, words in said]
    assert comment(desks, desks.olga, shared) is NOT_FOUND
    assert desks.decide(desks.mara, SENT, DecisionKind.WITHHELD) is DONE
    assert comment(desks, desks.ana, shared) is NOT_FOUND
    assert read(desks, desks.ana, shared) == []


def test_a_private_note_has_a_thread_of_its_author_alone(desks: Desks) -> None:
    """Under a private note its author alone comments, and for everybody else there is no such note."""
    desks.come(SENT)
    private = note(desks, shared=False)
    desks.decide(desks.mara, SENT)
    for other in (desks.nele, desks.lena, desks.ana):
        assert comment(desks, other, private) is CHANGED
    assert comment(desks, desks.mara, private) is DONE
    assert read(desks, desks.mara, private) == [("Mara", True, WORDS)]
    assert read(desks, desks.nele, private) == []


def test_a_therapist_comments_on_notes_about_own_moments_alone(desks: Desks) -> None:
    """A note on a colleague's moment, or on one that is kept back, has no thread for the therapist."""
    sent = record(moments=3)
    theirs = sent.exchanges[1].model_copy(update={"counsellor": "p_ben"})
    both = sent.model_copy(
        update={"exchanges": (sent.exchanges[0], theirs, sent.exchanges[2]), "counsellors": ("p_ana", "p_ben")}
    )
    desks.come(both)
    kept_back, colleagues, own = (note(desks, both, shared=True, moment=moment) for moment in range(3))
    unclear = Opinion(Judgement.WITHHELD, WithholdReason.UNCLEAR)
    desks.store.reviews.judge(desks.mara, both.session_id, 1, both.assessments[0].assessment_id, MOMENT, unclear)
    desks.decide(desks.mara, both)
    outcomes = [comment(desks, desks.ana, each, sent=both) for each in (kept_back, colleagues, own)]
    assert outcomes == [CHANGED, CHANGED, DONE]


def test_a_comment_is_removed_by_its_author_alone(desks: Desks) -> None:
    """Nobody else removes a comment, neither the note's author nor from another session; a gone one changes nothing."""
    desks.come(SENT, other := record(conversation="c_other"))
    shared = note(desks, shared=True)
    desks.decide(desks.mara, SENT)
    desks.decide(desks.mara, other)
    comment(desks, desks.ana, shared)
    (written,) = desks.view(desks.ana, SENT).notes[0].comments
    remove = desks.store.note_threads.remove
    for viewer in (desks.mara, desks.nele, desks.lena):
        assert remove(viewer, SENT.session_id, written.comment_id) is CHANGED
    assert remove(desks.ana, other.session_id, written.comment_id) is CHANGED
    assert remove(desks.ana, SENT.session_id, uuid4()) is CHANGED
    assert remove(desks.ana, SENT.session_id, written.comment_id) is DONE
    assert remove(desks.ana, SENT.session_id, written.comment_id) is CHANGED
    assert count_rows(desks.engine, "note_comments") == {"note_comments": 0}


def test_a_comment_needs_a_note_of_its_session(desks: Desks) -> None:
    """A note of another session, and one that was removed meanwhile, take no comment."""
    desks.come(SENT, other := record(conversation="c_other"))
    shared, elsewhere = note(desks, shared=True), note(desks, other, shared=True)
    assert comment(desks, desks.mara, elsewhere) is CHANGED
    assert comment(desks, desks.nele, shared) is DONE
    assert desks.store.reviews.remove_note(desks.mara, SENT.session_id, shared) is DONE
    assert comment(desks, desks.nele, shared) is CHANGED
    assert count_rows(desks.engine, "note_comments") == {"note_comments": 0}


def test_commenting_is_no_step_of_the_review(desks: Desks) -> None:
    """Neither a claim nor a hand-over to somebody else keeps a supervisor from commenting."""
    desks.come(SENT)
    shared = note(desks, shared=True)
    desks.store.reviews.claim(desks.mara, SENT.session_id)
    assert comment(desks, desks.nele, shared) is DONE
    desks.store.reviews.give_back(desks.mara, SENT.session_id)
    desks.hand(desks.mara, SENT, desks.nele)
    assert comment(desks, desks.mara, shared) is DONE


def test_who_takes_part_in_a_thread_reads_in_the_news_that_it_goes_on(desks: Desks) -> None:
    """A comment is news for the note's author and those who have commented, and never for who wrote it."""
    desks.come(SENT)
    shared = note(desks, shared=True)
    desks.decide(desks.mara, SENT)
    comment(desks, desks.ana, shared)
    desks.wait(minutes=1)

    def told(viewer: Viewer) -> list[str]:
        changes = desks.store.digests.news(viewer).changes
        return [each.by for each in changes if each.kind is ChangeKind.COMMENTED]

    assert (told(desks.mara), told(desks.nele), told(desks.ana)) == (["Ana"], [], [])
    comment(desks, desks.mara, shared, "And then?")
    desks.wait(minutes=1)
    assert (told(desks.mara), told(desks.nele), told(desks.ana)) == (["Ana"], [], ["Mara"])


def test_a_comment_is_on_the_trail_without_its_words(desks: Desks) -> None:
    """The trail records that somebody commented or removed a comment, and no word of it."""
    desks.come(SENT)
    private = note(desks, shared=False)
    comment(desks, desks.mara, private)
    (written,) = desks.view(desks.mara, SENT).notes[0].comments
    desks.store.note_threads.remove(desks.mara, SENT.session_id, written.comment_id)
    entries = desks.trail("purpose", "object_type", "object_id", "outcome")
    session = str(SENT.session_id)
    assert ("note comment", "session", session, "done") in entries
    assert ("remove comment", "session", session, "done") in entries
    assert "where it began" not in repr(desks.trail("*"))
    assert "where it began" not in repr(written)


# --- what removes a comment ---


def test_a_comment_moved_to_another_row_does_not_decrypt(desks: Desks) -> None:
    """The words of one comment in the row of another do not decrypt."""
    desks.come(SENT)
    shared = note(desks, shared=True)
    comment(desks, desks.mara, shared)
    comment(desks, desks.nele, shared)
    with desks.engine.begin() as connection:
        connection.execute(
            text("UPDATE note_comments SET words = (SELECT words FROM note_comments ORDER BY written_at LIMIT 1)")
        )
    with pytest.raises(WrongKey, match=r"note_comments\.words"):
        desks.store.open(desks.mara, SENT.session_id)


@pytest.mark.parametrize(
    "change",
    [
        Deletion(tenant=TENANT, conversation_id=CONVERSATION, message_id="m-1", deleted_at=NOW),
        ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW),
    ],
)
def test_a_thread_goes_with_its_note(desks: Desks, change: Deletion | ConsentWithdrawal) -> None:
    """A deleted message and a withdrawal, which remove the note, remove what was said under it."""
    desks.come(SENT)
    comment(desks, desks.nele, note(desks, shared=True))
    desks.come(change)
    assert count_rows(desks.engine, "notes", "note_comments") == {"notes": 0, "note_comments": 0}


def test_retention_takes_the_thread_with_the_quotes(desks: Desks) -> None:
    """A thread is kept while quotes are, and goes with its note and the key."""
    desks.come(SENT)
    comment(desks, desks.nele, note(desks, shared=True))
    settings = RetentionSettings()
    for days, left in ((settings.text_days + 1, 1), (settings.quotes_days + 1, 0)):
        desks.now = START
        desks.wait(days=days)
        RetentionRunner(desks.engine, RetentionCutoffs.at(desks.now, settings), now=lambda: desks.now).run()
        assert count_rows(desks.engine, "note_comments", "conversation_keys") == {
            "note_comments": left,
            "conversation_keys": left,
        }


def test_what_a_removed_person_said_has_no_name_any_more(desks: Desks) -> None:
    """The comment of a removed account stays, under the name of a removed account, until the quotes go."""
    desks.come(SENT)
    shared = note(desks, shared=True)
    comment(desks, desks.nele, shared)
    desks.store.accounts.remove(desks.nele.user_id)
    assert read(desks, desks.mara, shared) == [("Removed account", False, WORDS)]


def test_a_supervisor_who_joins_the_team_reads_the_thread(desks: Desks) -> None:
    """Who may see the note now reads what was said before."""
    desks.come(SENT)
    shared = note(desks, shared=True)
    comment(desks, desks.nele, shared)
    pia = add_person(desks.engine, "pia", AccountRole.SUPERVISOR, teams=("north",))
    assert read(desks, pia, shared) == [("Nele", False, WORDS)]

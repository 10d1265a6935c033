"""Tests of what supervisors say to criteria, on a real database: who may, who reads it, and what removes it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from plugin.crypto.keys import WrongKey
from plugin.database.tables import AuditEntry, StoredCriterionAnswer
from plugin.database.viewer import AccountRole, Viewer
from plugin.privacy.retention import RetentionCutoffs, RetentionRunner
from plugin.queue.criterion_views import Criterion, CriterionAnswer, Said, Wording
from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.statements import MOMENT as WHOLE_MOMENT
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import ConsentWithdrawal, Deletion, Edit
from stream.runtime.settings import RetentionSettings
from tests.plugin.conftest import People
from tests.plugin.privacy.stored_sessions import count_rows
from tests.plugin.queue.criteria_samples import (
    CANNOT_SAY,
    MOMENT,
    PACING,
    SESSION,
    TOLD,
    UNDONE,
    WARMTH,
    add,
    read,
    say,
)
from tests.plugin.samples import CONVERSATION, NOW, START, TENANT, add_person, apply_records, left_out, record

DONE, CHANGED = DecisionOutcome.DONE, DecisionOutcome.CHANGED
NOTE = "Said in passing, in the second reply.\nAsk Ana. \U0001f331"


@pytest.fixture
def second(engine: Engine) -> Viewer:
    """Return a second supervisor of the same team."""
    return add_person(engine, "nele", AccountRole.SUPERVISOR, teams=("north",))


@pytest.fixture
def told(store: Store) -> Criterion:
    """Return a shared criterion that is asked once about a session."""
    return add(store, "told", SESSION, TOLD)


@pytest.fixture
def warmth(store: Store) -> Criterion:
    """Return a criterion that is asked of each moment, and whose answers supervisors alone read."""
    return add(store, "warmth", MOMENT, WARMTH)


@pytest.fixture
def pacing(store: Store) -> Criterion:
    """Return a shared criterion that is asked of each moment."""
    return add(store, "pacing", MOMENT, PACING)


@pytest.fixture
def sent(engine: Engine) -> FeedbackRecord:
    """Return a stored session with two moments."""
    stored = record(moments=2)
    apply_records(engine, stored)
    return stored


def codes(answers: tuple[CriterionAnswer, ...]) -> list[tuple[str, str]]:
    """Return the names of criteria and what was said to them."""
    return [(answer.criterion.name, answer.said) for answer in answers]


def release(store: Store, viewer: Viewer, sent: FeedbackRecord) -> None:
    """Release the session's revision."""
    assert store.decide(viewer, sent.session_id, sent.revision, DecisionKind.RELEASED) is DONE


def stored(engine: Engine) -> list[StoredCriterionAnswer]:
    """Return every stored answer, in the order in which they were given."""
    with Session(engine) as session:
        return list(session.exec(select(StoredCriterionAnswer).order_by(col(StoredCriterionAnswer.number))))


# --- answering ---


def test_a_supervisor_answers_for_a_session_and_for_each_moment(
    store: Store, people: People, sent: FeedbackRecord, told: Criterion, warmth: Criterion
) -> None:
    """Answers are read by her team in the order of the criteria, with who gave them, when, and of which version."""
    assert say(store, people.supervisor, sent, warmth, "weak", moment=1) is DONE
    assert say(store, people.supervisor, sent, warmth, "strong") is DONE
    assert say(store, people.supervisor, sent, told, "no", NOTE) is DONE
    first, *others = read(store, people.supervisor, sent)
    assert (first.criterion, first.exchange_id, first.said, first.said_words) == (told, None, "no", "No")
    assert (first.by, first.is_own, first.at, first.revision, first.note) == ("Mara", True, NOW, 1, NOTE)
    assert [(each.exchange_id, each.said, each.note) for each in others] == [
        (sent.exchanges[1].exchange_id, "weak", ""),
        (sent.exchanges[0].exchange_id, "strong", ""),
    ]


def test_the_page_is_told_what_is_asked(
    store: Store, people: People, sent: FeedbackRecord, told: Criterion, warmth: Criterion
) -> None:
    """A supervisor's view of a session has the criteria that are asked now, and none that is retired."""
    store.criteria.retire(told.criterion_id)
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert view.criteria == (warmth,)


@pytest.mark.parametrize("code", ["0", "1", "2", "3", CANNOT_SAY])
def test_each_step_and_cannot_say_can_be_chosen(
    store: Store, people: People, sent: FeedbackRecord, pacing: Criterion, code: str
) -> None:
    """Every step of a scale is an answer, and so is that one cannot say."""
    assert say(store, people.supervisor, sent, pacing, code) is DONE
    assert codes(read(store, people.supervisor, sent)) == [("pacing", code)]


@pytest.mark.parametrize("code", ["", "4", "yes", "none", "<b>", "0 "])
def test_what_the_scale_has_not_is_no_answer(
    store: Store, engine: Engine, people: People, sent: FeedbackRecord, pacing: Criterion, code: str
) -> None:
    """A step that the scale has not is refused, and nothing is stored."""
    assert say(store, people.supervisor, sent, pacing, code) is CHANGED
    assert stored(engine) == []


def test_the_latest_answer_stands_and_none_is_lost(
    store: Store, engine: Engine, people: People, second: Viewer, sent: FeedbackRecord, told: Criterion
) -> None:
    """An answer is changed by another one, by a colleague too; each stays stored, and the note of a former one goes."""
    say(store, people.supervisor, sent, told, "no", NOTE)
    store.reviews.give_back(people.supervisor, sent.session_id)
    assert say(store, second, sent, told, "yes", "I read it otherwise.") is DONE
    (answer,) = read(store, people.supervisor, sent)
    assert (answer.said, answer.by, answer.is_own, answer.note) == ("yes", "Nele", False, "I read it otherwise.")
    assert [(each.said, each.stands, each.has_words) for each in stored(engine)] == [
        ("no", False, False),
        ("yes", True, True),
    ]


def test_an_answer_is_undone(
    store: Store, engine: Engine, people: People, sent: FeedbackRecord, told: Criterion
) -> None:
    """An answer that was undone is read by nobody, with its note; undoing nothing is refused."""
    assert say(store, people.supervisor, sent, told, UNDONE) is CHANGED
    say(store, people.supervisor, sent, told, "no", NOTE)
    assert say(store, people.supervisor, sent, told, UNDONE, "Words of an undoing.") is DONE
    assert read(store, people.supervisor, sent) == ()
    assert say(store, people.supervisor, sent, told, UNDONE) is CHANGED
    assert [(each.said, each.stands, each.has_words) for each in stored(engine)] == [
        ("no", False, False),
        ("undone", True, False),
    ]


def test_an_answer_keeps_its_version(store: Store, people: People, sent: FeedbackRecord, told: Criterion) -> None:
    """After a change of the question an earlier answer stands with its own words, until the new one is answered."""
    say(store, people.supervisor, sent, told, "no")
    store.criteria.change(told.criterion_id, 1, Wording("Was it said clearly?", WARMTH.scale))
    (answer,) = read(store, people.supervisor, sent)
    assert (answer.criterion.version, answer.criterion.question, answer.said_words) == (1, TOLD.question, "No")
    assert say(store, people.supervisor, sent, told, "yes") is CHANGED
    assert say(store, people.supervisor, sent, store.criteria.named("told"), "weak") is DONE
    (answer,) = read(store, people.supervisor, sent)
    assert (answer.criterion.version, answer.said) == (2, "weak")


def test_an_earlier_or_retired_question_can_be_undone(
    store: Store, people: People, sent: FeedbackRecord, told: Criterion, warmth: Criterion
) -> None:
    """What stands on a page can be taken back, also where its question is asked no more."""
    for criterion, code in ((told, "no"), (warmth, "weak")):
        say(store, people.supervisor, sent, criterion, code)
    store.criteria.change(told.criterion_id, 1, WARMTH)
    store.criteria.retire(warmth.criterion_id)
    assert say(store, people.supervisor, sent, warmth, "none") is CHANGED
    assert codes(read(store, people.supervisor, sent)) == [("told", "no"), ("warmth", "weak")]
    for criterion in (told, warmth):
        assert say(store, people.supervisor, sent, criterion, UNDONE) is DONE
    assert read(store, people.supervisor, sent) == ()


def test_an_answer_has_the_place_of_its_criterion(
    store: Store, engine: Engine, people: People, sent: FeedbackRecord, told: Criterion, warmth: Criterion
) -> None:
    """A question about a session is not answered of a moment, one about moments only of a moment of this session."""
    other = record(conversation="c_other")
    apply_records(engine, other)
    for criterion, place in (
        (told, sent.exchanges[0].exchange_id),
        (warmth, None),
        (warmth, other.exchanges[0].exchange_id),
        (warmth, uuid4()),
    ):
        said = Said(criterion.criterion_id, 1, place, CANNOT_SAY)
        assert store.reviews.answer_criterion(people.supervisor, sent.session_id, 1, said) is CHANGED
    assert stored(engine) == []


def test_what_is_gone_is_not_answered(store: Store, engine: Engine, people: People, told: Criterion) -> None:
    """A session that is left out, another revision, and words whose time is over are refused; so is no criterion."""
    sent, without = record(), left_out(conversation="c_left_out")
    apply_records(engine, sent, without)
    assert say(store, people.supervisor, without, told, "no") is CHANGED
    assert say(store, people.supervisor, sent, told, "no", revision=2) is CHANGED
    nothing = Said(uuid4(), 1, None, "no")
    assert store.reviews.answer_criterion(people.supervisor, sent.session_id, 1, nothing) is CHANGED
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM conversation_keys"))
    assert say(store, people.supervisor, sent, told, "no") is CHANGED


def test_an_answer_is_a_step_of_the_review(
    store: Store, people: People, second: Viewer, sent: FeedbackRecord, told: Criterion
) -> None:
    """Answering claims the session like every step, and while a colleague reviews it nobody else answers."""
    assert say(store, people.supervisor, sent, told, "no") is DONE
    assert say(store, second, sent, told, "yes") is DecisionOutcome.CLAIMED
    assert codes(read(store, second, sent)) == [("told", "no")]


@pytest.mark.parametrize("who", ["other_supervisor", "ana", "ben", "operator"])
def test_only_the_sessions_own_supervisors_answer(
    store: Store, engine: Engine, people: People, sent: FeedbackRecord, told: Criterion, who: str
) -> None:
    """For anybody but a supervisor of the team there is no session to answer about, released or not."""
    for is_released in (False, True):
        if is_released:
            release(store, people.supervisor, sent)
        assert say(store, getattr(people, who), sent, told, "no") is DecisionOutcome.NOT_FOUND
    assert stored(engine) == []


def test_what_was_released_is_fixed(
    store: Store, people: People, sent: FeedbackRecord, told: Criterion, warmth: Criterion
) -> None:
    """After the release no answer is given, changed or undone, shared or not, until the session is withheld."""
    say(store, people.supervisor, sent, told, "no")
    release(store, people.supervisor, sent)
    for criterion, code in ((told, "yes"), (told, UNDONE), (warmth, "weak")):
        assert say(store, people.supervisor, sent, criterion, code) is DecisionOutcome.RELEASED
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.WITHHELD)
    assert say(store, people.supervisor, sent, told, "yes") is DONE


def test_answers_are_on_the_trail_without_what_was_said(
    store: Store, engine: Engine, people: People, sent: FeedbackRecord, told: Criterion
) -> None:
    """The trail records that a criterion was answered or undone about which session, and neither answer nor note."""
    say(store, people.supervisor, sent, told, "no", NOTE)
    say(store, people.supervisor, sent, told, UNDONE)
    say(store, people.supervisor, sent, told, "not a step")
    with Session(engine) as session:
        found = session.exec(
            select(AuditEntry).where(col(AuditEntry.object_type) == "session").order_by(col(AuditEntry.seq))
        )
        entries = [(entry.purpose, entry.object_id, entry.outcome) for entry in found]
    session_id = str(sent.session_id)
    assert entries == [
        ("criterion answer", session_id, "done"),
        ("criterion answer undone", session_id, "done"),
        ("criterion answer", session_id, "changed"),
    ]


# --- who reads what ---


def test_a_therapist_reads_shared_answers_of_a_release(
    store: Store, people: People, sent: FeedbackRecord, told: Criterion, warmth: Criterion, pacing: Criterion
) -> None:
    """A therapist reads the shared answers with their notes once the session is released, no other, and no question."""
    for criterion, code in ((told, "no"), (warmth, "none"), (pacing, "2")):
        say(store, people.supervisor, sent, criterion, code, f"On {criterion.name}.")
    assert read(store, people.ana, sent) == ()
    release(store, people.supervisor, sent)
    answers = read(store, people.ana, sent)
    assert [(answer.criterion.name, answer.said, answer.by, answer.note) for answer in answers] == [
        ("told", "no", "Mara", "On told."),
        ("pacing", "2", "Mara", "On pacing."),
    ]
    view = store.open(people.ana, sent.session_id)
    assert view is not None
    assert view.criteria == ()
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.WITHHELD)
    assert read(store, people.ana, sent) == ()


def test_sharing_begins_with_a_version_and_reaches_no_earlier_answer(
    store: Store, people: People, sent: FeedbackRecord, warmth: Criterion, told: Criterion
) -> None:
    """An answer is shared as its own version says: marking a criterion later shows or hides no answer given before."""
    say(store, people.supervisor, sent, warmth, "none")
    say(store, people.supervisor, sent, told, "no")
    store.criteria.change(warmth.criterion_id, 1, Wording(WARMTH.question, WARMTH.scale, shared=True))
    store.criteria.change(told.criterion_id, 1, Wording(TOLD.question, TOLD.scale, shared=False))
    release(store, people.supervisor, sent)
    assert codes(read(store, people.ana, sent)) == [("told", "no")]


def test_an_answer_that_gave_way_is_not_read_again(
    store: Store, people: People, sent: FeedbackRecord, told: Criterion
) -> None:
    """Where an answer that is not shared stands in the place of a shared one, the therapist reads neither."""
    say(store, people.supervisor, sent, told, "no")
    store.criteria.change(told.criterion_id, 1, Wording(TOLD.question, TOLD.scale, shared=False))
    say(store, people.supervisor, sent, store.criteria.named("told"), "yes")
    release(store, people.supervisor, sent)
    assert read(store, people.ana, sent) == ()


def test_an_answer_about_a_moment_goes_where_its_moment_goes(
    store: Store, engine: Engine, people: People, pacing: Criterion
) -> None:
    """A shared answer about a moment that is kept back, or is a colleague's, reaches no therapist."""
    sent = record(moments=3)
    theirs = sent.exchanges[1].model_copy(update={"counsellor": "p_ben"})
    exchanges = (sent.exchanges[0], theirs, sent.exchanges[2])
    both = sent.model_copy(update={"exchanges": exchanges, "counsellors": ("p_ana", "p_ben")})
    apply_records(engine, both)
    for moment in range(3):
        say(store, people.supervisor, both, pacing, str(moment), moment=moment)
    unclear = Opinion(Judgement.WITHHELD, WithholdReason.UNCLEAR)
    answer = both.assessments[0].assessment_id
    store.reviews.judge(people.supervisor, both.session_id, 1, answer, WHOLE_MOMENT, unclear)
    release(store, people.supervisor, both)
    assert codes(read(store, people.ana, both)) == [("pacing", "2")]
    assert codes(read(store, people.ben, both)) == [("pacing", "1")]


def test_a_note_moved_to_another_answer_does_not_decrypt(
    store: Store, engine: Engine, people: People, sent: FeedbackRecord, told: Criterion, warmth: Criterion
) -> None:
    """The note of an answer that was moved to another answer's row does not decrypt."""
    say(store, people.supervisor, sent, told, "no", NOTE)
    say(store, people.supervisor, sent, warmth, "weak", "Another note.")
    with engine.begin() as connection:
        connection.execute(text("UPDATE criterion_answers SET words = (SELECT words FROM criterion_answers LIMIT 1)"))
    with pytest.raises(WrongKey, match=r"criterion_answers\.words"):
        store.open(people.supervisor, sent.session_id)


def test_the_name_of_a_removed_supervisor_is_gone(
    store: Store, people: People, second: Viewer, sent: FeedbackRecord, told: Criterion
) -> None:
    """The answers of a supervisor whose account is removed stay, as those of a removed account."""
    say(store, people.supervisor, sent, told, "no")
    store.accounts.remove(people.supervisor.user_id)
    (answer,) = read(store, second, sent)
    assert (answer.said, answer.by) == ("no", "Removed account")


# --- what removes an answer ---


def test_a_new_revision_keeps_answers_where_no_word_was_changed(
    store: Store, engine: Engine, people: People, told: Criterion, pacing: Criterion
) -> None:
    """A new revision with the same messages keeps every answer, with the revision that was read, for a new release."""
    sent = record()
    apply_records(engine, sent)
    say(store, people.supervisor, sent, told, "no")
    say(store, people.supervisor, sent, pacing, "1")
    release(store, people.supervisor, sent)
    again = record(revision=2, moments=2)
    apply_records(engine, again)
    answers = read(store, people.supervisor, again)
    assert [(answer.criterion.name, answer.revision) for answer in answers] == [("told", 1), ("pacing", 1)]
    assert read(store, people.ana, again) == ()


@pytest.mark.parametrize(
    "change",
    [
        Deletion(tenant=TENANT, conversation_id=CONVERSATION, message_id="m-1", deleted_at=NOW),
        Edit(tenant=TENANT, conversation_id=CONVERSATION, message_id="m-1", text="Other words.", edited_at=NOW),
    ],
)
def test_a_deletion_or_an_edit_removes_the_answers_about_other_words(
    store: Store,
    engine: Engine,
    people: People,
    sent: FeedbackRecord,
    told: Criterion,
    pacing: Criterion,
    change: Deletion | Edit,
) -> None:
    """After a deletion or an edit the answers about the session and about moments with that message are gone."""
    say(store, people.supervisor, sent, told, "no", NOTE)
    for moment in (0, 1):
        say(store, people.supervisor, sent, pacing, str(moment), moment=moment)
    apply_records(engine, change)
    assert codes(read(store, people.supervisor, sent)) == [("pacing", "1")]
    assert len(stored(engine)) == 1


def test_a_withdrawal_takes_the_answers_and_the_key(
    store: Store, engine: Engine, people: People, sent: FeedbackRecord, told: Criterion
) -> None:
    """Of a session that was withdrawn neither an answer nor the conversation's key is left; the criterion stays."""
    say(store, people.supervisor, sent, told, "no", NOTE)
    apply_records(engine, ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW))
    left = {"criterion_answers": 0, "conversation_keys": 0, "criteria": 1}
    assert count_rows(engine, *left) == left


def test_notes_go_with_the_quotes_and_answers_with_the_levels(
    store: Store, engine: Engine, people: People, sent: FeedbackRecord, told: Criterion
) -> None:
    """Retention keeps an answer as long as levels are kept; its note goes before, and then the conversation's key."""
    say(store, people.supervisor, sent, told, "no", NOTE)
    settings = RetentionSettings()
    for days, left, keys in (
        (settings.text_days + 1, [("no", True)], 1),
        (settings.quotes_days + 1, [("no", False)], 0),
        (settings.assessments_days + 1, [], 0),
    ):
        late = START + timedelta(days=days)
        RetentionRunner(engine, RetentionCutoffs.at(late, settings), now=lambda late=late: late).run()  # type: ignore[misc]
        assert [(each.said, each.has_words) for each in stored(engine)] == left
        assert count_rows(engine, "conversation_keys") == {"conversation_keys": keys}
        if left:
            answers = read(store, people.supervisor, sent)
            assert [(answer.said, answer.note) for answer in answers] == [("no", NOTE if keys else "")]


def test_an_erased_session_leaves_no_answer(
    store: Store, engine: Engine, people: People, sent: FeedbackRecord, told: Criterion
) -> None:
    """The row of a session takes its answers along."""
    say(store, people.supervisor, sent, told, "no")
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM sessions"))
    assert stored(engine) == []

"""Tests of a supervisor's review on a real database: claims, labels, and what stays with the supervisors."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from plugin.database.tables import AuditEntry, StoredLabel
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.claims import CLAIM_LASTS
from plugin.queue.decisions import NO_DECISION
from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.statements import (
    MOMENT,
    STRENGTHS,
    VERDICT,
    Statement,
    StatementKind,
    level_of,
    rating_of,
    suggestion,
)
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome, MomentView, SessionView
from stream.contracts.feedback import Assessment, FeedbackRecord, Rating
from stream.contracts.messages import ConsentWithdrawal
from stream.contracts.rubric import RUBRIC_VERSION
from stream.contracts.vocabulary import Level, Mechanism, NeedsHuman
from tests.plugin.conftest import People
from tests.plugin.samples import (
    CONVERSATION,
    KEK,
    MODEL,
    NOW,
    REJECTED,
    TENANT,
    add_person,
    answered,
    apply_records,
    record,
)

AGREED, UNDONE = Opinion(Judgement.AGREED), Opinion(Judgement.UNDONE)
UNCLEAR = Opinion(Judgement.WITHHELD, WithholdReason.UNCLEAR)
NOT_RESISTANCE = Opinion(Judgement.WITHHELD, WithholdReason.NOT_RESISTANCE)
STRONG = Opinion(Judgement.CORRECTED, level=Level.STRONG)
AUTONOMY, STANCE = Mechanism.RESPECT_FOR_AUTONOMY, Mechanism.STANCE_ALIGNMENT
DONE = DecisionOutcome.DONE


class At:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """Return the time that the test has set."""
        return self.now


@pytest.fixture
def second(engine: Engine) -> Viewer:
    """Return a second supervisor of the same team."""
    return add_person(engine, "nele", AccountRole.SUPERVISOR, teams=("north",))


def opened(store: Store, viewer: Viewer, sent: FeedbackRecord) -> SessionView:
    """Return the session as this person opens it."""
    view = store.open(viewer, sent.session_id)
    assert view is not None
    return view


def only_moment(store: Store, viewer: Viewer, sent: FeedbackRecord) -> MomentView:
    """Return the session's one moment as this person opens it."""
    (moment,) = opened(store, viewer, sent).moments
    return moment


def say(
    store: Store, viewer: Viewer, sent: FeedbackRecord, statement: Statement, opinion: Opinion, moment: int = 0
) -> DecisionOutcome:
    """Say what this supervisor thinks of a statement of a moment of the record."""
    answer = (*sent.assessments, *sent.abstentions)[moment].assessment_id
    return store.reviews.judge(viewer, sent.session_id, sent.revision, answer, statement, opinion)


# --- the claim ---


def test_one_of_two_supervisors_gets_the_claim(store: Store, engine: Engine, people: People, second: Viewer) -> None:
    """The first supervisor claims the session; the second is refused every step, and reads on with the first's name."""
    sent = record()
    apply_records(engine, sent)
    assert store.reviews.claim(people.supervisor, sent.session_id) is DONE
    assert store.reviews.claim(second, sent.session_id) is DecisionOutcome.CLAIMED
    assert say(store, second, sent, VERDICT, AGREED) is DecisionOutcome.CLAIMED
    for kind in DecisionKind:
        assert store.decide(second, sent.session_id, 1, kind) is DecisionOutcome.CLAIMED
    row = opened(store, second, sent).row
    assert row.claim is not None
    assert (row.claim.by, row.claim.until) == ("Mara", NOW + CLAIM_LASTS)
    (listed,) = store.waiting(second).rows
    assert listed.claim == row.claim


def test_a_claim_that_is_left_alone_ends_by_itself(engine: Engine, people: People, second: Viewer) -> None:
    """A claim is over half an hour after its last step, shown to nobody any more, and another supervisor may claim."""
    clock, sent = At(), record()
    store = Store(engine, KEK, now=clock)
    apply_records(engine, sent)
    store.reviews.claim(people.supervisor, sent.session_id)
    clock.now += CLAIM_LASTS - timedelta(seconds=1)
    assert say(store, people.supervisor, sent, VERDICT, AGREED) is DONE
    clock.now += CLAIM_LASTS - timedelta(seconds=1)
    assert store.reviews.claim(second, sent.session_id) is DecisionOutcome.CLAIMED
    clock.now += timedelta(seconds=1)
    assert opened(store, second, sent).row.claim is None
    assert store.reviews.claim(second, sent.session_id) is DONE
    assert say(store, people.supervisor, sent, VERDICT, UNDONE) is DecisionOutcome.CLAIMED


def test_a_claim_can_be_given_back(store: Store, engine: Engine, people: People, second: Viewer) -> None:
    """A claim that is given back is free at once, and nobody gives back another's."""
    sent = record()
    apply_records(engine, sent)
    store.reviews.claim(people.supervisor, sent.session_id)
    assert store.reviews.give_back(second, sent.session_id) is DecisionOutcome.CLAIMED
    assert store.reviews.give_back(people.supervisor, sent.session_id) is DONE
    assert store.reviews.claim(second, sent.session_id) is DONE


def test_a_decision_ends_the_claim(store: Store, engine: Engine, people: People, second: Viewer) -> None:
    """A session is free for everybody after it is released or withheld."""
    sent = record()
    apply_records(engine, sent)
    store.reviews.claim(people.supervisor, sent.session_id)
    assert store.decide(people.supervisor, sent.session_id, 1, DecisionKind.WITHHELD) is DONE
    assert store.reviews.claim(second, sent.session_id) is DONE


def test_nobody_overwrites_a_decision_unseen(store: Store, engine: Engine, people: People, second: Viewer) -> None:
    """A decision from a page that does not show the one that stands is refused; one that repeats it changes nothing."""
    sent = record()
    apply_records(engine, sent)
    assert store.decide(people.supervisor, sent.session_id, 1, DecisionKind.WITHHELD, stands=NO_DECISION) is DONE
    released = store.decide(second, sent.session_id, 1, DecisionKind.RELEASED, stands=NO_DECISION)
    assert released is DecisionOutcome.CHANGED
    assert store.decide(second, sent.session_id, 1, DecisionKind.WITHHELD, stands=NO_DECISION) is DONE
    (row,) = store.decided(second).rows
    assert row.decision is not None
    assert (row.decision.kind, row.decision.by) == (DecisionKind.WITHHELD, "Mara")
    assert store.decide(second, sent.session_id, 1, DecisionKind.RELEASED, stands="withheld") is DONE


@pytest.mark.parametrize("who", ["other_supervisor", "ana", "ben", "operator"])
def test_only_the_sessions_own_supervisors_review_it(store: Store, engine: Engine, people: People, who: str) -> None:
    """For anybody but a supervisor of the team the session does not exist, released or not."""
    sent = record()
    apply_records(engine, sent)
    viewer: Viewer = getattr(people, who)
    for _ in range(2):
        assert store.reviews.claim(viewer, sent.session_id) is DecisionOutcome.NOT_FOUND
        assert store.reviews.give_back(viewer, sent.session_id) is DecisionOutcome.NOT_FOUND
        assert say(store, viewer, sent, VERDICT, AGREED) is DecisionOutcome.NOT_FOUND
        store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)


# --- the labels ---


def test_an_own_level_stands_beside_the_machines(store: Store, engine: Engine, people: People) -> None:
    """A supervisor's own level is shown with the machine's, which stays as it was."""
    sent = record(level=Level.WEAK)
    apply_records(engine, sent)
    assert say(store, people.supervisor, sent, level_of(AUTONOMY), STRONG) is DONE
    moment = only_moment(store, people.supervisor, sent)
    label = moment.labels["level:respect_for_autonomy"]
    assert (label.opinion, label.by, label.at) == (STRONG, "Mara", NOW)
    assert moment.answer == sent.assessments[0]


def test_a_label_says_all_that_is_needed_to_use_it(store: Store, engine: Engine, people: People) -> None:
    """A label has its author and time, both rubrics, the model, what the machine said in codes, and what she says."""
    sent = record(level=Level.WEAK)
    apply_records(engine, sent)
    say(store, people.supervisor, sent, level_of(AUTONOMY), STRONG)
    say(store, people.supervisor, sent, suggestion(1), UNCLEAR)
    with Session(engine) as session:
        level, withheld = session.exec(select(StoredLabel).order_by(col(StoredLabel.number))).all()
    answer = sent.assessments[0]
    assert (level.account_id, level.said_at, level.revision) == (people.supervisor.user_id, NOW, 1)
    assert (level.assessment_id, level.exchange_id) == (answer.assessment_id, answer.exchange_id)
    assert (level.rubric, level.model) == (RUBRIC_VERSION, MODEL.model_dump(mode="json"))
    assert (level.machine, level.level, level.judgement) == ({"level": 1, "needs_human": None}, 2, "corrected")
    assert (withheld.statement, withheld.judgement, withheld.reason) == ("suggestion:1", "withheld", "unclear")
    assert withheld.machine == {"mechanism": "conversational_orientation", "score": None}


def test_labels_are_added_and_the_latest_counts(store: Store, engine: Engine, people: People) -> None:
    """A supervisor may change her mind and undo; every label stays, and the latest one of a statement counts."""
    sent = record()
    apply_records(engine, sent)
    for opinion, counts in ((AGREED, AGREED), (UNCLEAR, UNCLEAR), (UNDONE, None), (AGREED, AGREED)):
        assert say(store, people.supervisor, sent, rating_of(STANCE), opinion) is DONE
        label = only_moment(store, people.supervisor, sent).labels.get("rating:stance_alignment")
        assert (None if label is None else label.opinion) == counts
    with Session(engine) as session:
        assert len(session.exec(select(StoredLabel)).all()) == 4


@pytest.mark.parametrize("statement", [MOMENT, VERDICT, rating_of(AUTONOMY), STRENGTHS, suggestion(1)])
@pytest.mark.parametrize("reason", WithholdReason)
def test_every_statement_can_be_withheld_for_every_reason(
    store: Store, engine: Engine, people: People, statement: Statement, reason: WithholdReason
) -> None:
    """Each statement of a moment can be agreed with or withheld for one of four reasons, in one step."""
    sent = record()
    apply_records(engine, sent)
    for opinion in (AGREED, Opinion(Judgement.WITHHELD, reason)):
        assert say(store, people.supervisor, sent, statement, opinion) is DONE
        assert only_moment(store, people.supervisor, sent).labels[str(statement)].opinion == opinion


@pytest.mark.parametrize(
    ("statement", "opinion"),
    [
        (suggestion(2), AGREED),
        (Statement(StatementKind.RATING, "kindness"), AGREED),
        (Statement(StatementKind.VERDICT, "x"), AGREED),
        (VERDICT, STRONG),
        (rating_of(AUTONOMY), STRONG),
        (level_of(AUTONOMY), AGREED),
        (level_of(AUTONOMY), UNCLEAR),
    ],
)
def test_what_an_answer_does_not_say_gets_no_label(
    store: Store, engine: Engine, people: People, statement: Statement, opinion: Opinion
) -> None:
    """A statement that the answer has not, or an opinion that does not fit it, is refused and leaves no label."""
    sent = record()
    apply_records(engine, sent)
    assert say(store, people.supervisor, sent, statement, opinion) is DecisionOutcome.CHANGED
    assert only_moment(store, people.supervisor, sent).labels == {}


def test_an_unrated_moment_can_only_be_put_away(store: Store, engine: Engine, people: People) -> None:
    """Of an abstention and of a rejected moment no level is set; the moment as a whole can be judged."""
    unrated = record(abstain=NeedsHuman.MODEL_ABSTAINED)
    apply_records(engine, unrated)
    assert say(store, people.supervisor, unrated, MOMENT, AGREED) is DONE
    assert say(store, people.supervisor, unrated, level_of(AUTONOMY), STRONG) is DecisionOutcome.CHANGED
    rejected = answered(record(conversation="c_2", moments=2), {}, REJECTED)
    apply_records(engine, rejected)
    assert say(store, people.supervisor, rejected, VERDICT, AGREED, 1) is DONE
    assert say(store, people.supervisor, rejected, level_of(AUTONOMY), STRONG, 1) is DecisionOutcome.CHANGED


def test_a_label_needs_the_answer_on_the_page(store: Store, engine: Engine, people: People) -> None:
    """A label about another session's answer, or about an older revision, is refused."""
    sent, other = record(), record(conversation="c_other")
    apply_records(engine, sent, other)
    foreign = other.assessments[0].assessment_id
    judge = store.reviews.judge
    outcome = judge(people.supervisor, sent.session_id, 1, foreign, VERDICT, AGREED)
    assert outcome is DecisionOutcome.CHANGED
    apply_records(engine, record(revision=2, edits=1))
    assert say(store, people.supervisor, sent, VERDICT, AGREED) is DecisionOutcome.CHANGED


def test_a_session_is_reviewed_once_every_moment_is_passed_on_or_kept_back(
    store: Store, engine: Engine, people: People
) -> None:
    """A session counts as reviewed when each moment that is shown has its own judgement, and not after an undo."""
    sent = record(moments=2)
    apply_records(engine, sent)
    for moment, opinion, reviewed in ((0, AGREED, False), (1, UNCLEAR, True), (0, UNDONE, False), (0, UNCLEAR, True)):
        say(store, people.supervisor, sent, MOMENT, opinion, moment)
        (row,) = store.waiting(people.supervisor).rows
        assert row.is_reviewed is reviewed


# --- what reaches the therapist ---


def released(store: Store, people: People, sent: FeedbackRecord) -> SessionView | None:
    """Release a session and return what its therapist reads."""
    assert store.decide(people.supervisor, sent.session_id, sent.revision, DecisionKind.RELEASED) is DONE
    return store.open(people.ana, sent.session_id)


def test_a_therapist_reads_no_withheld_statement(store: Store, engine: Engine, people: People) -> None:
    """A withheld rating, strength or suggestion is in no value that a therapist gets; the others are."""
    sent = record()
    apply_records(engine, sent)
    for statement in (rating_of(AUTONOMY), STRENGTHS, suggestion(1)):
        say(store, people.supervisor, sent, statement, UNCLEAR)
    say(store, people.supervisor, sent, rating_of(STANCE), AGREED)
    view = released(store, people, sent)
    assert view is not None
    (moment,) = view.moments
    assert isinstance(moment.answer, Assessment)
    assert (moment.answer.strengths, moment.answer.alternatives, moment.labels) == ((), (), {})
    first, *others = moment.answer.ratings
    assert first == Rating(mechanism=AUTONOMY)
    assert others == list(sent.assessments[0].ratings[1:])


def test_a_therapist_reads_both_levels(store: Store, engine: Engine, people: People) -> None:
    """A therapist reads the supervisor's own level beside the machine's, or alone where the machine's is withheld."""
    sent = record(level=Level.WEAK)
    apply_records(engine, sent)
    say(store, people.supervisor, sent, level_of(AUTONOMY), STRONG)
    say(store, people.supervisor, sent, level_of(STANCE), STRONG)
    say(store, people.supervisor, sent, rating_of(STANCE), UNCLEAR)
    view = released(store, people, sent)
    assert view is not None
    (moment,) = view.moments
    assert {statement: label.opinion.level for statement, label in moment.labels.items()} == {
        "level:respect_for_autonomy": Level.STRONG,
        "level:stance_alignment": Level.STRONG,
    }
    assert isinstance(moment.answer, Assessment)
    assert [rating.level for rating in moment.answer.ratings] == [Level.WEAK, None, Level.WEAK, Level.WEAK]


@pytest.mark.parametrize("statement", [MOMENT, VERDICT])
def test_a_moment_that_is_kept_back_reaches_no_therapist(
    store: Store, engine: Engine, people: People, statement: Statement
) -> None:
    """A moment that is withheld, or that is no resistance, is neither shown nor counted; the other one is."""
    sent = record(moments=2)
    apply_records(engine, sent)
    say(store, people.supervisor, sent, statement, NOT_RESISTANCE, 0)
    view = released(store, people, sent)
    assert view is not None
    assert [moment.client_turn for moment in view.moments] == [("m-3",)]
    assert [message.message_id for message in view.messages] == ["m-3", "m-4"]
    assert [row.moments for row in store.own_sessions(people.ana)] == [1]


def test_a_release_of_nothing_shows_a_therapist_nothing(store: Store, engine: Engine, people: People) -> None:
    """A released session whose only moment is kept back exists for no therapist, in no list and no digest."""
    sent = record()
    apply_records(engine, sent)
    say(store, people.supervisor, sent, MOMENT, UNCLEAR)
    assert released(store, people, sent) is None
    assert store.own_sessions(people.ana) == ()
    assert store.new_since(people.ana, NOW - timedelta(days=7)) == ()


def test_what_is_released_is_not_changed(store: Store, engine: Engine, people: People) -> None:
    """After the release every label and undo is refused, until the session is withheld again."""
    sent = record()
    apply_records(engine, sent)
    say(store, people.supervisor, sent, rating_of(AUTONOMY), UNCLEAR)
    before = released(store, people, sent)
    assert say(store, people.supervisor, sent, rating_of(AUTONOMY), UNDONE) is DecisionOutcome.RELEASED
    assert say(store, people.supervisor, sent, MOMENT, UNCLEAR) is DecisionOutcome.RELEASED
    assert store.open(people.ana, sent.session_id) == before
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.WITHHELD)
    assert say(store, people.supervisor, sent, rating_of(AUTONOMY), UNDONE) is DONE


def test_a_new_revision_keeps_the_labels_of_the_same_answers_and_waits(
    store: Store, engine: Engine, people: People
) -> None:
    """A new revision waits for a new release; answers that stay keep their labels, other answers have none."""
    sent = record(moments=2)
    apply_records(engine, sent)
    say(store, people.supervisor, sent, MOMENT, UNCLEAR, 0)
    say(store, people.supervisor, sent, rating_of(AUTONOMY), UNCLEAR, 1)
    assert released(store, people, sent) is not None
    again = record(moments=2, revision=2)
    apply_records(engine, again)
    assert store.open(people.ana, sent.session_id) is None
    kept = [set(moment.labels) for moment in opened(store, people.supervisor, again).moments]
    assert kept == [{"moment"}, {"rating:respect_for_autonomy"}]
    changed = record(moments=2, revision=3, edits=1)
    apply_records(engine, changed)
    assert [moment.labels for moment in opened(store, people.supervisor, changed).moments] == [{}, {}]


# --- what becomes of it ---


def test_every_step_is_on_the_trail_without_words(store: Store, engine: Engine, people: People, second: Viewer) -> None:
    """The trail records each step with its outcome, refused ones too, by codes and ids alone."""
    sent = record()
    apply_records(engine, sent)
    store.reviews.claim(people.supervisor, sent.session_id, request_id="r-1")
    store.reviews.claim(second, sent.session_id)
    say(store, people.supervisor, sent, level_of(AUTONOMY), STRONG)
    say(store, people.supervisor, sent, suggestion(1), UNCLEAR)
    store.reviews.give_back(people.supervisor, sent.session_id)
    with Session(engine) as session:
        entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.seq))).all()
    session_id, answer = str(sent.session_id), str(sent.assessments[0].assessment_id)
    assert [(entry.purpose, entry.object_type, entry.object_id, entry.outcome) for entry in entries] == [
        ("claim", "session", session_id, "done"),
        ("claim", "session", session_id, "claimed"),
        ("corrected level", "answer", answer, "done"),
        ("withheld suggestion", "answer", answer, "done"),
        ("give back", "session", session_id, "done"),
    ]
    assert (entries[0].account_id, entries[0].request_id) == (people.supervisor.user_id, "r-1")


def rows(engine: Engine, session_id: UUID) -> list[int]:
    """Return the numbers of claims and labels of a session."""
    with engine.connect() as connection:
        statement = (
            "SELECT (SELECT count(*) FROM claims WHERE session_id = :s), count(*) FROM labels WHERE session_id = :s"
        )
        return list(connection.execute(text(statement), {"s": session_id}).one())


def test_a_withdrawal_takes_the_review_with_it(store: Store, engine: Engine, people: People) -> None:
    """Of a session that was withdrawn no claim and no label is left."""
    sent = record()
    apply_records(engine, sent)
    say(store, people.supervisor, sent, VERDICT, AGREED)
    assert rows(engine, sent.session_id) == [1, 1]
    apply_records(engine, ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW))
    assert rows(engine, sent.session_id) == [0, 0]


def test_a_row_says_how_far_its_review_has_come(engine: Engine, store: Store, people: People) -> None:
    """Moments passed on or kept back, and other statements judged, are counted while they stand, whoever judged."""
    sent = answered(record(moments=4), {}, {}, {}, REJECTED)  # the last one is not shown
    apply_records(engine, sent)
    second = add_person(engine, "nele", AccountRole.SUPERVISOR, teams=("north",))
    store.reviews.claim(people.supervisor, sent.session_id)

    def say(viewer: Viewer, moment: int, statement: Statement, opinion: Opinion) -> None:
        answer = sent.assessments[moment].assessment_id
        assert store.reviews.judge(viewer, sent.session_id, 1, answer, statement, opinion) is DONE

    def progress() -> tuple[int, int] | None:
        (row,) = store.waiting(people.supervisor).rows
        return None if row.progress is None else (row.progress.moments, row.progress.statements)

    assert progress() is None
    say(people.supervisor, 0, VERDICT, AGREED)
    say(people.supervisor, 0, level_of(STANCE), STRONG)
    assert progress() == (0, 2)
    say(people.supervisor, 0, MOMENT, AGREED)
    say(people.supervisor, 3, VERDICT, AGREED)
    assert progress() == (1, 2)
    store.reviews.give_back(people.supervisor, sent.session_id)
    store.reviews.claim(second, sent.session_id)
    say(second, 1, MOMENT, UNCLEAR)
    say(second, 0, VERDICT, UNDONE)
    assert progress() == (2, 1)
    say(second, 2, MOMENT, AGREED)
    (row,) = store.waiting(people.supervisor).rows
    assert (row.moments, row.is_reviewed, progress()) == (3, True, (3, 1))

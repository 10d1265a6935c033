"""Tests of disputes on a real database: what a therapist may dispute, who resolves it, and what comes of it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from plugin.crypto.keys import WrongKey
from plugin.database.tables import AuditEntry, StoredLabel
from plugin.database.viewer import AccountRole, Viewer
from plugin.privacy.retention import RetentionCutoffs, RetentionRunner
from plugin.queue.dispute_views import DISPUTE_WITHIN, Dispute, DisputeState, Ground
from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.statements import MOMENT, STRENGTHS, VERDICT, Statement, level_of, rating_of, suggestion
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome, SessionView
from stream.contracts.feedback import Assessment, FeedbackRecord, Rating
from stream.contracts.messages import ConsentWithdrawal, Deletion, Edit, Erasure
from stream.contracts.vocabulary import Level, Mechanism
from stream.runtime.settings import RetentionSettings
from tests.plugin.conftest import People
from tests.plugin.privacy.stored_sessions import count_rows
from tests.plugin.samples import CONVERSATION, KEK, NOW, START, TENANT, add_person, apply_records, record

AUTONOMY = rating_of(Mechanism.RESPECT_FOR_AUTONOMY)
STANDS = Opinion(Judgement.AGREED)
UNCLEAR = Opinion(Judgement.WITHHELD, WithholdReason.UNCLEAR)
STRONG = Opinion(Judgement.CORRECTED, level=Level.STRONG)
DONE, CHANGED, NOT_FOUND = DecisionOutcome.DONE, DecisionOutcome.CHANGED, DecisionOutcome.NOT_FOUND
COMMENT = "She had asked me to say it that way.\nThe quotation leaves that out. \U0001f331"
WORDS = "I see that now. Let us keep it as an example."
TABLES = ("disputes", "dispute_steps", "conversation_keys")


@dataclass
class Team:
    """A team with a therapist and two supervisors, whose first one has released a session, on a clock of its own."""

    engine: Engine
    people: People
    second: Viewer
    sent: FeedbackRecord
    now: datetime = NOW

    @property
    def store(self) -> Store:
        """The store of the queue on the team's clock."""
        return Store(self.engine, KEK, now=lambda: self.now)

    @property
    def ana(self) -> Viewer:
        """The therapist."""
        return self.people.ana

    @property
    def first(self) -> Viewer:
        """The supervisor who has released the session."""
        return self.people.supervisor

    def decide(self, kind: DecisionKind, viewer: Viewer | None = None) -> None:
        """Release or withhold the session's revision."""
        done = self.store.decide(viewer or self.first, self.sent.session_id, self.sent.revision, kind)
        assert done is DONE

    def release_again(self, viewer: Viewer | None = None) -> None:
        """Withhold the session and release it again."""
        self.decide(DecisionKind.WITHHELD, viewer)
        self.decide(DecisionKind.RELEASED, viewer)

    def dispute(
        self,
        statement: Statement = AUTONOMY,
        *,
        viewer: Viewer | None = None,
        moment: int = 0,
        escalated: bool = False,
        released: datetime = NOW,
    ) -> DecisionOutcome:
        """Dispute a statement of a moment, as the therapist if nobody else is named."""
        return self.store.disputes.dispute(
            viewer or self.ana,
            self.sent.session_id,
            released,
            self.sent.assessments[moment].assessment_id,
            statement,
            Ground.MISSING_CONTEXT,
            COMMENT,
            escalated=escalated,
        )

    def view(self, viewer: Viewer) -> SessionView:
        """Return the session as this person opens it."""
        view = self.store.open(viewer, self.sent.session_id)
        assert view is not None
        return view

    def seen_by(self, viewer: Viewer) -> tuple[Dispute, ...]:
        """Return the disputes that this person reads."""
        return self.view(viewer).disputes

    def only(self, viewer: Viewer | None = None) -> Dispute:
        """Return the one dispute, as the therapist reads it if nobody else is named."""
        (found,) = self.seen_by(viewer or self.ana)
        return found

    def resolve(self, viewer: Viewer, opinion: Opinion, dispute: Dispute | None = None) -> DecisionOutcome:
        """Resolve a dispute as somebody has seen it: the only one as it is now, if no other is named."""
        seen = dispute or self.only()
        return self.store.disputes.resolve(
            viewer, self.sent.session_id, seen.dispute_id, len(seen.steps), opinion, WORDS
        )

    def withdraw(self, viewer: Viewer | None = None) -> DecisionOutcome:
        """Take the dispute back."""
        one = self.only()
        return self.store.disputes.withdraw(viewer or self.ana, self.sent.session_id, one.dispute_id, len(one.steps))

    def escalate(self) -> DecisionOutcome:
        """Ask another supervisor to look at the resolution."""
        one = self.only()
        return self.store.disputes.escalate(self.ana, self.sent.session_id, one.dispute_id, len(one.steps))

    def answer(self) -> Assessment:
        """Return what the therapist reads of the first moment."""
        answer = self.view(self.ana).moments[0].answer
        assert isinstance(answer, Assessment)
        return answer


@pytest.fixture
def team(engine: Engine, people: People) -> Team:
    """Return a team with a released session of two moments."""
    sent = record(moments=2, level=Level.WEAK)
    apply_records(engine, sent)
    second = add_person(engine, "nele", AccountRole.SUPERVISOR, teams=("north",))
    made = Team(engine, people, second, sent)
    made.decide(DecisionKind.RELEASED)
    return made


# --- raising ---


@pytest.mark.parametrize("statement", [*(rating_of(each) for each in Mechanism), STRENGTHS, suggestion(1)])
def test_each_statement_that_is_read_can_be_disputed(team: Team, statement: Statement) -> None:
    """A rating, the strengths or a suggestion is disputed with ground and comment, and supervisors read both."""
    assert team.dispute(statement) is DONE
    for viewer in (team.ana, team.first, team.second):
        found = team.only(viewer)
        assert (found.statement, found.ground, found.text) == (statement, Ground.MISSING_CONTEXT, COMMENT)
        assert (found.by, found.at, found.state) == ("Ana", NOW, DisputeState.OPEN)
        assert found.exchange_id == team.sent.exchanges[0].exchange_id


@pytest.mark.parametrize("statement", [MOMENT, VERDICT, suggestion(2), level_of(Mechanism.STANCE_ALIGNMENT)])
def test_what_is_not_read_as_a_statement_cannot_be_disputed(team: Team, statement: Statement) -> None:
    """What the page does not show as a statement of its own is refused."""
    assert team.dispute(statement) is CHANGED
    assert count_rows(team.engine, "disputes") == {"disputes": 0}


def test_a_withheld_statement_cannot_be_disputed(team: Team) -> None:
    """A statement that was withheld before the release, and so is not read, is refused."""
    team.decide(DecisionKind.WITHHELD)
    answer = team.sent.assessments[0].assessment_id
    team.store.reviews.judge(team.first, team.sent.session_id, 1, answer, STRENGTHS, UNCLEAR)
    team.decide(DecisionKind.RELEASED)
    assert team.dispute(STRENGTHS) is CHANGED
    assert team.dispute(AUTONOMY) is DONE


def test_one_dispute_of_a_statement_at_a_time(team: Team) -> None:
    """A statement that is disputed is not disputed again, unless the dispute was taken back; others may be."""
    assert team.dispute() is DONE
    assert team.dispute() is CHANGED
    assert team.withdraw() is DONE
    assert team.dispute() is DONE
    assert team.dispute(moment=1) is DONE
    assert [each.state for each in team.seen_by(team.ana)].count(DisputeState.OPEN) == 2


def test_the_window_ends_two_weeks_after_the_release(team: Team) -> None:
    """A dispute is accepted until 14 days after the release; the page says until when, and nothing afterwards."""
    team.now = NOW + DISPUTE_WITHIN
    assert team.view(team.ana).dispute_until == NOW + DISPUTE_WITHIN
    assert team.dispute() is DONE
    team.now += timedelta(seconds=1)
    assert team.view(team.ana).dispute_until is None
    assert team.dispute(STRENGTHS) is DecisionOutcome.TOO_LATE


def test_a_form_about_an_earlier_release_is_refused(team: Team) -> None:
    """A dispute of what was read before another release of the session is refused."""
    team.now += timedelta(hours=1)
    team.release_again()
    assert team.dispute(released=NOW) is CHANGED
    assert team.dispute(released=team.now) is DONE


@pytest.mark.parametrize("who", ["supervisor", "other_supervisor", "ben", "operator"])
def test_only_the_therapist_of_the_session_disputes(team: Team, who: str) -> None:
    """For anybody but a therapist of the released session there is nothing to dispute."""
    assert team.dispute(viewer=getattr(team.people, who)) is NOT_FOUND
    team.decide(DecisionKind.WITHHELD)
    assert team.dispute() is NOT_FOUND


def test_a_colleagues_moment_cannot_be_disputed_nor_their_dispute_read(engine: Engine, people: People) -> None:
    """Of two therapists in one session each disputes their own moments, and reads their own disputes alone."""
    sent = record(moments=2)
    theirs = sent.exchanges[1].model_copy(update={"counsellor": "p_ben"})
    both = sent.model_copy(update={"exchanges": (sent.exchanges[0], theirs), "counsellors": ("p_ana", "p_ben")})
    apply_records(engine, both)
    team = Team(engine, people, people.supervisor, both)
    team.decide(DecisionKind.RELEASED)
    assert team.dispute(moment=1) is CHANGED
    assert team.dispute() is DONE
    assert team.dispute(viewer=people.ben, moment=1) is DONE
    assert [each.by for each in team.seen_by(people.ana)] == ["Ana"]
    assert [each.by for each in team.seen_by(people.ben)] == ["Ben"]
    assert len(team.seen_by(people.supervisor)) == 2
    assert team.withdraw(people.ben) is CHANGED


# --- the queue ---


def test_open_disputes_are_listed_and_counted(team: Team) -> None:
    """A supervisor's list has the session with the number of its open disputes, until each is settled."""
    assert team.store.disputed(team.first).rows == ()
    team.dispute()
    team.dispute(STRENGTHS)
    (row,) = team.store.disputed(team.second).rows
    assert (row.session_id, row.open_disputes) == (team.sent.session_id, 2)
    for dispute in team.seen_by(team.first):
        team.resolve(team.first, STANDS, dispute)
    assert team.store.disputed(team.second).total == 0
    assert team.store.disputed(team.people.other_supervisor).total == 0


@pytest.mark.parametrize("who", ["other_supervisor", "ana", "ben", "operator"])
def test_nobody_else_lists_disputes(team: Team, who: str) -> None:
    """The list of disputes is empty for anybody but a supervisor of the team."""
    team.dispute()
    assert team.store.disputed(getattr(team.people, who)).total == 0


def test_a_dispute_that_is_taken_back_is_over(team: Team) -> None:
    """A dispute that is taken back before it is decided is shown to its therapist alone, and nobody resolves it."""
    team.dispute()
    dispute = team.only()
    assert team.withdraw() is DONE
    assert team.only().state is DisputeState.WITHDRAWN
    assert team.seen_by(team.first) == ()
    assert team.store.disputed(team.first).total == 0
    for seen in (dispute, team.only()):
        assert team.resolve(team.first, STANDS, seen) is CHANGED
    assert team.withdraw() is CHANGED


# --- the resolution ---


def test_a_statement_that_stands_is_left_as_it_is(team: Team) -> None:
    """A supervisor says that the statement stands: the therapist reads it, and her words, with her name."""
    team.dispute()
    before = team.answer()
    assert team.resolve(team.second, STANDS) is DONE
    step = team.only().resolution
    assert step is not None
    assert (step.by, step.at, step.opinion, step.text) == ("Nele", NOW, STANDS, WORDS)
    assert team.only().state is DisputeState.RESOLVED
    assert team.answer() == before


def test_a_statement_that_is_withheld_is_no_longer_read(team: Team) -> None:
    """A supervisor withholds the statement: it is gone from the released session at once, and nothing else is."""
    team.dispute()
    before = team.answer()
    assert team.resolve(team.first, UNCLEAR) is DONE
    (gone, *others) = team.answer().ratings
    assert gone == Rating(mechanism=Mechanism.RESPECT_FOR_AUTONOMY)
    assert others == list(before.ratings[1:])
    assert AUTONOMY not in team.view(team.ana).moments[0].disputable
    assert team.only().state is DisputeState.RESOLVED


def test_a_supervisors_own_level_stands_beside_the_machines(team: Team) -> None:
    """A supervisor corrects the level: the therapist reads hers beside the machine's, which is never changed."""
    team.dispute()
    before = team.answer()
    assert team.resolve(team.first, STRONG) is DONE
    label = team.view(team.ana).moments[0].labels["level:respect_for_autonomy"]
    assert (label.opinion, label.by) == (STRONG, "Mara")
    assert team.answer() == before


def test_a_resolution_is_a_label_like_any_other(team: Team) -> None:
    """A resolution is stored as a label with all that a review's label has."""
    team.dispute()
    team.resolve(team.second, STRONG)
    with Session(team.engine) as session:
        (label,) = session.exec(select(StoredLabel)).all()
    assert (label.statement, label.judgement, label.level) == ("level:respect_for_autonomy", "corrected", 2)
    assert (label.account_id, label.machine) == (team.second.user_id, {"level": 1, "needs_human": None})
    assert (label.assessment_id, label.revision) == (team.sent.assessments[0].assessment_id, 1)


@pytest.mark.parametrize(
    ("statement", "opinion"), [(STRENGTHS, STRONG), (suggestion(1), STRONG), (AUTONOMY, Opinion(Judgement.UNDONE))]
)
def test_an_opinion_must_fit_the_statement(team: Team, statement: Statement, opinion: Opinion) -> None:
    """A level for what has none, or an undoing, is refused, and the dispute stays open."""
    team.dispute(statement)
    assert team.resolve(team.first, opinion) is CHANGED
    assert team.only().state is DisputeState.OPEN


def test_a_resolution_shows_nothing_again(team: Team) -> None:
    """Of a statement that was withheld while its dispute was open nobody says that it stands."""
    team.dispute(STRENGTHS)
    team.decide(DecisionKind.WITHHELD)
    answer = team.sent.assessments[0].assessment_id
    team.store.reviews.judge(team.first, team.sent.session_id, 1, answer, STRENGTHS, UNCLEAR)
    team.decide(DecisionKind.RELEASED)
    assert team.resolve(team.second, STANDS) is CHANGED
    assert team.answer().strengths == ()
    assert team.resolve(team.second, UNCLEAR) is DONE


@pytest.mark.parametrize("who", ["other_supervisor", "ana", "ben", "operator"])
def test_only_the_teams_supervisors_resolve(team: Team, who: str) -> None:
    """For anybody but a supervisor of the team there is nothing to resolve."""
    team.dispute()
    assert team.resolve(getattr(team.people, who), STANDS) is NOT_FOUND
    assert team.only().state is DisputeState.OPEN


def test_a_dispute_is_resolved_once(team: Team) -> None:
    """A form that shows the dispute open is refused after somebody has resolved it."""
    team.dispute()
    dispute = team.only()
    assert team.resolve(team.first, STANDS, dispute) is DONE
    for seen in (dispute, team.only()):
        assert team.resolve(team.second, UNCLEAR, seen) is CHANGED
    assert team.answer().ratings[0].level is Level.WEAK


def test_a_session_under_review_waits_for_its_reviewer(team: Team) -> None:
    """While one supervisor reviews the withheld session again, another resolves nothing in it."""
    team.dispute()
    dispute = team.only()
    team.decide(DecisionKind.WITHHELD)
    team.store.reviews.claim(team.first, team.sent.session_id)
    refused = team.resolve(team.second, STANDS, dispute)
    assert refused is DecisionOutcome.CLAIMED
    assert team.resolve(team.first, STANDS, dispute) is DONE


@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_dispute_belongs_to_its_session(team: Team, elsewhere: bool) -> None:
    """An unknown dispute, or one of another session, is refused."""
    other = record(conversation="c_other")
    apply_records(team.engine, other)
    team.dispute()
    dispute = team.only()
    resolve = team.store.disputes.resolve
    session_id, dispute_id = (other.session_id, dispute.dispute_id) if elsewhere else (team.sent.session_id, uuid4())
    assert resolve(team.first, session_id, dispute_id, 0, STANDS, WORDS) is CHANGED


# --- another pair of eyes ---


def test_an_escalated_dispute_is_not_resolved_by_who_released(team: Team) -> None:
    """Whoever released the session is refused where the therapist asked for another supervisor, who may resolve it."""
    team.dispute(escalated=True)
    assert team.only(team.first).supervisors == ("Nele",)
    assert team.resolve(team.first, STANDS) is DecisionOutcome.NOT_YOURS
    assert team.resolve(team.second, UNCLEAR) is DONE
    assert not team.only().may_be_escalated


def test_the_release_that_is_disputed_bars(team: Team) -> None:
    """The supervisor whose release was disputed stays barred after another one has released the session again."""
    team.dispute(escalated=True)
    team.release_again(team.second)
    assert team.resolve(team.first, STANDS) is DecisionOutcome.NOT_YOURS
    assert team.resolve(team.second, STANDS) is DONE


def test_a_resolution_is_escalated_once(team: Team) -> None:
    """After a resolution the therapist asks once for another supervisor, whose resolution is the last."""
    team.dispute()
    assert team.escalate() is CHANGED
    team.resolve(team.first, STANDS)
    assert team.escalate() is DONE
    assert team.store.disputed(team.second).total == 1
    assert team.resolve(team.first, UNCLEAR) is DecisionOutcome.NOT_YOURS
    assert team.resolve(team.second, STRONG) is DONE
    assert team.escalate() is CHANGED
    assert [step.by for step in team.only().steps] == ["Mara", "Ana", "Nele"]


def test_a_resolution_by_a_second_supervisor_leaves_nobody_in_a_team_of_two(team: Team) -> None:
    """Where one released and the other resolved, an escalation waits for a third supervisor, and the page knows it."""
    team.dispute()
    team.resolve(team.second, STANDS)
    team.escalate()
    assert team.only().supervisors == ()
    for viewer in (team.first, team.second):
        assert team.resolve(viewer, STANDS) is DecisionOutcome.NOT_YOURS
    third = add_person(team.engine, "tara", AccountRole.SUPERVISOR, teams=("north",))
    assert team.only().supervisors == ("Tara",)
    assert team.resolve(third, STANDS) is DONE


def test_an_escalation_can_be_taken_back(team: Team) -> None:
    """An escalation that is taken back leaves the resolution before it."""
    team.dispute()
    team.resolve(team.first, STANDS)
    team.escalate()
    assert team.withdraw() is DONE
    assert team.only().state is DisputeState.RESOLVED
    assert team.seen_by(team.second) != ()
    assert team.store.disputed(team.second).total == 0


def test_an_escalation_has_a_window(team: Team) -> None:
    """A resolution is escalated within 14 days, whenever the session was released."""
    team.dispute()
    team.now += timedelta(days=30)
    team.resolve(team.first, STANDS)
    team.now += DISPUTE_WITHIN + timedelta(seconds=1)
    assert team.escalate() is DecisionOutcome.TOO_LATE
    team.now -= timedelta(seconds=1)
    assert team.escalate() is DONE


def test_sessions_without_a_team_wait_for_the_platforms_supervisors(engine: Engine, people: People) -> None:
    """In a session whose counsellor is in no team, the supervisors of the platform may resolve an escalated dispute."""
    lone = add_person(engine, "lea", AccountRole.THERAPIST, tenant=TENANT, counsellor="p_lea")
    one, other = (add_person(engine, name, AccountRole.SUPERVISOR, tenant=TENANT) for name in ("petra", "paul"))
    sent = record(counsellor="p_lea")
    apply_records(engine, sent)
    team = Team(engine, people, other, sent)
    team.decide(DecisionKind.RELEASED, one)
    assert team.dispute(viewer=lone, escalated=True) is DONE
    assert team.only(one).supervisors == ("Paul",)


# --- two at once ---


def test_of_two_supervisors_at_once_one_resolves(team: Team) -> None:
    """Of two supervisors who resolve a dispute at the same time one is refused, and there is one label."""
    team.dispute()
    dispute = team.only()
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(
            pool.map(
                lambda each: team.resolve(each[0], each[1], dispute),
                ((team.first, STANDS), (team.second, UNCLEAR)),
            )
        )
    assert sorted(outcomes) == sorted([DONE, CHANGED])
    assert count_rows(team.engine, "labels", "dispute_steps") == {"labels": 1, "dispute_steps": 1}


def test_of_a_withdrawal_and_a_resolution_at_once_one_counts(team: Team) -> None:
    """Where the therapist takes a dispute back while a supervisor resolves it, one of the two is refused."""
    team.dispute()
    dispute = team.only()
    withdraw = team.store.disputes.withdraw
    with ThreadPoolExecutor(2) as pool:
        taken_back = pool.submit(withdraw, team.ana, team.sent.session_id, dispute.dispute_id, 0)
        resolved = pool.submit(team.resolve, team.first, STANDS, dispute)
        assert sorted([taken_back.result(), resolved.result()]) == sorted([DONE, CHANGED])
    assert count_rows(team.engine, "dispute_steps") == {"dispute_steps": 1}


def test_a_form_that_is_sent_twice_at_once_raises_one_dispute(team: Team) -> None:
    """Of two disputes of one statement at the same time one is refused."""
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda _: team.dispute(), range(2)))
    assert sorted(outcomes) == sorted([DONE, CHANGED])
    assert count_rows(team.engine, "disputes") == {"disputes": 1}


# --- the words ---


def test_a_dispute_is_on_the_trail_without_its_words(team: Team) -> None:
    """The trail records each act with its outcome, and no word of it."""
    team.dispute()
    team.resolve(team.first, STANDS)
    team.escalate()
    team.withdraw()
    with Session(team.engine) as session:
        entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.seq))).all()
    acts = [(each.purpose, each.object_type) for each in entries if "dispute" in each.purpose]
    assert acts == [
        ("dispute", "session"),
        ("resolve dispute", "dispute"),
        ("escalate dispute", "dispute"),
        ("withdraw dispute", "dispute"),
    ]
    assert "asked me" not in repr(entries)


@pytest.mark.parametrize("table", ["disputes", "dispute_steps"])
def test_words_that_were_moved_to_another_row_do_not_decrypt(team: Team, table: str) -> None:
    """The words of a dispute or of a resolution that were moved to another row do not decrypt."""
    for statement in (AUTONOMY, STRENGTHS):
        team.dispute(statement)
    for dispute in team.seen_by(team.first):
        team.resolve(team.first, STANDS, dispute)
    with team.engine.begin() as connection:
        connection.execute(
            text(f"UPDATE {table} t SET words = (SELECT words FROM {table} o WHERE o.dispute_id <> t.dispute_id)")
        )
    with pytest.raises(WrongKey, match=rf"{table}\.words"):
        team.view(team.ana)


def test_a_new_revision_with_the_same_words_keeps_disputes(team: Team) -> None:
    """A new revision with the same answers keeps their disputes, which supervisors read before the next release."""
    team.dispute()
    apply_records(team.engine, record(revision=2, moments=2, level=Level.WEAK))
    assert team.only(team.first).state is DisputeState.OPEN
    assert team.store.disputed(team.first).total == 1
    assert team.store.open(team.ana, team.sent.session_id) is None


@pytest.mark.parametrize(
    "change",
    [
        Deletion(tenant=TENANT, conversation_id=CONVERSATION, message_id="m-1", deleted_at=NOW),
        Edit(tenant=TENANT, conversation_id=CONVERSATION, message_id="m-1", text="Other words.", edited_at=NOW),
    ],
)
def test_a_deletion_or_an_edit_removes_the_disputes_that_may_quote_it(team: Team, change: Deletion | Edit) -> None:
    """After a deletion or an edit, disputes of the moments with that message are gone, and others stay."""
    team.dispute()
    team.resolve(team.first, STANDS)
    team.dispute(moment=1)
    apply_records(team.engine, change)
    (left,) = team.seen_by(team.first)
    assert left.exchange_id == team.sent.exchanges[1].exchange_id
    assert count_rows(team.engine, "disputes", "dispute_steps") == {"disputes": 1, "dispute_steps": 0}


def test_a_new_revision_with_other_words_removes_the_disputes_that_may_quote_them(team: Team) -> None:
    """Where a message was edited before a new revision, the disputes of answers that it no longer has are gone."""
    team.dispute()
    team.dispute(moment=1)
    edited = team.sent.messages[0].model_copy(update={"revision": 5, "text": "Never mind."})
    other = team.sent.assessments[0].model_copy(update={"assessment_id": uuid4(), "input_id": uuid4()})
    again = team.sent.model_copy(
        update={
            "revision": 2,
            "messages": (edited, *team.sent.messages[1:]),
            "assessments": (other, team.sent.assessments[1]),
        }
    )
    apply_records(team.engine, again)
    (left,) = team.seen_by(team.first)
    assert left.exchange_id == team.sent.exchanges[1].exchange_id
    assert count_rows(team.engine, "disputes") == {"disputes": 1}


@pytest.mark.parametrize(
    "removal",
    [
        ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW),
        Erasure(tenant=TENANT, conversation_id=CONVERSATION, erasure_id="0" * 36, requested_at=NOW),
    ],
)
def test_a_withdrawal_or_an_erasure_takes_disputes_and_key(team: Team, removal: ConsentWithdrawal | Erasure) -> None:
    """Of a session that was withdrawn or erased neither a dispute nor the key of its conversation is left."""
    team.dispute()
    team.resolve(team.first, STANDS)
    apply_records(team.engine, removal)
    assert count_rows(team.engine, *TABLES) == dict.fromkeys(TABLES, 0)


def test_disputes_go_with_the_quotes(team: Team) -> None:
    """Retention keeps a dispute while quotes are kept, and then removes it with the conversation's key."""
    team.dispute()
    team.resolve(team.first, STANDS)
    settings = RetentionSettings()
    for days, left in ((settings.text_days + 1, 1), (settings.quotes_days + 1, 0)):
        late = START + timedelta(days=days)
        RetentionRunner(team.engine, RetentionCutoffs.at(late, settings), now=lambda late=late: late).run()  # type: ignore[misc]
        assert count_rows(team.engine, *TABLES) == dict.fromkeys(TABLES, left)

"""Tests of each stage's role on a real PostgreSQL: its daily work succeeds, and everything else is refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from plugin.database.engine import transaction
from plugin.database.grants import GRANTS
from plugin.database.migrate import upgrade
from plugin.database.owner_functions import FUNCTIONS, VIEWS
from plugin.database.roles import apply_roles, renew_grants
from plugin.database.row_policies import SCOPED_TABLES
from plugin.database.tables import METADATA
from plugin.database.viewer import AccountRole, Viewer
from plugin.privacy.audit_trail import remove_old_entries, verify_chain
from plugin.privacy.erasure import Eraser
from plugin.privacy.retention import RetentionCutoffs, RetentionReport, RetentionRunner
from plugin.privacy.rotation import rotate_keys
from plugin.queue.dispute_views import Ground
from plugin.queue.filters import EVERYTHING, QueueFilter, QueueList, QueueOrder, QueueState
from plugin.queue.moment_filter import MomentFilter
from plugin.queue.review_views import Judgement, Opinion
from plugin.queue.statements import STRENGTHS, VERDICT
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome
from plugin.sink.apply import ApplyResult
from plugin.sink.writer import Writer
from stream.contracts.errors import Misconfigured
from stream.contracts.messages import ConsentWithdrawal, Erasure
from stream.contracts.vocabulary import Level, Mechanism
from stream.runtime.settings import RetentionSettings
from tests.plugin.conftest import People
from tests.plugin.privacy.stored_sessions import RecordingAnnouncer, client_subject, conversation_subject
from tests.plugin.privacy.trails import OLDER_THAN_THE_MINIMUM, let_time_pass, write_entries
from tests.plugin.samples import (
    CONVERSATION,
    KEK,
    NOW,
    PASSWORD,
    REJECTED,
    SAID,
    START,
    TENANT,
    add_person,
    answered,
    apply_records,
    record,
)

CLAIM = "INSERT INTO claims SELECT session_id, :a, now() FROM sessions"
NOTE = (
    "INSERT INTO notes (note_id, session_id, account_id, shared, words, written_at)"
    " SELECT gen_random_uuid(), session_id, :a, :shared, '', now() FROM sessions"
)
LABEL = (
    "INSERT INTO labels (session_id, revision, exchange_id, assessment_id, statement, judgement, machine, model,"
    " rubric, account_id, said_at) SELECT session_id, 1, exchange_id, assessment_id, 'verdict', 'agreed', '{}', '{}',"
    " '1', :a, now() FROM answers"
)
ACKNOWLEDGEMENT = "INSERT INTO acknowledgements SELECT session_id, 1, now(), :a, now() FROM sessions"
DISPUTE = (
    "INSERT INTO disputes (dispute_id, session_id, revision, released_by, exchange_id, assessment_id, statement,"
    " ground, escalated, account_id, words, raised_at) SELECT gen_random_uuid(), session_id, 1, :a, exchange_id,"
    " assessment_id, 'strengths', 'unclear', false, :a, '', now() FROM answers"
)
STEP = (
    "INSERT INTO dispute_steps (dispute_id, number, session_id, kind, account_id, taken_at)"
    " SELECT dispute_id, 1, session_id, :kind, :a, now() FROM disputes"
)
SAMPLE = "INSERT INTO samples SELECT session_id, 1, '[]' FROM sessions"
LOOK = (
    "INSERT INTO look_answers (session_id, position, revision, message_id, resistance, critical, machine, rubric,"
    " account_id, said_at) SELECT session_id, 0, 1, 'm', 'no', 'no', '{}', '1', :a, now() FROM sessions"
)
RERATING = (
    "INSERT INTO reratings (assessment_id, model_key, shadow, session_id, model, ratings, rated_at)"
    " SELECT assessment_id, 'newer', false, session_id, '{}', '[]', now() FROM answers"
)
MEASURES = (
    "INSERT INTO measures (session_id, tenant, conversation_id, revision, first_appended_at, last_appended_at, reader,"
    " turns, measures, stored_at) SELECT session_id, tenant, conversation_id, 1, now(), now(), '', '[]', '[]', now()"
    " FROM sessions"
)
COMMENT = "INSERT INTO note_comments SELECT gen_random_uuid(), note_id, session_id, :a, '', now() FROM notes"
HANDOVER = (
    "INSERT INTO handovers (session_id, number, revision, kind, account_id, receiver_id, words, handed_at)"
    " SELECT session_id, 1, 1, 'sent_back', :a, NULL, '', now() FROM sessions"
)
CRITERION = (
    "INSERT INTO criteria (criterion_id, name, about, position) VALUES (:c, 'told', 'session', 1);"
    "INSERT INTO criterion_versions (criterion_id, version, question, scale, shared, written_at)"
    " VALUES (:c, 1, 'Told?', 'yes_no', true, now())"
)
CRITERION_ID = "0b1f2c9e-0d36-4f56-9f2b-5a0c7b8f1a11"
CRITERION_ANSWER = (
    "INSERT INTO criterion_answers (session_id, revision, criterion_id, version, said, stands, account_id, said_at)"
    f" SELECT session_id, 1, '{CRITERION_ID}', 1, 'no', true, :a, now() FROM sessions"
)
OF_SUPERVISORS = {"samples", "look_answers", "handovers"}
"""The tables of which a therapist sees no row."""
OF_A_RELEASE = {"criterion_answers", "note_comments"}
"""The tables of which a therapist sees no row of a session that is not released."""
OF_A_THERAPIST_ALONE = {"practice_attempts"}
"""The tables of which a supervisor sees no row."""
ATTEMPT = (
    "INSERT INTO practice_attempts (attempt_id, session_id, exchange_id, account_id, is_draft, words, written_at)"
    " SELECT gen_random_uuid(), session_id, exchange_id, :a, false, '', now() FROM answers"
)
OF_THERAPISTS = (
    "UPDATE {} t SET account_id = a.account_id FROM accounts a JOIN session_counsellors c"
    " ON c.tenant = a.tenant AND c.counsellor = a.counsellor WHERE c.session_id = t.session_id"
)
"""Give the rows of a table to the therapists of their sessions, as the owner may."""


@dataclass(frozen=True)
class Roles:
    """The engines of each role and of the owner."""

    owner: Engine
    url: str
    urls: Mapping[str, str]
    by_stage: Mapping[str, Engine]

    def refuses(self, stage: str, statement: str) -> bool:
        """Return whether the role has no right to run a statement."""
        try:
            with self.by_stage[stage].begin() as connection:
                connection.execute(text(statement))
        except ProgrammingError as error:
            assert isinstance(error.orig, InsufficientPrivilege), error  # noqa: PT017 - the result says if not raised
            return True
        return False

    def ids(self, stage: str, account: object, table: str = "sessions") -> set[str]:
        """Return the session ids of the rows of a table that the role sees on behalf of an account."""
        with transaction(self.by_stage[stage], account) as session:  # type: ignore[arg-type]
            return {str(each) for each in session.scalars(text(f"SELECT session_id FROM {table}"))}

    def fill_every_table(self, supervisor: Viewer) -> None:
        """Store a row of each stored session in every table of sessions; a therapist's own rows are the therapist's."""
        named = {"a": supervisor.user_id, "c": CRITERION_ID, "shared": True, "kind": "resolved"}
        with transaction(self.owner) as session:
            for statement in (
                "INSERT INTO decisions SELECT session_id, 1, 'withheld', :a, now() FROM sessions",
                *CRITERION.split(";"),
                *(CLAIM, LABEL, NOTE, COMMENT, HANDOVER, CRITERION_ANSWER, ACKNOWLEDGEMENT, DISPUTE, STEP),
                *(SAMPLE, LOOK, ATTEMPT, RERATING, MEASURES),
            ):
                session.execute(text(statement), named)
            for table in ("acknowledgements", "disputes", "practice_attempts"):
                session.execute(text(OF_THERAPISTS.format(table)))


@pytest.fixture
def roles(engine: Engine, queue_url: str, role_urls: Mapping[str, str], role_engines: Mapping[str, Engine]) -> Roles:
    """Return the shared database with its roles."""
    return Roles(engine, queue_url, role_urls, role_engines)


def test_the_sink_stores_withdraws_and_erases(roles: Roles) -> None:
    """The sink's role can store, revise, repeat, withdraw and erase."""
    sink = roles.by_stage["sink"]
    changed = record(revision=2, client_text="Other words now.", edits=7)
    withdrawal = ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW)
    erasure = Erasure(tenant=TENANT, conversation_id="c_other", erasure_id="0" * 36, requested_at=NOW)
    done = apply_records(
        sink, record(), record(), changed, record(revision=3), withdrawal, record(conversation="c_other"), erasure
    )
    assert done == [
        *(ApplyResult.STORED, ApplyResult.REPEATED, ApplyResult.STORED, ApplyResult.STORED),
        *(ApplyResult.ERASED, ApplyResult.STORED, ApplyResult.ERASED),
    ]
    assert Writer(sink, KEK, 2, lambda: NOW).database_trouble() is None


def test_the_sink_leaves_out_a_session_in_which_nothing_was_confirmed(roles: Roles) -> None:
    """The sink's role can choose what is shown, and remove the content of a session whose moments were rejected."""
    sink = roles.by_stage["sink"]
    nothing = answered(record(revision=2, edits=1, moments=2), REJECTED, REJECTED)
    assert apply_records(sink, record(moments=4), nothing) == [ApplyResult.STORED] * 2
    with transaction(roles.owner) as session:
        assert session.scalar(text("SELECT left_out FROM sessions")) == "no_resistance"
        assert session.scalar(text("SELECT count(*) FROM messages")) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT text FROM messages",
        "SELECT * FROM messages",
        "SELECT words FROM answers",
        "SELECT words FROM notes",
        "SELECT words FROM criterion_answers",
        "SELECT said FROM criterion_answers",
        "SELECT words FROM handovers",
        "SELECT words FROM note_comments",
        "SELECT words FROM disputes",
        "SELECT words FROM dispute_steps",
        "SELECT count(words) FROM answers",
        "DELETE FROM answers WHERE words IS NULL",
        "UPDATE messages SET author = author RETURNING text",
        "SELECT * FROM accounts",
        "SELECT * FROM audit",
        "DELETE FROM erasures",
        "UPDATE erasures SET until = now()",
        "DELETE FROM holds",
        "INSERT INTO audit SELECT * FROM audit",
    ],
)
def test_the_sink_cannot_read_what_it_wrote_nor_undo_an_erasure(roles: Roles, statement: str) -> None:
    """The sink's role can read no text and remove no tombstone, so that a captured sink reveals little."""
    assert roles.refuses("sink", statement)


def test_the_web_role_can_do_its_work(roles: Roles, people: People) -> None:
    """The web role can log in, list, open, review and decide, and give the operator's numbers."""
    apply_records(roles.owner, record(), record(conversation="c_south", counsellor="p_ben"))
    store = Store(roles.by_stage["web"], KEK, now=lambda: NOW)
    store.ping()
    viewer = store.authenticate("mara", PASSWORD)
    assert viewer is not None
    (row,) = store.waiting(viewer).rows
    opened = store.open(viewer, row.session_id)
    assert opened is not None
    assert opened.messages[0].text == SAID[0]
    reviews, answer = store.reviews, opened.moments[0].answer.assessment_id
    assert reviews.claim(viewer, row.session_id) is DecisionOutcome.DONE
    assert reviews.judge(viewer, row.session_id, 1, answer, VERDICT, Opinion(Judgement.AGREED)) is DecisionOutcome.DONE
    assert reviews.give_back(viewer, row.session_id) is DecisionOutcome.DONE
    assert store.decide(viewer, row.session_id, 1, DecisionKind.RELEASED) is DecisionOutcome.DONE
    assert store.decide(viewer, row.session_id, 1, DecisionKind.WITHHELD) is DecisionOutcome.DONE
    assert store.decide(viewer, row.session_id, 1, DecisionKind.RELEASED) is DecisionOutcome.DONE
    assert [own.session_id for own in store.own_sessions(people.ana)] == [row.session_id]
    assert store.open(people.ana, row.session_id) is not None
    assert {each.name for each in store.openings(people.ana, row.session_id)} == {"Mara", "Ana"}
    disputes = store.disputes
    assert disputes.acknowledge(people.ana, row.session_id, NOW) is DecisionOutcome.DONE
    raised = disputes.dispute(people.ana, row.session_id, NOW, answer, STRENGTHS, Ground.UNCLEAR, "Which words?")
    assert raised is DecisionOutcome.DONE
    (listed,) = store.disputed(viewer).rows
    assert (listed.open_disputes, [each.by for each in listed.acknowledgements]) == (1, ["Ana"])
    for opened in (store.open(viewer, row.session_id), store.open(people.ana, row.session_id)):
        assert opened is not None
        (dispute,) = opened.disputes
        assert (dispute.text, dispute.supervisors) == ("Which words?", ("Mara",))
    agreed = Opinion(Judgement.AGREED)
    resolved = disputes.resolve(viewer, row.session_id, dispute.dispute_id, 0, agreed, "The first ones.")
    assert resolved is DecisionOutcome.DONE
    assert disputes.escalate(people.ana, row.session_id, dispute.dispute_id, 1) is DecisionOutcome.DONE
    assert disputes.withdraw(people.ana, row.session_id, dispute.dispute_id, 2) is DecisionOutcome.DONE
    assert store.own_sessions(people.ben) == ()
    counts = store.operator_counts(people.operator)
    assert counts is not None
    assert (counts.stored, counts.waiting, counts.without_team) == (2, 1, 0)
    assert store.new_since(viewer, START) == (row.session_id,)


@pytest.mark.usefixtures("people")
def test_the_web_role_works_through_a_list(roles: Roles) -> None:
    """The web role can filter and page a list, find the next session, and release what was read."""
    first, last = record(), record(conversation="c_last", started_at=START + timedelta(days=1))
    apply_records(roles.owner, first, last, record(conversation="c_south", counsellor="p_ben"))
    store = Store(roles.by_stage["web"], KEK, now=lambda: NOW)
    viewer = store.authenticate("mara", PASSWORD)
    assert viewer is not None
    assert [each.name for each in store.therapists(viewer)] == ["Ana"]
    ids = [first.session_id, last.session_id]
    for state in (None, QueueState.NEW):
        for order in QueueOrder:
            page = store.waiting(viewer, QueueFilter(state=state, order=order))
            assert ([row.session_id for row in page.rows], page.total, page.matching) == (ids, 2, 2)
    assert store.next_session(viewer, QueueList.WAITING, EVERYTHING, first.session_id) == last.session_id
    assert store.reviews.claim(viewer, first.session_id) is DecisionOutcome.DONE
    assert store.open(viewer, first.session_id) is not None
    assert store.waiting(viewer).claimed == 1
    released = store.release_several(viewer, dict.fromkeys(ids, 1))
    assert released == {first.session_id: DecisionOutcome.DONE, last.session_id: DecisionOutcome.NOT_READ}
    assert store.decided(viewer, QueueFilter(state=QueueState.RELEASED)).matching == 1


@pytest.mark.usefixtures("people")
def test_the_web_role_reads_moments_across_sessions(roles: Roles) -> None:
    """The web role finds a supervisor's moments by the levels that count, reads their words and writes the entries."""
    sent = record()
    apply_records(roles.owner, sent, record(conversation="c_south", counsellor="p_ben"))
    store = Store(roles.by_stage["web"], KEK, now=lambda: NOW)
    viewer = store.authenticate("mara", PASSWORD)
    assert viewer is not None
    weak = MomentFilter(mechanism=Mechanism.STANCE_ALIGNMENT, level=Level.WEAK, state=QueueState.NEW)
    (moment,) = store.moments.read(viewer, weak).moments
    assert moment.row.session_id == sent.session_id
    assert moment.levels[0].rating.evidence[0].quote
    assert store.moments.read(viewer, MomentFilter(own_differs=True)).moments == ()


@pytest.mark.usefixtures("people")
def test_the_web_role_changes_ones_own_password_and_no_other(roles: Roles) -> None:
    """On behalf of a person the web role sets that person's password; another account stays out of its reach."""
    store = Store(roles.by_stage["web"], KEK, now=lambda: NOW)
    viewer = store.authenticate("mara", PASSWORD)
    assert viewer is not None
    assert store.change_password(viewer, PASSWORD, "another password altogether") == viewer.generation + 1
    assert store.authenticate("mara", "another password altogether") is not None
    with transaction(roles.by_stage["web"], viewer.user_id) as session:
        changed = session.execute(text("UPDATE accounts SET generation = generation WHERE username <> 'mara'"))
        assert changed.rowcount == 0  # type: ignore[attr-defined]


@pytest.mark.usefixtures("people")
def test_the_digest_role_opens_a_claimed_session_and_marks_nothing(roles: Roles) -> None:
    """The digest's role, which may change nothing, opens a session that its reader has claimed."""
    sent = record()
    apply_records(roles.owner, sent)
    web, digest = (Store(roles.by_stage[stage], KEK, now=lambda: NOW) for stage in ("web", "digest"))
    viewer = web.find_viewer("mara")
    assert viewer is not None
    web.reviews.claim(viewer, sent.session_id)
    assert digest.open(viewer, sent.session_id, purpose="digest") is not None
    (row,) = web.waiting(viewer).rows
    assert not row.is_read_by(viewer.user_id)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM sessions",
        "UPDATE sessions SET restricted = false",
        "UPDATE answers SET verdict = 'confirmed'",
        "SELECT * FROM audit",
        "UPDATE audit SET outcome = ''",
        "UPDATE counterpoint_trail SET outcome = ''",
        "DELETE FROM counterpoint_trail",
        "UPDATE rubric_notes SET mechanism = ''",
        "UPDATE rubric_note_versions SET words = ''",
        "DELETE FROM rubric_note_versions",
        "SELECT * FROM erasures",
        "SELECT * FROM service_keys",
        "SELECT wrapped FROM service_keys",
        "SELECT * FROM session_clients",
        "SELECT counterpoint_audit_remove(now(), 5)",
        "SELECT counterpoint_therapist_remove('sample', 'p_ana', now())",
        "INSERT INTO teams VALUES (gen_random_uuid(), 'x')",
        "UPDATE accounts SET role = 'supervisor'",
        "UPDATE labels SET judgement = 'agreed'",
        "UPDATE notes SET shared = true",
        "UPDATE note_comments SET words = ''",
        "UPDATE handovers SET receiver_id = NULL",
        "DELETE FROM handovers",
        "UPDATE saved_views SET chosen = '{}'",
        "UPDATE acknowledgements SET acknowledged_at = now()",
        "UPDATE disputes SET ground = 'other'",
        "UPDATE dispute_steps SET kind = 'resolved'",
        "DELETE FROM acknowledgements",
        "DELETE FROM disputes",
        "DELETE FROM dispute_steps",
        "DELETE FROM labels",
        "DELETE FROM claims",
        "UPDATE look_answers SET resistance = 'yes'",
        "DELETE FROM look_answers",
        "UPDATE criterion_answers SET said = 'yes'",
        "DELETE FROM criterion_answers",
        "UPDATE criterion_versions SET question = ''",
        "DELETE FROM criterion_versions",
        "UPDATE criteria SET name = ''",
        "DELETE FROM criteria",
        "INSERT INTO samples SELECT session_id, 1, '[]' FROM sessions",
        "DELETE FROM samples",
        "UPDATE measures SET revision = 9",
        "DELETE FROM measures",
        "INSERT INTO measures DEFAULT VALUES",
    ],
)
def test_the_web_role_can_change_nothing_but_decisions(roles: Roles, statement: str) -> None:
    """The web role can change nothing but decisions and claims, and cannot read the audit trail."""
    assert roles.refuses("web", statement)


def test_the_database_hides_rows_of_another_team(roles: Roles, people: People) -> None:
    """The database hides rows of another team in every table of sessions, even if a query forgets to."""
    north, south = record(), record(conversation="c_south", counsellor="p_ben")
    nobody = record(conversation="c_nobody", counsellor="p_new")
    apply_records(roles.owner, north, south, nobody)
    platform = add_person(roles.owner, "petra", AccountRole.SUPERVISOR, tenant=TENANT)
    roles.fill_every_table(people.supervisor)
    seen = {
        people.supervisor: {north},
        people.other_supervisor: {south},
        people.ana: {north},
        people.ben: {south},
        platform: {nobody},
    }
    for viewer, sessions in seen.items():
        for table in SCOPED_TABLES:
            therapist = viewer.role is AccountRole.THERAPIST
            is_hidden = table in (OF_SUPERVISORS | OF_A_RELEASE if therapist else OF_A_THERAPIST_ALONE)
            ids = set() if is_hidden else {str(each.session_id) for each in sessions}
            assert roles.ids("web", viewer.user_id, table) == ids, (viewer.username, table)
    for table in SCOPED_TABLES:
        assert roles.ids("web", None, table) == set(), f"nobody is named: {table}"
    for table in (
        *("messages", "answers", "exchanges", "labels", "notes", "criterion_answers", "handovers", "note_comments"),
        *("acknowledgements", "disputes", "dispute_steps", "samples", "look_answers", "practice_attempts"),
        *("reratings", "measures"),
    ):
        assert roles.ids("web", people.operator.user_id, table) == set()
    assert len(roles.ids("web", people.operator.user_id)) == 3


def test_a_decision_about_another_teams_session_cannot_be_written(roles: Roles, people: People) -> None:
    """The database refuses a decision about another team's session, even if a query does not check."""
    south = record(conversation="c_south", counsellor="p_ben")
    apply_records(roles.owner, south)
    with (
        pytest.raises(Misconfigured, match="counterpoint database roles"),
        transaction(roles.by_stage["web"], people.supervisor.user_id) as session,
    ):
        session.execute(
            text("INSERT INTO decisions VALUES (:s, 1, 'released', :a, now())"),
            {"s": south.session_id, "a": people.supervisor.user_id},
        )


def test_a_private_note_is_its_authors_alone(roles: Roles, people: People) -> None:
    """The database shows a private note to its author alone, and lets nobody else remove even a shared one."""
    apply_records(roles.owner, record())
    colleague = add_person(roles.owner, "nele", AccountRole.SUPERVISOR, teams=("north",))
    with transaction(roles.by_stage["web"], people.supervisor.user_id) as session:
        for shared in (False, True):
            session.execute(text(NOTE), {"a": people.supervisor.user_id, "shared": shared})
    for viewer, notes in ((people.supervisor, 2), (colleague, 1), (people.ana, 1), (people.ben, 0)):
        with transaction(roles.by_stage["web"], viewer.user_id) as session:
            assert session.scalar(text("SELECT count(*) FROM notes")) == notes, viewer.username
    for viewer, removed in ((colleague, 0), (people.ana, 0), (people.supervisor, 2)):
        with transaction(roles.by_stage["web"], viewer.user_id) as session:
            assert len(session.execute(text("DELETE FROM notes RETURNING 1")).all()) == removed, viewer.username


@pytest.mark.parametrize("statement", [CLAIM, LABEL, NOTE, HANDOVER])
def test_a_review_is_written_by_its_supervisor_alone(roles: Roles, people: People, statement: str) -> None:
    """The database refuses a claim, label, note or hand-over in another's name, and one by the session's therapist."""
    apply_records(roles.owner, record())
    for person, named in (
        (people.supervisor, people.other_supervisor),
        (people.ana, people.ana),
        (people.ana, people.supervisor),
    ):
        with pytest.raises(Misconfigured), transaction(roles.by_stage["web"], person.user_id) as session:
            session.execute(text(statement), {"a": named.user_id, "shared": True})
    with transaction(roles.by_stage["web"], people.supervisor.user_id) as session:
        session.execute(text(statement), {"a": people.supervisor.user_id, "shared": True})


@pytest.mark.parametrize("statement", [ACKNOWLEDGEMENT, DISPUTE, ATTEMPT])
def test_an_answer_to_a_release_is_written_by_its_therapist_alone(roles: Roles, people: People, statement: str) -> None:
    """The database refuses an acknowledgement, a dispute or an attempt in another's name, and one by a supervisor."""
    apply_records(roles.owner, record())
    for person, named in (
        (people.ana, people.ben),
        (people.supervisor, people.supervisor),
        (people.supervisor, people.ana),
    ):
        with pytest.raises(Misconfigured), transaction(roles.by_stage["web"], person.user_id) as session:
            session.execute(text(statement), {"a": named.user_id})
    with transaction(roles.by_stage["web"], people.ana.user_id) as session:
        session.execute(text(statement), {"a": people.ana.user_id})


def test_a_step_of_a_dispute_is_written_by_who_may_take_it(roles: Roles, people: People) -> None:
    """The database lets a therapist withdraw or escalate their own dispute, and a supervisor resolve it, no more."""
    apply_records(roles.owner, record(counsellors=("p_ana", "p_ben")))
    with transaction(roles.by_stage["web"], people.ana.user_id) as session:
        session.execute(text(DISPUTE), {"a": people.ana.user_id})
    for person, kind, allowed in (
        (people.ana, "resolved", False),
        (people.supervisor, "withdrawn", False),
        (people.supervisor, "escalated", False),
        (people.supervisor, "resolved", True),
        (people.ana, "escalated", True),
        (people.ana, "withdrawn", True),
    ):
        if allowed:
            with transaction(roles.by_stage["web"], person.user_id) as session:
                session.execute(text(STEP), {"a": person.user_id, "kind": kind})
            with transaction(roles.owner) as session:
                session.execute(text("DELETE FROM dispute_steps"))
        else:
            with pytest.raises(Misconfigured), transaction(roles.by_stage["web"], person.user_id) as session:
                session.execute(text(STEP), {"a": person.user_id, "kind": kind})


def test_a_therapist_reads_no_colleagues_dispute(roles: Roles, people: People) -> None:
    """Of two therapists in one session the database shows each their own dispute with its steps; a supervisor all."""
    apply_records(roles.owner, record(counsellors=("p_ana", "p_ben")))
    with transaction(roles.owner) as session:
        session.execute(text(ACKNOWLEDGEMENT), {"a": people.ana.user_id})
        session.execute(text(DISPUTE), {"a": people.ana.user_id})
        session.execute(text(STEP), {"a": people.supervisor.user_id, "kind": "resolved"})
    for viewer, seen in ((people.ana, 1), (people.ben, 0), (people.supervisor, 1), (people.operator, 0)):
        for table in ("acknowledgements", "disputes", "dispute_steps"):
            assert len(roles.ids("web", viewer.user_id, table)) == seen, (viewer.username, table)


def test_an_attempt_is_its_authors_alone(roles: Roles, people: People) -> None:
    """The database shows what a therapist practised to them alone, and lets nobody else remove it."""
    apply_records(roles.owner, record(counsellors=("p_ana", "p_ben")))
    with transaction(roles.by_stage["web"], people.ana.user_id) as session:
        session.execute(text(ATTEMPT), {"a": people.ana.user_id})
    for viewer in (people.ben, people.supervisor, people.operator, people.ana):
        is_own = viewer == people.ana
        for stage in ("digest", "web"):
            assert len(roles.ids(stage, viewer.user_id, "practice_attempts")) == is_own, (viewer.username, stage)
        with transaction(roles.by_stage["web"], viewer.user_id) as session:
            removed = session.execute(text("DELETE FROM practice_attempts RETURNING 1")).all()
            assert len(removed) == is_own, viewer.username


@pytest.mark.parametrize("stage", ["sink", "privacy"])
def test_what_removes_attempts_cannot_read_them(roles: Roles, stage: str) -> None:
    """Sink and privacy remove attempts by their ids, and read neither words nor author."""
    for column in ("words", "account_id", "is_draft"):
        assert roles.refuses(stage, f"SELECT {column} FROM practice_attempts")
    assert not roles.refuses(stage, "DELETE FROM practice_attempts WHERE session_id = gen_random_uuid()")


@pytest.mark.usefixtures("people")
def test_the_digest_role_reads_its_persons_sessions_and_changes_nothing(roles: Roles) -> None:
    """The digest role reads the sessions of the person whose password was given, and changes nothing."""
    apply_records(roles.owner, record(), record(conversation="c_south", counsellor="p_ben"))
    store = Store(roles.by_stage["digest"], KEK, now=lambda: NOW)
    store.ping()
    mara = store.authenticate("mara", PASSWORD)
    assert mara is not None
    (session_id,) = store.new_since(mara, START)
    opened = store.open(mara, session_id, purpose="digest")
    assert opened is not None
    assert opened.messages[0].text == SAID[0]
    for table in SCOPED_TABLES:
        if table == "samples":
            assert roles.refuses("digest", f"SELECT session_id FROM {table}")
        else:
            assert roles.ids("digest", None, table) == set(), f"nobody is named: {table}"
    for statement in (
        "INSERT INTO decisions SELECT * FROM decisions",
        "UPDATE decisions SET kind = 'released'",
        "DELETE FROM sessions",
        "UPDATE accounts SET role = 'supervisor'",
        "SELECT wrapped FROM service_keys",
        "SELECT * FROM audit",
        "SELECT * FROM erasures",
    ):
        assert roles.refuses("digest", statement), statement


def test_the_privacy_role_erases_and_rotates_keys_without_reading_text(roles: Roles) -> None:
    """The privacy role can erase, run retention and rotate keys, and can read no text."""
    engine = roles.by_stage["privacy"]
    apply_records(roles.owner, record(conversation="c_1", clients=("p_client",)), record(conversation="c_2"), record())
    assert rotate_keys(engine, KEK) == 0
    given = Eraser(engine, KEK, RecordingAnnouncer(), now=lambda: NOW)
    erased = given.erase(conversation_subject("c_1"))
    given.finish(erased, None)
    assert erased.sessions == 1
    late = START + timedelta(days=200)
    assert RetentionRunner(
        engine, RetentionCutoffs.at(late, RetentionSettings()), now=lambda: late
    ).run() == RetentionReport(texts=2, quotes=2, keys=2)
    assert given.erase(client_subject()).complete
    for statement in (
        "SELECT text FROM messages",
        "SELECT words FROM answers",
        "SELECT words FROM notes",
        "SELECT words FROM criterion_answers",
        "SELECT said FROM criterion_answers",
        "SELECT words FROM handovers",
        "SELECT words FROM note_comments",
        "SELECT words FROM disputes",
        "SELECT words FROM dispute_steps",
        "DELETE FROM erasures",
        "SELECT * FROM accounts",
        "UPDATE audit SET outcome = ''",
        "DELETE FROM audit",
        "UPDATE accounts SET password_hash = ''",
        "DELETE FROM memberships",
    ):
        assert roles.refuses("privacy", statement), statement


def test_the_privacy_role_cannot_remove_todays_trail(roles: Roles) -> None:
    """The privacy role removes no entry that is younger than the owner's minimum, whatever it asks for."""
    write_entries(roles.owner, 3)
    with transaction(roles.by_stage["privacy"]) as session:
        assert remove_old_entries(session, NOW + timedelta(days=9000)) == 0
        assert session.scalar(text("SELECT counterpoint_audit_remove('infinity', 100)")) == 0
        assert session.scalar(text("SELECT counterpoint_audit_remove(NULL, 100)")) == 0
    let_time_pass(roles.owner, OLDER_THAN_THE_MINIMUM)
    with transaction(roles.by_stage["privacy"]) as session:
        assert remove_old_entries(session, NOW) == 2
        assert verify_chain(session).problem is None


@pytest.mark.parametrize("stage", ["web", "digest", "privacy"])
@pytest.mark.parametrize("object_id", ["1", "99999", "nonsense", ""])
def test_no_role_writes_an_entry_about_the_trail_itself(roles: Roles, stage: str, object_id: str) -> None:
    """A role that adds entries cannot add a tombstone, nor say that the minimum was changed."""
    write_entries(roles.owner, 2)
    for purpose in ("retention", "minimum of the trail"):
        assert roles.refuses(
            stage,
            "INSERT INTO audit (entry_id, at, purpose, object_type, object_id, outcome, request_id)"
            f" VALUES (gen_random_uuid(), '1970-01-01', '{purpose}', 'audit', '{object_id}', '', '')",
        )
    with transaction(roles.owner) as session:
        assert verify_chain(session).problem is None


def test_a_role_that_adds_an_entry_does_not_choose_its_time(roles: Roles) -> None:
    """An entry that a role dates back is as old as the database says, so retention does not remove it early."""
    for stage in ("web", "digest", "privacy"):
        with roles.by_stage[stage].begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO audit (entry_id, at, purpose, object_type, object_id, outcome, request_id)"
                    " VALUES (gen_random_uuid(), '1970-01-01', 'review', 'session', '', '', '')"
                )
            )
    with transaction(roles.owner) as session:
        assert session.scalar(text("SELECT count(*) FROM audit WHERE at > now() - interval '1 day'")) == 3


@pytest.mark.parametrize("stage", sorted(GRANTS))
def test_no_role_creates_anything(roles: Roles, stage: str) -> None:
    """No role creates a table, not even a temporary one, that could hide one of ours, nor a function."""
    for statement in (
        "CREATE TEMP TABLE accounts (account_id uuid)",
        "CREATE TEMP VIEW sessions AS SELECT 1",
        "CREATE TABLE public.other (number int)",
        "CREATE SCHEMA other",
        "CREATE FUNCTION public.nullif(text, text) RETURNS text LANGUAGE sql AS 'SELECT NULL'",
        "ALTER TABLE sessions DISABLE ROW LEVEL SECURITY",
        "SET session_replication_role = replica",
        "DROP POLICY counterpoint_scope ON sessions",
    ):
        assert roles.refuses(stage, statement), statement


def test_every_function_looks_up_names_in_one_order(roles: Roles) -> None:
    """Every function of ours has the same search path with temporary tables last, and so has every connection."""
    with roles.owner.connect() as connection:
        paths = connection.execute(
            text(
                "SELECT p.proname, p.proconfig FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
                " WHERE n.nspname = 'public'"
            )
        ).all()
        assert {name for name, _ in paths} >= {"counterpoint_operates", "counterpoint_audit_chain"}
        for name, config in paths:
            assert config == ["search_path=pg_catalog, public, pg_temp"], name
    for engine in (roles.owner, *roles.by_stage.values()):
        with engine.connect() as connection:
            assert connection.scalar(text("SHOW search_path")) == "pg_catalog,public,pg_temp"


def test_only_named_roles_call_a_function_that_runs_as_its_owner(roles: Roles) -> None:
    """A function with its owner's rights is called by the roles that are named for it, and by nobody else."""
    with roles.owner.connect() as connection:
        found = connection.execute(
            text(
                "SELECT p.oid::regprocedure::text, r.rolname FROM pg_proc p, pg_roles r"
                " WHERE p.prosecdef AND p.prorettype <> 'trigger'::regtype AND r.rolname LIKE 'counterpoint\\_%'"
                " AND has_function_privilege(r.oid, p.oid, 'EXECUTE')"
            )
        ).all()
    stages = {stage: f"counterpoint_{stage}" for stage in GRANTS}
    wanted = {
        (name.replace("timestamptz", "timestamp with time zone").replace(", ", ","), stages[stage])
        for name, called_by in FUNCTIONS.items()
        for stage in called_by
    }
    assert {(name, role) for name, role in found} == wanted


def test_a_table_of_the_owner_in_front_of_ours_shows_nobody_more(roles: Roles, people: People) -> None:
    """Temporary tables with the names of ours change neither what a function sees nor where an entry is written."""
    apply_records(roles.owner, record())
    with roles.owner.begin() as connection:
        for table in ("accounts", "sessions", "session_counsellors", "memberships", "audit"):
            connection.execute(text(f"CREATE TEMP TABLE {table} (LIKE public.{table}) ON COMMIT DROP"))
        connection.execute(text("INSERT INTO pg_temp.accounts SELECT * FROM public.accounts"))
        connection.execute(text("UPDATE pg_temp.accounts SET role = 'operator'"))
        connection.execute(
            text("SELECT set_config('counterpoint.account', :id, true)"), {"id": str(people.ben.user_id)}
        )
        assert connection.scalar(text("SELECT public.counterpoint_operates()")) is False
        connection.execute(
            text(
                "INSERT INTO audit (entry_id, purpose, object_type, object_id, outcome, request_id)"
                " VALUES (gen_random_uuid(), 'review', 'session', '', '', '')"
            )
        )
        assert connection.scalar(text("SELECT count(*) FROM pg_temp.audit")) == 0


@pytest.mark.parametrize("stage", sorted(GRANTS))
def test_the_rights_in_the_database_are_those_of_the_table_in_the_code(roles: Roles, stage: str) -> None:
    """On a migrated database a role has exactly the rights that the code names, on every table and column."""
    with roles.owner.connect() as connection:
        query = text("SELECT table_name, privilege_type FROM information_schema.table_privileges WHERE grantee = :role")
        on_tables = {tuple(row) for row in connection.execute(query, {"role": f"counterpoint_{stage}"})}
        query = text(
            "SELECT table_name, privilege_type, column_name FROM information_schema.column_privileges"
            " WHERE grantee = :role"
        )
        on_columns = {tuple(row) for row in connection.execute(query, {"role": f"counterpoint_{stage}"})}
    named = {(table, right) for table, rights in GRANTS[stage].items() for right in rights}
    whole = {(table, right) for table, right in named if "(" not in right} | {("alembic_version", "SELECT")}
    parts = {
        (table, right.split(" (")[0], column.strip())
        for table, right in named
        if "(" in right
        for column in right.split("(")[1].rstrip(")").split(",")
    }
    assert on_tables == whole
    assert {(table, right, column) for table, right, column in on_columns if (table, right) not in whole} == parts


def test_every_table_is_granted_or_the_owners_alone() -> None:
    """Every table is granted to a role, or is named here as the owner's alone."""
    owners: set[str] = set()
    granted = {name for grants in GRANTS.values() for name in grants}
    assert {table.name for table in METADATA.sorted_tables} - granted <= owners
    assert granted <= {table.name for table in METADATA.sorted_tables} | set(VIEWS)


def test_rights_are_renewed_after_a_migration_where_roles_are_used(
    roles: Roles, create_database: Callable[..., str]
) -> None:
    """Renewing grants restores rights where the roles exist, and creates none in a database without them."""
    with roles.owner.begin() as connection:
        connection.execute(text("REVOKE ALL ON sessions FROM counterpoint_sink"))
    assert renew_grants(roles.url)
    assert apply_records(roles.by_stage["sink"], record()) == [ApplyResult.STORED]
    bare = create_database()
    with pytest.raises(Misconfigured, match="counterpoint migrate"):
        apply_roles(bare, {})
    upgrade(bare)
    assert not renew_grants(bare)


def test_a_user_who_may_not_create_roles_gets_advice(roles: Roles) -> None:
    """A user who may not create roles gets a message that names the command for an administrator."""
    with pytest.raises(Misconfigured, match="counterpoint database roles"):
        apply_roles(roles.urls["web"], {})
    with pytest.raises(Misconfigured, match="names nobody"):
        apply_roles(roles.url, {"nobody": "a password"})

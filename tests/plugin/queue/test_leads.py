"""Tests of what the lead may: see every team's sessions, act in a supervisor's place, and decide what is escalated."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from plugin.database.tables import AuditEntry, StoredDecision
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.dispute_views import DisputeState
from plugin.queue.filters import EVERYTHING, QueueList
from plugin.queue.look_views import LookOutcome
from plugin.queue.news import ChangeKind, count_news
from plugin.queue.review_views import Judgement, Opinion
from plugin.queue.statements import STRENGTHS
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome
from tests.plugin.conftest import People
from tests.plugin.queue.sampled import ALL_NO, sampled
from tests.plugin.queue.test_disputes import STANDS, Team, team
from tests.plugin.samples import KEK, NOW, TENANT, add_person, apply_records, left_out, record

__all__ = ["team"]

DONE = DecisionOutcome.DONE
NORTH, SOUTH = record(), record(conversation="c_south", counsellor="p_ben")
NOBODYS = record(conversation="c_nobody", counsellor="p_stranger")


@pytest.fixture
def lead(engine: Engine, people: People) -> Viewer:  # noqa: ARG001 - the people come first, into an emptied database
    """Return the lead."""
    return add_person(engine, "lena", AccountRole.LEAD)


# --- what the lead sees ---


def test_the_lead_sees_the_sessions_of_every_team_and_of_none(engine: Engine, store: Store, lead: Viewer) -> None:
    """The lead lists and opens the sessions of every team, and those of a counsellor in no team."""
    sent = (NORTH, SOUTH, NOBODYS)
    apply_records(engine, *sent)
    assert {row.session_id for row in store.waiting(lead).rows} == {each.session_id for each in sent}
    for each in sent:
        assert store.open(lead, each.session_id) is not None


@pytest.mark.parametrize("hidden", ["UPDATE sessions SET state = 'reopened'", "UPDATE sessions SET restricted = true"])
def test_what_is_hidden_from_everybody_is_hidden_from_the_lead(
    engine: Engine, store: Store, lead: Viewer, hidden: str
) -> None:
    """A session that is open again, or only kept because of a legal hold, does not exist for the lead either."""
    apply_records(engine, NORTH)
    with engine.begin() as connection:
        connection.execute(text(hidden))
    assert store.waiting(lead).total == 0
    assert store.open(lead, NORTH.session_id) is None


def test_the_lead_lists_what_was_left_out_and_decided_everywhere(
    engine: Engine, store: Store, people: People, lead: Viewer
) -> None:
    """The lead's other lists hold the sessions of every team too."""
    out = left_out(conversation="c_out", counsellors=("p_ben",))
    apply_records(engine, NORTH, out)
    store.decide(people.supervisor, NORTH.session_id, 1, DecisionKind.RELEASED)
    assert [row.session_id for row in store.decided(lead).rows] == [NORTH.session_id]
    assert [row.session_id for row in store.left_out(lead).rows] == [out.session_id]


def test_the_lead_may_filter_by_every_counsellor_who_has_an_account(engine: Engine, store: Store, lead: Viewer) -> None:
    """The lead chooses among the counsellors of every team and of none, by the alphabet."""
    add_person(engine, "Zoe", AccountRole.THERAPIST, tenant=TENANT, counsellor="p_zoe")
    assert [each.name for each in store.therapists(lead)] == ["Ana", "Ben", "Zoe"]


def test_the_lead_opens_the_trend_of_anybody(engine: Engine, store: Store, people: People, lead: Viewer) -> None:
    """The lead opens the trend of a counsellor of any team, and the trail has it."""
    for therapist in (people.ana, people.ben):
        found = store.trends.of_therapist(lead, therapist.user_id)
        assert found is not None
        assert found[0] == therapist.display_name
    with Session(engine) as session:
        entries = session.exec(select(AuditEntry).where(AuditEntry.purpose == "trend")).all()
    assert [(entry.role, entry.outcome) for entry in entries] == [("lead", "done")] * 2


def test_the_lead_looks_at_the_sample_of_every_team(engine: Engine, store: Store, lead: Viewer) -> None:
    """Sampled sessions of every team wait for the lead, whose blind look counts as a supervisor's."""
    sent = sampled(conversation="c_south", counsellor="p_ben")
    apply_records(engine, sampled(), sent)
    assert store.looks.waiting(lead).total == 2
    assert store.looks.open(lead, sent.session_id)[0] is LookOutcome.DONE
    assert store.looks.answer(lead, sent.session_id, 1, ALL_NO) is LookOutcome.DONE
    assert store.looks.waiting(lead).total == 1


def test_the_therapist_reads_that_the_lead_has_opened_the_session(
    engine: Engine, store: Store, people: People, lead: Viewer
) -> None:
    """The lead stands among those who have read a released session, with the role."""
    apply_records(engine, NORTH)
    store.decide(people.supervisor, NORTH.session_id, 1, DecisionKind.RELEASED)
    store.open(lead, NORTH.session_id)
    assert [(each.name, each.role) for each in store.openings(people.ana, NORTH.session_id)] == [
        ("Lena", AccountRole.LEAD)
    ]


def test_new_sessions_are_no_news_for_the_lead(engine: Engine, store: Store, people: People, lead: Viewer) -> None:
    """A session that arrives, its release and an acknowledgement are news for others, and not for the lead."""
    apply_records(engine, NORTH, now=NOW)
    store.decide(people.supervisor, NORTH.session_id, 1, DecisionKind.RELEASED)
    store.disputes.acknowledge(people.ana, NORTH.session_id, NOW)
    later = Store(engine, KEK, now=lambda: NOW + timedelta(minutes=5))
    assert later.digests.news(people.supervisor).sessions == (NORTH.session_id,)
    news = later.digests.news(lead)
    assert (news.sessions, news.more, news.changes) == ((), 0, ())


# --- in a supervisor's place ---


def test_a_decision_of_the_lead_is_recorded_as_the_leads(
    engine: Engine, store: Store, people: People, lead: Viewer
) -> None:
    """The row, the lists and the trail say that the lead decided; a supervisor's decision after it is hers again."""
    apply_records(engine, NORTH)
    assert store.reviews.claim(lead, NORTH.session_id) is DONE
    answer = NORTH.assessments[0].assessment_id
    agreed = Opinion(Judgement.AGREED)
    assert store.reviews.judge(lead, NORTH.session_id, 1, answer, STRENGTHS, agreed) is DONE
    assert store.decide(lead, NORTH.session_id, 1, DecisionKind.RELEASED) is DONE
    (row,) = store.decided(people.supervisor).rows
    assert row.decision is not None
    assert (row.decision.by, row.decision.as_lead) == ("Lena", True)
    with Session(engine) as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.purpose == "released")).one()
        assert (entry.account_id, entry.role, entry.outcome) == (lead.user_id, "lead", "done")
    store.decide(people.supervisor, NORTH.session_id, 1, DecisionKind.WITHHELD)
    with Session(engine) as session:
        assert session.exec(select(StoredDecision.as_lead)).one() is False


def test_the_lead_respects_a_claim(engine: Engine, store: Store, people: People, lead: Viewer) -> None:
    """While a supervisor reviews a session, the lead reads it and changes nothing, and the next one skips it."""
    apply_records(engine, NORTH)
    store.reviews.claim(people.supervisor, NORTH.session_id)
    assert store.open(lead, NORTH.session_id) is not None
    assert store.decide(lead, NORTH.session_id, 1, DecisionKind.RELEASED) is DecisionOutcome.CLAIMED
    assert store.waiting(lead).claimed == 0
    assert store.next_session(lead, QueueList.WAITING, EVERYTHING, None) is None


# --- escalated disputes ---


def test_an_escalated_dispute_goes_to_the_lead(team: Team) -> None:
    """Where there is a lead, an escalated dispute is hers: other supervisors of the team are refused."""
    lead = add_person(team.engine, "lena", AccountRole.LEAD)
    team.dispute(escalated=True)
    assert team.only().supervisors == team.only(team.second).supervisors == ("Lena",)
    for viewer in (team.first, team.second):
        assert team.resolve(viewer, STANDS) is DecisionOutcome.NOT_YOURS
    assert team.resolve(lead, STANDS) is DONE
    resolution = team.only().resolution
    assert resolution is not None
    assert resolution.by == "Lena"


def test_the_leads_list_has_escalated_disputes_alone(team: Team) -> None:
    """A dispute is on the lead's list once it is escalated, and until it is decided or taken back."""
    lead = add_person(team.engine, "lena", AccountRole.LEAD)
    team.dispute()
    assert (team.store.disputed(lead).total, team.store.disputed(team.first).total) == (0, 1)
    team.resolve(team.first, STANDS)
    team.escalate()
    (row,) = team.store.disputed(lead).rows
    assert row.session_id == team.sent.session_id
    team.resolve(lead, STANDS)
    assert team.store.disputed(lead).total == 0


def test_a_dispute_that_is_not_escalated_may_be_decided_by_the_lead_too(team: Team) -> None:
    """The supervisors of the team are named, and the lead may decide in their place."""
    lead = add_person(team.engine, "lena", AccountRole.LEAD)
    team.dispute()
    assert team.only().supervisors == ("Mara", "Nele")
    assert team.resolve(lead, STANDS) is DONE


def test_a_lead_who_released_decides_no_dispute_of_it(team: Team) -> None:
    """What the lead released herself goes to another lead, and without one to the supervisors of the team."""
    lead = add_person(team.engine, "lena", AccountRole.LEAD)
    team.release_again(lead)
    team.dispute(escalated=True)
    assert team.only().supervisors == ("Mara", "Nele")
    assert team.resolve(lead, STANDS) is DecisionOutcome.NOT_YOURS
    second = add_person(team.engine, "liv", AccountRole.LEAD)
    assert team.only().supervisors == ("Liv",)
    assert team.resolve(team.first, STANDS) is DecisionOutcome.NOT_YOURS
    assert team.resolve(second, STANDS) is DONE


def test_a_disabled_lead_leaves_it_to_the_team(team: Team) -> None:
    """While the lead's account is disabled another supervisor decides, as where there is no lead."""
    lead = add_person(team.engine, "lena", AccountRole.LEAD)
    team.dispute(escalated=True)
    team.store.accounts.disable(lead.user_id)
    assert team.only().supervisors == ("Nele",)
    assert team.resolve(team.first, STANDS) is DecisionOutcome.NOT_YOURS
    assert team.resolve(team.second, STANDS) is DONE
    assert team.only().state is DisputeState.RESOLVED


def test_what_is_escalated_is_news_for_the_lead(team: Team) -> None:
    """A dispute that is escalated, at once or later, is news for the lead; what is not is none."""
    lead = add_person(team.engine, "lena", AccountRole.LEAD)
    begun = team.now
    team.now += timedelta(minutes=1)
    team.dispute()
    team.now += timedelta(minutes=1)
    team.resolve(team.first, STANDS)
    team.now += timedelta(minutes=5)
    assert team.store.digests.news(lead).changes == ()
    team.escalate()
    team.dispute(STRENGTHS, escalated=True)
    team.now += timedelta(minutes=5)
    news = team.store.digests.news(lead)
    assert [(each.kind, each.by) for each in news.changes] == [(ChangeKind.ESCALATED, "Ana")] * 2
    with Session(team.engine) as session:
        counts = count_news(session, lead, begun, team.now)
    assert (counts.sessions, counts.acknowledged, counts.disputed, counts.resolved) == (0, 0, 2, 0)


# --- and nobody else ---


def test_an_auditor_sees_no_session_and_decides_nothing(engine: Engine, store: Store, people: People) -> None:
    """For an auditor there is no session, list, trend, sample or number, and nothing to do."""
    auditor = add_person(engine, "aldo", AccountRole.AUDITOR)
    apply_records(engine, NORTH, sampled(conversation="c_sampled"))
    assert store.waiting(auditor).total == store.decided(auditor).total == store.left_out(auditor).total == 0
    assert store.disputed(auditor).total == store.looks.waiting(auditor).total == 0
    assert not any((store.therapists(auditor), store.own_sessions(auditor), store.exports(auditor)))
    assert store.open(auditor, NORTH.session_id) is None
    assert store.trends.of_therapist(auditor, people.ana.user_id) is None
    assert store.operator_counts(auditor) is None
    assert store.quality(auditor) is None
    assert store.decide(auditor, NORTH.session_id, 1, DecisionKind.RELEASED) is DecisionOutcome.NOT_FOUND
    assert store.reviews.claim(auditor, NORTH.session_id) is DecisionOutcome.NOT_FOUND

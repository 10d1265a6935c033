"""Tests of the numbers about all sessions of a supervisor: whether her team keeps up, and how much is disputed."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from plugin.database.viewer import AccountRole, Viewer
from plugin.least_people import LEAST_COUNSELLORS
from plugin.queue.dispute_views import Ground
from plugin.queue.quality import MIN_RELEASED, DisputeRate
from plugin.queue.statements import STRENGTHS
from plugin.queue.store import Store
from plugin.queue.team_numbers import PACE_OVER, Pace
from plugin.queue.views import DecisionKind
from stream.contracts.feedback import FeedbackRecord
from tests.plugin.conftest import People
from tests.plugin.samples import KEK, NOW, START, TENANT, add_person, apply_records, left_out, record


def of(counsellor: str, number: int) -> FeedbackRecord:
    """Return one of several sessions of a counsellor."""
    return record(conversation=f"{counsellor}-{number}", counsellor=counsellor, started_at=START)


def test_the_pace_is_what_came_and_what_was_decided_lately(engine: Engine, store: Store, people: People) -> None:
    """Sessions that came within a week and decisions of a week are counted, those of other teams and times are not."""
    long_ago, lately = NOW - PACE_OVER - timedelta(minutes=1), NOW - PACE_OVER + timedelta(minutes=1)
    old, new = of("p_ana", 1), of("p_ana", 2)
    apply_records(engine, old, now=long_ago)
    apply_records(engine, new, of("p_ana", 3), of("p_ben", 1), left_out(counsellor="p_ana"), now=lately)
    assert store.team_numbers.pace(people.supervisor) == Pace(came=2, decided=0)
    for sent in (old, new):
        store.decide(people.supervisor, sent.session_id, 1, DecisionKind.WITHHELD)
    assert store.team_numbers.pace(people.supervisor) == Pace(came=2, decided=2)
    later = Store(engine, KEK, now=lambda: NOW + PACE_OVER + timedelta(minutes=1))
    assert later.team_numbers.pace(people.supervisor) == Pace()


def test_disputes_are_counted_about_enough_counsellors_alone(engine: Engine, store: Store, people: People) -> None:
    """The rate is about the releases of all counsellors of a supervisor; with one fewer than needed there is none."""
    therapists = {"p_ana": people.ana} | {f"p_{number}": colleague(engine, number) for number in range(2, 6)}
    assert len(therapists) == LEAST_COUNSELLORS
    each_has = MIN_RELEASED // LEAST_COUNSELLORS
    sent = [of(counsellor, number) for counsellor in therapists for number in range(each_has)]
    apply_records(engine, *sent, of("p_ben", 1))
    for session in sent[:-each_has]:
        store.decide(people.supervisor, session.session_id, 1, DecisionKind.RELEASED)
    dispute(store, people.ana, sent[0])
    few = store.team_numbers.disputes(people.supervisor)
    assert few == DisputeRate(released=MIN_RELEASED - each_has, disputed=None, rate=None)
    for session in sent[-each_has:]:
        store.decide(people.supervisor, session.session_id, 1, DecisionKind.RELEASED)
    assert store.team_numbers.disputes(people.supervisor) == DisputeRate(MIN_RELEASED, 1, 1 / MIN_RELEASED)


@pytest.mark.parametrize("who", ["ana", "operator"])
def test_who_reviews_nothing_gets_no_number(engine: Engine, store: Store, people: People, who: str) -> None:
    """A therapist and an operator get nothing of it."""
    apply_records(engine, of("p_ana", 1))
    viewer: Viewer = getattr(people, who)
    assert store.team_numbers.pace(viewer) == Pace()
    assert store.team_numbers.disputes(viewer) == DisputeRate(0, None, None)


def colleague(engine: Engine, number: int) -> Viewer:
    """Add a further counsellor to the supervisor's team."""
    name = f"colleague-{number}"
    return add_person(engine, name, AccountRole.THERAPIST, teams=("north",), tenant=TENANT, counsellor=f"p_{number}")


def dispute(store: Store, therapist: Viewer, sent: FeedbackRecord) -> None:
    """Dispute one statement of a release."""
    answer = sent.assessments[0].assessment_id
    store.disputes.dispute(therapist, sent.session_id, NOW, answer, STRENGTHS, Ground.UNCLEAR, "Which words?")

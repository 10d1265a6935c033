"""Tests of each filter of a supervisor's lists on a real database, and of the counsellors to filter by."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine

from plugin.database.needs import Need
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.claims import CLAIM_LASTS
from plugin.queue.filters import (
    EVERYTHING,
    STATES,
    QueueFilter,
    QueueList,
    QueueOrder,
    QueueState,
    check_filter,
)
from plugin.queue.review_views import Judgement, Opinion
from plugin.queue.statements import MOMENT, VERDICT, Statement
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, SessionList
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.vocabulary import Concern, Level, MarkKind, Mechanism
from tests.plugin.conftest import People
from tests.plugin.samples import (
    KEK,
    NOW,
    START,
    TENANT,
    add_person,
    apply_records,
    left_out,
    mark,
    record,
)


def shown(page: SessionList) -> set[UUID]:
    """Return the sessions of a page, after checking that its number fits."""
    found = {row.session_id for row in page.rows}
    assert page.matching == len(found)
    return found


def waiting(store: Store, viewer: Viewer, **chosen: object) -> set[UUID]:
    """Return the waiting sessions that a filter leaves."""
    return shown(store.waiting(viewer, QueueFilter(**chosen)))  # type: ignore[arg-type]


def review(store: Store, viewer: Viewer, sent: FeedbackRecord, statement: Statement = MOMENT) -> None:
    """Review the first moment of a session, agree with it or with a part of it, and give the claim back."""
    store.reviews.claim(viewer, sent.session_id)
    answer = sent.assessments[0].assessment_id
    store.reviews.judge(viewer, sent.session_id, 1, answer, statement, Opinion(Judgement.AGREED))
    store.reviews.give_back(viewer, sent.session_id)


def test_an_order_alone_hides_nothing() -> None:
    """A filter hides something if any of its fields is set, and an order is none of them."""
    assert not EVERYTHING.hides
    assert not QueueFilter(order=QueueOrder.AGE).hides
    assert QueueFilter(need=Need.OTHER, order=QueueOrder.AGE).hides
    assert QueueFilter(ended_to=date(2026, 3, 2)).hides


def test_a_filter_fits_its_list() -> None:
    """A state of another list and days in the wrong order are refused; one day alone, and a state of the list, fit."""
    with pytest.raises(ValueError, match="no sessions in that state"):
        check_filter(QueueList.LEFT_OUT, QueueFilter(state=QueueState.NEW))
    with pytest.raises(ValueError, match="first day"):
        check_filter(QueueList.WAITING, QueueFilter(ended_from=date(2026, 3, 3), ended_to=date(2026, 3, 2)))
    check_filter(QueueList.DECIDED, QueueFilter(state=QueueState.RELEASED, ended_from=date(2026, 3, 3)))


def test_a_counsellor_has_the_sessions_in_which_they_wrote(engine: Engine, store: Store, people: People) -> None:
    """The filter by a counsellor leaves their sessions, those with a colleague too, and never one of another team."""
    zoe = add_person(engine, "zoe", AccountRole.THERAPIST, teams=("north",), tenant=TENANT, counsellor="p_zoe")
    ana, both = record(), record(conversation="c_both", counsellors=("p_zoe", "p_ana"))
    theirs = record(conversation="c_south", counsellor="p_ben")
    apply_records(engine, ana, both, theirs)
    assert waiting(store, people.supervisor, therapist=people.ana.user_id) == {ana.session_id, both.session_id}
    assert waiting(store, people.supervisor, therapist=zoe.user_id) == {both.session_id}
    assert waiting(store, people.supervisor, therapist=people.ben.user_id) == set()
    assert waiting(store, people.supervisor, therapist=UUID(int=0)) == set()


def test_a_need_has_its_own_sessions(engine: Engine, store: Store, people: People) -> None:
    """The filter by a need leaves the sessions that are in the queue for it, those left out with risk language too."""
    risk = mark(MarkKind.RISK_LANGUAGE, Concern.SUICIDE)
    first, second, other = (
        record(marks=(risk,)),
        left_out(conversation="c_2", marks=(risk,)),
        record(conversation="c_3"),
    )
    apply_records(engine, first, second, other)
    assert waiting(store, people.supervisor, need=Need.RISK) == {first.session_id, second.session_id}
    assert waiting(store, people.supervisor, need=Need.OTHER) == {other.session_id}
    assert waiting(store, people.supervisor, need=Need.CRITICAL) == set()


def test_each_waiting_session_has_one_state(engine: Engine, store: Store, people: People) -> None:
    """A waiting session is new, claimed by the viewer or another, reviewed in part or reviewed: one of them."""
    second = add_person(engine, "nele", AccountRole.SUPERVISOR, teams=("north",))
    new, mine, theirs, reviewed, again = (record(conversation=f"c_{number}") for number in range(5))
    begun, hardly = (record(conversation=f"c_begun_{number}", moments=2) for number in range(2))
    apply_records(engine, new, mine, theirs, reviewed, again, begun, hardly)
    review(store, second, begun)  # its first moment
    review(store, second, hardly, VERDICT)
    store.reviews.claim(people.supervisor, mine.session_id)
    store.reviews.claim(second, theirs.session_id)
    review(store, second, reviewed)
    review(store, second, again)
    store.reviews.claim(people.supervisor, again.session_id)  # and is claimed once more

    def of_state(state: QueueState) -> set[UUID]:
        return waiting(store, people.supervisor, state=state)

    assert of_state(QueueState.NEW) == {new.session_id}
    assert of_state(QueueState.MINE) == {mine.session_id, again.session_id}
    assert of_state(QueueState.OTHERS) == {theirs.session_id}
    assert of_state(QueueState.BEGUN) == {begun.session_id, hardly.session_id}
    assert of_state(QueueState.REVIEWED) == {reviewed.session_id}
    (row,) = store.waiting(people.supervisor, QueueFilter(state=QueueState.REVIEWED)).rows
    assert row.is_reviewed


def test_a_claim_that_is_over_leaves_the_session_new(engine: Engine, people: People) -> None:
    """A session whose claim ended by itself is new again, for everybody."""
    sent, now = record(), [NOW]
    apply_records(engine, sent)
    store = Store(engine, KEK, now=lambda: now[0])
    store.reviews.claim(people.supervisor, sent.session_id)
    now[0] += CLAIM_LASTS
    assert waiting(store, people.supervisor, state=QueueState.NEW) == {sent.session_id}
    assert waiting(store, people.supervisor, state=QueueState.MINE) == set()


def test_a_session_whose_one_judged_moment_is_undone_is_not_reviewed(
    engine: Engine, store: Store, people: People
) -> None:
    """A session with two moments is reviewed once both are passed on, and no more when one is undone."""
    sent = record(moments=2)
    apply_records(engine, sent)
    reviewed = []
    for moment, judgement in ((0, Judgement.AGREED), (1, Judgement.AGREED), (0, Judgement.UNDONE)):
        answer = sent.assessments[moment].assessment_id
        store.reviews.judge(people.supervisor, sent.session_id, 1, answer, MOMENT, Opinion(judgement))
        store.reviews.give_back(people.supervisor, sent.session_id)
        reviewed.append(waiting(store, people.supervisor, state=QueueState.REVIEWED) == {sent.session_id})
    assert reviewed == [False, True, False]


def test_a_decided_session_is_released_or_withheld(engine: Engine, store: Store, people: People) -> None:
    """A decided session has the state of the decision about its present revision."""
    released, withheld = record(), record(conversation="c_2")
    apply_records(engine, released, withheld)
    store.decide(people.supervisor, released.session_id, 1, DecisionKind.RELEASED)
    store.decide(people.supervisor, withheld.session_id, 1, DecisionKind.WITHHELD)
    for state, sent in ((QueueState.RELEASED, released), (QueueState.WITHHELD, withheld)):
        assert shown(store.decided(people.supervisor, QueueFilter(state=state))) == {sent.session_id}
    apply_records(engine, record(revision=2))
    assert shown(store.decided(people.supervisor, QueueFilter(state=QueueState.RELEASED))) == set()
    assert waiting(store, people.supervisor, state=QueueState.NEW) == {released.session_id}


def test_every_state_belongs_to_one_list() -> None:
    """Every state is one of exactly one list, so that none can be chosen in vain."""
    assert sorted(state for states in STATES.values() for state in states) == sorted(QueueState)
    assert STATES[QueueList.LEFT_OUT] == ()


def test_a_mechanism_without_expression(engine: Engine, store: Store, people: People) -> None:
    """The filter by a mechanism leaves the sessions in which no reply expresses it."""
    without, expressed = record(level=Level.NONE), record(conversation="c_2", level=Level.STRONG)
    apply_records(engine, without, expressed)
    for mechanism in Mechanism:
        assert waiting(store, people.supervisor, mechanism=mechanism) == {without.session_id}


def test_both_days_belong_to_the_filter(engine: Engine, store: Store, people: People) -> None:
    """The first and the last day are whole days in UTC, and a session belongs to the day on which it ended."""
    midnight = datetime(2026, 3, 3, tzinfo=UTC) - timedelta(minutes=45)  # sessions last 45 minutes
    last_of_2nd = record(started_at=midnight - timedelta(microseconds=1000))
    first_of_3rd = record(started_at=midnight, conversation="c_3rd")
    apply_records(engine, last_of_2nd, first_of_3rd)
    second, third = date(2026, 3, 2), date(2026, 3, 3)
    assert waiting(store, people.supervisor, ended_to=second) == {last_of_2nd.session_id}
    assert waiting(store, people.supervisor, ended_from=third) == {first_of_3rd.session_id}
    assert len(waiting(store, people.supervisor, ended_from=second, ended_to=third)) == 2
    assert waiting(store, people.supervisor, ended_from=date.min, ended_to=date.min) == set()
    assert waiting(store, people.supervisor, ended_from=date.max, ended_to=date.max) == set()


def test_filters_are_joined(engine: Engine, store: Store, people: People) -> None:
    """Several filters leave what all of them leave."""
    old, new = (
        record(level=Level.NONE),
        record(conversation="c_2", level=Level.NONE, started_at=START + timedelta(days=1)),
    )
    apply_records(engine, old, new, record(conversation="c_3"))
    chosen = {"need": Need.WITHOUT_EXPRESSION, "therapist": people.ana.user_id, "ended_to": date(2026, 3, 2)}
    assert waiting(store, people.supervisor, **chosen) == {old.session_id}


# --- counsellors ---


def test_counsellors_are_listed_by_the_alphabet_and_of_her_teams_alone(
    engine: Engine, store: Store, people: People
) -> None:
    """The counsellors to filter by are those of the supervisor's teams, by name whatever its capitals and accents."""
    for name in ("zoe", "\u00e4nne", "bert"):
        add_person(engine, name, AccountRole.THERAPIST, teams=("north",), tenant=TENANT, counsellor=f"p_{name}")
    assert [each.name for each in store.therapists(people.supervisor)] == ["Ana", "\u00c4nne", "Bert", "Zoe"]
    assert [each.name for each in store.therapists(people.other_supervisor)] == ["Ben"]


def test_a_supervisor_of_a_platform_may_filter_by_counsellors_without_a_team(engine: Engine, store: Store) -> None:
    """A supervisor who sees a platform's sessions without a team has its counsellors without a team in her list."""
    whole = add_person(engine, "vera", AccountRole.SUPERVISOR, tenant=TENANT)
    add_person(engine, "lone", AccountRole.THERAPIST, tenant=TENANT, counsellor="p_lone")
    add_person(engine, "far", AccountRole.THERAPIST, tenant="elsewhere", counsellor="p_far")
    add_person(engine, "ana", AccountRole.THERAPIST, teams=("north",), tenant=TENANT, counsellor="p_ana")
    assert [each.name for each in store.therapists(whole)] == ["Lone"]


@pytest.mark.parametrize("order", list(QueueOrder))
def test_a_session_of_nobody_has_a_place_in_each_order(engine: Engine, store: Store, order: QueueOrder) -> None:
    """A session without a counsellor, and one of a counsellor without an account, are listed in every order."""
    whole = add_person(engine, "vera", AccountRole.SUPERVISOR, tenant=TENANT)
    nobody, stranger = record(counsellors=()), record(conversation="c_2", counsellor="p_stranger")
    apply_records(engine, nobody, stranger)
    assert waiting(store, whole, order=order) == {nobody.session_id, stranger.session_id}

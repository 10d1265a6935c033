"""Tests of the moments behind a trend on a real database: whose they are, which count, and who may look."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from plugin.database.viewer import AccountRole
from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.statements import MOMENT, Statement, level_of, rating_of
from plugin.queue.store import Store
from plugin.queue.trend import VersionTrend
from plugin.queue.views import DecisionKind
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.vocabulary import Level, Mechanism, NeedsHuman
from tests.plugin.conftest import People
from tests.plugin.samples import REJECTED, START, TENANT, add_person, answered, apply_records, record

AUTONOMY = Mechanism.RESPECT_FOR_AUTONOMY
WITHHELD = Opinion(Judgement.WITHHELD, WithholdReason.UNCLEAR)
STRONG = Opinion(Judgement.CORRECTED, level=Level.STRONG)


def stored(
    engine: Engine, store: Store, people: People, week: int = 0, *, count: int = 1, **more: object
) -> list[FeedbackRecord]:
    """Return sessions of one week, of two moments each, stored and released by the supervisor who may."""
    sent = [
        record(conversation=f"c_{week}_{day}", started_at=START + timedelta(weeks=week, days=day), moments=2, **more)  # type: ignore[arg-type]
        for day in range(count)
    ]
    apply_records(engine, *sent)
    for supervisor in (people.supervisor, people.other_supervisor):
        for each in sent:
            store.decide(supervisor, each.session_id, 1, DecisionKind.RELEASED)
    return sent


def judge(store: Store, people: People, sent: FeedbackRecord, *said: tuple[int, Statement, Opinion]) -> None:
    """Withhold a session, say something of statements of its moments, and release it again."""
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.WITHHELD)
    for moment, statement, opinion in said:
        answer = sent.assessments[moment].assessment_id
        store.reviews.judge(people.supervisor, sent.session_id, 1, answer, statement, opinion)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)


def counts(versions: tuple[VersionTrend, ...], mechanism: Mechanism = AUTONOMY) -> dict[Level, int]:
    """Return how many moments of the only version have each level of a mechanism."""
    (version,) = versions
    (period,) = version.periods
    return {level: share.count for level, share in period.shares[mechanism].items() if share.count}


def test_a_trend_is_of_the_own_released_moments(store: Store, engine: Engine, people: People) -> None:
    """Released moments of the therapist count; those of a colleague, unreleased and unrated ones do not."""
    stored(engine, store, people, count=5, level=Level.STRONG)
    stored(engine, store, people, 1, count=6, counsellor="p_ben", level=Level.NONE)
    stored(engine, store, people, 2, abstain=NeedsHuman.MODEL_ABSTAINED)
    apply_records(engine, record(conversation="c_waiting", moments=3, level=Level.NONE))
    rejected = answered(record(conversation="c_rejected", moments=2), {}, REJECTED)
    apply_records(engine, rejected)
    store.decide(people.supervisor, rejected.session_id, 1, DecisionKind.RELEASED)
    assert counts(store.trends.own(people.ana)) == {Level.STRONG: 10, Level.WEAK: 1}
    assert counts(store.trends.own(people.ben)) == {Level.NONE: 12}


def test_the_supervisors_level_counts_and_what_she_withheld_does_not(
    store: Store, engine: Engine, people: People
) -> None:
    """A corrected level counts as corrected; a withheld level counts for no mechanism, a moment kept back for none."""
    first, second, *_ = stored(engine, store, people, count=6)
    judge(store, people, first, (0, level_of(AUTONOMY), STRONG), (1, rating_of(AUTONOMY), WITHHELD))
    judge(store, people, second, (0, MOMENT, WITHHELD))
    found = store.trends.own(people.ana)
    assert counts(found) == {Level.STRONG: 1, Level.WEAK: 9}
    assert counts(found, Mechanism.STANCE_ALIGNMENT) == {Level.WEAK: 11}
    assert found[0].moments == 11


def test_a_superseded_answer_does_not_count(store: Store, engine: Engine, people: People) -> None:
    """After a new revision only its own answers count, once it is released."""
    sent, *_ = stored(engine, store, people, count=5)
    changed = [{"assessment_id": uuid4(), "input_id": uuid4()} for _ in sent.assessments]
    apply_records(engine, answered(sent.model_copy(update={"revision": 2}), *changed))
    assert store.trends.own(people.ana)[0].moments == 8
    store.decide(people.supervisor, sent.session_id, 2, DecisionKind.RELEASED)
    assert counts(store.trends.own(people.ana)) == {Level.WEAK: 10}


def test_a_supervisor_sees_what_the_therapist_sees(store: Store, engine: Engine, people: People) -> None:
    """The page of a supervisor of the team has the same numbers, and the trail says that she looked."""
    stored(engine, store, people, count=5)
    seen = store.trends.of_therapist(people.supervisor, people.ana.user_id, request_id="r")
    assert seen == ("Ana", store.trends.own(people.ana))
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT account_id, object_id, outcome FROM audit WHERE purpose = 'trend'"))
        assert [tuple(map(str, row)) for row in rows] == [
            (str(people.supervisor.user_id), str(people.ana.user_id), "done")
        ]


def test_nobody_else_sees_it(store: Store, engine: Engine, people: People) -> None:
    """Another team's supervisor, a colleague, the therapist by that way and an operator see nothing."""
    stored(engine, store, people, count=5)
    for viewer in (people.other_supervisor, people.ben, people.ana, people.operator):
        assert store.trends.of_therapist(viewer, people.ana.user_id) is None
    for viewer in (people.supervisor, people.operator):
        assert store.trends.own(viewer) == ()
    for account in (people.supervisor.user_id, people.operator.user_id, uuid4()):
        assert store.trends.of_therapist(people.supervisor, account) is None


@pytest.mark.parametrize("teams", [("north",), ("north", "south")])
def test_a_therapist_of_two_teams_is_seen_by_both(
    store: Store, engine: Engine, people: People, teams: tuple[str, ...]
) -> None:
    """A therapist's trend is for the supervisors of each of their teams, and for no others."""
    carl = add_person(engine, "carl", AccountRole.THERAPIST, teams=teams, tenant=TENANT, counsellor="p_carl")
    stored(engine, store, people, counsellor="p_carl")
    found = store.trends.of_therapist(people.other_supervisor, carl.user_id)
    assert (found is not None) == ("south" in teams)

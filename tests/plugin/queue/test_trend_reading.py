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
from tests.plugin.rerate.samples import AGREED, asked_in_shadow, rate_all
from tests.plugin.samples import MODEL, REJECTED, START, TENANT, add_person, answered, apply_records, record
from tests.stream.feedback.builders import LLM

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


def test_a_moment_that_was_rated_again_counts_for_each_version(store: Store, engine: Engine, people: People) -> None:
    """The later version has a line over the same moments; the line of the levels that were released stays as it was."""
    stored(engine, store, people, count=5)
    before = store.trends.own(people.ana)
    rate_all(engine)
    found = {version.model.key: version for version in store.trends.own(people.ana)}
    assert found[MODEL.key] == before[0]
    later = found[LLM.key]
    assert (later.moments, later.rated_again, later.begin, later.end) == (10, 10, before[0].begin, before[0].end)
    assert counts((later,)) == {Level.NONE: 10}
    assert counts((found[MODEL.key],)) == {Level.WEAK: 10}
    assert store.trends.of_therapist(people.supervisor, people.ana.user_id) == ("Ana", store.trends.own(people.ana))


def test_a_line_of_one_version_holds_what_it_rated_first_and_again(
    store: Store, engine: Engine, people: People
) -> None:
    """Moments that a version rated at their close, and earlier ones that it rated again, are one trend."""
    stored(engine, store, people, count=3)
    newer = [
        answered(each, *({"model": LLM, "assessment_id": uuid4()} for _ in each.assessments))
        for each in (record(conversation=f"c_new_{day}", started_at=START + timedelta(weeks=2, days=day), moments=2)
                     for day in range(3))
    ]  # fmt: skip
    apply_records(engine, *newer)
    for each in newer:
        store.decide(people.supervisor, each.session_id, 1, DecisionKind.RELEASED)
    rate_all(engine)
    (latest, _) = store.trends.own(people.ana)
    assert (latest.model.key, latest.moments, latest.rated_again) == (LLM.key, 12, 6)
    assert counts((latest,)) == {Level.NONE: 6, Level.WEAK: 6}


def test_what_was_withheld_stays_out_of_what_was_rated_again(store: Store, engine: Engine, people: People) -> None:
    """A supervisor's own level counts for every version, and what she withheld or kept back counts for none."""
    first, second, *_ = stored(engine, store, people, count=6)
    judge(store, people, first, (0, level_of(AUTONOMY), STRONG), (1, rating_of(AUTONOMY), WITHHELD))
    judge(store, people, second, (0, MOMENT, WITHHELD))
    rate_all(engine)
    later = [version for version in store.trends.own(people.ana) if version.model.key == LLM.key]
    assert counts(tuple(later)) == {Level.STRONG: 1, Level.NONE: 9}
    assert later[0].moments == 11


def test_what_is_not_released_has_no_later_version_either(store: Store, engine: Engine, people: People) -> None:
    """Moments of a session that nobody released are in no line, whoever rated them again."""
    apply_records(engine, *(record(conversation=f"c_{number}", moments=2) for number in range(6)))
    assert rate_all(engine).rated == 12
    assert store.trends.own(people.ana) == ()


def test_nobody_sees_what_a_model_in_shadow_said(store: Store, engine: Engine, people: People) -> None:
    """A model in shadow changes no trend, neither that of the therapist nor the one that a supervisor opens."""
    stored(engine, store, people, count=5, consent=AGREED)
    before = store.trends.own(people.ana)
    assert rate_all(engine, which=asked_in_shadow()).rated == 10
    assert store.trends.own(people.ana) == before
    assert store.trends.of_therapist(people.supervisor, people.ana.user_id) == ("Ana", before)


def test_an_answer_that_is_superseded_takes_its_later_versions_along(
    store: Store, engine: Engine, people: People
) -> None:
    """What was said of an earlier input stands in no trend any more."""
    sent, *_ = stored(engine, store, people, count=5)
    rate_all(engine)
    changed = [{"assessment_id": uuid4(), "input_id": uuid4()} for _ in sent.assessments]
    apply_records(engine, answered(sent.model_copy(update={"revision": 2}), *changed))
    store.decide(people.supervisor, sent.session_id, 2, DecisionKind.RELEASED)
    assert {version.model.key: version.moments for version in store.trends.own(people.ana)} == {
        MODEL.key: 10,
        LLM.key: 8,
    }


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

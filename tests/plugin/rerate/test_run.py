"""A run: what it writes and what it leaves alone, what the trail says, and how a killed one is continued."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.database.tables import METADATA
from plugin.privacy.audit_trail import verify_chain
from plugin.queue.review_views import Judgement, Opinion
from plugin.queue.statements import MOMENT
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind
from plugin.rerate.rating import ModelGone
from plugin.rerate.run import RunReport, only_run
from tests.plugin.conftest import People, empty, put_rows, saved_rows
from tests.plugin.privacy.stored_sessions import run_killed_at
from tests.plugin.rerate.samples import AGREED, asked, asked_in_shadow, careful, rate_all, reratings, run_of
from tests.plugin.samples import NOW, apply_records, record
from tests.stream.feedback.builders import FAILED, LLM, TriedModel, answer

WRITTEN = {"reratings", "audit"}


def content(engine: Engine) -> Mapping[str, list[str]]:
    """Return every row of every table but those that a run writes, as text."""
    with engine.connect() as connection:
        return {
            table.name: sorted(connection.scalars(text(f"SELECT CAST(t AS text) FROM {table.name} t")))
            for table in METADATA.sorted_tables
            if table.name not in WRITTEN
        }


def entries(engine: Engine) -> list[tuple[str, str, str]]:
    """Return purpose, object type and outcome of the run's entries, in order."""
    query = "SELECT purpose, object_type, outcome FROM audit WHERE request_id LIKE 'rerate %, uid %' ORDER BY seq"
    with engine.connect() as connection:
        return [(row[0], row[1], row[2]) for row in connection.execute(text(query))]


@pytest.mark.parametrize("shadow", [False, True])
def test_nothing_of_a_release_or_a_review_changes(
    engine: Engine, store: Store, people: People, *, shadow: bool
) -> None:
    """After a run every row of every other table is as it was: answers, labels, decisions, what is shown, needs."""
    sent = record(moments=2, consent=AGREED)
    apply_records(engine, sent, record(conversation="c_waiting", consent=AGREED))
    answer_id = sent.assessments[0].assessment_id
    store.reviews.judge(people.supervisor, sent.session_id, 1, answer_id, MOMENT, Opinion(Judgement.AGREED))
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    before, seen = content(engine), store.open(people.ana, sent.session_id)
    other = TriedModel(answer(verdict="rejected", resistance_type=None))
    assert rate_all(engine, other, asked_in_shadow() if shadow else asked()) == RunReport(rated=3)
    assert content(engine) == before
    assert store.open(people.ana, sent.session_id) == seen
    assert {row["shadow"] for row in reratings(engine)} == {shadow}


@pytest.mark.parametrize(
    ("shadow", "purpose"), [(False, "rerate: trends"), (True, "rerate: model-quality")], ids=["active", "shadow"]
)
def test_the_trail_says_what_was_read_and_what_for(engine: Engine, *, shadow: bool, purpose: str) -> None:
    """A run has an entry of its beginning, one for each session whose words it reads, and one of its end."""
    sent = [record(moments=2, consent=AGREED), record(conversation="c_other", consent=AGREED)]
    apply_records(engine, *sent)
    rate_all(engine, which=asked_in_shadow() if shadow else asked())
    assert entries(engine) == [
        (purpose, "rerate", "begun"),
        (purpose, "session", "done"),
        (purpose, "session", "done"),
        (purpose, "rerate", "done 3 exchanges"),
    ]
    with transaction(engine) as session:
        read = session.scalars(text("SELECT object_id FROM audit WHERE object_type = 'session'"))
        assert {UUID(each) for each in read} == {each.session_id for each in sent}
        assert verify_chain(session).problem is None


def test_a_session_is_on_the_trail_before_a_model_sees_it(engine: Engine) -> None:
    """A run whose model goes away with the first request has left the entry of what was read, and none of an end."""
    apply_records(engine, record())
    with pytest.raises(ModelGone):
        rate_all(engine, TriedModel(FAILED, outage=1))
    assert [outcome for _, _, outcome in entries(engine)] == ["begun", "done"]
    assert reratings(engine) == []


def test_a_run_that_ends_early_is_continued(engine: Engine) -> None:
    """What was rated before the model went away is stored; the next run asks about the rest alone."""
    apply_records(engine, record(moments=3))
    with pytest.raises(ModelGone):
        rate_all(engine, TriedModel(answer(), answer(), FAILED, outage=1))
    assert len(reratings(engine)) == 2
    model = TriedModel()
    assert rate_all(engine, model) == RunReport(rated=1)
    assert len(model.asked) == 1
    assert rate_all(engine, model) == RunReport()


def test_a_run_killed_anywhere_is_continued(engine: Engine, queue_url: str) -> None:
    """Whichever statement a kill comes before, each exchange is stored once, and none that is stored is asked again."""
    sent = record(moments=2)

    def work(own: Engine) -> None:
        rate_all(own)

    apply_records(engine, sent)
    rows = saved_rows(engine)
    statement, killed = 0, True
    while killed:
        statement += 1
        empty(engine)
        put_rows(engine, rows)
        engine.dispose()  # no connection is shared with the process that is killed
        killed = run_killed_at(queue_url, statement, work)
        stored = len(reratings(engine))
        model = TriedModel()
        rate_all(engine, model)
        assert len(model.asked) == 2 - stored
        assert len(reratings(engine)) == 2
    assert statement > 10
    with transaction(engine) as session:
        assert verify_chain(session).problem is None


def test_a_step_is_told_after_each_exchange(engine: Engine) -> None:
    """A progress bar advances once for each exchange, also for one that is not stored."""
    apply_records(engine, record(moments=3))
    steps: list[int] = []

    def step() -> None:
        steps.append(len(reratings(engine)))
        if len(steps) == 1:
            with engine.begin() as connection:
                connection.execute(text("UPDATE sessions SET state = 'reopened'"))

    assert rate_all(engine, step=step) == RunReport(rated=1, not_stored=2)
    assert steps == [1, 1, 1]


def test_what_is_withdrawn_during_a_run_is_not_read(engine: Engine) -> None:
    """Each exchange is read when it is its turn, so that what ended meanwhile reaches no model."""
    apply_records(engine, record(moments=2), record(conversation="c_other"))
    model = TriedModel()

    def step() -> None:
        with engine.begin() as connection:
            connection.execute(text("UPDATE sessions SET consent = '{}'"))

    assert rate_all(engine, model, step=step) == RunReport(rated=1, not_stored=2)
    assert len(model.asked) == 1


def test_two_runs_at_once_store_one_answer_each(engine: Engine) -> None:
    """Where two runs rate the same exchanges after all, the first answer counts."""
    apply_records(engine, record(moments=3))

    async def both() -> list[RunReport]:
        runs = [run_of(engine, asked()) for _ in range(2)]
        return await asyncio.gather(*(run.rate_all(careful(TriedModel()).rate) for run in runs))

    done = asyncio.run(both())
    assert sum(each.rated for each in done) == 3
    assert len(reratings(engine)) == 3


def test_only_one_run_is_under_way(engine: Engine) -> None:
    """A second run is told that there is one; when the first has ended, or its process died, another may begin."""
    with only_run(engine) as first, only_run(engine) as second:
        assert (first, second) == (True, False)
    with pytest.raises(RuntimeError), only_run(engine):
        raise RuntimeError
    with only_run(engine) as third:
        assert third


def test_the_version_with_its_validation_is_stored(engine: Engine) -> None:
    """Whether a model is validated is stored with what it says, since pages show it beside its levels."""
    apply_records(engine, record())
    rate_all(engine, TriedModel(version=LLM.model_copy(update={"validated": True})))
    (row,) = reratings(engine)
    assert row["model"]["validated"]
    assert (row["model_key"], row["rated_at"]) == (LLM.key, NOW)

"""Tests of retention: each period removes its own part, legal holds are kept, and interrupted runs are finished."""

import random
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.database.tables import Hold
from plugin.database.viewer import AccountRole
from plugin.privacy.audit_trail import verify_chain
from plugin.privacy.retention import RetentionCutoffs, RetentionReport, RetentionRunner, count_due, find_interrupted_run
from plugin.queue.store import Store
from stream.contracts.feedback import Assessment
from stream.contracts.vocabulary import Level
from stream.runtime.settings import RetentionSettings
from tests.plugin.conftest import empty, put_rows, saved_rows
from tests.plugin.privacy.stored_sessions import count_rows, run_killed_at, session_of_week
from tests.plugin.privacy.trails import OLDER_THAN_THE_MINIMUM, write_entries
from tests.plugin.samples import KEK, START, TENANT, add_person, apply_records

TEXT_GONE = START + timedelta(days=100)
QUOTES_GONE = START + timedelta(days=200)
ALL_GONE = START + timedelta(days=800)


def retention_runner(engine: Engine, now: object = TEXT_GONE, **days: float) -> RetentionRunner:
    """Return a runner at a time, with the default periods unless others are given."""
    return RetentionRunner(engine, RetentionCutoffs.at(now, RetentionSettings(**days)), now=lambda: now)  # type: ignore[arg-type,return-value]


def what_is_due(engine: Engine, now: object) -> RetentionReport:
    """Return the report of a dry run."""
    with transaction(engine) as session:
        return count_due(session, RetentionCutoffs.at(now, RetentionSettings()))  # type: ignore[arg-type]


def test_text_is_removed_first_and_words_of_answers_stay_readable(engine: Engine) -> None:
    """Retention removes old messages first; the answers' words stay readable with their key."""
    apply_records(engine, session_of_week(0), session_of_week(10))
    assert retention_runner(engine).run() == RetentionReport(texts=1)
    assert count_rows(engine) == {"sessions": 2, "messages": 2, "exchanges": 2, "answers": 2, "conversation_keys": 1}
    mara = add_person(engine, "mara", AccountRole.SUPERVISOR, tenant=TENANT)
    view = Store(engine, KEK, now=lambda: TEXT_GONE).open(mara, session_of_week(0).session_id)
    assert view is not None
    assert view.messages == ()
    (moment,) = view.moments
    assert isinstance(moment.answer, Assessment)
    assert moment.answer.alternatives


@pytest.mark.parametrize("claimed", [START.replace(year=1970), START.replace(year=2612)])
def test_retention_goes_by_the_brokers_time(engine: Engine, claimed: datetime) -> None:
    """Retention removes a session by the broker's time of its last message, whatever times its messages claim."""
    lying = {"started_at": claimed, "ended_at": claimed, "closed_at": claimed}
    apply_records(engine, session_of_week(0).model_copy(update=lying))
    assert retention_runner(engine, START + timedelta(days=89)).run() == RetentionReport()
    assert retention_runner(engine, START + timedelta(days=91)).run() == RetentionReport(texts=1)
    assert retention_runner(engine, ALL_GONE).run().sessions == 1


def test_words_of_answers_are_removed_next_and_levels_stay(engine: Engine) -> None:
    """Retention then removes the answers' words and the key; levels stay, and a sentence says why."""
    apply_records(engine, session_of_week(0))
    assert retention_runner(engine, QUOTES_GONE).run() == RetentionReport(texts=1, quotes=1, keys=1)
    mara = add_person(engine, "mara", AccountRole.SUPERVISOR, tenant=TENANT)
    view = Store(engine, KEK, now=lambda: QUOTES_GONE).open(mara, session_of_week(0).session_id)
    assert view is not None
    (moment,) = view.moments
    assert isinstance(moment.answer, Assessment)
    assert {rating.level for rating in moment.answer.ratings} == {Level.WEAK}
    assert {rating.reason for rating in moment.answer.ratings} == {
        "The words behind this level were removed when their time was over."
    }
    assert not any(rating.evidence for rating in moment.answer.ratings)
    assert not moment.answer.alternatives


def test_the_session_is_removed_last(engine: Engine) -> None:
    """Retention at last removes the session as a whole."""
    apply_records(engine, session_of_week(0), session_of_week(60))
    assert retention_runner(engine, ALL_GONE).run() == RetentionReport(texts=1, quotes=1, sessions=1, keys=1)
    assert count_rows(engine) == {"sessions": 1, "messages": 0, "exchanges": 1, "answers": 1, "conversation_keys": 0}


def test_quotes_may_be_removed_before_the_text(engine: Engine) -> None:
    """Quotes are removed before the text if their period is shorter."""
    apply_records(engine, session_of_week(0))
    assert retention_runner(engine, text_days=300, quotes_days=50).run() == RetentionReport(quotes=1)
    assert count_rows(engine)["messages"] == 2
    assert count_rows(engine)["conversation_keys"] == 1


def test_a_second_run_removes_nothing(engine: Engine) -> None:
    """A second run of retention removes nothing, and both runs leave a report."""
    apply_records(engine, session_of_week(0))
    retention_runner(engine, QUOTES_GONE).run()
    assert what_is_due(engine, QUOTES_GONE) == RetentionReport()
    assert retention_runner(engine, QUOTES_GONE).run() == RetentionReport()
    assert count_rows(engine, "retention_runs") == {"retention_runs": 2}


def test_a_dry_run_reports_what_a_run_removes(engine: Engine) -> None:
    """A dry run reports the numbers of the following run, except for the keys."""
    apply_records(engine, *(session_of_week(n, f"c_{n}") for n in range(0, 100, 10)))
    told = what_is_due(engine, ALL_GONE)
    assert count_rows(engine)["messages"] == 20
    done = retention_runner(engine, ALL_GONE).run()
    assert (told.texts + told.sessions, told.sessions) == (done.texts + done.sessions, done.sessions)
    assert told.quotes == done.quotes


def test_a_held_conversation_is_kept_and_counted(engine: Engine) -> None:
    """Retention removes nothing of a held conversation and counts it; after the hold it removes what is due."""
    apply_records(engine, session_of_week(0), session_of_week(0, "c_other"))
    with transaction(engine) as session:
        session.add(Hold(tenant=TENANT, conversation_id="c_sample", reason="file 7", added_at=START))
    assert what_is_due(engine, QUOTES_GONE) == RetentionReport(texts=1, quotes=1, held=1)
    assert retention_runner(engine, QUOTES_GONE).run() == RetentionReport(texts=1, quotes=1, keys=1, held=1)
    assert retention_runner(engine, ALL_GONE).run() == RetentionReport(sessions=1, held=1)
    assert count_rows(engine) == {"sessions": 1, "messages": 2, "exchanges": 1, "answers": 1, "conversation_keys": 1}
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM holds"))
    assert retention_runner(engine, ALL_GONE).run() == RetentionReport(sessions=1, keys=1)


def test_old_audit_entries_are_removed_and_the_trail_stays_intact(engine: Engine) -> None:
    """Retention removes old audit entries, and the rest can be verified from the tombstone on."""
    write_entries(engine, 2, older=OLDER_THAN_THE_MINIMUM)
    write_entries(engine, 1)
    assert retention_runner(engine, START - timedelta(days=1000)).run() == RetentionReport(), (
        "the cutoff is before all of them"
    )
    assert retention_runner(engine, START + timedelta(days=3001)).run() == RetentionReport(audit_entries=2)
    with transaction(engine) as session:
        verification = verify_chain(session)
    assert (verification.first, verification.entries, verification.problem) == (3, 4, None)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_retention_killed_at_any_point_and_run_again_ends_the_same(
    engine: Engine, queue_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Retention killed before any statement or commit and run again removes and reports the same in sum."""
    monkeypatch.setattr("plugin.privacy.retention.BATCH", 2)
    records = [session_of_week(n, f"c_{room}") for room, n in enumerate((0, 0, 5, 90, 100, 110, 112))]

    def work(engine: Engine) -> None:
        retention_runner(engine, ALL_GONE).run()

    def end() -> object:
        sums = "sum(texts), sum(quotes), sum(sessions), sum(keys), sum(held)"
        with engine.connect() as connection:
            return count_rows(engine), connection.execute(text(f"SELECT {sums} FROM retention_runs")).all()

    apply_records(engine, *records)
    with transaction(engine) as session:
        session.add(Hold(tenant=TENANT, conversation_id="c_1", reason="file 7", added_at=START))
    stored = saved_rows(engine)
    work(engine)
    uninterrupted = end()
    chance, at, broken = random.Random(7), 1, 0
    while True:
        at += chance.randint(1, 9)
        empty(engine)
        put_rows(engine, stored)
        if not run_killed_at(queue_url, at, work):
            break
        with transaction(engine) as session:
            broken += find_interrupted_run(session) is not None
        work(engine)
        assert end()[0] == uninterrupted[0], f"killed before statement {at}"  # type: ignore[index]
        assert end()[1][0][:4] == uninterrupted[1][0][:4], f"killed before statement {at}"  # type: ignore[index]
    assert broken > 3

"""The clocks: each takes its own part, in any order of lengths, past no hold, however often it is broken off."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.database.tables import Hold
from plugin.database.viewer import AccountRole
from plugin.privacy.retention import Clocks, Keeper, Report, broken_off, due
from plugin.privacy.trail import verify
from plugin.queue.store import Store
from stream.contracts.feedback import Assessment
from stream.contracts.vocabulary import Level
from stream.runtime.settings import Retention
from tests.plugin.conftest import empty
from tests.plugin.privacy.stored_sessions import killed_at, left, week
from tests.plugin.samples import KEK, START, TENANT, person, put

TEXT_GONE = START + timedelta(days=100)
QUOTES_GONE = START + timedelta(days=200)
ALL_GONE = START + timedelta(days=800)


def keeper(engine: Engine, now: object = TEXT_GONE, **clocks: float) -> Keeper:
    """A run at a time, with the default clocks unless said otherwise."""
    return Keeper(engine, Clocks.at(now, Retention(**clocks)), now=lambda: now)  # type: ignore[arg-type,return-value]


def what_is_due(engine: Engine, now: object) -> Report:
    """What a dry run tells."""
    with transaction(engine) as session:
        return due(session, Clocks.at(now, Retention()))  # type: ignore[arg-type]


def test_text_goes_first_and_the_words_of_answers_stay_readable(engine: Engine) -> None:
    """Messages of old sessions go; the key stays, for the answers' words need it; a younger session is untouched."""
    put(engine, week(0), week(10))
    assert keeper(engine).run() == Report(texts=1)
    assert left(engine) == {"sessions": 2, "messages": 2, "exchanges": 2, "answers": 2, "conversation_keys": 1}
    mara = person(engine, "mara", AccountRole.SUPERVISOR, tenant=TENANT)
    view = Store(engine, KEK, now=lambda: TEXT_GONE).open(mara, week(0).session_id)
    assert view is not None
    assert view.messages == ()
    (moment,) = view.moments
    assert isinstance(moment.answer, Assessment)
    assert moment.answer.alternatives


def test_then_the_words_of_answers_go_and_the_levels_stay(engine: Engine) -> None:
    """With them the last need for the key; the page says why there are no words."""
    put(engine, week(0))
    assert keeper(engine, QUOTES_GONE).run() == Report(texts=1, quotes=1, keys=1)
    mara = person(engine, "mara", AccountRole.SUPERVISOR, tenant=TENANT)
    view = Store(engine, KEK, now=lambda: QUOTES_GONE).open(mara, week(0).session_id)
    assert view is not None
    (moment,) = view.moments
    assert isinstance(moment.answer, Assessment)
    assert {rating.level for rating in moment.answer.ratings} == {Level.WEAK}
    assert {rating.reason for rating in moment.answer.ratings} == {
        "The words behind this level were removed when their time was over."
    }
    assert not any(rating.evidence for rating in moment.answer.ratings)
    assert not moment.answer.alternatives


def test_at_last_the_session_goes(engine: Engine) -> None:
    """Whatever was left of it."""
    put(engine, week(0), week(60))
    assert keeper(engine, ALL_GONE).run() == Report(texts=1, quotes=1, sessions=1, keys=1)
    assert left(engine) == {"sessions": 1, "messages": 0, "exchanges": 1, "answers": 1, "conversation_keys": 0}


def test_quotes_may_go_before_the_text(engine: Engine) -> None:
    """Each clock is its own."""
    put(engine, week(0))
    assert keeper(engine, text_days=300, quotes_days=50).run() == Report(quotes=1)
    assert left(engine)["messages"] == 2
    assert left(engine)["conversation_keys"] == 1


def test_a_second_run_finds_nothing(engine: Engine) -> None:
    """Idempotent; the report of each stays."""
    put(engine, week(0))
    keeper(engine, QUOTES_GONE).run()
    assert what_is_due(engine, QUOTES_GONE) == Report()
    assert keeper(engine, QUOTES_GONE).run() == Report()
    assert left(engine, "retention_runs") == {"retention_runs": 2}


def test_a_dry_run_tells_what_a_run_does(engine: Engine) -> None:
    """But for the keys."""
    put(engine, *(week(n, f"c_{n}") for n in range(0, 100, 10)))
    told = what_is_due(engine, ALL_GONE)
    assert left(engine)["messages"] == 20
    done = keeper(engine, ALL_GONE).run()
    assert (told.texts + told.sessions, told.sessions) == (done.texts + done.sessions, done.sessions)
    assert told.quotes == done.quotes


def test_a_hold_stops_every_clock_of_its_conversation(engine: Engine) -> None:
    """It is counted, and nothing of it goes; after the hold everything that is due does."""
    put(engine, week(0), week(0, "c_other"))
    with transaction(engine) as session:
        session.add(Hold(tenant=TENANT, conversation_id="c_sample", reason="file 7", added_at=START))
    assert what_is_due(engine, QUOTES_GONE) == Report(texts=1, quotes=1, held=1)
    assert keeper(engine, QUOTES_GONE).run() == Report(texts=1, quotes=1, keys=1, held=1)
    assert keeper(engine, ALL_GONE).run() == Report(sessions=1, held=1)
    assert left(engine) == {"sessions": 1, "messages": 2, "exchanges": 1, "answers": 1, "conversation_keys": 1}
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM holds"))
    assert keeper(engine, ALL_GONE).run() == Report(sessions=1, keys=1)


def test_the_trail_loses_its_old_end_and_still_holds(engine: Engine) -> None:
    """Entries older than their clock go; the chain is proved from the tombstone on."""
    ana = person(engine, "mara", AccountRole.SUPERVISOR, tenant=TENANT)
    for now in (START, START, START + timedelta(days=3000)):
        Store(engine, KEK, now=lambda now=now: now).open(ana, week(0).session_id)  # type: ignore[misc]
    assert keeper(engine, START + timedelta(days=3001)).run() == Report(audit_entries=2)
    with transaction(engine) as session:
        proof = verify(session)
    assert (proof.first, proof.entries, proof.broken) == (3, 3, None)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_killed_at_any_point_and_run_again_it_ends_the_same(
    engine: Engine, queue_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL before a statement or a commit; what two runs report together is what one would."""
    monkeypatch.setattr("plugin.privacy.retention.BATCH", 2)
    records = [week(n, f"c_{room}") for room, n in enumerate((0, 0, 5, 90, 100, 110, 112))]

    def work(engine: Engine) -> None:
        keeper(engine, ALL_GONE).run()

    def end() -> object:
        sums = "sum(texts), sum(quotes), sum(sessions), sum(keys), sum(held)"
        with engine.connect() as connection:
            return left(engine), connection.execute(text(f"SELECT {sums} FROM retention_runs")).all()

    def fill() -> None:
        empty(engine)
        put(engine, *records)
        with transaction(engine) as session:
            session.add(Hold(tenant=TENANT, conversation_id="c_1", reason="file 7", added_at=START))

    fill()
    work(engine)
    calm = end()
    chance, at, broken = random.Random(7), 1, 0
    while True:
        at += chance.randint(1, 9)
        fill()
        if not killed_at(queue_url, at, work):
            break
        with transaction(engine) as session:
            broken += broken_off(session) is not None
        work(engine)
        assert end()[0] == calm[0], f"killed before statement {at}"  # type: ignore[index]
        assert end()[1][0][:4] == calm[1][0][:4], f"killed before statement {at}"  # type: ignore[index]
    assert broken > 3

"""What goes of a calibration with time, with a person and under a hold: words first, levels with their session."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.database.tables import Hold
from plugin.privacy.erasure import Eraser
from plugin.privacy.retention import RetentionCutoffs, RetentionReport, RetentionRunner, count_due
from stream.contracts.vocabulary import Mechanism
from stream.runtime.settings import RetentionSettings
from tests.plugin.privacy.stored_sessions import RecordingAnnouncer, client_subject, count_rows
from tests.plugin.queue.calibrated import NONE, STRONG, WEAK, Team, crew, said, store_sessions
from tests.plugin.samples import KEK, NOW, START, TENANT

__all__ = ["crew"]
TEXT_GONE = START + timedelta(days=100)
QUOTES_GONE = START + timedelta(days=200)
SESSION_GONE = START + timedelta(days=735)
ALL_GONE = START + timedelta(days=800)
TABLES = ("calibrations", "calibration_moments", "calibration_ratings", "calibration_done", "final_levels")


@pytest.fixture
def over(crew: Team, engine: Engine) -> UUID:
    """Return a calibration of one moment that was rated with notes and settled with a reason."""
    store_sessions(engine, 1, clients=("p_client",))
    calibration_id = crew.open()
    steps = crew.store.calibration_steps
    for viewer, level in ((crew.mara, NONE), (crew.nele, STRONG)):
        steps.rate(viewer, calibration_id, 1, said(level), f"A note of {viewer.username}.")
        steps.finish(viewer, calibration_id)
    steps.settle(crew.mara, calibration_id, 1, {Mechanism.STANCE_ALIGNMENT: (WEAK, "It takes her side in part.")})
    return calibration_id


def retain(engine: Engine, now: datetime) -> RetentionReport:
    """Run retention at a time, and check that a dry run said the same before."""
    cutoffs = RetentionCutoffs.at(now, RetentionSettings())
    with transaction(engine) as session:
        told = count_due(session, cutoffs)
    done = RetentionRunner(engine, cutoffs, now=lambda: now).run()
    assert (told.texts, told.quotes, told.sessions, told.held) == (done.texts, done.quotes, done.sessions, done.held)
    return done


def with_words(engine: Engine) -> int:
    """Return how many notes and reasons are stored."""
    query = "SELECT (SELECT count(words) FROM calibration_ratings) + (SELECT count(words) FROM final_levels)"
    with engine.connect() as connection:
        return int(connection.scalar(text(query)) or 0)


def test_notes_and_reasons_go_with_the_quotes_and_levels_stay(crew: Team, engine: Engine, over: UUID) -> None:
    """Notes outlive the text and keep its key; they go with the quotes, and the levels are compared without them."""
    assert retain(engine, TEXT_GONE) == RetentionReport(texts=1)
    assert (with_words(engine), count_rows(engine, "conversation_keys")) == (3, {"conversation_keys": 1})
    assert retain(engine, QUOTES_GONE) == RetentionReport(quotes=1, keys=1)
    assert with_words(engine) == 0
    crew.now = QUOTES_GONE
    _, words = crew.store.calibrations.moment(crew.nele, over, 1)
    assert words is not None
    assert words.compared is not None
    assert [(each.said[Mechanism.STANCE_ALIGNMENT], each.note) for each in words.compared.ratings.values()] == [
        (NONE, ""),
        (STRONG, ""),
    ]
    assert words.compared.final[Mechanism.STANCE_ALIGNMENT].reason == ""


def test_notes_alone_keep_their_key_until_their_time_is_over(engine: Engine, over: UUID) -> None:
    """Where quotes are kept no longer than texts, a second run finds nothing to remove."""
    retain(engine, QUOTES_GONE)
    assert retain(engine, QUOTES_GONE) == RetentionReport()
    assert count_rows(engine, "calibration_ratings") == {"calibration_ratings": 2}
    assert over is not None


@pytest.mark.usefixtures("over")
def test_the_rest_goes_with_its_session(engine: Engine) -> None:
    """Moment, ratings and final levels go with the session, and the empty calibration once it is as old."""
    retain(engine, SESSION_GONE)
    assert count_rows(engine, *TABLES) == {**dict.fromkeys(TABLES, 0), "calibrations": 1, "calibration_done": 2}
    retain(engine, ALL_GONE)
    assert count_rows(engine, *TABLES) == dict.fromkeys(TABLES, 0)


@pytest.mark.usefixtures("over")
def test_a_held_conversation_keeps_its_ratings(engine: Engine) -> None:
    """Under a legal hold nothing of the moment goes, nor the calibration that it belongs to."""
    with transaction(engine) as session:
        session.add(Hold(tenant=TENANT, conversation_id="c_1", reason="file 7", added_at=START))
    before = count_rows(engine, *TABLES)
    retain(engine, ALL_GONE)
    assert (count_rows(engine, *TABLES), with_words(engine)) == (before, 3)


@pytest.mark.usefixtures("over")
def test_an_erased_client_leaves_nothing_in_a_calibration(crew: Team, engine: Engine) -> None:
    """After the erasure of a client the moment is gone with all that was said of it, and is counted as dropped out."""
    eraser = Eraser(engine, KEK, RecordingAnnouncer(), now=lambda: NOW)
    eraser.finish(eraser.erase(client_subject()), None)
    assert count_rows(engine, "calibration_moments", "calibration_ratings", "final_levels", "conversation_keys") == {
        "calibration_moments": 0,
        "calibration_ratings": 0,
        "final_levels": 0,
        "conversation_keys": 0,
    }
    (head,) = crew.store.calibrations.listed(crew.mara)
    calibration = crew.store.calibrations.read(crew.mara, head.calibration_id)
    assert calibration is not None
    assert (calibration.dropped_out, calibration.compared) == (1, ())

"""Tests of records, withdrawals, erasures and replays in every order and at the same time, on a real PostgreSQL."""

import threading
from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import Engine, text

from plugin.privacy.erasure import Eraser
from plugin.sink.apply import FeedbackTopicRecord
from stream.contracts.messages import Consent, ConsentWithdrawal, Erasure
from tests.fixtures.waiting import DEADLOCK_S
from tests.plugin.conftest import empty
from tests.plugin.privacy.stored_sessions import (
    RecordingAnnouncer,
    client_subject,
    conversation_subject,
    count_rows,
    session_of_week,
)
from tests.plugin.samples import KEK, NOW, TENANT, apply_records

NOTHING = {"sessions": 0, "messages": 0, "exchanges": 0, "answers": 0, "conversation_keys": 0}
ERASURE = Erasure(tenant=TENANT, conversation_id="c_sample", erasure_id="0" * 36, requested_at=NOW)
WITHDRAWAL = ConsentWithdrawal(tenant=TENANT, conversation_id="c_sample", withdrawn_at=NOW)
FIRST, SECOND = session_of_week(0), session_of_week(0, revision=2, client_text="Other words.", edits=5)
WITHDRAWN: tuple[FeedbackTopicRecord, ...] = (FIRST, SECOND, FIRST, WITHDRAWAL)
ERASED: tuple[FeedbackTopicRecord, ...] = (FIRST, SECOND, WITHDRAWAL, ERASURE)


def test_a_withdrawal_in_any_order_leaves_no_text(engine: Engine) -> None:
    """A withdrawal in any order with two revisions and a repeat leaves only the session's row."""
    for order in permutations(WITHDRAWN):
        empty(engine)
        apply_records(engine, *order)
        assert count_rows(engine) == NOTHING | {"sessions": 1}
        with engine.connect() as connection:
            row = connection.execute(text("SELECT state, left_out, consent::text, counts::text FROM sessions")).one()
        assert tuple(row) == ("erased", "no_consent", "{}", "{}")


def test_an_erasure_in_any_order_leaves_nothing(engine: Engine) -> None:
    """An erasure in any order with two revisions and a withdrawal leaves no row."""
    for order in permutations(ERASED):
        empty(engine)
        apply_records(engine, *order)
        assert count_rows(engine) == NOTHING


@pytest.mark.parametrize(
    "subject", [conversation_subject("c_sample"), client_subject()], ids=["conversation", "client"]
)
@pytest.mark.parametrize("place", range(5))
def test_the_erasure_command_at_any_point_leaves_nothing(engine: Engine, subject: object, place: int) -> None:
    """An erasure command before, between or after the records and their replay leaves no row."""
    steps: list[FeedbackTopicRecord | None] = [FIRST, SECOND, FIRST, SECOND]
    steps.insert(place, None)
    for step in steps:
        if step is None:
            Eraser(engine, KEK, RecordingAnnouncer(), now=lambda: NOW).erase(subject)  # type: ignore[arg-type]
        else:
            apply_records(engine, step)
    assert count_rows(engine) == NOTHING


@pytest.mark.parametrize("round_", range(3))
def test_sinks_that_write_during_an_erasure_leave_nothing(engine: Engine, round_: int) -> None:
    """Sinks that write a client's sessions during the client's erasure leave no row."""
    names = [f"c_{number}" for number in range(4)]
    stop = threading.Event()
    begun = threading.Barrier(5)

    def write(name: str) -> None:
        revision = 0
        begun.wait(DEADLOCK_S)
        while not stop.is_set():
            revision += 1
            apply_records(engine, session_of_week(round_, name, revision=revision))

    threads = [threading.Thread(target=write, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    begun.wait(DEADLOCK_S)
    Eraser(engine, KEK, RecordingAnnouncer(), now=lambda: NOW + timedelta(days=60)).erase(client_subject())
    stop.set()
    for thread in threads:
        thread.join()
    assert count_rows(engine) == NOTHING


def test_secondary_use_is_stored_with_the_session(engine: Engine) -> None:
    """The consent to secondary use is stored with every revision of a session, and a withdrawal removes it."""
    both = Consent(processing=True, secondary_use=True)
    apply_records(
        engine,
        session_of_week(0, "c_1"),
        session_of_week(0, "c_2", consent=both),
        session_of_week(0, "c_2", consent=both, revision=2),
        session_of_week(0),
    )
    with engine.connect() as connection:
        flags = connection.execute(text("SELECT conversation_id, consent FROM sessions ORDER BY 1")).all()
    assert [(name, consent["secondary_use"]) for name, consent in flags] == [
        ("c_1", False),
        ("c_2", True),
        ("c_sample", False),
    ]
    apply_records(engine, ConsentWithdrawal(tenant=TENANT, conversation_id="c_2", withdrawn_at=NOW))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT consent::text FROM sessions WHERE conversation_id = 'c_2'")) == "{}"

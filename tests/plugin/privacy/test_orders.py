"""Records, withdrawals, erasures and replays in every order, and all at once, on a real PostgreSQL."""

import threading
from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import Engine, text

from plugin.privacy.erasure import Eraser
from plugin.sink.apply import FeedbackTopicRecord
from stream.contracts.messages import Consent, ConsentWithdrawal, Erasure
from tests.plugin.conftest import empty
from tests.plugin.privacy.stored_sessions import Noted, client, left, room, week
from tests.plugin.samples import KEK, NOW, TENANT, put

NOTHING = {"sessions": 0, "messages": 0, "exchanges": 0, "answers": 0, "conversation_keys": 0}
ERASURE = Erasure(tenant=TENANT, conversation_id="c_sample", erasure_id="0" * 36, requested_at=NOW)
WITHDRAWAL = ConsentWithdrawal(tenant=TENANT, conversation_id="c_sample", withdrawn_at=NOW)
FIRST, SECOND = week(0), week(0, revision=2, client_text="Other words.", edits=5)
WITHDRAWN: tuple[FeedbackTopicRecord, ...] = (FIRST, SECOND, FIRST, WITHDRAWAL)
ERASED: tuple[FeedbackTopicRecord, ...] = (FIRST, SECOND, WITHDRAWAL, ERASURE)


def test_a_withdrawal_in_any_order_leaves_no_word(engine: Engine) -> None:
    """Two revisions, a repeat (as a dead letter that is replayed) and the withdrawal: 24 orders."""
    for order in permutations(WITHDRAWN):
        empty(engine)
        put(engine, *order)
        assert left(engine) == NOTHING | {"sessions": 1}
        with engine.connect() as connection:
            row = connection.execute(text("SELECT state, left_out, consent::text, counts::text FROM sessions")).one()
        assert tuple(row) == ("erased", "no_consent", "{}", "{}")


def test_an_erasure_in_any_order_leaves_nothing(engine: Engine) -> None:
    """With a withdrawal of the same conversation between: 24 orders."""
    for order in permutations(ERASED):
        empty(engine)
        put(engine, *order)
        assert left(engine) == NOTHING


@pytest.mark.parametrize("subject", [room("c_sample"), client()], ids=["conversation", "client"])
@pytest.mark.parametrize("place", range(5))
def test_the_command_at_any_place_leaves_nothing(engine: Engine, subject: object, place: int) -> None:
    """Before, between and after the records and their replay."""
    steps: list[FeedbackTopicRecord | None] = [FIRST, SECOND, FIRST, SECOND]
    steps.insert(place, None)
    for step in steps:
        if step is None:
            Eraser(engine, KEK, Noted(), now=lambda: NOW).erase(subject)  # type: ignore[arg-type]
        else:
            put(engine, step)
    assert left(engine) == NOTHING


@pytest.mark.parametrize("round_", range(3))
def test_writers_at_the_same_time_bring_nothing_past_an_erasure(engine: Engine, round_: int) -> None:
    """Four sinks write a client's sessions again and again while the client is erased: the lock of the guard."""
    names = [f"c_{number}" for number in range(4)]
    stop = threading.Event()
    begun = threading.Barrier(5)

    def write(name: str) -> None:
        revision = 0
        begun.wait(10)
        while not stop.is_set():
            revision += 1
            put(engine, week(round_, name, revision=revision))

    threads = [threading.Thread(target=write, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    begun.wait(10)
    Eraser(engine, KEK, Noted(), now=lambda: NOW + timedelta(days=60)).erase(client())
    stop.set()
    for thread in threads:
        thread.join()
    assert left(engine) == NOTHING


def test_secondary_use_is_kept_with_the_session_as_it_was_given(engine: Engine) -> None:
    """Its own flag, on every revision; a withdrawal takes it too."""
    both = Consent(processing=True, secondary_use=True)
    put(engine, week(0, "c_1"), week(0, "c_2", consent=both), week(0, "c_2", consent=both, revision=2), week(0))
    with engine.connect() as connection:
        flags = connection.execute(text("SELECT conversation_id, consent FROM sessions ORDER BY 1")).all()
    assert [(name, consent["secondary_use"]) for name, consent in flags] == [
        ("c_1", False),
        ("c_2", True),
        ("c_sample", False),
    ]
    put(engine, ConsentWithdrawal(tenant=TENANT, conversation_id="c_2", withdrawn_at=NOW))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT consent::text FROM sessions WHERE conversation_id = 'c_2'")) == "{}"

"""A legal hold against everything that removes, and what its end brings about."""

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.database.viewer import AccountRole, Viewer
from plugin.privacy import holds
from plugin.privacy.holds import Ended
from plugin.queue.store import Store
from plugin.sink.apply import Applied
from stream.contracts.errors import Misconfigured
from stream.contracts.messages import ConsentWithdrawal, Erasure
from stream.contracts.vocabulary import SessionState
from tests.plugin.privacy.stored_sessions import left, room, week
from tests.plugin.samples import KEK, NOW, TENANT, hidden, person, put

ERASURE = Erasure(tenant=TENANT, conversation_id="c_sample", erasure_id="0" * 36, requested_at=NOW)
WITHDRAWAL = ConsentWithdrawal(tenant=TENANT, conversation_id="c_sample", withdrawn_at=NOW)


def add(engine: Engine, reason: str = "file 7") -> int:
    """Hold the sample conversation."""
    with transaction(engine) as session:
        return holds.add(session, room("c_sample"), reason, NOW)


def remove(engine: Engine) -> Ended:
    """End it."""
    with transaction(engine) as session:
        return holds.remove(session, KEK, room("c_sample"), NOW)


@pytest.fixture
def mara(engine: Engine) -> Viewer:
    """A supervisor of the platform."""
    return person(engine, "mara", AccountRole.SUPERVISOR, tenant=TENANT)


def sees(engine: Engine, viewer: Viewer) -> bool:
    """Whether the session can be opened."""
    return Store(engine, KEK, now=lambda: NOW).open(viewer, week(0).session_id) is not None


def test_an_erasure_by_the_platform_waits_for_the_end_of_the_hold(engine: Engine, mara: Viewer) -> None:
    """Meanwhile the rows are there and nobody sees them; whatever comes of it is refused."""
    put(engine, week(0))
    assert add(engine) == 1
    assert sees(engine, mara)
    assert put(engine, ERASURE, week(0, revision=2)) == [Applied.ERASED, Applied.ERASED]
    assert left(engine)["messages"] == 2
    assert not sees(engine, mara)
    assert remove(engine) == Ended(erased=1, withdrawn=0)
    assert sum(left(engine).values()) == 0


@pytest.mark.parametrize(
    "taken_back", [(WITHDRAWAL,), (hidden(week(0), state=SessionState.ERASED),), (WITHDRAWAL, WITHDRAWAL)]
)
def test_a_withdrawal_waits_too(engine: Engine, mara: Viewer, taken_back: tuple[object, ...]) -> None:
    """By itself, or as the session's last revision."""
    put(engine, week(0))
    add(engine)
    put(engine, *taken_back)  # type: ignore[arg-type]
    assert left(engine)["messages"] == 2
    assert not sees(engine, mara)
    ended = remove(engine)
    assert ended.erased == 0
    assert left(engine) == {"sessions": 1, "messages": 0, "exchanges": 0, "answers": 0, "conversation_keys": 0}


def test_without_a_request_the_end_of_a_hold_changes_nothing(engine: Engine, mara: Viewer) -> None:
    """The clocks go on where they are."""
    put(engine, week(0))
    add(engine)
    assert remove(engine) == Ended(0, 0)
    assert sees(engine, mara)


def test_both_ends_of_a_hold_are_on_the_trail_without_its_reason(engine: Engine) -> None:
    """What somebody typed stays in the list of holds."""
    add(engine, "file 7 of the court")
    add(engine, "file 8")
    with transaction(engine) as session:
        assert [row.reason for row in holds.listed(session)] == ["file 8"]
    remove(engine)
    with engine.connect() as connection:
        trail = connection.execute(text("SELECT purpose, object_id, outcome FROM audit ORDER BY seq")).all()
    assert [tuple(entry) for entry in trail] == [
        ("hold", "sample:c_sample", outcome) for outcome in ("hold_added", "hold_added", "hold_removed")
    ]


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "two\nlines"])
def test_a_hold_needs_a_reason_that_can_be_read(engine: Engine, reason: str) -> None:
    """In one line."""
    with pytest.raises(Misconfigured, match="reason"):
        add(engine, reason)


def test_what_is_not_held_cannot_be_released(engine: Engine) -> None:
    """A typing mistake is told."""
    with pytest.raises(Misconfigured, match="no hold"):
        remove(engine)

"""Tests of legal holds against everything that removes rows, and of what happens when they end."""

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.database.viewer import AccountRole, Viewer
from plugin.privacy import holds
from plugin.privacy.holds import HoldRemoval
from plugin.queue.store import Store
from plugin.sink.apply import ApplyResult
from stream.contracts.errors import Misconfigured
from stream.contracts.messages import ConsentWithdrawal, Erasure
from stream.contracts.sessions import Counts
from stream.contracts.vocabulary import Concern, MarkKind, SessionState
from tests.plugin.privacy.stored_sessions import conversation_subject, count_rows, session_of_week
from tests.plugin.samples import KEK, NOW, TENANT, add_person, apply_records, mark, without_content

ERASURE = Erasure(tenant=TENANT, conversation_id="c_sample", erasure_id="0" * 36, requested_at=NOW)
WITHDRAWAL = ConsentWithdrawal(tenant=TENANT, conversation_id="c_sample", withdrawn_at=NOW)


def add(engine: Engine, reason: str = "file 7") -> int:
    """Put the sample conversation under a legal hold."""
    with transaction(engine) as session:
        return holds.add_hold(session, conversation_subject("c_sample"), reason, NOW)


def remove(engine: Engine) -> HoldRemoval:
    """End the hold of the sample conversation."""
    with transaction(engine) as session:
        return holds.remove_hold(session, KEK, conversation_subject("c_sample"), NOW)


@pytest.fixture
def mara(engine: Engine) -> Viewer:
    """Return a supervisor of the platform."""
    return add_person(engine, "mara", AccountRole.SUPERVISOR, tenant=TENANT)


def sees(engine: Engine, viewer: Viewer) -> bool:
    """Return whether the viewer can open the sample session."""
    return Store(engine, KEK, now=lambda: NOW).open(viewer, session_of_week(0).session_id) is not None


def test_an_erasure_is_applied_when_the_hold_ends(engine: Engine, mara: Viewer) -> None:
    """An erasure during a hold hides the rows and refuses later records, and removes the rows when the hold ends."""
    apply_records(engine, session_of_week(0))
    assert add(engine) == 1
    assert sees(engine, mara)
    assert apply_records(engine, ERASURE, session_of_week(0, revision=2)) == [ApplyResult.ERASED, ApplyResult.ERASED]
    assert count_rows(engine)["messages"] == 2
    assert not sees(engine, mara)
    assert remove(engine) == HoldRemoval(erased=1, withdrawn=0)
    assert sum(count_rows(engine).values()) == 0


@pytest.mark.parametrize(
    "taken_back",
    [(WITHDRAWAL,), (without_content(session_of_week(0), state=SessionState.ERASED),), (WITHDRAWAL, WITHDRAWAL)],
)
def test_a_withdrawal_is_applied_when_the_hold_ends(
    engine: Engine, mara: Viewer, taken_back: tuple[object, ...]
) -> None:
    """A withdrawal during a hold hides the session, and removes its content when the hold ends."""
    apply_records(engine, session_of_week(0))
    add(engine)
    apply_records(engine, *taken_back)  # type: ignore[arg-type]
    assert count_rows(engine)["messages"] == 2
    assert not sees(engine, mara)
    ended = remove(engine)
    assert ended.erased == 0
    assert count_rows(engine) == {"sessions": 1, "messages": 0, "exchanges": 0, "answers": 0, "conversation_keys": 0}


def test_a_hold_keeps_the_outline_that_it_found(engine: Engine) -> None:
    """A withdrawn session under a hold keeps its counts, marks, detector and language, also after a reopening."""
    held = session_of_week(0, marks=(mark(MarkKind.RISK_LANGUAGE, Concern.SUICIDE),))
    apply_records(engine, held)
    add(engine)
    before = outline(engine)
    reopened = without_content(held, state=SessionState.REOPENED)
    emptied = {"counts": Counts(), "detector": None, "language": None}
    gone = without_content(held, state=SessionState.ERASED)
    apply_records(engine, reopened.model_copy(update=emptied), gone.model_copy(update=emptied))
    assert outline(engine) == before


def outline(engine: Engine) -> tuple[object, ...]:
    """Return the columns of the sample session that a record without content would empty."""
    with engine.connect() as connection:
        return tuple(
            connection.execute(text("SELECT counts, marks, detector, language, need, facts FROM sessions")).one()
        )


def test_without_a_request_the_end_of_a_hold_changes_nothing(engine: Engine, mara: Viewer) -> None:
    """The end of a hold changes nothing if no removal was requested during it."""
    apply_records(engine, session_of_week(0))
    add(engine)
    assert remove(engine) == HoldRemoval(0, 0)
    assert sees(engine, mara)


def test_both_ends_of_a_hold_are_audited_without_its_reason(engine: Engine) -> None:
    """The audit trail records a hold's beginning and end without its reason, which somebody typed."""
    add(engine, "file 7 of the court")
    add(engine, "file 8")
    with transaction(engine) as session:
        assert [row.reason for row in holds.list_holds(session)] == ["file 8"]
    remove(engine)
    with engine.connect() as connection:
        trail = connection.execute(text("SELECT purpose, object_id, outcome FROM audit ORDER BY seq")).all()
    assert [tuple(entry) for entry in trail] == [
        ("hold", "sample:c_sample", outcome) for outcome in ("hold_added", "hold_added", "hold_removed")
    ]


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "two\nlines"])
def test_a_hold_needs_a_printable_reason(engine: Engine, reason: str) -> None:
    """A hold without a printable reason in one line is refused."""
    with pytest.raises(Misconfigured, match="reason"):
        add(engine, reason)


def test_a_hold_that_does_not_exist_cannot_be_ended(engine: Engine) -> None:
    """Ending a hold that does not exist is refused, since the reference may be mistyped."""
    with pytest.raises(Misconfigured, match="no hold"):
        remove(engine)

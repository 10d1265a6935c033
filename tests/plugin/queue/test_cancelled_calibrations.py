"""Cancelled calibrations on a real database: who may cancel which, what is removed, and what is left to see."""

import pytest
from sqlalchemy import Engine, text

from plugin.database.viewer import AccountRole
from plugin.queue.calibration_views import CalibrationOutcome
from stream.contracts.vocabulary import Mechanism
from tests.plugin.queue.calibrated import NONE, STRONG, WEAK, Team, crew, said, store_sessions, trail
from tests.plugin.samples import add_person

__all__ = ["crew"]
DONE, CANCELLED = CalibrationOutcome.DONE, CalibrationOutcome.CANCELLED
AUTONOMY = Mechanism.RESPECT_FOR_AUTONOMY
SAID_IN = ("calibration_moments", "calibration_ratings", "calibration_done", "final_levels")


def rows(engine: Engine) -> dict[str, int]:
    """Return how many rows of each table of calibrations there are."""
    with engine.connect() as connection:
        return {
            name: connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0 for name in (*SAID_IN, "calibrations")
        }


def test_a_cancelled_calibration_keeps_nothing_that_was_said(crew: Team, engine: Engine) -> None:
    """Its moments go with all ratings, notes and words of being done; its own row stays, and one entry in the trail."""
    store_sessions(engine, 2)
    calibration_id = crew.open(crew.nele, crew.pia)
    crew.store.calibration_steps.rate(crew.mara, calibration_id, 1, said(STRONG), "I am not sure.")
    crew.rate_all(crew.nele, calibration_id)
    assert crew.store.calibration_steps.cancel(crew.mara, calibration_id) is DONE
    assert rows(engine) == {**dict.fromkeys(SAID_IN, 0), "calibrations": 1}
    assert trail(engine, "cancel calibration") == ["done"]


def test_who_was_invited_finds_it_no_more_and_is_told_at_its_address(crew: Team, engine: Engine) -> None:
    """It leaves the lists, the start page and the digest of those who were invited; its page says what became of it."""
    store_sessions(engine, 1)
    calibration_id, calibrations = crew.open(), crew.store.calibrations
    assert [each.calibration_id for each in calibrations.waiting(crew.nele)] == [calibration_id]
    assert crew.store.calibration_steps.cancel(crew.mara, calibration_id) is DONE
    assert (calibrations.listed(crew.nele), calibrations.waiting(crew.nele)) == ((), ())
    assert calibrations.to_rate_first(crew.nele) == frozenset()
    assert crew.store.digests.news(crew.nele).invitations == ()
    hers = calibrations.read(crew.nele, calibration_id)
    assert hers is not None
    assert (hers.head.cancelled_at, hers.moments, hers.dropped_out) == (crew.now, (), 0)
    (own,) = calibrations.listed(crew.mara)
    assert (own.cancelled_at, own.is_open, own.is_compared, own.is_over) == (crew.now, False, False, False)
    crew.let_time_pass()
    (own,) = calibrations.listed(crew.mara)
    assert (own.is_compared, own.is_over) == (False, False)


def test_no_step_is_taken_in_a_cancelled_calibration(crew: Team, engine: Engine) -> None:
    """Whoever rates, says that they are done, settles or cancels once more is told that it was cancelled."""
    store_sessions(engine, 1)
    calibration_id, steps = crew.open(), crew.store.calibration_steps
    assert steps.cancel(crew.mara, calibration_id) is DONE
    for viewer in (crew.mara, crew.nele):
        assert steps.rate(viewer, calibration_id, 1, said(WEAK)) is CANCELLED
        assert steps.finish(viewer, calibration_id) is CANCELLED
        assert steps.settle(viewer, calibration_id, 1, {AUTONOMY: (WEAK, "We read it so.")}) is CANCELLED
        assert crew.store.calibrations.moment(viewer, calibration_id, 1) == (CANCELLED, None)
        assert crew.store.calibrations.measured(viewer, calibration_id) is None
    assert steps.cancel(crew.mara, calibration_id) is CANCELLED
    assert rows(engine) == {**dict.fromkeys(SAID_IN, 0), "calibrations": 1}


def test_nobody_but_the_opener_cancels(crew: Team, engine: Engine) -> None:
    """For everybody else there is no calibration to cancel, and nothing is removed."""
    store_sessions(engine, 1)
    calibration_id = crew.open()
    before = rows(engine)
    lead, otto = (
        add_person(engine, name, role) for name, role in (("lena", AccountRole.LEAD), ("otto", AccountRole.OPERATOR))
    )
    for viewer in (crew.nele, crew.pia, crew.ana, lead, otto):
        found = crew.store.calibration_steps.cancel(viewer, calibration_id)
        assert found is CalibrationOutcome.NOT_FOUND, viewer.username
    assert rows(engine) == before


@pytest.mark.parametrize("settled", [False, True])
def test_a_calibration_is_cancelled_until_something_is_settled(crew: Team, engine: Engine, *, settled: bool) -> None:
    """One that is over can be cancelled as long as its raters have settled nothing; afterwards it stays."""
    store_sessions(engine, 2)
    calibration_id, steps = crew.open(), crew.store.calibration_steps
    crew.rate_all(crew.mara, calibration_id, but={1: said(NONE, WEAK, WEAK, WEAK)})
    crew.rate_all(crew.nele, calibration_id, but={1: said(STRONG, WEAK, WEAK, WEAK)})
    if settled:
        assert steps.settle(crew.nele, calibration_id, 1, {AUTONOMY: (WEAK, "We read it so.")}) is DONE
    opened = crew.store.calibrations.read(crew.mara, calibration_id)
    assert opened is not None
    assert opened.can_be_cancelled is not settled
    before = rows(engine)
    assert steps.cancel(crew.mara, calibration_id) is (CalibrationOutcome.SETTLED if settled else DONE)
    assert (rows(engine) == before) is settled


def test_an_operator_counts_what_stands(crew: Team, engine: Engine) -> None:
    """A cancelled calibration is neither open nor over."""
    store_sessions(engine, 1)
    otto = add_person(engine, "otto", AccountRole.OPERATOR)
    crew.store.calibration_steps.cancel(crew.mara, crew.open())
    crew.open()
    for counted in ((1, 0), (0, 1)):
        numbers = crew.store.calibrations.counts(otto)
        assert numbers is not None
        assert (numbers.open, numbers.over) == counted
        crew.let_time_pass()

"""Tests of what a filter of moments across sessions says of itself, and which filters are refused."""

from datetime import date

import pytest

from plugin.queue.filters import QueueState
from plugin.queue.moment_filter import EVERY_MOMENT, MomentFilter, check_moment_filter
from stream.contracts.vocabulary import Level, Mechanism


def test_any_field_hides_something() -> None:
    """A filter hides something if any of its fields is set."""
    assert not EVERY_MOMENT.hides
    assert not MomentFilter().hides
    assert MomentFilter(own_differs=True).hides
    assert MomentFilter(decided=False).hides


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (MomentFilter(level=Level.WEAK), "A level is of a mechanism"),
        (MomentFilter(ended_from=date(2026, 3, 3), ended_to=date(2026, 3, 2)), "The first day"),
        (MomentFilter(decided=True, state=QueueState.NEW), "No session in that state is decided"),
        (MomentFilter(decided=False, state=QueueState.RELEASED), "That state is a decided one"),
    ],
)
def test_what_does_not_fit_together_is_refused_with_a_sentence(chosen: MomentFilter, said: str) -> None:
    """A level without a mechanism, days in the wrong order and a state of the other list are refused."""
    with pytest.raises(ValueError, match=said):
        check_moment_filter(chosen)


def test_what_fits_together_is_accepted() -> None:
    """Each field alone, and a level with its mechanism, are accepted."""
    for chosen in (
        EVERY_MOMENT,
        MomentFilter(mechanism=Mechanism.STANCE_ALIGNMENT, level=Level.NONE),
        MomentFilter(own_differs=True),
        MomentFilter(state=QueueState.WITHHELD, decided=True),
        MomentFilter(state=QueueState.BEGUN),
    ):
        check_moment_filter(chosen)

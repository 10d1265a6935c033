"""The words of calibrations: deadlines on anybody's clocks, levels side by side, and figures that name two."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from plugin.queue.calibration_comparison import PairAgreement, PairLine
from plugin.queue.calibration_views import (
    Calibration,
    CalibrationHead,
    ComparedMoment,
    FinalLevel,
    MomentLine,
    PeerRating,
    Rater,
)
from plugin.rater_agreement import AgreementEstimate
from plugin.time_zones import zone_of
from plugin.web import calibration_words as words
from plugin.web.times import Times
from stream.contracts.vocabulary import Level, Mechanism
from tests.plugin.samples import MODEL
from tests.plugin.web.samples import IN_UTC

AUTONOMY, STANCE, *_ = Mechanism
AT = datetime(2026, 3, 10, 23, 0, tzinfo=UTC)
HEAD = CalibrationHead(
    calibration_id=UUID(int=9),
    opened_by="Mara",
    is_own=True,
    opened_at=datetime(2026, 3, 3, 9, 0, tzinfo=UTC),
    deadline_at=AT,
    cancelled_at=None,
    raters=(Rater(UUID(int=1), "Mara", is_done=False), Rater(UUID(int=2), "Nele", is_done=True)),
    drawn=3,
    model=MODEL,
    rubric="0.3",
    left=2,
    is_done=False,
    is_open=True,
    is_compared=False,
    is_over=False,
)


def compared(*levels: Level | None) -> ComparedMoment:
    """Return a moment of which each rater says one level of each mechanism."""
    names = ("Mara", "Nele", "Pia")
    ratings = {
        UUID(int=number): PeerRating(names[number], dict.fromkeys(Mechanism, level), is_blind=True, is_own=False)
        for number, level in enumerate(levels)
    }
    return ComparedMoment(1, (0, None, 2, 1), ratings, {})


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("Europe/Berlin", "the end of Tue 10 Mar 2026"),
        ("UTC", "Tue 10 Mar 2026, 23:00 UTC"),
        ("Asia/Kolkata", "Wed 11 Mar 2026, 04:30 IST"),
    ],
)
def test_a_deadline_is_told_on_the_readers_clocks(zone: str, told: str) -> None:
    """The end of a day is called so; elsewhere it is a day and a time with the short name of the zone."""
    assert words.deadline(AT, Times(zone_of(zone))) == told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "2 moments are left for you"),
        ({"left": 1}, "1 moment is left for you"),
        ({"left": 0}, "all rated: say it"),
        (
            {"is_open": False},
            "a new version of the rubric holds, so nobody rates any more; you can compare after the last day",
        ),
        ({"is_done": True}, "you are done; others are still rating"),
        ({"is_done": True, "is_over": True}, "over: you can compare and settle"),
        ({"is_open": False, "cancelled_at": AT}, "cancelled on Tue 10 Mar 2026"),
    ],
)
def test_a_calibration_says_what_is_next(changes: dict[str, object], told: str) -> None:
    """The state tells what its reader can do now."""
    assert words.state(replace(HEAD, **changes), IN_UTC).startswith(told)  # type: ignore[arg-type]


def test_the_others_are_named_without_oneself() -> None:
    """A list of raters names those with whom its reader rates."""
    assert words.people(HEAD.raters, UUID(int=1)) == "Nele"


def test_what_dropped_out_is_counted() -> None:
    """Nothing is said where nothing dropped out."""
    whole = Calibration(HEAD, tuple(MomentLine(n, is_rated=False, is_readable=True) for n in (1, 2, 3)), counted=3)
    assert words.dropped_out(whole) == ""
    assert words.dropped_out(replace(whole, moments=whole.moments[:1])).startswith("2 moments have dropped out")
    assert words.dropped_out(replace(whole, moments=whole.moments[:2])).startswith("1 moment has dropped out")


def test_levels_stand_side_by_side() -> None:
    """What each says is told in the order of the alphabet, in one word where all say the same."""
    differ = compared(Level.NONE, Level.STRONG, None)
    assert words.side_by_side(differ, STANCE) == "Mara: none; Nele: strong; Pia: cannot say"
    assert words.side_by_side(compared(Level.WEAK, Level.WEAK), STANCE) == "all: weak"
    assert words.side_by_side(compared(), STANCE) == "nobody has rated it"
    assert words.is_far_apart(differ, STANCE)
    assert not words.is_far_apart(compared(Level.WEAK, Level.STRONG), STANCE)
    assert words.differs_anywhere(differ)


def test_the_models_level_is_that_of_its_mechanism() -> None:
    """The model's levels are in the order of the mechanisms, and one that is missing is said."""
    assert words.machine(compared(), AUTONOMY) == words.level(Level.NONE)
    assert words.machine(compared(), STANCE) == "no level"


def test_a_figure_has_its_interval_and_its_number() -> None:
    """A kappa is told with its interval and the number of moments, or said to be not defined."""
    figure = PairAgreement(12, AgreementEstimate(0.6184, 0.4, 0.8))
    assert words.agreement(figure) == "0.62 [0.40 to 0.80], 12 moments"
    assert words.agreement(PairAgreement(1, None)) == "not defined (1 moment)"
    assert words.pair(PairLine("Mara", None, {})) == "Mara and the model"
    assert words.pair(PairLine("Mara", "Nele", {})) == "Mara and Nele"


def test_a_final_level_says_who_wrote_it_down() -> None:
    """The level on which raters settled is told with its writer and day; one that cannot be said, in these words."""
    final = FinalLevel(None, "Nele", AT)
    assert words.settled(final, IN_UTC) == "Settled: cannot say. Nele wrote it down on Tue 10 Mar 2026."


def test_every_choice_of_the_form_has_its_words() -> None:
    """The form offers each level and "cannot say", each by a value from which its words can be made."""
    assert {value: words.choice(level).replace(" ", "_") for value, level in words.CHOICES.items()} == {
        value: value for value in words.CHOICES
    }

"""The comparison of raters: which pairs have which figures, who differs, and what there is to settle."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import pytest

from plugin.queue.calibration_comparison import can_be_asked_for, differs, levels_apart, pair_lines, to_settle
from plugin.queue.calibration_views import ComparedMoment, FinalLevel, PeerRating, Rater, Said
from plugin.weighted_kappa import weighted_kappa
from stream.contracts.vocabulary import Level, Mechanism

AUTONOMY, STANCE, RESONANCE, ORIENTATION = Mechanism
NONE, WEAK, STRONG = Level
ANA, BEA, CLEO = (UUID(int=number) for number in (1, 2, 3))
RATERS = tuple(Rater(account, name, is_done=True) for account, name in ((ANA, "Ana"), (BEA, "Bea"), (CLEO, "Cleo")))


def said(*levels: Level | None) -> Said:
    """Return what is said of the four mechanisms; one level stands for all four."""
    return dict(zip(Mechanism, levels * 4 if len(levels) == 1 else levels, strict=True))


def moment(
    number: int, ratings: Mapping[UUID, Said], machine: Level | None = WEAK, *, blind: bool = True, asked: bool = False
) -> ComparedMoment:
    """Return a moment that these people have rated."""
    names = {rater.account_id: rater.name for rater in RATERS}
    peers = {who: PeerRating(names[who], levels, blind, is_own=False) for who, levels in ratings.items()}
    return ComparedMoment(number, (machine,) * 4, peers, {}, is_asked_for=asked)


def settled(of: ComparedMoment, *mechanisms: Mechanism) -> ComparedMoment:
    """Return the moment with final levels of some mechanisms."""
    final = {each: FinalLevel(WEAK, "Ana", datetime(2026, 3, 3, tzinfo=UTC)) for each in mechanisms}
    return ComparedMoment(of.number, of.machine, of.ratings, final, of.is_asked_for)


MOMENTS = tuple(
    moment(number, {ANA: said(one), BEA: said(other)}, machine)
    for number, (one, other, machine) in enumerate(
        [(NONE, NONE, NONE), (WEAK, STRONG, WEAK), (STRONG, STRONG, STRONG), (WEAK, WEAK, NONE), (NONE, WEAK, NONE)], 1
    )
)


def test_every_two_raters_and_each_with_the_model_have_a_line() -> None:
    """The lines are in the order of the raters, people first; somebody who has rated nothing has none."""
    lines = pair_lines(RATERS, MOMENTS)
    assert [(line.one, line.other) for line in lines] == [("Ana", "Bea"), ("Ana", None), ("Bea", None)]
    assert all(set(line.agreement) == set(Mechanism) for line in lines)


def test_the_figure_is_the_kappa_that_every_part_uses() -> None:
    """A figure is the weighted kappa of both, with an interval around it and the number of moments."""
    people, ana, _ = pair_lines(RATERS, MOMENTS)
    figure = people.agreement[STANCE]
    assert figure.kappa is not None
    assert figure.items == 5
    assert figure.kappa.value == pytest.approx(weighted_kappa([0, 1, 2, 1, 0], [0, 2, 2, 1, 1]))
    assert figure.kappa.low <= figure.kappa.value <= figure.kappa.high
    with_model = ana.agreement[STANCE].kappa
    assert with_model is not None
    assert with_model.value == pytest.approx(weighted_kappa([0, 1, 2, 1, 0], [0, 1, 2, 0, 0]))
    assert pair_lines(RATERS, MOMENTS) == pair_lines(RATERS, MOMENTS)


def test_only_blind_levels_count() -> None:
    """A rating after the model's levels were seen, and a "cannot say", count in no figure."""
    seen = moment(6, {ANA: said(NONE), BEA: said(STRONG)}, blind=False)
    silent = moment(7, {ANA: said(None), BEA: said(STRONG)})
    assert pair_lines(RATERS, (*MOMENTS, seen, silent))[0] == pair_lines(RATERS, MOMENTS)[0]


def test_without_a_moment_in_common_there_is_no_figure() -> None:
    """Two who gave one and the same level throughout, or who rated different moments, have no kappa."""
    alike = [moment(number, {ANA: said(WEAK), BEA: said(WEAK)}) for number in (1, 2)]
    apart = [moment(1, {ANA: said(WEAK)}), moment(2, {BEA: said(WEAK)})]
    for moments, items in ((alike, 2), (apart, 0)):
        figure = pair_lines(RATERS, moments)[0].agreement[AUTONOMY]
        assert (figure.items, figure.kappa) == (items, None)


def test_the_furthest_two_say_how_far_raters_are_apart() -> None:
    """Of three raters the two extremes count; who cannot say is not far from anybody, and yet differs."""
    three = moment(1, {ANA: said(NONE), BEA: said(WEAK), CLEO: said(STRONG)})
    silent = moment(2, {ANA: said(None), BEA: said(WEAK)})
    assert (levels_apart(three, AUTONOMY), levels_apart(silent, AUTONOMY)) == (2, 0)
    assert differs(silent, AUTONOMY)
    assert not differs(moment(3, {ANA: said(WEAK), BEA: said(WEAK)}), AUTONOMY)
    assert levels_apart(moment(4, {}), AUTONOMY) == 0


def test_what_is_two_levels_apart_is_to_be_settled() -> None:
    """Only the mechanisms on which two raters are at both ends are to be settled, until they are."""
    found = moment(1, {ANA: said(NONE, WEAK, NONE, WEAK), BEA: said(STRONG, STRONG, STRONG, None)})
    assert to_settle(found) == (AUTONOMY, RESONANCE)
    assert to_settle(settled(found, AUTONOMY)) == (RESONANCE,)
    assert to_settle(settled(found, AUTONOMY, RESONANCE)) == ()


def test_what_the_opener_asks_for_is_settled_where_raters_differ() -> None:
    """Of a moment that was asked for, all on which raters differ are to be settled, or all four if they agree."""
    near = moment(1, {ANA: said(WEAK), BEA: said(WEAK, STRONG, WEAK, None)}, asked=True)
    alike = moment(2, {ANA: said(WEAK), BEA: said(WEAK)}, asked=True)
    assert to_settle(near) == (STANCE, ORIENTATION)
    assert to_settle(alike) == tuple(Mechanism)


def test_a_moment_is_asked_for_once_and_only_if_nothing_is_to_settle() -> None:
    """The opener asks for a moment that is not to be settled anyway and was not settled."""
    near = moment(1, {ANA: said(WEAK), BEA: said(STRONG)})
    assert can_be_asked_for(near)
    assert not can_be_asked_for(moment(1, {ANA: said(WEAK), BEA: said(STRONG)}, asked=True))
    assert not can_be_asked_for(moment(1, {ANA: said(NONE), BEA: said(STRONG)}))
    assert not can_be_asked_for(settled(near, AUTONOMY))

"""The comparison of a calibration: how far raters agree with each other and with the model, and where they differ.

Pure functions. Agreement is about how a rubric is read, and no figure here is about one person: each is about two
raters, or a rater and the model, in the order of the alphabet.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

import numpy as np

from plugin.queue.calibration_views import FAR_APART, MECHANISMS, ComparedMoment, Rater, levels_of
from plugin.queue.stratified_draw import Levels
from plugin.rater_agreement import AgreementEstimate, estimate_over_pairs, pairs_with
from plugin.weighted_kappa import kappa_of_tables
from stream.contracts.vocabulary import Level, Mechanism

_SEED = 0  # the same ratings have the same intervals each time


@dataclass(frozen=True)
class PairAgreement:
    """The agreement of two raters, or of a rater and the model, on one mechanism."""

    items: int
    """The moments to which both gave a level."""
    kappa: AgreementEstimate | None
    """Weighted kappa with its interval; None where it is not defined."""


@dataclass(frozen=True)
class PairLine:
    """Two raters, or a rater and the model (`other` is None), with their agreement on each mechanism."""

    one: str
    other: str | None
    agreement: Mapping[Mechanism, PairAgreement]


def pair_lines(raters: Sequence[Rater], moments: Sequence[ComparedMoment]) -> tuple[PairLine, ...]:
    """Return the agreement of every two raters and of each with the model, in the order of the raters.

    Only ratings count that were given blind. A rater of whom nothing can be seen yet has no line.
    """
    said = {rater.account_id: _levels_by(rater.account_id, moments) for rater in raters}
    heard = [rater for rater in raters if any(rater.account_id in moment.ratings for moment in moments)]
    people = [
        PairLine(one.name, other.name, _agreement(said[one.account_id], said[other.account_id]))
        for one, other in combinations(heard, 2)
    ]
    machine = [moment.machine for moment in moments]
    return (*people, *(PairLine(rater.name, None, _agreement(said[rater.account_id], machine)) for rater in heard))


def levels_apart(moment: ComparedMoment, mechanism: Mechanism) -> int:
    """Return how many levels lie between the raters who are furthest apart on a mechanism."""
    given = _given(moment, mechanism)
    return max(given) - min(given) if given else 0


def differs(moment: ComparedMoment, mechanism: Mechanism) -> bool:
    """Return whether the raters say different things of a mechanism; "cannot say" differs from any level."""
    return len({rating.said.get(mechanism) for rating in moment.ratings.values()}) > 1


def to_settle(moment: ComparedMoment) -> tuple[Mechanism, ...]:
    """Return the mechanisms on which the raters have yet to settle.

    Those on which two of them are far apart; where the opener asked for the moment, all on which they differ, or all
    four where they differ on none.
    """
    wanted = [each for each in MECHANISMS if levels_apart(moment, each) >= FAR_APART]
    if moment.is_asked_for:
        wanted = [each for each in MECHANISMS if differs(moment, each)] or list(MECHANISMS)
    return tuple(each for each in wanted if each not in moment.final)


def can_be_asked_for(moment: ComparedMoment) -> bool:
    """Return whether the opener may ask to settle a moment: nobody has asked, and nothing is to be settled anyway."""
    return not moment.is_asked_for and not moment.final and not to_settle(moment)


def _levels_by(account_id: UUID, moments: Iterable[ComparedMoment]) -> list[Levels]:
    """Return a rater's blind levels of each moment, in order."""
    nothing: Levels = (None,) * len(MECHANISMS)
    found = (moment.ratings.get(account_id) for moment in moments)
    return [levels_of(rating.said) if rating is not None and rating.is_blind else nothing for rating in found]


def _agreement(one: Sequence[Levels], other: Sequence[Levels]) -> dict[Mechanism, PairAgreement]:
    return {
        mechanism: _pair([levels[place] for levels in one], [levels[place] for levels in other])
        for place, mechanism in enumerate(MECHANISMS)
    }


def _pair(one: Sequence[int | None], other: Sequence[int | None]) -> PairAgreement:
    (pair,) = pairs_with([one], other)
    estimate = estimate_over_pairs([pair], kappa_of_tables, np.random.default_rng(_SEED))
    return PairAgreement(sum(both is not None for both in pair), None if np.isnan(estimate.value) else estimate)


def _given(moment: ComparedMoment, mechanism: Mechanism) -> list[Level]:
    return [level for each in moment.ratings.values() if (level := each.said.get(mechanism)) is not None]

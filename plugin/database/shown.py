"""The choice of the moments of a session that are shown at once; a pure function of its exchanges and answers."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from plugin.database.tables.sessions import StoredAnswer, StoredExchange
from stream.contracts.vocabulary import Verdict

MAX_CONFIRMED: Final = 3
"""Confirmed moments of one session: as many as two people can talk through, each with its words."""


def moments_to_show(moments: Sequence[tuple[StoredExchange, StoredAnswer]]) -> set[UUID]:
    """Return the exchanges that are shown at once.

    Those are the confirmed moments of which the model is most sure, then the detector, and every moment that a person
    must look at: an abstention, or text that may be meant to steer the rating, rejected or not. So is every moment of
    an earlier version, whose baseline gave no verdict.
    """
    confirmed = [moment for moment in moments if moment[1].verdict == Verdict.CONFIRMED]
    surest = sorted(confirmed, key=_certainty, reverse=True)[:MAX_CONFIRMED]
    always = [moment for moment in moments if _is_always_shown(moment[1])]
    return {exchange.exchange_id for exchange, _ in (*surest, *always)}


def _certainty(moment: tuple[StoredExchange, StoredAnswer]) -> tuple[float, float]:
    exchange, answer = moment
    return (-1.0 if answer.confidence is None else answer.confidence), exchange.score


def _is_always_shown(answer: StoredAnswer) -> bool:
    return answer.abstained is not None or answer.possible_injection or answer.verdict == Verdict.NOT_ASSESSED

"""`counterpoint practice check`: what the active model makes of good and poor replies to every written turn."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from rich.table import Table

from plugin.queue.labels import behaviour as name_of
from plugin.queue.practice_views import PractisedReply, Rater
from plugin.queue.rehearsal_views import TENANT
from plugin.written_client.client import WrittenClient, gain_of, opening
from plugin.written_client.counsellor import Manner, reply_to
from plugin.written_client.profiles import profiles
from plugin.written_client.turns import Force, written_turns
from stream.contracts.errors import Misconfigured
from stream.contracts.feedback import Assessment
from stream.contracts.vocabulary import Level, ResistanceType, Role

_NOBODY = UUID(int=0)
_AUTHOR = "Counterpoint"
"""Stands for a therapist's name, which no model is told; it is in no written sentence."""


@dataclass(frozen=True)
class Rated:
    """The levels that the model gave one reply to one written turn; none where it rated nothing."""

    behaviour: ResistanceType
    manner: Manner
    levels: tuple[Level, ...]


def check_turns(rater: Rater | None) -> list[Rated]:
    """Have a good and a poor reply to every written turn rated, as the first ones of a rehearsal.

    Raises:
        Misconfigured: no model may rate, or it does not answer.
    """
    if rater is None:
        raise Misconfigured("feedback.without_names is abstain, so no model rates what therapists practise.")
    return asyncio.run(_check(rater))


async def _check(rater: Rater) -> list[Rated]:
    asked = [
        (behaviour, manner, _reply(behaviour, text, manner, number))
        for (behaviour, _), turns in written_turns().resisting.items()
        for number, text in enumerate(turn.text for turn in turns)
        for manner in (Manner.GOOD, Manner.POOR)
    ]
    try:
        return [Rated(behaviour, manner, await _levels(rater, reply)) for behaviour, manner, reply in asked]
    finally:
        await rater.close()


def _reply(behaviour: ResistanceType, text: str, manner: Manner, number: int) -> PractisedReply:
    """Return a reply to a turn; the profiles take turns."""
    chosen = list(profiles().values())[number % len(profiles())]
    reply = reply_to(behaviour, manner, text, number).written.text
    before = opening(WrittenClient(chosen, behaviour, Force.FIRM, text))
    return PractisedReply(
        TENANT, _NOBODY, ((Role.COUNSELLOR, before),), (chosen.say(text),), chosen.fill(reply), _AUTHOR
    )


async def _levels(rater: Rater, reply: PractisedReply) -> tuple[Level, ...]:
    answer = await rater.rate(reply)
    if answer is None:
        raise Misconfigured("The model does not answer; `counterpoint check` says why.")
    ratings = answer.ratings if isinstance(answer, Assessment) else ()
    return tuple(rating.level for rating in ratings if rating.level is not None)


def table(rated: Sequence[Rated]) -> Table:
    """Return for each behaviour how many replies were rated, and how a good and a poor reply move the client."""
    made = Table(title="Replies to written turns, rated by the active model", title_justify="left")
    for column in (
        "behaviour",
        "replies",
        "rated",
        "good: moves up",
        "stays",
        "down",
        "poor: moves up",
        "stays",
        "down",
    ):
        made.add_column(column)
    for kind in (*ResistanceType, None):
        own = [each for each in rated if kind is None or each.behaviour is kind]
        with_levels = [each for each in own if each.levels]
        moved = [share for manner in (Manner.GOOD, Manner.POOR) for share in _moved(with_levels, manner)]
        name = "all" if kind is None else name_of(kind)
        made.add_row(name, str(len(own)), _share(len(with_levels), len(own)), *moved)
    return made


def _moved(rated: Sequence[Rated], manner: Manner) -> list[str]:
    """Return the shares of a manner's rated replies that move a client up, not at all, and down."""
    gains = [gain_of(each.levels) for each in rated if each.manner is manner]
    return [
        _share(sum(gain > 0 for gain in gains), len(gains)),
        _share(sum(gain == 0 for gain in gains), len(gains)),
        _share(sum(gain < 0 for gain in gains), len(gains)),
    ]


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2f}" if whole else "-"

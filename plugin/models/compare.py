"""`counterpoint model compare`: the model in shadow beside the active one, as a table for a terminal."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from rich.table import Table

from plugin.database.engine import temporary_engine, transaction
from plugin.database.roles import sees_every_session
from plugin.models.agreement.report import ReportedEstimate
from plugin.plain_text import counted
from plugin.queue.comparison import LevelPairs, ModelComparison, read_comparison
from plugin.rater_agreement import INTERVAL, RESAMPLES
from plugin.weighted_kappa import LEVELS, kappa_of_tables, table_of_counts
from stream.contracts.errors import Misconfigured
from stream.contracts.rubric import RUBRIC
from stream.runtime.settings import Settings, required_secret

_SEED: Final = 0


def read_from(settings: Settings) -> ModelComparison | None:
    """Return the comparison that the database of the settings holds; None if nothing was rated in shadow.

    Raises:
        Misconfigured: the role of the database sees the rows of one account alone.
        Unavailable: the database is away.
    """
    with (
        temporary_engine(required_secret(settings.database.url, "database.url")) as engine,
        transaction(engine) as session,
    ):
        if not sees_every_session(session):
            raise Misconfigured("The user of database.url may not count over every session; use the role privacy.")
        return read_comparison(session)


def kappa(pairs: LevelPairs) -> ReportedEstimate:
    """Return the weighted kappa of counted pairs with its interval, by a bootstrap over the pairs."""
    table = table_of_counts(pairs)
    value, total = float(kappa_of_tables(table)), int(table.sum())
    if np.isnan(value):
        return ReportedEstimate(value=None, low=None, high=None)
    drawn = np.random.default_rng(_SEED).multinomial(total, table.ravel() / total, RESAMPLES)
    low, high = np.nanpercentile(kappa_of_tables(drawn.reshape(-1, LEVELS, LEVELS).astype(float)), INTERVAL)
    return ReportedEstimate(value=round(value, 4), low=round(float(low), 4), high=round(float(high), 4))


def table(found: ModelComparison) -> Table:
    """Return the agreement on each mechanism as a table for a terminal."""
    made = Table(
        *("mechanism", "levels", "both models", "levels of people", "active and people", "shadow and people"),
        title="Weighted kappa (quadratic) with 95 % intervals",
    )
    for each in found.levels:
        made.add_row(
            RUBRIC[each.mechanism].title,
            str(_times(each.models)),
            str(kappa(each.models)),
            str(_times(each.active_and_people)),
            str(kappa(each.active_and_people)),
            str(kappa(each.shadow_and_people)),
        )
    return made


def sentences(found: ModelComparison) -> Iterator[str]:
    """Yield what is said before and after the table."""
    yield f"Active: {found.active}. In shadow: {found.shadow}."
    same = f" ({found.same_verdict / found.both_rated:.0%})" if found.both_rated else ""
    yield (
        f"{counted(found.exchanges, 'exchange')}. Verdict: the same in {found.same_verdict} of"
        f" {found.both_rated}{same} that both rated."
    )
    yield f"Abstained: the active one from {found.active_abstained}, the one in shadow from {found.shadow_abstained}."
    yield (
        "People gave their levels with the active model's in view, so they lean towards it. Exchanges of one session"
        " resemble each other, so intervals are rather too narrow."
    )
    yield "To promote the one in shadow: `counterpoint model check`, then `counterpoint model activate`."


def _times(pairs: LevelPairs) -> int:
    return sum(times for _, _, times in pairs)

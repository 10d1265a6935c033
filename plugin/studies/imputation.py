"""Multiple imputation: the same effect with missing values drawn many times from what the other columns suggest."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import t as student
from sklearn.experimental import enable_iterative_imputer  # noqa: F401 - scikit-learn asks for it
from sklearn.impute import IterativeImputer

from plugin.studies.effects import Effect
from plugin.studies.regression import Coefficient, fit_sessions

DRAWS: Final = 20
"""Completed tables. With a third of the values missing, more would change an interval by a hundredth of its width."""
_ROUNDS: Final = 10
"""Rounds in which each column is drawn from the others; the published recipes use five to ten."""


def completed(frame: pd.DataFrame, seed: int) -> Iterator[pd.DataFrame]:
    """Yield the table completed as often as `DRAWS`, each column drawn from a Bayesian regression on all others."""
    for draw in range(DRAWS):
        imputer = IterativeImputer(sample_posterior=True, max_iter=_ROUNDS, random_state=seed + draw, tol=0)
        yield pd.DataFrame(imputer.fit_transform(frame), columns=frame.columns, index=frame.index)


def pooled_effect(tables: Sequence[pd.DataFrame], effect: Effect, held: Sequence[str], alpha: float) -> Effect:
    """Return the effect over all completed tables, by Rubin's rules; what was not estimated stays so."""
    if effect.too_little is not None:
        return effect
    fits = [fit_sessions(each, effect.outcome, [effect.predictor, *held], (), alpha) for each in tables]
    value, low, high, p = pool(fits, alpha)
    rows = len(tables[0])
    return effect.model_copy(update={"rows": rows, "value": value, "low": low, "high": high, "p": p, "per_unit": None})


def pool(fits: Sequence[Coefficient], alpha: float) -> tuple[float, float, float, float]:
    """Return value, interval and p-value over the fits of completed tables (Rubin, 1987)."""
    values = np.array([fit.value for fit in fits])
    within = float(np.mean([fit.error**2 for fit in fits]))
    between = float(values.var(ddof=1))
    total = within + (1 + 1 / len(fits)) * between
    share = (1 + 1 / len(fits)) * between / total
    free = (len(fits) - 1) / max(share, 1e-6) ** 2  # where nothing varies between tables, as good as infinite
    value, error = float(values.mean()), float(np.sqrt(total))
    reach = float(student.ppf(1 - alpha / 2, free)) * error
    return value, value - reach, value + reach, float(2 * student.sf(abs(value) / error, free))

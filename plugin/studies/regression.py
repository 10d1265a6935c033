"""The linear models of sessions: least squares with HC3 intervals, or random intercepts of people with several.

Everything is standardized, so that a coefficient is in standard deviations of the outcome for one of the predictor.
"""

import warnings
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import pandas as pd
import statsmodels.api as sm
from statsmodels.regression.mixed_linear_model import MixedLM

from plugin.studies.grouping import Grouping

_NOTHING: Final = 1e-9


class Coefficient(NamedTuple):
    """The first predictor's coefficient with its standard error, interval and p-value."""

    value: float
    error: float
    low: float
    high: float
    p: float


def fit_sessions(
    frame: pd.DataFrame, outcome: str, predictors: Sequence[str], groupings: Sequence[Grouping], alpha: float
) -> Coefficient:
    """Return the coefficient of the first predictor, the others being held constant; no row may lack a value."""
    design = pd.DataFrame({f"x{place}": standardized(frame[name]) for place, name in enumerate(predictors)})
    y = standardized(frame[outcome])
    carried = [each.column for each in groupings if each.problem is None]
    fitted = _mixed(y, design, frame, carried) if carried else _least_squares(y, design)
    low, high = fitted.conf_int(alpha=alpha).loc["x0"]
    return Coefficient(fitted.params["x0"], fitted.bse["x0"], low, high, fitted.pvalues["x0"])


def varies(values: pd.Series) -> bool:
    """Whether values differ by more than what arithmetic leaves of nothing."""
    return bool(values.max() - values.min() > _NOTHING)


def standardized(values: pd.Series) -> pd.Series:
    """Return values with mean 0 and standard deviation 1; values that do not vary become 0."""
    spread = values.std()
    return (values - values.mean()) / (spread if spread > 0 else 1)


def _least_squares(y: pd.Series, design: pd.DataFrame) -> Any:
    return sm.OLS(y, sm.add_constant(design, has_constant="add")).fit(cov_type="HC3", use_t=True)


def _mixed(y: pd.Series, design: pd.DataFrame, frame: pd.DataFrame, carried: Sequence[str]) -> Any:
    """Fit random intercepts: of counsellors or of clients, or of clients within their counsellors."""
    outer = "counsellor" if "counsellor" in carried else "client"
    people = {column: frame[column].astype(str) for column in carried}
    with warnings.catch_warnings():
        # A variance that is estimated as 0 is at the edge of what is possible, of which statsmodels warns.
        warnings.simplefilter("ignore")
        return MixedLM.from_formula(
            "y ~ " + " + ".join(design.columns),
            design.assign(y=y, **people),
            groups=outer,
            re_formula="1",
            vc_formula={"client": "0 + C(client)"} if len(carried) > 1 else None,
        ).fit(reml=True)

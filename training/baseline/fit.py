"""Fits the baseline's trained part, which tells the kind of utterance from single words and pairs of words."""

from collections.abc import Sequence
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from training.baseline.rules import BaselineRules, BehaviourWeights
from training.baseline.turns import CounsellorTurn

_MIN_TURNS = 6
"""The fewest turns of a term: it leaves 2,257 terms at a macro-F1 of 0.716; three turns leave 4,864 at 0.718."""
_INVERSE_PENALTY = 3.0
_DIGITS = 3  # the shipped file stays readable


def fit_weights(turns: Sequence[CounsellorTurn], rules: BaselineRules) -> BehaviourWeights:
    """Return weights fitted on whole replies, each kind counting alike, with the baseline's own terms."""
    model = make_pipeline(
        TfidfVectorizer(analyzer=rules.terms, binary=True, use_idf=False, min_df=_MIN_TURNS),
        LogisticRegression(max_iter=1000, class_weight="balanced", C=_INVERSE_PENALTY),
    )
    model.fit([rules.fold(turn.reply) for turn in turns], [turn.behaviour for turn in turns])
    found, linear = model[0], model[1]
    order = [list(linear.classes_).index(kind) for kind in rules.kinds]
    columns = linear.coef_[order].T
    weights = {term: _rounded(columns[place]) for term, place in found.vocabulary_.items()}
    return rules.make_weights(_rounded(linear.intercept_[order]), weights)


def _rounded(row: Any) -> list[float]:
    return [round(float(each), _DIGITS) for each in row]

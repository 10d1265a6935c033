"""An answer in its table: what may stand in plain columns, and the words, which are sealed."""

import json
from typing import Final

from plugin.database.tables.base import Json
from plugin.database.tables.sessions import StoredAnswer
from stream.contracts.feedback import Abstention, Assessment

WORDS_GONE: Final = "The words behind this level were removed when their time was over."


def plain_ratings(assessment: Assessment) -> Json:
    """Mechanisms, levels and spans, in the order of the assessment."""
    return [
        rating.model_dump(mode="json", exclude={"reason": True, "evidence": {"__all__": {"quote"}}})
        for rating in assessment.ratings
    ]


def words_of(assessment: Assessment) -> str:
    """Everything in an assessment that somebody or a model has worded, as JSON."""
    return json.dumps(
        {
            "reasons": [rating.reason for rating in assessment.ratings],
            "quotes": [[evidence.quote for evidence in rating.evidence] for rating in assessment.ratings],
            "strengths": list(assessment.strengths),
            "alternatives": [alternative.model_dump(mode="json") for alternative in assessment.alternatives],
        }
    )


def answer_of(row: StoredAnswer, words: str | None) -> Assessment | Abstention:
    """The answer again, as it came. `words` is what `words_of` made of it.

    None for an abstention, and for an assessment whose words are no longer kept: levels stay, with a sentence why.
    """
    common = {
        "assessment_id": row.assessment_id,
        "exchange_id": row.exchange_id,
        "input_id": row.input_id,
        "model": row.model,
    }
    if row.abstained is not None:
        return Abstention.model_validate({**common, "reason": row.abstained})
    said = _nothing(row.ratings) if words is None else json.loads(words)
    ratings = [
        {**rating, "reason": reason, "evidence": _with_quotes(rating["evidence"], quotes)}
        for rating, reason, quotes in zip(row.ratings, said["reasons"], said["quotes"], strict=True)
    ]
    return Assessment.model_validate(
        {
            **common,
            "verdict": row.verdict,
            "resistance_type": row.resistance_type,
            "ratings": ratings,
            "strengths": said["strengths"],
            "alternatives": said["alternatives"],
        }
    )


def _with_quotes(evidence: Json, quotes: list[str]) -> Json:
    """Spans with what stands there; without quotes there is nothing to point at."""
    return [{**span, "quote": quote} for span, quote in zip(evidence, quotes, strict=True)] if quotes else []


def _nothing(ratings: Json) -> Json:
    reasons = ["" if rating["level"] is None else WORDS_GONE for rating in ratings]
    return {"reasons": reasons, "quotes": [[] for _ in ratings], "strengths": [], "alternatives": []}

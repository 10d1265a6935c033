"""Conversion of a feedback model's answer to and from its row: plain columns, and the words, which are encrypted."""

import json
from typing import Final

from plugin.database.tables.base import Json
from plugin.database.tables.sessions import StoredAnswer
from stream.contracts.feedback import Abstention, Assessment

WORDS_REMOVED: Final = "The words behind this level were removed when their time was over."


def ratings_without_words(assessment: Assessment) -> Json:
    """Return the mechanisms, levels and spans of an assessment, in its order."""
    return [
        rating.model_dump(mode="json", exclude={"reason": True, "evidence": {"__all__": {"quote"}}})
        for rating in assessment.ratings
    ]


def words_to_json(assessment: Assessment) -> str:
    """Return all texts of an assessment, by people or by a model, as JSON."""
    return json.dumps(
        {
            "reasons": [rating.reason for rating in assessment.ratings],
            "quotes": [[evidence.quote for evidence in rating.evidence] for rating in assessment.ratings],
            "strengths": list(assessment.strengths),
            "alternatives": [alternative.model_dump(mode="json") for alternative in assessment.alternatives],
        }
    )


def answer_from_row(row: StoredAnswer, words: str | None) -> Assessment | Abstention:
    """Return the answer that a row was made from. `words` is what `words_to_json` returned for it.

    `words` is None for an abstention, and for an assessment whose words are no longer kept: then its levels stay, with
    a sentence that says why there are no words.
    """
    common = {
        "assessment_id": row.assessment_id,
        "exchange_id": row.exchange_id,
        "input_id": row.input_id,
        "model": row.model,
    }
    if row.abstained is not None:
        return Abstention.model_validate({**common, "reason": row.abstained})
    worded = _removed_words(row.ratings) if words is None else json.loads(words)
    ratings = [
        {**rating, "reason": reason, "evidence": _with_quotes(rating["evidence"], quotes)}
        for rating, reason, quotes in zip(row.ratings, worded["reasons"], worded["quotes"], strict=True)
    ]
    return Assessment.model_validate(
        {
            **common,
            "verdict": row.verdict,
            "resistance_type": row.resistance_type,
            "confidence": row.confidence,
            "possible_injection": row.possible_injection,
            "ratings": ratings,
            "strengths": worded["strengths"],
            "alternatives": worded["alternatives"],
        }
    )


def _with_quotes(evidence: Json, quotes: list[str]) -> Json:
    """Return the spans with their quotes; none where the quotes were removed."""
    return [{**span, "quote": quote} for span, quote in zip(evidence, quotes, strict=True)] if quotes else []


def _removed_words(ratings: Json) -> Json:
    reasons = ["" if rating["level"] is None else WORDS_REMOVED for rating in ratings]
    return {"reasons": reasons, "quotes": [[] for _ in ratings], "strengths": [], "alternatives": []}

"""The check that a line teaches nothing that our output gate would refuse: one such line stops the training recipe."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError

from stream.contracts.vocabulary import Level, Mechanism, Role, Verdict
from stream.feedback.deidentification.deidentify import Deidentifier
from stream.feedback.gate.check import check_whole_answer
from stream.feedback.gate.quotes import find_quote
from stream.feedback.models.answer import ModelAnswer
from stream.feedback.models.base import ExchangePart, ShownExchange
from stream.feedback.prepared import prepare_record
from stream.feedback.single_exchange import record_of_exchange

_ANY_SESSION: Final = UUID(int=0)


def passes_gate(line: Mapping[str, Any]) -> bool:
    """Return whether a line with reasons passes the gate, de-identified once more as the recipe does it."""
    record = record_of_exchange(
        "export",
        _ANY_SESSION,
        context=[(Role(role), text) for role, text in line["before"]],
        client=[line["client"]],
        reply=line["reply"],
    )
    (prepared,) = prepare_record(record, Deidentifier(())).exchanges
    try:
        answer = _answer(line, prepared.shown)
    except ValidationError:
        return False  # a part is longer than a model may write
    if answer is None:
        return False
    checked = check_whole_answer(answer, prepared, is_baseline=False, reveal=lambda words: words)
    parts = (checked.strengths, answer.strengths), (checked.alternatives, answer.alternatives)
    return not checked.problems and all(len(passed) == len(given) for passed, given in parts)


def _answer(line: Mapping[str, Any], shown: ShownExchange) -> ModelAnswer | None:
    """Return the line as a model's answer, or None where a quotation stands in none of its messages."""
    ratings = []
    for mechanism in Mechanism:
        level = Level(line["levels"][mechanism])
        quotations = [_quotation(quote, level, shown) for quote in line["evidence"][mechanism]]
        if None in quotations:
            return None
        ratings.append(
            {"mechanism": mechanism, "evidence": quotations, "reason": line["reasons"][mechanism], "level": level}
        )
    return ModelAnswer.model_validate(
        {
            "verdict": Verdict.CONFIRMED,
            "resistance_type": line["resistance_type"],
            "ratings": ratings,
            "strengths": line["strengths"],
            "alternatives": line["alternatives"],
            "abstain": False,
            "abstain_reason": "",
        }
    )


def _quotation(quote: str, level: Level, shown: ShownExchange) -> dict[str, Any] | None:
    """Return a quotation with the number of its message, looked for first in the turn that its level requires."""
    first = ExchangePart.CLIENT_TURN if level is Level.NONE else ExchangePart.REPLY
    for message in sorted(shown.messages, key=lambda message: message.part is not first):
        if find_quote(quote, message.text) is not None:
            return {"message": message.number, "quote": quote}
    return None

"""Training data made from annotated exchanges: our prompt, and the answer that a model should give.

Answers that the output gate would refuse are not taught: with reasons, every line must pass the gate itself.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stream.contracts.sessions import SessionRecord
from stream.contracts.vocabulary import (
    Concern,
    Level,
    Mechanism,
    ResistanceType,
    Role,
    Verdict,
)
from stream.detection.lexicons import find_concerns
from stream.feedback.deidentification.deidentify import Deidentifier
from stream.feedback.gate.check import check_whole_answer
from stream.feedback.gate.quotes import find_quote
from stream.feedback.models.answer import UnusableAnswer, parse_answer
from stream.feedback.models.base import ExchangePart
from stream.feedback.models.prompt import render_prompt
from stream.feedback.prepared import PreparedExchange, prepare_record
from stream.feedback.single_exchange import record_of_exchange
from training.errors import DataError
from training.feedback.data import MECHANISMS, Arm, Item, numbered_lines, write_private


class AnnotatedAlternative(BaseModel):
    """A reply that could have been given instead, as people annotated it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    text: str = Field(min_length=1, repr=False)
    mechanism: Mechanism


class AnnotatedExchange(BaseModel):
    """An exchange as people annotated it. Training on labels alone needs only session, turns and levels."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    session: str = Field(min_length=1)
    group: str | None = None
    """What is never split between training and test, where that is more than the session: who wrote it, for example."""
    exchange: str | None = None
    """A name of its own, by which its answer is set beside those that other models gave to the same exchange."""
    before: tuple[tuple[Role, str], ...] = Field(default=(), repr=False)
    client: str = Field(min_length=1, repr=False)
    reply: str = Field(min_length=1, repr=False)
    levels: dict[Mechanism, Level] = {}
    reasons: dict[Mechanism, str] = Field(default={}, repr=False)
    evidence: dict[Mechanism, tuple[str, ...]] = Field(default={}, repr=False)
    """Quotations, word for word; the message that each is from is looked up."""
    verdict: Verdict = Verdict.CONFIRMED
    resistance_type: ResistanceType | None = None
    critical_content: Concern | None = None
    """If set, the right answer is to abstain, and the line has no levels."""
    strengths: tuple[str, ...] = Field(default=(), repr=False)
    alternatives: tuple[AnnotatedAlternative, ...] = Field(default=(), repr=False)
    reviewers: int | None = Field(default=None, ge=1)

    @property
    def critical(self) -> bool:
        """Whether our lexicon finds critical content in the exchange, so that no model is asked about it."""
        spoken = [text for role, text in self.before if role is Role.CLIENT]
        return any(find_concerns(text) for text in (*spoken, self.client))


@dataclass(frozen=True)
class TrainingSet:
    """The items of a set, and the count of those left out because no model is asked about critical content."""

    items: list[Item]
    critical: int


def read_annotated(path: Path) -> list[tuple[int, AnnotatedExchange]]:
    """Return the annotated exchanges of a file with their line numbers.

    Raises:
        DataError: a line is wrong; the message gives its number and the field, never its text.
    """
    found = []
    for number, line in numbered_lines(path):
        try:
            found.append((number, AnnotatedExchange.model_validate(json.loads(line))))
        except ValidationError as error:
            place = next(
                (str(part) for part in error.errors()[0]["loc"] if part in AnnotatedExchange.model_fields), "a field"
            )
            raise DataError(f"{path}, line {number}: {place} is missing, wrong or not known.") from None
        except ValueError:
            raise DataError(f"{path}, line {number}: it is no JSON object.") from None
    if not found:
        raise DataError(f"{path} is empty.")
    return found


def write_annotated(path: Path, lines: Iterable[AnnotatedExchange]) -> None:
    """Write annotated exchanges to a file that only its owner can read.

    Raises:
        DataError: the file cannot be written.
    """
    write_private(path, (line.model_dump_json(exclude_none=True) + "\n" for line in lines))


def build_training_set(lines: Iterable[tuple[int, AnnotatedExchange]], arm: Arm) -> TrainingSet:
    """Return the training data of one arm.

    Raises:
        DataError: a line lacks what the arm needs, or the gate would not let its answer through.
    """
    items, critical = [], 0
    for number, line in lines:
        if line.critical and line.critical_content is None:
            critical += 1
            continue
        try:
            items.append(_item(line, arm))
        except _UnusableLine as fault:
            raise DataError(f"line {number}: {fault}.") from None
    return TrainingSet(items, critical)


class _UnusableLine(Exception):  # noqa: N818 - half a sentence on its way to a DataError
    """A line cannot be used, for the reason in the message."""


def _item(line: AnnotatedExchange, arm: Arm) -> Item:
    given = set(line.levels)
    if line.critical_content is not None and given:
        raise _UnusableLine("an exchange with critical content has no levels")
    if line.critical_content is None and given != set(MECHANISMS):
        raise _UnusableLine("levels must name all four mechanisms")
    deidentifier = Deidentifier(())
    (shown,) = prepare_record(_record(line), deidentifier).exchanges
    output = json.dumps(_answer(line, arm, shown, deidentifier), ensure_ascii=False)
    try:
        answer = parse_answer(output.encode())
    except UnusableAnswer as error:
        raise _UnusableLine(f"the answer cannot be read back ({error.code})") from None
    if arm is Arm.REASONS:
        checked = check_whole_answer(answer, shown, is_baseline=False, reveal=lambda words: words)
        for problem in checked.problems:
            raise _UnusableLine(f"{problem.where}: {problem.explanation}")
        if len(checked.strengths) < len(answer.strengths):
            raise _UnusableLine("a strength is empty, blames or labels a person")
        if len(checked.alternatives) < len(answer.alternatives):
            raise _UnusableLine("an alternative is below the safety floor, blames or labels a person")
    return Item(
        instruction=render_prompt(shown.shown, boundary=_boundary(line)),
        output=output,
        session=line.session,
        group=line.group,
        exchange=line.exchange,
        reviewers=line.reviewers,
    )


def _answer(line: AnnotatedExchange, arm: Arm, shown: PreparedExchange, deidentifier: Deidentifier) -> dict[str, Any]:
    """Return the answer with its fields in the order of the schema, as in the worked examples of the prompt."""
    whole = arm is Arm.REASONS and line.critical_content is None

    def clean(text: str) -> str:
        return deidentifier.apply(text).text

    def evidence(mechanism: Mechanism) -> list[dict[str, Any]]:
        quotes = line.evidence.get(mechanism, ()) if whole else ()
        return [_quotation(mechanism, line.levels[mechanism], clean(quote), shown) for quote in quotes]

    return {
        "critical_content": line.critical_content,
        "verdict": line.verdict,
        "resistance_type": line.resistance_type,
        "ratings": [
            {
                "mechanism": mechanism,
                "evidence": evidence(mechanism),
                "reason": clean(line.reasons.get(mechanism, "")) if whole else "",
                "level": line.levels.get(mechanism),
            }
            for mechanism in MECHANISMS
        ],
        "strengths": [clean(text) for text in line.strengths] if whole else [],
        "alternatives": [{"text": clean(each.text), "mechanism": each.mechanism} for each in line.alternatives]
        if whole
        else [],
        "abstain": line.critical_content is not None,
        "abstain_reason": "" if line.critical_content is None else "The client's words are for a person to read.",
    }


def _quotation(mechanism: Mechanism, level: Level, quote: str, shown: PreparedExchange) -> dict[str, Any]:
    """Return the quotation with the number of its message, looked for first in the turn that its level requires."""
    first = ExchangePart.CLIENT_TURN if level is Level.NONE else ExchangePart.REPLY
    for message in sorted(shown.shown.messages, key=lambda message: message.part is not first):
        if find_quote(quote, message.text) is not None:
            return {"message": message.number, "quote": quote}
    raise _UnusableLine(f"{mechanism}: a quotation does not stand word for word in the exchange")


def _boundary(line: AnnotatedExchange) -> str:
    """Return a boundary that differs between exchanges, as in production, and not between builds of the set."""
    spoken = "\n".join((line.session, *(text for _, text in line.before), line.client, line.reply))
    return hashlib.sha256(spoken.encode()).hexdigest()[:16]


def _record(line: AnnotatedExchange) -> SessionRecord:
    session = uuid5(NAMESPACE_URL, line.session)
    return record_of_exchange("training", session, context=line.before, client=[line.client], reply=line.reply)

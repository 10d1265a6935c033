"""From an annotated exchange to a line of training data: our prompt, and the answer a model should have given.

What the gate would not let through is not taught: with reasons, every line is held against the gate itself.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stream.contracts.ids import exchange_id
from stream.contracts.messages import Consent
from stream.contracts.sessions import Exchange, SessionMessage, SessionRecord
from stream.contracts.vocabulary import (
    Concern,
    EndReason,
    Level,
    Mechanism,
    ResistanceType,
    Role,
    SessionState,
    Verdict,
)
from stream.detection.lexicons import find_concerns
from stream.feedback.deidentification.deidentify import Deidentifier
from stream.feedback.gate.check import check_answer
from stream.feedback.gate.quotes import find_quote
from stream.feedback.models.answer import UnusableAnswer, parse_answer
from stream.feedback.models.base import ExchangePart
from stream.feedback.models.prompt import render_prompt
from stream.feedback.prepared import PreparedExchange, prepare_exchanges
from training.errors import DataError
from training.feedback.data import MECHANISMS, Arm, Item, numbered_lines

_WHEN = datetime(2026, 1, 1, tzinfo=UTC)  # no model is told when something was said


class AnnotatedAlternative(BaseModel):
    """What could have been spoken instead."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    text: str = Field(min_length=1, repr=False)
    mechanism: Mechanism


class AnnotatedExchange(BaseModel):
    """One exchange as people annotated it. Only the first five are needed for labels alone."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    session: str = Field(min_length=1)
    before: tuple[tuple[Role, str], ...] = Field(default=(), repr=False)
    client: str = Field(min_length=1, repr=False)
    reply: str = Field(min_length=1, repr=False)
    levels: dict[Mechanism, Level] = {}
    reasons: dict[Mechanism, str] = Field(default={}, repr=False)
    evidence: dict[Mechanism, tuple[str, ...]] = Field(default={}, repr=False)
    """Quotations, word for word; which message they are from is found out."""
    verdict: Verdict = Verdict.CONFIRMED
    resistance_type: ResistanceType | None = None
    critical_content: Concern | None = None
    """Set, the right answer is to abstain; such a line has no levels."""
    strengths: tuple[str, ...] = Field(default=(), repr=False)
    alternatives: tuple[AnnotatedAlternative, ...] = Field(default=(), repr=False)
    reviewers: int | None = Field(default=None, ge=1)

    @property
    def critical(self) -> bool:
        """Whether our lexicon stops this exchange before any model sees it."""
        spoken = [text for role, text in self.before if role is Role.CLIENT]
        return any(find_concerns(text) for text in (*spoken, self.client))


@dataclass(frozen=True)
class TrainingSet:
    """The lines of a set, and how many were left out because no model is ever asked about them."""

    items: list[Item]
    critical: int


def read_annotated(path: Path) -> list[tuple[int, AnnotatedExchange]]:
    """Annotated exchanges with the numbers of their lines.

    Raises:
        DataError: with the line's number and the place of what is wrong, never its words.
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


def build_training_set(lines: Iterable[tuple[int, AnnotatedExchange]], arm: Arm) -> TrainingSet:
    """The training data of one arm.

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
    """Why a line cannot be used."""


def _item(line: AnnotatedExchange, arm: Arm) -> Item:
    given = set(line.levels)
    if line.critical_content is not None and given:
        raise _UnusableLine("an exchange with critical content has no levels")
    if line.critical_content is None and given != set(MECHANISMS):
        raise _UnusableLine("levels must name all four mechanisms")
    deidentifier = Deidentifier(())
    (shown,) = prepare_exchanges(_record(line), deidentifier)
    output = json.dumps(_answer(line, arm, shown, deidentifier), ensure_ascii=False)
    try:
        answer = parse_answer(output.encode())
    except UnusableAnswer as error:
        raise _UnusableLine(f"the answer cannot be read back ({error.code})") from None
    if arm is Arm.REASONS:
        checked = check_answer(answer, shown, is_baseline=False, reveal=lambda words: words)
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
        reviewers=line.reviewers,
    )


def _answer(line: AnnotatedExchange, arm: Arm, shown: PreparedExchange, deidentifier: Deidentifier) -> dict[str, Any]:
    """The answer in the order of the schema, as the worked examples of the prompt are."""
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
    """The quotation with the number of its message, looked for first where its level needs it."""
    first = ExchangePart.CLIENT_TURN if level is Level.NONE else ExchangePart.REPLY
    for message in sorted(shown.shown.messages, key=lambda message: message.part is not first):
        if find_quote(quote, message.text) is not None:
            return {"message": message.number, "quote": quote}
    raise _UnusableLine(f"{mechanism}: a quotation does not stand word for word in the exchange")


def _boundary(line: AnnotatedExchange) -> str:
    """Another word for each exchange, as in production, and the same one each time the set is built."""
    spoken = "\n".join((line.session, *(text for _, text in line.before), line.client, line.reply))
    return hashlib.sha256(spoken.encode()).hexdigest()[:16]


def _record(line: AnnotatedExchange) -> SessionRecord:
    session = uuid5(NAMESPACE_URL, line.session)
    spoken = [*line.before, (Role.CLIENT, line.client), (Role.COUNSELLOR, line.reply)]
    messages = tuple(
        SessionMessage(message_id=f"m-{number}", revision=0, role=role, author=f"p_{role}", text=text, sent_at=_WHEN)
        for number, (role, text) in enumerate(spoken, start=1)
    )
    *context, client, reply = (message.message_id for message in messages)
    exchange = Exchange(
        exchange_id=exchange_id(session, client),
        context=tuple(context),
        client_turn=(client,),
        reply=(reply,),
        counsellor="p_counsellor",
        score=1.0,
    )
    return SessionRecord(
        tenant="training",
        conversation_id="c_training",
        session_id=session,
        revision=1,
        state=SessionState.CLOSED,
        started_at=_WHEN,
        ended_at=_WHEN,
        closed_at=_WHEN,
        end_reason=EndReason.EXPLICIT,
        consent=Consent(processing=True),
        messages=messages,
        exchanges=(exchange,),
    )

"""Ask the served model about one exchange exactly as the feedback stage does, and return the outcome in numbers."""

import time
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from pydantic import BaseModel, ConfigDict

from plugin.models.check import stimuli
from plugin.models.check.stimuli import ExchangeText
from stream.contracts.feedback import ModelVersion
from stream.contracts.sessions import SessionRecord
from stream.contracts.vocabulary import NeedsHuman, Role, Verdict
from stream.detection.lexicons import find_concerns
from stream.feedback.assess import Assessor
from stream.feedback.gate.quotes import find_quote
from stream.feedback.models.answer import ModelAnswer, UnusableAnswer
from stream.feedback.models.availability import ModelAvailability
from stream.feedback.models.base import Deadline, FeedbackModel, ShownExchange
from stream.feedback.single_exchange import record_of_exchange
from stream.runtime.health import Health


class CaseOutcome(BaseModel):
    """The outcome of one exchange: levels, codes and counts, never text."""

    model_config = ConfigDict(frozen=True)

    levels: tuple[int | None, ...] | None
    """In the order of the mechanisms; None where the exchange abstained."""
    abstained: NeedsHuman | None = None
    by_lexicon: bool = False
    """Whether the lexicon stopped it before any model was asked."""
    verdict: str | None = None
    strengths: int = 0
    suggestions: int = 0
    suggestions_dropped: int = 0
    readable: bool = True
    """Whether the first answer could be read."""
    quotes: int = 0
    quotes_found: int = 0
    """Of the first answer that could be read."""
    seconds: float = 0.0
    """Of the first request."""

    @property
    def silent(self) -> bool:
        """Whether nothing was said: no level, no strength, no suggestion."""
        levels = self.levels or ()
        return not any(level is not None for level in levels) and not self.strengths and not self.suggestions


@dataclass
class _FirstAnswerRecorder:
    """A wrapper of the model that keeps its first answer."""

    model: FeedbackModel
    requests: int = 0
    first: ModelAnswer | None = None
    shown: ShownExchange | None = None
    seconds: float = 0.0

    @property
    def version(self) -> ModelVersion:
        return self.model.version

    async def assess(self, exchange: ShownExchange, *, deadline: Deadline, repair: str | None = None) -> ModelAnswer:
        began = time.monotonic()
        self.requests += 1
        try:
            answer = await self.model.assess(exchange, deadline=deadline, repair=repair)
        except UnusableAnswer:
            self.seconds = self.seconds or time.monotonic() - began
            raise
        if self.requests == 1:
            self.first, self.shown, self.seconds = answer, exchange, time.monotonic() - began
        return answer

    async def canary(self, deadline: Deadline) -> None:
        await self.model.canary(deadline)

    async def reload(self, deadline: Deadline) -> bool:
        return await self.model.reload(deadline)

    async def close(self) -> None:
        """Leave the model open: it is not ours."""


class CaseRunner:
    """Runs cases against a served model. `deadline_s` is how long one answer may take, in seconds."""

    def __init__(self, model: FeedbackModel, deadline_s: float) -> None:
        self.model = model
        self.deadline_s = deadline_s
        self._watch = ModelAvailability(model, Health(), deadline_s=deadline_s)

    async def run(self, name: str, exchange: ExchangeText, *, use_lexicon: bool = True) -> CaseOutcome:
        """Return what becomes of one exchange in production; without the lexicon, what the model itself makes of it.

        While the model is away it waits, as the feedback stage does.

        Raises:
            Misconfigured: it is there, but is not the one this version speaks to.
        """
        record = _session_record(name, exchange, use_lexicon=use_lexicon)
        recorder = _FirstAnswerRecorder(self.model)
        feedback = await Assessor(recorder, self._watch, self.deadline_s, time.monotonic).feedback(record)
        first, shown = recorder.first, recorder.shown
        quotes = [] if first is None else [q for rating in first.ratings for q in rating.evidence]
        found = [q for q in quotes if shown and (m := shown.message(q.message)) and find_quote(q.quote, m.text)]
        outcome = CaseOutcome(
            levels=None,
            by_lexicon=recorder.requests == 0,
            readable=recorder.requests == 0 or first is not None,
            quotes=len(quotes),
            quotes_found=len(found),
            seconds=round(recorder.seconds, 4),
        )
        if feedback.abstentions:
            return outcome.model_copy(update={"abstained": feedback.abstentions[0].reason})
        (answer,) = feedback.assessments
        # A rejected moment has no suggestions, whatever the model wrote: that is not the screen's doing.
        suggested = 0 if first is None or answer.verdict is Verdict.REJECTED else len(first.alternatives)
        return outcome.model_copy(
            update={
                "levels": tuple(rating.level for rating in answer.ratings),
                "verdict": answer.verdict,
                "strengths": len(answer.strengths),
                "suggestions": len(answer.alternatives),
                "suggestions_dropped": max(0, suggested - len(answer.alternatives)),
            }
        )


def _session_record(name: str, exchange: ExchangeText, *, use_lexicon: bool) -> SessionRecord:
    said_by_client = [*(text for role, text in exchange.context if role is Role.CLIENT), *exchange.client]
    critical = use_lexicon and any(find_concerns(text) for text in said_by_client)
    return record_of_exchange(
        "model-check",
        uuid5(NAMESPACE_URL, name),
        context=[(Role.CLIENT, stimuli.FIRST_WORDS), *exchange.context],
        client=exchange.client,
        reply=exchange.reply,
        needs_human=NeedsHuman.CRITICAL_CONTENT if critical else None,
    )

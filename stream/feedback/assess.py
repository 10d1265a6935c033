"""The assessment of session records: each exchange gets one assessment or one abstention, whatever the model does.

A flagged turn without a reply gets the model's verdict alone (`unanswered`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from stream.contracts.feedback import Abstention, Assessment, FeedbackRecord
from stream.contracts.ids import assessment_id
from stream.contracts.sessions import SessionRecord
from stream.contracts.vocabulary import NeedsHuman, SessionState
from stream.feedback.deidentification.deidentify import Deidentifier
from stream.feedback.gate.check import CheckedAnswer, check_answer, repair_request
from stream.feedback.models.answer import UnusableAnswer
from stream.feedback.models.base import Clock, Deadline, FeedbackModel
from stream.feedback.models.patience import Availability, ask_until_answered
from stream.feedback.offered import choose_alternatives
from stream.feedback.prepared import PreparedExchange, prepare_record
from stream.feedback.sampled import with_sample_of, without_sample
from stream.feedback.size import fit_to_max_size
from stream.feedback.unanswered import critical_content, settle_marks
from stream.runtime.metrics import ANSWERS, MODEL_SECONDS
from stream.runtime.settings import WithoutNames

_NOT_JSON_PROBLEM = "the answer was not the one JSON object asked for, or was cut off"


@dataclass(frozen=True)
class Assessor:
    """Assesses sessions with one model. `deadline_s` bounds each request, in seconds."""

    model: FeedbackModel
    availability: Availability
    deadline_s: float
    clock: Clock
    without_names: WithoutNames = "assess"
    """What happens to sessions whose names nobody told."""

    async def feedback(self, record: SessionRecord) -> FeedbackRecord:
        """Feedback on one session revision; waits while the model is away.

        What is left out, reopened or erased passes through without a model call, whatever it carries.

        Raises:
            Poison: the record names messages it does not hold.
            Misconfigured: the model is there, but is not the one this version speaks to.
        """
        whole, record = record, without_sample(record)
        eligible = record.state is SessionState.CLOSED and record.left_out is None
        record = record if eligible else _without_turns(record)
        deidentifier = Deidentifier(record.known_names, (message.text for message in record.messages))
        names_told = record.names_told or bool(record.known_names)  # a record of an earlier version has names alone
        withheld = NeedsHuman.NAMES_NOT_TOLD if self.without_names == "abstain" and not names_told else None
        assessments: list[Assessment] = []
        abstentions: list[Abstention] = []
        offered: set[str] = set()
        everything = prepare_record(record, deidentifier)
        for exchange, prepared in zip(record.exchanges, everything.exchanges, strict=True):
            needs_human = exchange.needs_human or withheld
            result = await self._assess_exchange(record.session_id, needs_human, prepared, deidentifier, offered)
            if isinstance(result, Assessment):
                offered |= {each.written_id for each in result.alternatives if each.written_id}
                assessments.append(result)
                ANSWERS.labels(outcome="assessed").inc()
            else:
                abstentions.append(result)
                ANSWERS.labels(outcome=result.reason.value).inc()
        waiting = [mark for mark in record.marks if mark.awaits_verdict]
        outcomes: list[CheckedAnswer | NeedsHuman] = []
        for mark, prepared in zip(waiting, everything.unanswered, strict=True):
            needs_human = critical_content(record, mark) or withheld
            outcome = needs_human or await self._ask_until_answered(prepared, deidentifier)
            outcomes.append(outcome)
            ANSWERS.labels(outcome=outcome.value if isinstance(outcome, NeedsHuman) else "assessed").inc()
        if outcomes or whole.sampled_turns:
            await self.availability.wait_until_seen()  # the version is unknown before
            record = settle_marks(record, outcomes, self.model.version)
        outline = record.model_dump(exclude={"known_names"}) | {"names_told": names_told}
        feedback = FeedbackRecord(**outline, assessments=tuple(assessments), abstentions=tuple(abstentions))
        if whole.sampled_turns:
            feedback = with_sample_of(whole, feedback, self.model.version)
        return fit_to_max_size(feedback)

    async def _assess_exchange(
        self,
        session: UUID,
        needs_human: NeedsHuman | None,
        prepared: PreparedExchange,
        deidentifier: Deidentifier,
        offered: Collection[str],
    ) -> Assessment | Abstention:
        await self.availability.wait_until_seen()
        outcome = needs_human or await self._ask_until_answered(prepared, deidentifier)
        version = self.model.version
        if outcome is NeedsHuman.NAMES_NOT_TOLD:
            # An id of its own: once the names are told, the next revision gets an answer of the model.
            key = f"{version.key}|{outcome.value}"
            return Abstention(**_ids(session, prepared, key), model=version, reason=outcome)
        ids = _ids(session, prepared, version.key)
        if isinstance(outcome, NeedsHuman):
            return Abstention(**ids, model=version, reason=outcome)
        return Assessment(
            **ids,
            model=version,
            verdict=outcome.verdict,
            resistance_type=outcome.resistance_type,
            confidence=outcome.confidence,
            possible_injection=outcome.possible_injection,
            ratings=outcome.ratings,
            strengths=outcome.strengths,
            alternatives=choose_alternatives(
                outcome.alternatives, outcome.spares, offered, is_opening=prepared.shown.is_opening
            ),
        )

    async def _ask_until_answered(
        self, prepared: PreparedExchange, deidentifier: Deidentifier
    ) -> CheckedAnswer | NeedsHuman:
        answer = await ask_until_answered(self.availability, partial(self._ask, prepared, deidentifier))
        return NeedsHuman.MODEL_FAILED if answer is None else answer

    async def _ask(self, prepared: PreparedExchange, deidentifier: Deidentifier) -> CheckedAnswer | NeedsHuman:
        """Ask once, and a second time if the answer did not pass the gate; returns the better of the two."""
        first = await self._ask_once(prepared, deidentifier, repair=None)
        if isinstance(first, NeedsHuman):
            return first
        if first is not None and not first.problems:
            return first.abstention or first
        repair = repair_request(first.problems) if first is not None else f"- {_NOT_JSON_PROBLEM}"
        second = await self._ask_once(prepared, deidentifier, repair=repair)
        if isinstance(second, NeedsHuman):
            return second
        readable = [answer for answer in (second, first) if answer is not None]
        if not readable:
            return NeedsHuman.ANSWER_UNUSABLE
        best = min(readable, key=lambda answer: (answer.abstention is not None, len(answer.problems)))
        return best.abstention or best

    async def _ask_once(
        self, prepared: PreparedExchange, deidentifier: Deidentifier, *, repair: str | None
    ) -> CheckedAnswer | NeedsHuman | None:
        """Return the checked answer; None if it cannot be read, or a reason if the model itself abstains."""
        deadline = Deadline.after(self.deadline_s, self.clock)
        try:
            with MODEL_SECONDS.time():
                answer = await self.model.assess(prepared.shown, deadline=deadline, repair=repair)
        except UnusableAnswer:
            return None
        if answer.critical_content is not None:
            # Where it is sure, the model's own word counts as much as the lexicon's.
            return NeedsHuman.CRITICAL_CONTENT if answer.critical_is_sure else NeedsHuman.POSSIBLE_CRITICAL_CONTENT
        if answer.abstain:
            return NeedsHuman.MODEL_ABSTAINED
        return check_answer(answer, prepared, is_baseline=self.model.version.is_baseline, reveal=deidentifier.reveal)


def _without_turns(record: SessionRecord) -> SessionRecord:
    marks = tuple(mark for mark in record.marks if not mark.awaits_verdict)
    return record.model_copy(update={"exchanges": (), "marks": marks})


def _ids(session: UUID, prepared: PreparedExchange, model_key: str) -> dict[str, UUID]:
    return {
        "assessment_id": assessment_id(session, prepared.exchange_id, prepared.input_id, model_key),
        "exchange_id": prepared.exchange_id,
        "input_id": prepared.input_id,
    }

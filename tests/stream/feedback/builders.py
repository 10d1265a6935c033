"""Exchanges and answers for tests. Every line in them was written for these tests."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from uuid import UUID

from stream.contracts.feedback import ModelVersion
from stream.contracts.ids import exchange_id
from stream.contracts.messages import Consent
from stream.contracts.sessions import Counts, Exchange, KnownName, Mark, SessionMessage, SessionRecord
from stream.contracts.vocabulary import EndReason, MarkKind, Mechanism, NeedsHuman, Role, SessionState
from stream.feedback.assess import Assessor
from stream.feedback.deidentification.deidentify import Deidentifier
from stream.feedback.models.answer import ModelAnswer, UnusableAnswer, parse_answer
from stream.feedback.models.availability import ModelAvailability
from stream.feedback.models.base import Deadline, FeedbackModel, ModelUnavailable, RequestFailed, ShownExchange
from stream.feedback.prepared import PreparedExchange, prepare_record
from stream.runtime.health import Health

SESSION = UUID("5f0d3c52-8a53-5f4e-9d6e-0d3f8e7a1b01")
WHEN = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)

CONTEXT = "How was the week, Nadia?"
CLIENT = "Nadia Brandt here. I don't see how talking would change anything."
REPLY = "It sounds as if you've been let down by talking before. What would you rather do, Nadia?"
NAMES = (KnownName(role=Role.CLIENT, name="Nadia Brandt"), KnownName(role=Role.COUNSELLOR, name="Will"))

BASELINE = ModelVersion(
    name="CPU baseline",
    adapter="baseline",
    weights="1",
    prompt="none",
    rubric="1",
    schema_version="1",
    is_baseline=True,
)
LLM = ModelVersion(name="test", adapter="llm", weights="1", prompt="1", rubric="1", schema_version="1")


def message(number: int, role: Role, text: str) -> SessionMessage:
    """Message `m-number`, in its first revision."""
    return SessionMessage(
        message_id=f"m-{number}",
        revision=0,
        role=role,
        author=f"p_{role}",
        text=text,
        sent_at=WHEN.replace(minute=number),
    )


def record(
    *,
    context: Sequence[str] = (CONTEXT,),
    client: Sequence[str] = (CLIENT,),
    reply: Sequence[str] = (REPLY,),
    names: Sequence[KnownName] = NAMES,
    needs_human: NeedsHuman | None = None,
    **changes: Any,
) -> SessionRecord:
    """A closed, eligible session of one exchange."""
    said = [*((Role.COUNSELLOR, text) for text in context), *((Role.CLIENT, text) for text in client)]
    said += [(Role.COUNSELLOR, text) for text in reply]
    messages = tuple(message(number, role, text) for number, (role, text) in enumerate(said, start=1))
    ids = [one.message_id for one in messages]
    first, last = len(context), len(context) + len(client)
    exchange = Exchange(
        exchange_id=exchange_id(SESSION, ids[first]),
        context=tuple(ids[:first]),
        client_turn=tuple(ids[first:last]),
        reply=tuple(ids[last:]),
        counsellor="p_counsellor",
        score=0.9,
        needs_human=needs_human,
    )
    fields: dict[str, Any] = {
        "tenant": "sample",
        "conversation_id": "c_sample",
        "session_id": SESSION,
        "revision": 1,
        "state": SessionState.CLOSED,
        "started_at": WHEN,
        "ended_at": WHEN,
        "closed_at": WHEN,
        "end_reason": EndReason.EXPLICIT,
        "consent": Consent(processing=True),
        "messages": messages,
        "exchanges": (exchange,),
        "known_names": tuple(names),
        "names_told": bool(names),
    }
    return SessionRecord(**{**fields, **changes})


def unanswered(
    *, context: Sequence[str] = (CONTEXT,), client: Sequence[str] = (CLIENT,), **changes: Any
) -> SessionRecord:
    """A closed, eligible session whose one flagged turn has no reply."""
    whole = record(context=context, client=client, reply=["."])
    (exchange,) = whole.exchanges
    mark = Mark(kind=MarkKind.UNANSWERED_MOMENT, message_ids=exchange.client_turn, context=exchange.context)
    counts = Counts(flagged_turns=1, unanswered_moments=1)
    own: dict[str, Any] = {"messages": whole.messages[:-1], "exchanges": (), "marks": (mark,), "counts": counts}
    return whole.model_copy(update={**own, **changes})


def prepared(**parts: Any) -> tuple[PreparedExchange, Deidentifier]:
    """The one exchange of `record(**parts)`, ready to be shown."""
    session = record(**parts)
    deidentifier = Deidentifier(session.known_names)
    return prepare_record(session, deidentifier).exchanges[0], deidentifier


def prepared_unanswered(**parts: Any) -> tuple[PreparedExchange, Deidentifier]:
    """The one turn of `unanswered(**parts)`, ready to be shown."""
    session = unanswered(**parts)
    deidentifier = Deidentifier(session.known_names)
    return prepare_record(session, deidentifier).unanswered[0], deidentifier


def rating(mechanism: Mechanism, level: int | None, *quotes: tuple[int, str], reason: str = "Plain.") -> dict[str, Any]:
    """Return the rating of one mechanism as a model writes it."""
    evidence = [{"message": number, "quote": quote} for number, quote in quotes]
    return {"mechanism": mechanism.value, "level": level, "reason": reason, "evidence": evidence}


def answer(*ratings: dict[str, Any], **changes: Any) -> ModelAnswer:
    """A model's answer; mechanisms that are not given have level 0 without evidence."""
    return parse_answer(answer_json(*ratings, **changes))


def answer_json(*ratings: dict[str, Any], **changes: Any) -> bytes:
    """Return an answer as the JSON that a model writes."""
    given = {one["mechanism"]: one for one in ratings}
    whole = {
        "critical_content": None,
        "verdict": "confirmed",
        "resistance_type": "pessimism",
        "ratings": [given.get(mechanism.value, rating(mechanism, 0)) for mechanism in Mechanism],
        "strengths": [],
        "alternatives": [],
        "abstain": False,
        "abstain_reason": "",
    }
    return json.dumps({**whole, **changes}).encode()


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        """The time, in seconds."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Advance the time and keep the length of the pause."""
        if seconds:
            self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class ScriptedModel:
    """A model that answers by a list: an answer, or an error to raise. The last entry repeats."""

    def __init__(
        self, *script: ModelAnswer | Exception, version: ModelVersion = LLM, away: int = 0, outage: int = 0
    ) -> None:
        """`away` is how many canaries fail before one passes; `outage` the same after each error of the script."""
        self._version = version
        self._has_passed = False
        self.script = list(script) or [answer()]
        self.away = away
        self.outage = outage
        self.asked: list[ShownExchange] = []
        self.repairs: list[str | None] = []
        self.canaries = 0

    @property
    def version(self) -> ModelVersion:
        """The version, known once a canary has passed, as with every model behind Triton."""
        if not self._has_passed:
            raise RuntimeError("ask the canary first")
        return self._version

    async def assess(self, exchange: ShownExchange, *, deadline: Deadline, repair: str | None = None) -> ModelAnswer:
        """Take the next entry."""
        assert deadline.remaining() > 0
        self.asked.append(exchange)
        self.repairs.append(repair)
        entry = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(entry, Exception):
            self.away = self.outage
            raise entry
        return entry

    async def canary(self, deadline: Deadline) -> None:
        """Fail the first `away` canaries."""
        assert deadline.remaining() > 0
        self.canaries += 1
        if self.away > 0:
            self.away -= 1
            raise ModelUnavailable("test")
        self._has_passed = True

    async def reload(self, deadline: Deadline) -> bool:
        """Return that no model was loaded."""
        assert deadline.remaining() > 0
        return False

    async def close(self) -> None:
        """Close nothing, since no connection exists."""


class TriedModel(ScriptedModel):
    """A scripted model whose version is known from the start, as to a command that has tried it out."""

    @property
    def version(self) -> ModelVersion:
        """The version."""
        return self._version


def assessor(model: FeedbackModel, *, deadline_s: float, time: Time | None = None) -> Assessor:
    """Return an assessor of `model` with its own availability; `time` replaces the real clock."""
    if time is None:
        return Assessor(model, ModelAvailability(model, Health(), deadline_s=deadline_s), deadline_s, monotonic)
    availability = ModelAvailability(model, Health(), deadline_s=deadline_s, clock=time, sleep=time.sleep)
    return Assessor(model, availability, deadline_s, time)


FAILED = RequestFailed("internal")
UNREADABLE = UnusableAnswer("bad_json")

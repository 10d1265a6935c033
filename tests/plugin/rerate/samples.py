"""Runs of a scripted model over stored sessions, for tests; every line of conversation in them is made up."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.rerate.due import Asked, count_due
from plugin.rerate.rating import CarefulModel
from plugin.rerate.run import Run, RunReport
from stream.contracts.feedback import ModelVersion
from stream.contracts.messages import Consent
from stream.feedback.models.base import FeedbackModel
from stream.runtime.settings import RetentionSettings
from tests.plugin.samples import KEK, MODEL, NOW
from tests.stream.feedback.builders import LLM, Time, TriedModel

AGREED = Consent(processing=True, secondary_use=True)
"""The consent that a model in shadow needs."""


def asked(version: ModelVersion = LLM, *, now: datetime = NOW, **days: float) -> Asked:
    """Return what the active model is asked about."""
    return Asked.at(now, RetentionSettings(**days), version, None)


def asked_in_shadow(version: ModelVersion = LLM, *, beside: ModelVersion = MODEL, now: datetime = NOW) -> Asked:
    """Return what a model in shadow is asked about."""
    return Asked.at(now, RetentionSettings(), version, beside.key)


def count(engine: Engine, which: Asked) -> tuple[int, int]:
    """Return how many exchanges are due, of how many sessions."""
    with transaction(engine) as session:
        return count_due(session, which)


def run_of(engine: Engine, which: Asked) -> Run:
    """Return a run on a database."""
    return Run(engine, KEK, which, uuid4(), lambda: NOW)


def careful(model: FeedbackModel, time: Time | None = None, *, per_minute: int = 60) -> CarefulModel:
    """Return a model with a clock that only sleeping moves."""
    time = time or Time()
    return CarefulModel(model, deadline_s=5, per_minute=per_minute, clock=time, sleep=time.sleep)


def rate_all(
    engine: Engine,
    model: FeedbackModel | None = None,
    which: Asked | None = None,
    *,
    step: Callable[[], object] = lambda: None,
) -> RunReport:
    """Rate everything that is due, as the active model unless something else is asked."""
    model = model or TriedModel()
    run = run_of(engine, which or asked(model.version))
    return asyncio.run(run.rate_all(careful(model).rate, step))


def reratings(engine: Engine) -> list[dict[str, Any]]:
    """Return the rows that were written, in the order of their sessions."""
    with engine.connect() as connection:
        found = connection.execute(text("SELECT * FROM reratings ORDER BY session_id, assessment_id, model_key"))
        return [dict(row._mapping) for row in found]

"""Which stored exchanges a model is asked about: conditions on rows, which leave out whatever has had its time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from sqlalchemy import ColumnElement, and_, exists, func, or_
from sqlmodel import Session, col, select

from plugin.database.holds import session_is_held
from plugin.database.tables import StoredAnswer, StoredExchange, StoredMessage, StoredRerating, StoredSession
from plugin.privacy.retention import RetentionCutoffs
from plugin.queue.judgements import answers_exchange
from stream.contracts.feedback import ModelVersion
from stream.contracts.vocabulary import NeedsHuman, SessionState, Verdict
from stream.runtime.settings import RetentionSettings

READ_BY_A_MODEL: Final = (
    NeedsHuman.MODEL_ABSTAINED,
    NeedsHuman.ANSWER_UNUSABLE,
    NeedsHuman.EVIDENCE_NOT_FOUND,
    NeedsHuman.MODEL_FAILED,
)
"""The abstentions of a model that was asked. With any other reason no model may read the exchange, now or later."""


@dataclass(frozen=True)
class Asked:
    """The model that is asked, and what decides about which exchanges."""

    version: ModelVersion
    heard_since: datetime
    """The broker time of a session's last message before which its text or its levels have had their time."""
    beside: str | None = None
    """The key of the active model, beside whose answers a model in shadow is asked; None if this one is active."""

    @classmethod
    def at(cls, now: datetime, retention: RetentionSettings, version: ModelVersion, beside: str | None) -> Self:
        """Return what a model is asked about at a time."""
        cutoffs = RetentionCutoffs.at(now, retention)
        return cls(version, max(cutoffs.texts, cutoffs.assessments), beside)

    @property
    def is_shadow(self) -> bool:
        """Whether the model is in shadow."""
        return self.beside is not None


def is_due(asked: Asked) -> ColumnElement[bool]:
    """Return the condition that a model is to be asked about a `StoredExchange` of a `StoredSession`.

    It is about the `StoredAnswer` that counts. A conversation under a legal hold is kept for that alone.
    """
    done = (
        select(StoredRerating.assessment_id)
        .where(
            col(StoredRerating.assessment_id) == col(StoredAnswer.assessment_id),
            col(StoredRerating.model_key) == asked.version.key,
            col(StoredRerating.shadow) == asked.is_shadow,
        )
        .correlate(StoredAnswer)
    )
    messages = (
        select(StoredMessage.message_id)
        .where(col(StoredMessage.session_id) == col(StoredSession.session_id))
        .correlate(StoredSession)
    )
    return and_(
        col(StoredSession.state) == SessionState.CLOSED.value,
        col(StoredSession.left_out).is_(None),
        ~col(StoredSession.restricted),
        ~session_is_held(),
        col(StoredSession.last_appended_at) >= asked.heard_since,
        exists(messages),
        col(StoredExchange.session_id) == col(StoredSession.session_id),
        answers_exchange(),
        col(StoredAnswer.superseded_by).is_(None),
        ~exists(done),
        _has_consent("processing"),
        _is_on_a_trend(asked.version.key) if asked.beside is None else _is_beside(asked.beside),
    )


def count_due(session: Session, asked: Asked) -> tuple[int, int]:
    """Return the number of exchanges that are due, and of their sessions."""
    exchanges, sessions = session.exec(
        select(func.count(), func.count(col(StoredSession.session_id).distinct()))
        .select_from(StoredSession, StoredExchange, StoredAnswer)
        .where(is_due(asked))
    ).one()
    return exchanges, sessions


def _is_on_a_trend(key: str) -> ColumnElement[bool]:
    """Return the condition that a moment can stand on a trend, and that another version has answered it."""
    return and_(
        col(StoredExchange.shown),
        col(StoredAnswer.abstained).is_(None),
        col(StoredAnswer.verdict) != Verdict.REJECTED.value,
        _model_key() != key,
    )


def _is_beside(key: str) -> ColumnElement[bool]:
    """Return the condition that the active model has read an exchange, and that it may be used for more than that.

    Trying a model is no part of the feedback that a client agreed to.
    """
    reasons = col(StoredAnswer.abstained).in_([reason.value for reason in READ_BY_A_MODEL])
    return and_(
        or_(col(StoredAnswer.abstained).is_(None), reasons),
        _model_key() == key,
        _has_consent("secondary_use"),
    )


def _has_consent(name: str) -> ColumnElement[bool]:
    agreed: ColumnElement[bool] = col(StoredSession.consent)[name].as_boolean()
    return agreed


def _model_key() -> ColumnElement[str]:
    """Return the key of a `StoredAnswer`'s model, joined as `ModelVersion.key` is."""
    parts = ("adapter", "weights", "prompt", "rubric", "schema_version")
    joined: ColumnElement[str] = func.concat_ws("|", *(col(StoredAnswer.model)[part].as_string() for part in parts))
    return joined

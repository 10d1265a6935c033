"""Deterministic ids: each is a uuid5 of what it names, so a redelivered record gets the same id on every path."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid5

NAMESPACE = UUID("5d2c1f0e-7c53-5b8e-9a57-0c7f3a1be001")
"""Counterpoint's own namespace. It never changes, since every stored id depends on it."""

_SEPARATOR = "\x1f"  # ASCII unit separator: no id may hold it, so joined parts cannot be confused


def _id(*parts: str) -> UUID:
    return uuid5(NAMESPACE, _SEPARATOR.join(parts))


def record_key(tenant: str, conversation_id: str) -> bytes:
    """Return the key of a conversation's records, so that they are on one partition of each topic, in one order."""
    return f"{tenant}:{conversation_id}".encode()


def revision_of(edited_at: datetime) -> int:
    """Return the revision of an edit: the platform's edit time in whole milliseconds since 1970."""
    return int(edited_at.timestamp() * 1000)


def message_event_id(tenant: str, conversation_id: str, message_id: str, revision: int | str) -> UUID:
    """Return the id of the event of one revision of a message; `revision` may be a word such as "deletion"."""
    return _id("message", tenant, conversation_id, message_id, str(revision))


def conversation_event_id(tenant: str, conversation_id: str, event_type: str, detail: str) -> UUID:
    """Return the id of an event about a whole conversation; `detail` distinguishes two events of the same type."""
    return _id("conversation", tenant, conversation_id, event_type, detail)


def risk_signal_id(tenant: str, conversation_id: str, message_id: str, revision: int) -> UUID:
    """Return the id of the risk signal of one revision of a message."""
    return _id("risk", tenant, conversation_id, message_id, str(revision))


def outcome_key(tenant: str, conversation_id: str, outcome_id: str) -> UUID:
    """Return the id under which an outcome is stored."""
    return _id("outcome", tenant, conversation_id, outcome_id)


def outcome_event_id(tenant: str, conversation_id: str, outcome_id: str, revision: int) -> UUID:
    """Return the id of the event that carries an outcome as it was given at one time."""
    return _id("outcome event", tenant, conversation_id, outcome_id, str(revision))


def session_id(tenant: str, conversation_id: str, first_message_id: str) -> UUID:
    """Return the id of a session, made from its conversation and the first message accepted into the session."""
    return _id("session", tenant, conversation_id, first_message_id)


def exchange_id(session: UUID, client_turn_first_message_id: str) -> UUID:
    """Return the id of an exchange, made from the first message of its client turn, so that later revisions keep it."""
    return _id("exchange", str(session), client_turn_first_message_id)


def input_id(message_revisions: Iterable[tuple[str, int]]) -> UUID:
    """Return the id of a model's input: the ordered (message id, revision) pairs of an exchange."""
    return _id("input", *(part for mid, revision in message_revisions for part in (mid, str(revision))))


def assessment_id(session: UUID, exchange: UUID, model_input: UUID, model: str) -> UUID:
    """Return the id of the answer of one model to one input. `model` is `ModelVersion.key`."""
    return _id("assessment", str(session), str(exchange), str(model_input), model)


def transcript_event_id(session: UUID, revision: int) -> UUID:
    """Return the id of the event that carries the messages of one revision of a session."""
    return _id("transcript", str(session), str(revision))


def measures_event_id(session: UUID, revision: int, reader: str, versions: Iterable[str]) -> UUID:
    """Return the id of the event that carries what some versions of measures, with one reader, say of a revision."""
    return _id("measures", str(session), str(revision), reader, *versions)


def session_event_id(session: UUID, revision: int, state: str) -> UUID:
    """Return the id of the CloudEvent that carries one revision of a session in one state."""
    return _id("record", str(session), str(revision), state)

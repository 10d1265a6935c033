"""The tables. Plain columns never hold text: whatever somebody said or a model wrote about it is sealed."""

from plugin.queue.tables.base import METADATA, Table
from plugin.queue.tables.people import Account, Membership, Team
from plugin.queue.tables.protection import AuditEntry, ConversationKey, Forgotten, ForgottenKind
from plugin.queue.tables.sessions import (
    SessionCounsellor,
    StoredAnswer,
    StoredDecision,
    StoredExchange,
    StoredMessage,
    StoredSession,
)

__all__ = [
    "METADATA",
    "Account",
    "AuditEntry",
    "ConversationKey",
    "Forgotten",
    "ForgottenKind",
    "Membership",
    "SessionCounsellor",
    "StoredAnswer",
    "StoredDecision",
    "StoredExchange",
    "StoredMessage",
    "StoredSession",
    "Table",
    "Team",
]

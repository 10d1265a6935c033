"""The tables. Plain columns never hold text: whatever somebody said or a model wrote about it is sealed."""

from plugin.database.tables.base import METADATA, Table
from plugin.database.tables.operations import HandledDeadLetter
from plugin.database.tables.people import Account, Membership, Team
from plugin.database.tables.protection import (
    AuditEntry,
    ConversationKey,
    ErasureRequest,
    Forgotten,
    ForgottenKind,
    Hold,
    RetentionRun,
    ServiceKey,
)
from plugin.database.tables.sessions import (
    SessionClient,
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
    "ErasureRequest",
    "Forgotten",
    "ForgottenKind",
    "HandledDeadLetter",
    "Hold",
    "Membership",
    "RetentionRun",
    "ServiceKey",
    "SessionClient",
    "SessionCounsellor",
    "StoredAnswer",
    "StoredDecision",
    "StoredExchange",
    "StoredMessage",
    "StoredSession",
    "Table",
    "Team",
]

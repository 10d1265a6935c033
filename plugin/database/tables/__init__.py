"""The tables of the database. Text that people or models wrote is only stored encrypted, never in plain columns."""

from plugin.database.tables.api import ApiReply, ApiToken
from plugin.database.tables.base import METADATA, Table
from plugin.database.tables.calibrations import (
    StoredCalibration,
    StoredCalibrationDone,
    StoredCalibrationMoment,
    StoredCalibrationRating,
    StoredFinalLevel,
)
from plugin.database.tables.criteria import StoredCriterion, StoredCriterionAnswer, StoredCriterionVersion
from plugin.database.tables.digests import StoredDelivery, StoredDigestMark, StoredDigestPreferences
from plugin.database.tables.disputes import StoredAcknowledgement, StoredDispute, StoredDisputeStep
from plugin.database.tables.handovers import StoredHandover
from plugin.database.tables.measures import StoredMeasures
from plugin.database.tables.operations import HandledDeadLetter
from plugin.database.tables.outcomes import StoredOutcome
from plugin.database.tables.people import Account, Membership, Team
from plugin.database.tables.practice import StoredAttempt
from plugin.database.tables.protection import (
    AuditEntry,
    ConversationKey,
    ErasureRequest,
    Hold,
    RetentionRun,
    ServiceKey,
    Tombstone,
    TombstoneKind,
)
from plugin.database.tables.receivers import StoredReceiver, StoredReleaseNotice
from plugin.database.tables.rehearsals import StoredRehearsal, StoredRehearsalStep
from plugin.database.tables.reratings import StoredRerating
from plugin.database.tables.reviews import StoredClaim, StoredLabel, StoredNote, StoredNoteComment
from plugin.database.tables.risk import StoredRiskSignal
from plugin.database.tables.rubric_notes import StoredRubricNote, StoredRubricNoteVersion
from plugin.database.tables.sample import StoredLookAnswer, StoredSample
from plugin.database.tables.saved_views import StoredView
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
    "ApiReply",
    "ApiToken",
    "AuditEntry",
    "ConversationKey",
    "ErasureRequest",
    "HandledDeadLetter",
    "Hold",
    "Membership",
    "RetentionRun",
    "ServiceKey",
    "SessionClient",
    "SessionCounsellor",
    "StoredAcknowledgement",
    "StoredAnswer",
    "StoredAttempt",
    "StoredCalibration",
    "StoredCalibrationDone",
    "StoredCalibrationMoment",
    "StoredCalibrationRating",
    "StoredClaim",
    "StoredCriterion",
    "StoredCriterionAnswer",
    "StoredCriterionVersion",
    "StoredDecision",
    "StoredDelivery",
    "StoredDigestMark",
    "StoredDigestPreferences",
    "StoredDispute",
    "StoredDisputeStep",
    "StoredExchange",
    "StoredFinalLevel",
    "StoredHandover",
    "StoredLabel",
    "StoredLookAnswer",
    "StoredMeasures",
    "StoredMessage",
    "StoredNote",
    "StoredNoteComment",
    "StoredOutcome",
    "StoredReceiver",
    "StoredRehearsal",
    "StoredRehearsalStep",
    "StoredReleaseNotice",
    "StoredRerating",
    "StoredRiskSignal",
    "StoredRubricNote",
    "StoredRubricNoteVersion",
    "StoredSample",
    "StoredSession",
    "StoredView",
    "Table",
    "Team",
    "Tombstone",
    "TombstoneKind",
]

"""The kinds of entries of the audit trail by which an auditor filters, each a list of purposes as they are written."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class TrailKind(StrEnum):
    """What an entry of the trail is about; every entry is of exactly one kind."""

    LOGIN = "login"
    READING = "reading"
    """Somebody opened words of a session or of a dead letter, or the trend of one person."""
    REVIEW = "review"
    """Claims, hand-overs, labels, coaching notes with their comments and follow-ups, and blind looks."""
    CALIBRATION = "calibration"
    """The steps of calibrations; the words of their moments are read under `READING`."""
    CRITERION = "criterion"
    """A service's own criteria, and the answers to them."""
    DECISION = "decision"
    """Released or withheld."""
    ANSWER = "answer"
    """What therapists answer to a release, and what becomes of their disputes."""
    PRACTICE = "practice"
    EXPORT = "export"
    ACCOUNT = "account"
    """Accounts, tokens, preferences and saved views."""
    RISK = "risk"
    """Risk signals that were acknowledged, each with what was done."""
    RECEIVER = "receiver"
    """Stored receivers of webhooks: added, changed, removed, and told again."""
    OUTCOME = "outcome"
    """Outcomes that an operator's program added."""
    RUBRIC_NOTE = "rubric-note"
    RERATING = "rerating"
    """Stored exchanges that another version of the model rated again."""
    REMOVAL = "removal"
    """Erasures, legal holds and retention."""
    DEAD_LETTER = "dead-letter"
    """Dead letters that were replayed or dropped."""
    TRAIL = "trail"
    """The trail itself: who read, verified or downloaded it, and for how long it is kept."""
    OTHER = "other"
    """What none of the others names, such as an entry of a later version."""


PATTERNS: Final[Mapping[TrailKind, tuple[str, ...]]] = {
    TrailKind.LOGIN: ("login", "logout", "logout at the provider"),
    TrailKind.READING: (
        *("review", "digest", "across sessions", "agreement sample", "blind look", "trend", "read a dead letter: %"),
        *("calibration draw", "calibration", "calibration comparison"),
    ),
    TrailKind.REVIEW: (
        *("claim", "give back", "agreed %", "corrected %", "withheld %", "undone %"),
        *("hand over", "send back", "take over"),
        *("shared note", "private note", "remove note", "note comment", "remove comment"),
        *("follow-up set", "follow-up done", "blind answers"),
    ),
    TrailKind.CALIBRATION: (
        *("open calibration", "cancel calibration", "calibration rating", "calibration done", "calibration ask"),
        *("calibration settled", "calibration agreement"),
    ),
    TrailKind.CRITERION: ("criterion %",),
    TrailKind.DECISION: ("released", "withheld"),
    TrailKind.ANSWER: ("acknowledge", "dispute", "withdraw dispute", "escalate dispute", "resolve dispute"),
    TrailKind.PRACTICE: (
        *("practise", "keep attempt", "remove attempt"),
        *("begin rehearsal", "rehearse", "keep rehearsed reply", "remove rehearsal"),
    ),
    TrailKind.EXPORT: ("export %", "own words"),
    TrailKind.ACCOUNT: (
        *("account %", "password set", "password changed", "token created", "token revoked"),
        *("digest preferences", "digest read", "saved view %"),
    ),
    TrailKind.RISK: ("risk acknowledgement",),
    TrailKind.RECEIVER: ("receiver %",),
    TrailKind.OUTCOME: ("outcomes",),
    TrailKind.RUBRIC_NOTE: ("rubric note %",),
    TrailKind.RERATING: ("rerate: %",),
    TrailKind.REMOVAL: ("erasure", "hold", "retention"),
    TrailKind.DEAD_LETTER: ("replay dead letters %", "drop dead letters"),
    TrailKind.TRAIL: ("read the trail", "verify the trail", "download the trail: %", "minimum of the trail"),
}
"""The purposes of each kind, as patterns of SQL's LIKE."""
KNOWN: Final = tuple(pattern for patterns in PATTERNS.values() for pattern in patterns)

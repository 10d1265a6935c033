"""The closed lists of values that records use, such as roles, mechanisms, states and reasons."""

from enum import IntEnum, StrEnum


class Role(StrEnum):
    """The role of an author. A bot or an automatic notice is `system`."""

    CLIENT = "client"
    COUNSELLOR = "counsellor"
    SYSTEM = "system"


class Mechanism(StrEnum):
    """The four communication mechanisms of arXiv 2602.21638, as defined in docs/rubric.md."""

    RESPECT_FOR_AUTONOMY = "respect_for_autonomy"
    STANCE_ALIGNMENT = "stance_alignment"
    EMOTIONAL_RESONANCE = "emotional_resonance"
    CONVERSATIONAL_ORIENTATION = "conversational_orientation"


class Level(IntEnum):
    """The extent to which a reply expresses a mechanism."""

    NONE = 0
    WEAK = 1
    STRONG = 2


class ResistanceType(StrEnum):
    """The 13 behaviours of the PsyFIRE taxonomy (arXiv 2601.14780); the names are theirs, the definitions ours."""

    CHALLENGING = "challenging"
    DISCOUNTING = "discounting"
    BLAMING = "blaming"
    DISAGREEING = "disagreeing"
    EXCUSING = "excusing"
    MINIMIZING = "minimizing"
    PESSIMISM = "pessimism"
    RELUCTANCE = "reluctance"
    UNWILLINGNESS = "unwillingness"
    MINIMUM_TALK = "minimum_talk"
    LIMIT_SETTING = "limit_setting"
    INATTENTION = "inattention"
    SIDETRACKING = "sidetracking"


class Concern(StrEnum):
    """A concern that is found in a client's text. The first four are risk language; all are critical content."""

    SUICIDE = "suicide"
    SELF_HARM = "self_harm"
    HARM_TO_OTHERS = "harm_to_others"
    ABUSE = "abuse"
    DELUSION = "delusion"
    HALLUCINATION = "hallucination"
    MANIA = "mania"
    COMPULSION = "compulsion"


RISK_CONCERNS = frozenset({Concern.SUICIDE, Concern.SELF_HARM, Concern.HARM_TO_OTHERS, Concern.ABUSE})
"""The concerns that are risk language: they put even a session that is left out into the queue."""


class HeardBy(StrEnum):
    """By what risk language was heard. More may come, so a receiver takes a value that it does not know."""

    LEXICON = "lexicon"
    READER = "reader"
    """The reader alone, which is asked only where a platform wants it; a word list had not heard it."""


class OperatingPoint(StrEnum):
    """The operating point of a detector, which decides its threshold."""

    GATE = "gate"
    """High recall, since a model confirms what the detector flags."""
    ALONE = "alone"
    """Only in records of an earlier version: high precision, since nothing confirmed what the detector flagged."""


class SessionState(StrEnum):
    """The state of a session in its record."""

    CLOSED = "closed"
    REOPENED = "reopened"
    ERASED = "erased"


class EndReason(StrEnum):
    """The reason why a session closed."""

    EXPLICIT = "explicit"
    IDLE = "idle"
    TOO_LONG = "too_long"
    WITHDRAWN = "withdrawn"


class LeftOut(StrEnum):
    """The reason why a finished session gets no feedback; it is in the record, counted and shown."""

    NO_CONSENT = "no_consent"
    TOO_SHORT = "too_short"
    NO_RESISTANCE = "no_resistance"
    LANGUAGE_NOT_SUPPORTED = "language_not_supported"
    NO_COUNSELLOR_MESSAGE = "no_counsellor_message"
    TOO_LONG = "too_long"


class MarkKind(StrEnum):
    """The kind of a mark on messages of a session."""

    RISK_LANGUAGE = "risk_language"
    CRITICAL_CONTENT = "critical_content"
    UNANSWERED_MOMENT = "unanswered_moment"


class NeedsHuman(StrEnum):
    """The reason why an exchange, or one mechanism of it, has no level and a person must look at it."""

    CRITICAL_CONTENT = "critical_content"
    POSSIBLE_CRITICAL_CONTENT = "possible_critical_content"
    """A model hears critical content and is not sure. It is rated no more than the other, and does not come first."""
    REPLY_BY_SEVERAL = "reply_by_several"
    REPLY_BY_SYSTEM = "reply_by_system"
    EVIDENCE_NOT_FOUND = "evidence_not_found"
    ANSWER_UNUSABLE = "answer_unusable"
    MODEL_ABSTAINED = "model_abstained"
    MODEL_FAILED = "model_failed"
    TEXT_CHANGED = "text_changed"
    NAMES_NOT_TOLD = "names_not_told"


CRITICAL_REASONS = frozenset({NeedsHuman.CRITICAL_CONTENT, NeedsHuman.POSSIBLE_CRITICAL_CONTENT})
"""Both grades of critical content: of a turn with either, a model says nothing else."""


class Verdict(StrEnum):
    """The feedback model's verdict on the detector's finding."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    NOT_ASSESSED = "not_assessed"
    """Only in records of an earlier version, whose baseline gave no verdict."""


class NoEffect(StrEnum):
    """The reason why a well-formed event, or a part of it, had no effect; the values are those of a metric's label."""

    END_RULE_IDLE = "end_rule_idle"
    END_REPEATED = "end_repeated"
    END_WITHOUT_SESSION = "end_without_session"
    END_BEFORE_SESSION = "end_before_session"
    EDIT_BY_ANOTHER = "edit_by_another"
    TOO_MANY_EARLY_CHANGES = "too_many_early_changes"
    TOO_MANY_NAMES = "too_many_names"
    CLAMPED = "clamped"


class DeadLetterReason(StrEnum):
    """The reason why a record could not be used."""

    BAD_ENVELOPE = "bad_envelope"
    BAD_JSON = "bad_json"
    BAD_SCHEMA = "bad_schema"
    BAD_KEY = "bad_key"
    NUL = "nul"
    LONE_SURROGATE = "lone_surrogate"
    OVERSIZE = "oversize"
    SEGMENT_FULL = "segment_full"
    TOMBSTONE = "tombstone"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_VERSION = "unknown_version"
    WRONG_PARTITION = "wrong_partition"
    NO_CONSENT = "no_consent"
    UNKNOWN_TENANT = "unknown_tenant"
    NOT_DELIVERED = "not_delivered"
    """Of a risk signal that its receiver did not take."""
    BUG = "bug"

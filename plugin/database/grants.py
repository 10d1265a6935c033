"""The rights of each stage's database role on the tables. Rights are granted here and nowhere else."""

from collections.abc import Mapping
from typing import Final

from plugin.database import outcome_rights

PREFIX: Final = "counterpoint_"
Grants = Mapping[str, tuple[str, ...]]

_ANSWERS_WITHOUT_WORDS: Final = (
    "SELECT (assessment_id, session_id, exchange_id, input_id, model, abstained, verdict, resistance_type, confidence,"
    " possible_injection, ratings, has_words, revision, superseded_by, stored_at)"
)
_MESSAGES_WITHOUT_TEXT: Final = "SELECT (session_id, message_id, position, revision, role, author, sent_at)"
_CRITERION_ANSWERS_WITHOUT_WORDS: Final = "SELECT (number, session_id, exchange_id, has_words)"
_HANDOVERS_WITHOUT_WORDS: Final = "SELECT (session_id, has_words)"
_LOOKS_WITHOUT_MACHINE: Final = (
    "SELECT (session_id, position, revision, resistance, critical, rubric, account_id, said_at)"
)
_MEASURES_PLACES: Final = (
    "SELECT (session_id, tenant, conversation_id, revision, first_appended_at, last_appended_at, turns, people)"
)
"""Enough to find what was said of what was erased, withdrawn, changed or has had its time; nothing of what was said."""
_NO_HASH_OF_TOKENS: Final = "SELECT (token_id, account_id, scopes, created_at, expires_at, revoked_at, last_used_on)"
_CHANGED_BY_OPERATORS: Final = (
    "username, password_hash, display_name, tenant, counsellor, generation, disabled_at, removed_at"
)
"""The columns of an account that its page changes; its role is not among them."""
_KEY_IDS: Final = "SELECT (name, kek_id)"
"""Enough to see which key encryption key wrapped the service's keys."""
_RISK_PLACES: Final = "SELECT (signal_id, tenant, conversation_id, session_id, appended_at)"
"""Enough to find the risk signals of what was erased, withdrawn or has had its time."""
_CHANGED_OF_RECEIVERS: Final = "url, kek_id, secret, previous_secret, previous_until, disabled_at, removed_at"
"""What an operator changes of a receiver; its name, platform and kinds are not among them."""
_CHANGED_OF_NOTICES: Final = "waiting_since, state, attempts, next_try_at, leased_until, reason, ended_at"
"""What became of a notice; what it tells is never changed."""
_NOTE_KEY_IDS: Final = "SELECT (note_id, kek_id)"
"""The same of the keys of rubric notes."""

_REHEARSAL_KEYS: Final = "SELECT (rehearsal_id, kek_id, wrapped, begun_at)"
"""Enough to wrap the keys of rehearsals again and to remove what has had its time; not whose they are, and no words."""

GRANTS: Final[Mapping[str, Grants]] = {
    "sink": {
        "sessions": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        "session_counsellors": ("SELECT", "INSERT", "DELETE"),
        "session_clients": ("SELECT", "INSERT", "DELETE"),
        "messages": ("SELECT (session_id, message_id, revision)", "INSERT", "UPDATE (text, revision)", "DELETE"),
        "exchanges": ("SELECT", "INSERT", "UPDATE", "DELETE"),  # ids and spans, no text
        "answers": (_ANSWERS_WITHOUT_WORDS, "INSERT", "UPDATE", "DELETE"),
        "decisions": ("SELECT (session_id, revision)", "DELETE"),
        "claims": ("SELECT (session_id)", "DELETE"),
        "notes": ("SELECT (note_id, session_id, exchange_id)", "DELETE"),
        "criterion_answers": (_CRITERION_ANSWERS_WITHOUT_WORDS, "DELETE"),
        "handovers": (_HANDOVERS_WITHOUT_WORDS, "UPDATE (words)", "DELETE"),
        "disputes": ("SELECT (dispute_id, session_id, exchange_id)", "DELETE"),
        "practice_attempts": ("SELECT (attempt_id, session_id, exchange_id)", "DELETE"),
        "acknowledgements": ("SELECT (session_id)", "DELETE"),
        "samples": ("SELECT (session_id)", "INSERT", "DELETE"),
        "look_answers": ("SELECT (session_id, message_id)", "DELETE"),
        "calibration_moments": ("SELECT (session_id, exchange_id)", "DELETE"),
        "calibration_ratings": ("SELECT (session_id, has_words)",),
        "final_levels": ("SELECT (session_id, has_words)",),
        "conversation_keys": ("SELECT", "INSERT", "DELETE"),
        "service_keys": ("SELECT", "INSERT"),
        "rubric_notes": (_NOTE_KEY_IDS,),
        "erasures": ("SELECT", "INSERT"),
        "risk_signals": (_RISK_PLACES, "INSERT", "DELETE"),
        "outcomes": (outcome_rights.PLACES, "INSERT", outcome_rights.REPLACE, "DELETE"),
        "measures": (_MEASURES_PLACES, "INSERT", "UPDATE", "DELETE"),
        "holds": ("SELECT",),
    },
    "web": {
        "accounts": ("SELECT", "INSERT", f"UPDATE ({_CHANGED_BY_OPERATORS})"),
        "teams": ("SELECT", "INSERT"),
        "memberships": ("SELECT", "INSERT", "DELETE"),
        "sessions": ("SELECT", "UPDATE (session_id)"),  # FOR UPDATE requires a right to update
        "session_counsellors": ("SELECT",),
        "messages": ("SELECT",),
        "exchanges": ("SELECT",),
        "answers": ("SELECT",),
        "decisions": ("SELECT", "INSERT", "UPDATE"),
        "claims": ("SELECT", "INSERT", "UPDATE"),
        "labels": ("SELECT", "INSERT"),  # never changed: the latest one counts
        "handovers": ("SELECT", "INSERT"),  # never changed: the latest one counts
        "notes": ("SELECT", "INSERT", "UPDATE (follow_up_on, followed_up_at)", "DELETE"),
        "note_comments": ("SELECT", "INSERT", "DELETE"),  # never changed
        "criteria": ("SELECT", "INSERT", "UPDATE (position, retired_at)"),
        "criterion_versions": ("SELECT", "INSERT"),  # never changed: the highest one is asked
        "criterion_answers": ("SELECT", "INSERT", "UPDATE (stands, words)"),  # never changed: the latest one stands
        "acknowledgements": ("SELECT", "INSERT"),
        "disputes": ("SELECT", "INSERT"),
        "dispute_steps": ("SELECT", "INSERT"),
        "samples": ("SELECT",),
        "look_answers": ("SELECT", "INSERT"),  # never changed
        "calibrations": ("SELECT", "INSERT"),
        "calibration_done": ("SELECT", "INSERT"),
        "calibration_moments": ("SELECT", "INSERT", "UPDATE (asked_at)"),
        "calibration_ratings": ("SELECT", "INSERT", "UPDATE (levels, blind, words, said_at)"),
        "final_levels": ("SELECT", "INSERT"),  # never changed
        "handled_dead_letters": ("SELECT",),
        "digest_preferences": ("SELECT", "INSERT", "UPDATE"),
        "digest_marks": ("SELECT", "INSERT", "UPDATE"),
        "digest_deliveries": ("SELECT",),
        "practice_attempts": ("SELECT", "INSERT", "DELETE"),
        "rehearsals": ("SELECT", "INSERT", "DELETE"),
        "rehearsal_steps": ("SELECT", "INSERT", "DELETE"),  # never changed; a reply takes the place of its draft
        "reratings": ("SELECT",),  # for trends
        "measures": ("SELECT",),
        "conversation_keys": ("SELECT",),
        "service_keys": (_KEY_IDS,),
        "audit": ("INSERT",),
        "counterpoint_trail": ("SELECT",),
        "api_tokens": ("SELECT", "UPDATE (generation, last_used_on)"),  # `counterpoint tokens` makes and revokes them
        "api_replies": ("SELECT", "INSERT", "DELETE"),  # never changed
        "rubric_notes": ("SELECT", "INSERT", "DELETE"),
        "rubric_note_versions": ("SELECT", "INSERT"),  # never changed; they go with their note
        "saved_views": ("SELECT", "INSERT", "UPDATE (name)", "DELETE"),
        "risk_signals": ("SELECT", "UPDATE (acknowledged_at, action)"),
        "receivers": ("SELECT", "INSERT", f"UPDATE ({_CHANGED_OF_RECEIVERS})"),
        "release_notices": ("SELECT", "INSERT", f"UPDATE ({_CHANGED_OF_NOTICES})"),
        # For the API; no page reads them.
        "outcomes": (outcome_rights.KNOWN, "INSERT", outcome_rights.REPLACE),
    },
    # The words too, in the rows of the account that it names: `counterpoint digest` and `export` ask for a password;
    # `counterpoint deliver`, which asks for none, has no key to decrypt them.
    "digest": {
        "accounts": ("SELECT",),
        "teams": ("SELECT",),
        "memberships": ("SELECT",),
        "sessions": ("SELECT",),
        "session_counsellors": ("SELECT",),
        "messages": ("SELECT",),
        "exchanges": ("SELECT",),
        "answers": ("SELECT",),
        "decisions": ("SELECT",),
        "claims": ("SELECT",),
        "labels": ("SELECT",),
        "handovers": ("SELECT",),
        "notes": ("SELECT",),
        "note_comments": ("SELECT",),
        "criteria": ("SELECT",),
        "criterion_versions": ("SELECT",),
        "criterion_answers": ("SELECT",),
        "acknowledgements": ("SELECT",),
        "disputes": ("SELECT",),
        "dispute_steps": ("SELECT",),
        "digest_preferences": ("SELECT",),
        "digest_marks": ("SELECT",),
        "digest_deliveries": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        "risk_signals": ("SELECT", "UPDATE (escalation_tries, next_try_at, escalated_at)"),
        "receivers": ("SELECT",),
        "release_notices": ("SELECT", f"UPDATE ({_CHANGED_OF_NOTICES})", "DELETE"),
        "outcomes": ("SELECT",),  # for exports
        "practice_attempts": ("SELECT",),  # a therapist's own, for the export of their own data
        "rehearsals": ("SELECT",),  # the same
        "rehearsal_steps": ("SELECT",),
        "reratings": ("SELECT",),  # for the same
        "measures": ("SELECT",),  # for the same
        "calibrations": ("SELECT",),
        "calibration_done": ("SELECT",),
        "calibration_moments": ("SELECT",),
        "calibration_ratings": ("SELECT",),
        "final_levels": ("SELECT",),
        "conversation_keys": ("SELECT",),
        "service_keys": (_KEY_IDS,),
        "rubric_notes": ("SELECT",),
        "rubric_note_versions": ("SELECT",),  # a lead's own, for the export of their own data
        "look_answers": (_LOOKS_WITHOUT_MACHINE,),  # for the same, like the tokens and the saved views
        "saved_views": ("SELECT",),
        "api_tokens": (_NO_HASH_OF_TOKENS,),
        "audit": ("INSERT",),
    },
    "privacy": {
        "sessions": ("SELECT", "UPDATE", "DELETE"),
        "session_counsellors": ("SELECT", "DELETE"),
        "session_clients": ("SELECT", "DELETE"),
        "messages": (_MESSAGES_WITHOUT_TEXT, "DELETE"),
        "exchanges": ("SELECT (session_id, exchange_id)", "DELETE"),
        "answers": (_ANSWERS_WITHOUT_WORDS, "UPDATE (words)", "DELETE"),
        "decisions": ("SELECT (session_id, revision)", "DELETE"),
        "claims": ("SELECT (session_id)", "DELETE"),
        "notes": ("SELECT (note_id, session_id, exchange_id)", "DELETE"),
        "criterion_answers": (_CRITERION_ANSWERS_WITHOUT_WORDS, "UPDATE (words)", "DELETE"),
        "handovers": (_HANDOVERS_WITHOUT_WORDS, "UPDATE (words)", "DELETE"),
        "disputes": ("SELECT (dispute_id, session_id, exchange_id)", "DELETE"),
        "practice_attempts": ("SELECT (attempt_id, session_id, exchange_id)", "DELETE"),
        "acknowledgements": ("SELECT (session_id)", "DELETE"),
        "samples": ("SELECT (session_id)", "DELETE"),
        "look_answers": ("SELECT (session_id, message_id)", "DELETE"),
        "calibrations": ("SELECT (calibration_id, deadline_at)", "DELETE"),
        "calibration_moments": ("SELECT (calibration_id, session_id, exchange_id)", "DELETE"),
        "calibration_ratings": ("SELECT (session_id, has_words)", "UPDATE (words)"),
        "final_levels": ("SELECT (session_id, has_words)", "UPDATE (words)"),
        "conversation_keys": ("SELECT", "UPDATE", "DELETE"),
        "service_keys": ("SELECT", "INSERT", "UPDATE"),
        "rubric_notes": ("SELECT", "UPDATE (kek_id, wrapped)"),
        "rehearsals": (_REHEARSAL_KEYS, "UPDATE (kek_id, wrapped)", "DELETE"),
        "erasures": ("SELECT", "INSERT"),
        "erasure_requests": ("SELECT", "INSERT", "UPDATE"),
        "retention_runs": ("SELECT", "INSERT", "UPDATE"),
        "holds": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        "audit": ("SELECT", "INSERT"),  # entries are removed by a function of the owner
        "handled_dead_letters": ("SELECT", "INSERT", "UPDATE"),
        "risk_signals": (_RISK_PLACES, "DELETE"),
        "receivers": ("SELECT", "UPDATE (kek_id, secret, previous_secret)"),
        "outcomes": (outcome_rights.PLACES, "DELETE"),
        "measures": (_MEASURES_PLACES, "DELETE"),
    },
    # Reads messages for a model alone: `counterpoint rerate` shows nobody a word, and reads nothing that people wrote
    # about a session.
    "rerate": {
        "sessions": ("SELECT",),
        "messages": ("SELECT",),
        "exchanges": ("SELECT",),
        "answers": (_ANSWERS_WITHOUT_WORDS,),
        "reratings": ("SELECT", "INSERT"),  # never changed
        "accounts": ("SELECT (tenant, counsellor, display_name)",),  # names that no model is told
        "conversation_keys": ("SELECT",),
        "service_keys": (_KEY_IDS,),
        "rubric_notes": (_NOTE_KEY_IDS,),
        "holds": ("SELECT",),
        "audit": ("INSERT",),
    },
}
"""The rights of each stage by table. A stage without a line for a table has no right on it; a column list leaves out
the encrypted columns."""

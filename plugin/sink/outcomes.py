"""Storing of an outcome that came on its topic, unless an erasure or a withdrawal may be about it."""

from datetime import datetime

from sqlmodel import Session

from plugin.crypto.keys import FingerprintKey
from plugin.database.outcome_store import put_outcome
from plugin.database.tables import TombstoneKind
from plugin.database.tombstones import Subject, find_tombstone_times, has_person_tombstone
from stream.contracts.outcomes import Outcome
from stream.contracts.vocabulary import Role


def store_outcome(session: Session, key: FingerprintKey, outcome: Outcome, now: datetime) -> bool:
    """Store an outcome unless an erasure or a withdrawal of after it came; return whether one has.

    The caller holds the conversation's lock.
    """
    appended_at = outcome.appended_at or now
    for kind in (TombstoneKind.ERASURE, TombstoneKind.WITHDRAWAL):
        subject = Subject(kind, outcome.tenant, outcome.conversation_id)
        if find_tombstone_times(session, key, subject, appended_at):
            return True
    if has_person_tombstone(session, key, [author_of(outcome)], appended_at):
        return True
    put_outcome(session, outcome, appended_at, now)
    return False


def author_of(outcome: Outcome) -> Subject:
    """Return whoever gave an outcome, as the subject of an erasure."""
    kind = TombstoneKind.CLIENT if outcome.given_by is Role.CLIENT else TombstoneKind.COUNSELLOR
    return Subject(kind, outcome.tenant, outcome.author)

"""Storing of what measures say of a session, unless an erasure, a withdrawal or a deletion may be about it."""

from datetime import datetime

from sqlmodel import Session

from plugin.crypto.keys import FingerprintKey
from plugin.database.measure_store import put_measures
from plugin.database.tables import StoredSession, TombstoneKind
from plugin.database.tombstones import Subject, deleted_messages, find_tombstone_times, has_person_tombstone
from stream.contracts.measures import MeasuresRecord
from stream.contracts.vocabulary import SessionState


def store_measures(session: Session, key: FingerprintKey, record: MeasuresRecord, now: datetime) -> bool:
    """Store what was said unless an erasure, a withdrawal or a deletion may be about it; return whether one may.

    The caller holds the conversation's lock. A session that is stored with a higher revision has other words now.
    """
    row = session.get(StoredSession, record.session_id)
    if _is_gone(session, key, record, row):
        return True
    if row is None or row.revision <= record.revision:
        put_measures(session, record, now, keeps_people=row is None or row.revision < record.revision)
    return False


def _is_gone(session: Session, key: FingerprintKey, record: MeasuresRecord, row: StoredSession | None) -> bool:
    tenant, conversation_id, since = record.tenant, record.conversation_id, record.first_appended_at
    if find_tombstone_times(session, key, Subject(TombstoneKind.ERASURE, tenant, conversation_id), since):
        return True
    people = {Subject(TombstoneKind.CLIENT, tenant, name) for name in record.clients} | {
        Subject(TombstoneKind.COUNSELLOR, tenant, name) for name in record.counsellors
    }
    if has_person_tombstone(session, key, people, since):
        return True
    said = [message_id for turn in record.turns for message_id in turn.message_ids]
    if deleted_messages(session, key, tenant, conversation_id, said):
        return True
    if row is not None:  # whether a withdrawal is about it was decided when it came
        return row.state == SessionState.ERASED
    withdrawal = Subject(TombstoneKind.WITHDRAWAL, tenant, conversation_id)
    return bool(find_tombstone_times(session, key, withdrawal, since))  # perhaps about a later session: in doubt it is

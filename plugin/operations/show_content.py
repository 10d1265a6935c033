"""The record behind a dead letter, for a supervisor with a reason; every try is on the trail."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.audit import note
from plugin.database.engine import transaction
from plugin.database.key_encryption_key import check_key
from plugin.database.tables import Account, Membership, StoredSession
from plugin.database.viewer import AccountRole, Viewer
from plugin.operations.dead_letter import Letter, read_again
from plugin.operations.replay_guard import Conversation, conversation_of, is_forgotten
from plugin.plain_text import printable
from plugin.queue.scope import visible
from plugin.queue.views import Outcome
from stream.contracts.base import Contract
from stream.contracts.errors import Poison
from stream.contracts.messages import Message
from stream.contracts.sessions import SessionOutline
from stream.contracts.vocabulary import Role


class Why(StrEnum):
    """Reasons for reading a client's words outside of the page: a closed list, for the trail holds nothing typed."""

    SAFETY = "safety"
    """Somebody may be in danger."""
    COMPLAINT = "complaint"
    CLIENT_REQUEST = "client_request"
    """The client asks for what is kept."""
    FAULT = "fault"
    """The platform's records are broken and nothing else shows how."""


@dataclass(frozen=True)
class Words:
    """Opens dead letters."""

    engine: Engine = field(repr=False)
    kek: KeyEncryptionKey = field(repr=False)
    partitions: int

    def open(self, viewer: Viewer, letter: Letter, why: Why, *, now: datetime) -> str | None:
        """The record's bytes as printable text; None when they are not for this person, or were to be forgotten.

        Raises:
            Unavailable: the database is away; then nothing is shown, for it could not be noted.
            Misconfigured: the key encryption key is another one than the database's.
        """
        data = self._data(letter)
        with transaction(self.engine) as session:
            check_key(session, self.kek)
            allowed = _is_hers(session, viewer, conversation_of(letter, data), data)
            shown = allowed and not is_forgotten(session, self.kek, letter, data)
            note(
                session,
                viewer,
                purpose=f"read a dead letter: {why.value}",
                object_type="dead_letter",
                object_id=letter.id,
                outcome=(Outcome.DONE if shown else Outcome.NOT_FOUND).value,
                request_id="",
                now=now,
            )
        return printable(letter.value.decode("utf-8", "backslashreplace")) if shown else None

    def _data(self, letter: Letter) -> Contract | None:
        try:
            return read_again(letter.record(self.partitions), self.partitions).data
        except Poison:
            return None


def _is_hers(session: Session, viewer: Viewer, whose: Conversation | None, data: Contract | None) -> bool:
    """Whether a record is of this supervisor's scope.

    The sessions stored of its conversation decide; where there are none, the counsellors that the record names; where
    nobody is named it is a record of nobody's, and those belong to the supervisor whose account names the platform.
    """
    if viewer.role is not AccountRole.SUPERVISOR or whose is None:
        return False
    stored = (
        col(StoredSession.tenant) == whose.tenant,
        col(StoredSession.conversation_id) == whose.conversation_id,
    )
    if session.exec(select(StoredSession.session_id).where(*stored)).first() is not None:
        seen = select(StoredSession.session_id).where(*stored, visible(viewer))
        return session.exec(seen).first() is not None
    teams = _teams_of(session, whose.tenant, _counsellors(data))
    return bool(teams & viewer.team_ids) if teams else viewer.tenant == whose.tenant


def _counsellors(data: Contract | None) -> Collection[str]:
    if isinstance(data, SessionOutline):
        return data.counsellors
    return [data.author] if isinstance(data, Message) and data.role is Role.COUNSELLOR else []


def _teams_of(session: Session, tenant: str, counsellors: Collection[str]) -> set[object]:
    found = session.exec(
        select(Membership.team_id)
        .join(Account, col(Account.account_id) == col(Membership.account_id))
        .where(col(Account.tenant) == tenant, col(Account.counsellor).in_(counsellors))
    )
    return set(found.all())

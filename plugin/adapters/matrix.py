"""The adapter of a Matrix homeserver, to which the gateway is an Application Service (docs/platforms/matrix.md).

The homeserver sends events in transactions, in order, and each again until it is taken. Nothing is signed: a token in a
header proves the homeserver.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from plugin.adapters.base import Adapter, Content, Lack, SignedHeaders, Unreadable
from plugin.adapters.consent import ConsentRule
from plugin.adapters.headers import HeaderForm, read_header, require_valid
from plugin.adapters.matrix_payloads import (
    Encrypted,
    Ended,
    MatrixPayload,
    MemberChanged,
    Redacted,
    Rewritten,
    RoomEvent,
    Said,
    read_event,
    read_transaction,
)
from plugin.adapters.vendor import participant
from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.errors import Misconfigured
from stream.contracts.messages import ConsentWithdrawal, Deletion, Edit, Message, Participants, SessionEnd
from stream.contracts.vocabulary import Role
from stream.runtime.settings import TenantSettings

_BEARER: Final = HeaderForm(re.compile(r"Bearer [\x21-\x7e]{1,255}"), "Bearer and the hs_token of the registration")


class Matrix(Adapter[MatrixPayload]):
    """The adapter for a Matrix homeserver."""

    lacks = frozenset({Lack.SIGNED_BODY, Lack.SIGNED_TIME, Lack.ENCRYPTED_ROOMS})
    marks = ("authorization",)

    def __init__(self, settings: TenantSettings) -> None:
        matrix = settings.matrix
        if not matrix.user:
            raise Misconfigured(
                "matrix.user is not set: name the user that the homeserver keeps for Counterpoint, such as"
                " @counterpoint:example.org."
            )
        if not matrix.counsellors:
            raise Misconfigured(
                "matrix.counsellors is not set: everybody would be a client. Name the counsellors' user ids by regular"
                r" expressions, such as @counsellor-.*:example\.org."
            )
        self._own = matrix.user
        self._counsellors = tuple(re.compile(pattern) for pattern in matrix.counsellors)
        self._ends_by_leaving = frozenset(Role(role) for role in matrix.ends_by_leaving)
        self._end_event = matrix.end_event
        self._programs = frozenset({matrix.user, *settings.bots})
        self._consent = ConsentRule.of(settings.consent)

    def read_headers(self, headers: Mapping[str, str], now: datetime, tolerance: timedelta) -> SignedHeaders:
        """Read `Authorization`. A transaction's number says nothing that its events do not say themselves."""
        del now, tolerance  # no time is sent
        return SignedHeaders("", None, (read_header(headers, self.marks[0], _BEARER),))

    def verify(self, raw: bytes, signed: SignedHeaders, secrets: Sequence[str]) -> None:
        """Compare the token with the secrets, by their hashes, so that the time does not tell a token's length."""
        del raw  # nothing covers it
        require_valid(map(_hash, signed.signatures), [_hash(f"Bearer {secret}") for secret in secrets])

    def parse(self, raw: bytes) -> list[MatrixPayload]:
        """Read the events of a transaction; those that are neither talk nor its frame are of no interest."""
        found = (self.read_event(event) for event in read_transaction(raw))
        return [payload for payload in found if payload is not None]

    def read_event(self, event: object) -> MatrixPayload | None:
        """Read one event; the gateway asks for each by itself, so that one that cannot be used keeps back no other."""
        return read_event(event, self._end_event)

    def normalise(self, payload: MatrixPayload, tenant: str, pseudonyms: Pseudonyms) -> list[Content]:
        """Turn an event into its record; what a program wrote is dropped.

        Raises:
            Unreadable: The words are encrypted.
        """
        conversation = pseudonyms.conversation(payload.room)
        match payload:
            case Said() if payload.sender not in self._programs:
                record: Content = Message(
                    tenant=tenant,
                    conversation_id=conversation,
                    message_id=payload.event,
                    role=self._role_of(payload.sender),
                    author=pseudonyms.person(payload.sender),
                    text=payload.text,
                    sent_at=payload.at,
                    consent=self._consent.of_now(payload.content, (payload.room,), payload.at),
                )
            case Rewritten() if payload.sender not in self._programs:
                record = Edit(
                    tenant=tenant,
                    conversation_id=conversation,
                    message_id=payload.message,
                    author=pseudonyms.person(payload.sender),
                    text=payload.text,
                    edited_at=payload.at,
                    consent=self._consent.of_now(payload.content, (payload.room,), payload.at),
                )
            case Redacted():
                record = Deletion(
                    tenant=tenant,
                    conversation_id=conversation,
                    message_id=payload.message,
                    deleted_at=payload.at,
                )
            case MemberChanged():
                return self._of_member(payload, tenant, conversation)
            case Encrypted():
                raise Unreadable(conversation)
            case _:
                return []
        return [record]

    def session_end(self, payload: MatrixPayload, tenant: str, pseudonyms: Pseudonyms) -> SessionEnd | None:
        """Return the end of the session at the platform's own event, or where somebody left whose leaving ends it."""
        if not isinstance(payload, Ended) and not self._ends(payload):
            return None
        conversation = pseudonyms.conversation(payload.room)
        return SessionEnd(tenant=tenant, conversation_id=conversation, ended_at=payload.at)

    def _role_of(self, user: str) -> Role:
        is_counsellor = any(pattern.fullmatch(user) for pattern in self._counsellors)
        return Role.COUNSELLOR if is_counsellor else Role.CLIENT

    def _ends(self, payload: RoomEvent) -> bool:
        if not isinstance(payload, MemberChanged) or payload.user in self._programs:
            return False
        return payload.has_gone and self._role_of(payload.user) in self._ends_by_leaving

    def _of_member(self, payload: MemberChanged, tenant: str, conversation: str) -> list[Content]:
        """Return the withdrawal that our own user's removal is, and the names of a person who came."""
        if payload.user == self._own and payload.has_gone:
            return [ConsentWithdrawal(tenant=tenant, conversation_id=conversation, withdrawn_at=payload.at)]
        if payload.user in self._programs or not payload.has_joined:
            return []
        if not self._consent.of_now({}, (payload.room,), payload.at).processing:
            return []
        handle = payload.user[1:].partition(":")[0]
        known = participant(self._role_of(payload.user), (payload.name, handle))
        return [Participants(tenant=tenant, conversation_id=conversation, participants=known)] if known else []


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

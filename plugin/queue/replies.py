"""The replies to requests that carry an idempotency key: a repeated request is answered again and does nothing again.

A step and its reply are one transaction (`docs/decisions/0063-a-step-and-its-reply-are-one-transaction.md`).

A reply is stored as its status and a small result of codes and ids. The key and the request are stored as hashes with
the token as their key, so that nobody who reads the database can try whether a note had certain words.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, insert
from sqlmodel import col, delete

from plugin.database.engine import Database, transaction
from plugin.database.locks import try_lock_key
from plugin.database.tables import ApiReply
from plugin.database.tables.base import Json
from plugin.queue.token_views import TokenUse

KEPT: Final = timedelta(hours=24)
"""From the request: a program that tries again after a night without network finds its reply."""


class Refusal(StrEnum):
    """Why a request with a key is neither done nor answered from the store."""

    OTHER_REQUEST = "other_request"
    """The key came with another request before."""
    IN_FLIGHT = "in_flight"
    """The same request is being worked on."""


@dataclass(frozen=True)
class Reply:
    """The HTTP status of a reply and its small result."""

    status: int
    result: Json
    shown_once: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the answer holds beside it and is never stored: secrets. A repeated request is answered without it."""


@dataclass(frozen=True)
class KeyedRequest:
    """A request with its key, as hashes."""

    key_hash: bytes
    request_hash: bytes

    @classmethod
    def of(cls, token: str, key: str, method: str, path: str, body: bytes) -> "KeyedRequest":
        """Return the hashes of a request that carries this token."""
        request = b"\n".join((method.encode(), path.encode(), body))
        return cls(_hash(token, b"key\n" + key.encode()), _hash(token, b"request\n" + request))


class Replies:
    """The replies of a database. Every method may raise `Unavailable` when the database is away."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def once(self, by: TokenUse, request: KeyedRequest, act: Callable[[Connection], Reply]) -> Reply | Refusal:
        """Do what a request asks if it is new, and otherwise return the reply to it from the store.

        What `act` does on the connection and its reply are one transaction: both are stored or neither is, also where
        the process ends in between. Then, and if `act` raises, the request counts as new again.
        """
        now = self._now()
        with transaction(self._database, by.viewer.user_id) as session:
            if not try_lock_key(session, by.token_id, request.key_hash):
                return Refusal.IN_FLIGHT
            known = session.get(ApiReply, (by.token_id, request.key_hash))
            if known is not None and known.begun_at > now - KEPT:
                is_same = known.request_hash == request.request_hash
                return Reply(known.status, known.result) if is_same else Refusal.OTHER_REQUEST
            reply = act(session.connection())
            session.exec(
                delete(ApiReply).where(col(ApiReply.token_id) == by.token_id, col(ApiReply.begun_at) <= now - KEPT)
            )
            session.exec(
                insert(ApiReply).values(
                    token_id=by.token_id,
                    key_hash=request.key_hash,
                    request_hash=request.request_hash,
                    begun_at=now,
                    status=reply.status,
                    result=reply.result,
                )
            )
            return reply


def _hash(token: str, content: bytes) -> bytes:
    return hmac.digest(token.encode(), content, hashlib.sha256)

"""The replies to requests that carry an idempotency key: a repeated request is answered again and does nothing again.

A reply is stored as its status and a small result of codes and ids. The key and the request are stored as hashes with
the token as their key, so that nobody who reads the database can try whether a note had certain words.
"""

import hashlib
import hmac
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Engine, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete

from plugin.database.engine import transaction
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
    """The same request is being worked on, or its process ended before it was answered."""


@dataclass(frozen=True)
class Reply:
    """The HTTP status of a reply and its small result."""

    status: int
    result: Json


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

    def __init__(self, engine: Engine, *, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now

    def once(self, by: TokenUse, request: KeyedRequest, act: Callable[[], Reply]) -> Reply | Refusal:
        """Do what a request asks if it is new, and otherwise return the reply to it from the store.

        If `act` raises, the request counts as new again.
        """
        known = self._begin(by, request)
        if known is not None:
            return known
        try:
            reply = act()
        except BaseException:
            self._forget(by, request)
            raise
        with self._transaction(by) as session:
            session.exec(update(ApiReply).where(*_is(by, request)).values(status=reply.status, result=reply.result))
        return reply

    def _begin(self, by: TokenUse, request: KeyedRequest) -> Reply | Refusal | None:
        """Store that a request is being worked on; return its reply, or why it has none, if it is not new."""
        now = self._now()
        with self._transaction(by) as session:
            session.exec(
                delete(ApiReply).where(col(ApiReply.token_id) == by.token_id, col(ApiReply.begun_at) <= now - KEPT)
            )
            begun = session.execute(
                insert(ApiReply)
                .values(
                    token_id=by.token_id, key_hash=request.key_hash, request_hash=request.request_hash, begun_at=now
                )
                .on_conflict_do_nothing()
                .returning(col(ApiReply.token_id))
            )
            if begun.first() is not None:
                return None
            row = session.get_one(ApiReply, (by.token_id, request.key_hash))
            if row.request_hash != request.request_hash:
                return Refusal.OTHER_REQUEST
            return Refusal.IN_FLIGHT if row.status is None else Reply(row.status, row.result)

    def _forget(self, by: TokenUse, request: KeyedRequest) -> None:
        with self._transaction(by) as session:
            session.exec(delete(ApiReply).where(*_is(by, request)))

    def _transaction(self, by: TokenUse) -> AbstractContextManager[Session]:
        return transaction(self._engine, by.viewer.user_id)


def _is(by: TokenUse, request: KeyedRequest) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return col(ApiReply.token_id) == by.token_id, col(ApiReply.key_hash) == request.key_hash


def _hash(token: str, content: bytes) -> bytes:
    return hmac.digest(token.encode(), content, hashlib.sha256)

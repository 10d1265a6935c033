"""The plain values of a token: what it may do, how it is written, and how it is stored; pure functions."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from plugin.database.viewer import Viewer

PREFIX: Final = "cp_"
"""The beginning of every token, by which programs that look for secrets in files find one: `cp_[0-9a-f]{64}`."""
SECRET_BYTES: Final = 32
"""Random bytes of a token: 256 bits, which nobody guesses."""
DEFAULT_DAYS: Final = 90
"""Days until a token expires, if nothing else is said: a quarter, after which somebody asks whether it is needed."""
MAX_DAYS: Final = 365
"""The longest time of a token, so that none is forgotten for years."""
_FORM: Final = re.compile(rf"{PREFIX}[0-9a-f]{{{2 * SECRET_BYTES}}}")


class Scope(StrEnum):
    """What a token may do, within the rights of its person; the values are stored."""

    SESSIONS_READ = "sessions.read"
    SESSIONS_REVIEW = "sessions.review"
    """Claim and give back, hand over, judge statements, answer criteria and blind looks, write notes and comments, save
    views, mark news as read, set when digests come; open calibrations, rate and settle."""
    SESSIONS_RELEASE = "sessions.release"
    """Release and withhold."""
    DISPUTES_WRITE = "disputes.write"
    """Acknowledge, dispute, comment on shared notes, mark own news as read, set when digests come; for a supervisor or
    a lead, resolve."""
    RISK_ACKNOWLEDGE = "risk.acknowledge"
    """Acknowledge risk signals, for a supervisor, a lead or an operator; the first two also read which there are."""
    RUBRIC_WRITE = "rubric.write"
    """A lead: write, edit and remove rubric notes. An operator: word, order and retire the service's own criteria."""
    TRAIL_READ = "trail.read"
    """An auditor: read and verify the audit trail, in parts or as a file."""
    PEOPLE_WRITE = "people.write"
    """An operator: plan and apply a mapping of the service's people, and manage single accounts without passwords."""
    RECEIVERS_WRITE = "receivers.write"
    """An operator: list, add, change and remove stored receivers, and have them told again."""
    OUTCOMES_WRITE = "outcomes.write"
    """An operator: add outcomes, and read none."""


class TokenState(StrEnum):
    """Whether a token is valid, and if not, why."""

    VALID = "valid"
    REVOKED = "revoked"
    EXPIRED = "expired"
    ENDED = "ended"
    """Its person was disabled or removed, has another password, or left a team."""


@dataclass(frozen=True)
class TokenEntry:
    """A token as those who manage tokens see it; its secret is shown to nobody again."""

    token_id: UUID
    username: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime
    last_used_on: date | None
    state: TokenState


@dataclass(frozen=True)
class TokenUse:
    """A valid token that a request carries: the person with the rights they have now, and what it may do for them."""

    viewer: Viewer
    token_id: UUID
    scopes: frozenset[Scope]
    expires_at: datetime


def new_token() -> str:
    """Return a new token."""
    return PREFIX + secrets.token_hex(SECRET_BYTES)


def is_token(text: str) -> bool:
    """Return whether a text has the form of a token."""
    return _FORM.fullmatch(text) is not None


def token_hash(token: str) -> bytes:
    """Return the hash under which a token is stored and found.

    Plain SHA-256 is enough: a slow hash or a key protects secrets that people choose, and no list of guesses holds 256
    random bits. A key would only be one more secret that can be lost.
    """
    return hashlib.sha256(token.encode()).digest()

"""Cursors: opaque places in a list, each good for the list and the filter from which it comes."""

import base64
import binascii
import hashlib
from typing import Final
from uuid import UUID

from plugin.queue.filters import QueueFilter, QueueList
from plugin.queue.moment_filter import MomentFilter
from plugin.queue.moment_views import MomentPlace

_CHECK: Final = 8
"""Bytes that bind a cursor to its list: enough against a mix-up, which is all that they are for."""
_OWN: Final = "own"
_SAMPLED: Final = "sample"
_ACCOUNTS: Final = "accounts"
_POSITION: Final = 4
"""Bytes of the position of a moment in its session."""


def cursor_after(session_id: UUID, queue_list: QueueList, chosen: QueueFilter) -> str:
    """Return the cursor of the place after a session."""
    return _written(session_id.bytes, _check(queue_list, chosen))


def session_of(cursor: str, queue_list: QueueList, chosen: QueueFilter) -> UUID:
    """Return the session after which a cursor's place is.

    Raises:
        ValueError: it is no cursor of this list with this filter and order.
    """
    return UUID(bytes=_checked(cursor, _check(queue_list, chosen)))


def cursor_after_own(session_id: UUID) -> str:
    """Return the cursor of the place after a session of a therapist's own list."""
    return _written(session_id.bytes, _check(_OWN))


def own_session_of(cursor: str) -> UUID:
    """Return the session of a therapist's own list after which a cursor's place is.

    Raises:
        ValueError: it is no cursor of that list.
    """
    return UUID(bytes=_checked(cursor, _check(_OWN)))


def cursor_after_sampled(session_id: UUID) -> str:
    """Return the cursor of the place after a session of the random sample."""
    return _written(session_id.bytes, _check(_SAMPLED))


def sampled_session_of(cursor: str) -> UUID:
    """Return the session of the random sample after which a cursor's place is.

    Raises:
        ValueError: it is no cursor of that list.
    """
    return UUID(bytes=_checked(cursor, _check(_SAMPLED)))


def cursor_after_account(account_id: UUID) -> str:
    """Return the cursor of the place after an account in the list of accounts."""
    return _written(account_id.bytes, _check(_ACCOUNTS))


def account_of(cursor: str) -> UUID:
    """Return the account after which a cursor's place is.

    Raises:
        ValueError: it is no cursor of that list.
    """
    return UUID(bytes=_checked(cursor, _check(_ACCOUNTS)))


def cursor_of_place(place: MomentPlace, chosen: MomentFilter) -> str:
    """Return the cursor of a place among moments across sessions."""
    return _written(place.session_id.bytes + place.position.to_bytes(_POSITION), _check(chosen))


def place_of(cursor: str, chosen: MomentFilter) -> MomentPlace:
    """Return the place of a cursor among moments across sessions.

    Raises:
        ValueError: it is no cursor of moments with this filter.
    """
    read = _checked(cursor, _check(chosen))
    return MomentPlace(UUID(bytes=read[:-_POSITION]), int.from_bytes(read[-_POSITION:]))


def _written(place: bytes, check: bytes) -> str:
    return base64.urlsafe_b64encode(place + check).decode()


def _checked(cursor: str, check: bytes) -> bytes:
    """Return what a cursor holds beside its check.

    Raises:
        ValueError: it is no cursor, or one of another list or filter.
    """
    try:
        read = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("not a cursor") from None
    if read[-_CHECK:] != check:
        raise ValueError("a cursor of another list")
    return read[:-_CHECK]


def _check(*of: object) -> bytes:
    return hashlib.sha256(" ".join(map(repr, of)).encode()).digest()[:_CHECK]

"""Cursors: opaque places in a list, each good for the list, the filter and the order from which it comes."""

import base64
import binascii
import hashlib
from typing import Final
from uuid import UUID

from plugin.queue.filters import QueueFilter, QueueList

_CHECK: Final = 8
"""Bytes that bind a cursor to its list: enough against a mix-up, which is all that they are for."""


def cursor_after(session_id: UUID, queue_list: QueueList, chosen: QueueFilter) -> str:
    """Return the cursor of the place after a session."""
    return base64.urlsafe_b64encode(session_id.bytes + _check(queue_list, chosen)).decode()


def session_of(cursor: str, queue_list: QueueList, chosen: QueueFilter) -> UUID:
    """Return the session after which a cursor's place is.

    Raises:
        ValueError: it is no cursor of this list with this filter and order.
    """
    try:
        read = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("not a cursor") from None
    session_id, check = read[:16], read[16:]
    if check != _check(queue_list, chosen):
        raise ValueError("a cursor of another list")
    return UUID(bytes=session_id)


def _check(queue_list: QueueList, chosen: QueueFilter) -> bytes:
    return hashlib.sha256(f"{queue_list!r} {chosen!r}".encode()).digest()[:_CHECK]

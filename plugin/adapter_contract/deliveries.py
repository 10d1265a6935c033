"""A platform as the suite uses it: how it signs, and a delivery of each kind."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from plugin.adapters.base import Adapter

NOW: Final = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
"""When the suite receives what it verifies."""
SENT: Final = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
"""When a message was sent unless it is said."""
HELLO: Final = "I don't see the point of this. \U0001f4ac"
"""The text of a message unless it is said."""
CLIENT_NAME: Final = "Leonie"
"""The client's name, or a part of it."""

Headers = dict[str, str]
"""The headers of a delivery, with names in lower case."""


class Kind(StrEnum):
    """A kind of delivery. A platform has each, or says that it has none of it."""

    MESSAGE = "message"
    """A message of a client who has consented."""
    REPLY = "reply"
    """A counsellor's message in the same conversation."""
    UNCONSENTED = "unconsented"
    """A message of a client of whom nothing says that they have consented."""
    ATTACHMENT = "attachment"
    """A client's picture or file without a text."""
    NAMES = "names"
    """What tells the client's name, which holds `CLIENT_NAME`."""
    EDIT = "edit"
    """Another text for a message."""
    DELETION = "deletion"
    """The removal of a message."""
    WITHDRAWAL = "withdrawal"
    """The end of the client's consent."""
    END = "end"
    """The end of the session."""
    NOTE = "note"
    """What a counsellor wrote for colleagues alone."""
    BOT = "bot"
    """What a program wrote."""
    TEMPLATE = "template"
    """A text that the platform sent by itself, such as a greeting."""
    UNKNOWN = "unknown"
    """An event that the platform sends and that is of no interest here."""
    NUMBERS = "numbers"
    """The message again, with numbers for its ids and its time."""


class Platform(Protocol):
    """A platform as the suite uses it. Write it without the adapter's code, so that the two can differ."""

    adapter: Adapter[Any]
    """The adapter, with settings by which clients consent in everything but `Kind.UNCONSENTED`."""
    secret: str
    """The secret by which the platform signs unless it is said."""
    next_secret: str
    """The secret that replaces it."""
    other_secret: str
    """A secret that is nobody's."""
    absent: frozenset[Kind]
    """The kinds that the platform never sends."""
    uncovered: frozenset[str]
    """The headers of `sign` that its signature does not cover."""
    references: tuple[str, ...]
    """The platform's own words for people and conversations in its bodies, which no record may hold."""

    def sign(self, raw: bytes, at: datetime, *secrets: str, delivery: str = "d-1") -> Headers:
        """Return the headers of a delivery of `raw`, signed at the given time with one secret or several.

        A platform that can sign with one secret alone takes the first.
        """

    def body(self, kind: Kind, *, text: str = HELLO, number: int = 1, at: datetime = SENT) -> bytes:
        """Return the body of a delivery about message `number`, which was sent at a time.

        What changes or ends a talk comes after its messages.
        """

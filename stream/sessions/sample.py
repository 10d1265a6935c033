"""The random sample: sessions that a supervisor looks at without the machine's opinion, chosen by a keyed hash.

The hash knows the session's id alone, so the choice depends on nothing that a detector or a model thinks. Without the
key nobody can tell which sessions will be chosen, or send one that will be.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from stream.contracts.sessions import SessionMessage, SessionRecord
from stream.contracts.topics import MAX_RECORD_BYTES
from stream.sessions.size import record_size

MAX_TURNS: Final = 200
"""Client turns of a sampled session: about an hour of reading, which is what one person does at a time."""
MAX_BYTES: Final = MAX_RECORD_BYTES // 2
"""Of a record with the whole conversation: the model's answers come on top of it, and must not be dropped for it."""
_HASH_BYTES: Final = 8


@dataclass(frozen=True)
class SampleRule:
    """The rule by which sessions are chosen: the share of them, from 0 to 1, and the key of the hash."""

    share: float
    key: bytes = field(repr=False)

    def chooses(self, session: UUID) -> bool:
        """Return whether a session is in the sample.

        The same session is always chosen again, and one that a share chooses is chosen by every larger share.
        """
        digest = hmac.digest(self.key, b"sample\x1f" + session.bytes, hashlib.sha256)
        return int.from_bytes(digest[:_HASH_BYTES]) < self.share * (1 << 8 * _HASH_BYTES)


def with_sample(
    record: SessionRecord, messages: Sequence[SessionMessage], turns: Sequence[tuple[str, ...]], rule: SampleRule | None
) -> SessionRecord:
    """Return the record with its whole conversation if the rule chooses the session; otherwise as it is.

    `turns` are the message ids of the client turns. A session without one, or too long to be read at once, is never in
    the sample.
    """
    if rule is None or not 0 < len(turns) <= MAX_TURNS or not rule.chooses(record.session_id):
        return record
    whole = record.model_copy(update={"messages": tuple(messages), "sampled_turns": tuple(turns)})
    return whole if record_size(whole) <= MAX_BYTES else record

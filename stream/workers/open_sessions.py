"""The open conversations of this worker's partitions, and how they come back from the changelog."""

from collections import defaultdict
from collections.abc import Collection

from stream.contracts.ids import record_key
from stream.runtime import metrics
from stream.sessions.conversation import Conversation
from stream.sessions.lifecycle import due_ms
from stream.sessions.rules import Rules
from stream.sessions.state import decode

_SEPARATOR = b"|"  # stands neither in a tenant nor in a pseudonym


def changelog_key(partition: int, conversation: Conversation, number: int) -> bytes:
    """Where one part of a conversation is kept. The partition is in it, for it decides who may own the part."""
    return b"%d|%b|%d" % (partition, conversation.key, number)


def _place(name: bytes) -> tuple[int, bytes, int] | None:
    """What `changelog_key` was made of, if it is one."""
    try:
        partition, key, number = name.split(_SEPARATOR)
        return int(partition), key, int(number)
    except ValueError:
        return None


class OpenSessions:
    """Conversations by partition and record key, with the broker time at which each next wants a tick."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._conversations: defaultdict[int, dict[bytes, Conversation]] = defaultdict(dict)
        self._due: defaultdict[int, dict[bytes, int]] = defaultdict(dict)
        self._open: set[tuple[int, bytes]] = set()
        self._read: dict[bytes, bytes | None] = {}

    def get(self, partition: int, tenant: str, conversation_id: str) -> Conversation:
        """The conversation, a new one if nothing is kept of it."""
        found = self._conversations[partition].get(record_key(tenant, conversation_id))
        return found or Conversation(tenant, conversation_id)

    def settle(self, partition: int, conversation: Conversation) -> None:
        """Keep what an event or a tick has made of a conversation, and note when it next wants a tick."""
        key = conversation.key
        if conversation.is_empty and not conversation.dirty:
            self._conversations[partition].pop(key, None)
        else:
            self._conversations[partition][key] = conversation
        due = due_ms(conversation, self._rules)
        if due is None:
            self._due[partition].pop(key, None)
        else:
            self._due[partition][key] = due
        if (conversation.open_session is not None) != ((partition, key) in self._open):
            self._open ^= {(partition, key)}
            metrics.OPEN_SESSIONS.set(len(self._open))

    def due(self, partition: int, now_ms: int) -> list[Conversation]:
        """The partition's conversations that want a tick at broker time `now_ms`."""
        known = self._conversations[partition]
        return [known[key] for key, ms in self._due[partition].items() if ms <= now_ms]

    def of_tenant(self, partition: int, tenant: str) -> list[Conversation]:
        """The partition's conversations of one platform."""
        return [
            conversation for conversation in self._conversations[partition].values() if conversation.tenant == tenant
        ]

    def postpone(self, partition: int, conversation: Conversation, until_ms: int) -> None:
        """Give a conversation whose tick failed no other before `until_ms`."""
        self._due[partition][conversation.key] = until_ms

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the changelog; the last of a key stands, None deletes."""
        self._read[key] = value

    def restored(self, partitions: Collection[int]) -> None:
        """The changelog is read to its end: build what it changed, and let go of what is not ours any more.

        Raises:
            ValueError: a record of the changelog is not one that we wrote; its text names no content.
        """
        for partition in set(self._conversations) - set(partitions):
            del self._conversations[partition]
            self._due.pop(partition, None)
        self._open = {place for place in self._open if place[0] in partitions}
        read, self._read = self._read, {}
        found: defaultdict[tuple[int, bytes], dict[int, bytes | None]] = defaultdict(dict)
        for name, value in read.items():
            if (place := _place(name)) is not None:
                partition, key, number = place
                found[partition, key][number] = value
            elif value is not None:  # nobody is held up by what was deleted
                raise ValueError("a key that names no part of a conversation")
        for (partition, key), values in found.items():
            if partition in partitions:
                self._rebuild(partition, key, values)

    def _rebuild(self, partition: int, key: bytes, values: dict[int, bytes | None]) -> None:
        tenant, _, conversation_id = key.decode().partition(":")
        before = self.get(partition, tenant, conversation_id)
        parts = {number: part for number in before.numbers if (part := before.part(number)) is not None}
        for number, value in values.items():
            if value is None:
                parts.pop(number, None)
            else:
                parts[number] = decode(number, value)
        conversation = Conversation(tenant, conversation_id, parts)
        conversation.dirty = before.dirty - values.keys()
        self.settle(partition, conversation)

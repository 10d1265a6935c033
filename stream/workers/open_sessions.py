"""The conversations of a worker's partitions in memory, and their restoration from the changelog."""

from collections import defaultdict
from collections.abc import Callable, Collection

from stream.contracts.ids import record_key
from stream.runtime import metrics
from stream.sessions.conversation import Conversation
from stream.sessions.lifecycle import next_tick_ms
from stream.sessions.rules import Rules
from stream.sessions.state import decode_part

_SEPARATOR = b"|"  # occurs neither in a tenant nor in a pseudonym


def changelog_key(partition: int, conversation: Conversation, number: int) -> bytes:
    """Return the changelog key of one part of a conversation; its partition decides which worker owns the part."""
    return b"%d|%b|%d" % (partition, conversation.key, number)


def _parse_changelog_key(part_key: bytes) -> tuple[int, bytes, int] | None:
    """Return partition, record key and part number of a changelog key; None if it is not one."""
    try:
        partition, key, number = part_key.split(_SEPARATOR)
        return int(partition), key, int(number)
    except ValueError:
        return None


class OpenSessions:
    """Conversations by partition and record key, with the broker time at which each needs its next tick."""

    def __init__(self, rules: Rules, *, report: Callable[[float], None] = metrics.OPEN_SESSIONS.set) -> None:
        """`report` is told how many conversations have an open session whenever that changes."""
        self._rules = rules
        self._report = report
        self._conversations: defaultdict[int, dict[bytes, Conversation]] = defaultdict(dict)
        self._due: defaultdict[int, dict[bytes, int]] = defaultdict(dict)
        self._open: set[tuple[int, bytes]] = set()
        self._records: dict[bytes, bytes | None] = {}

    def get(self, partition: int, tenant: str, conversation_id: str) -> Conversation:
        """Return the conversation, or a new one if nothing is kept of it."""
        found = self._conversations[partition].get(record_key(tenant, conversation_id))
        return found or Conversation(tenant, conversation_id)

    def store(self, partition: int, conversation: Conversation) -> None:
        """Keep a conversation as an event or a tick has changed it, and note when it needs its next tick."""
        key = conversation.key
        if conversation.is_empty and not conversation.dirty:
            self._conversations[partition].pop(key, None)
        else:
            self._conversations[partition][key] = conversation
        due = next_tick_ms(conversation, self._rules)
        if due is None:
            self._due[partition].pop(key, None)
        else:
            self._due[partition][key] = due
        if (conversation.open_session is not None) != ((partition, key) in self._open):
            self._open ^= {(partition, key)}
            self._report(len(self._open))

    def due(self, partition: int, now_ms: int) -> list[Conversation]:
        """Return the partition's conversations that need a tick at broker time `now_ms`."""
        known = self._conversations[partition]
        return [known[key] for key, ms in self._due[partition].items() if ms <= now_ms]

    def of_tenant(self, partition: int, tenant: str) -> list[Conversation]:
        """Return the partition's conversations of one platform."""
        return [
            conversation for conversation in self._conversations[partition].values() if conversation.tenant == tenant
        ]

    def postpone(self, partition: int, conversation: Conversation, until_ms: int) -> None:
        """Delay the next tick of a conversation whose tick failed until `until_ms`."""
        self._due[partition][conversation.key] = until_ms

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the changelog; the last record of a key counts, and None deletes."""
        self._records[key] = value

    def rebuild(self, partitions: Collection[int]) -> None:
        """Rebuild the conversations of `partitions` from the changelog records taken, and drop all others.

        Raises:
            ValueError: a record of the changelog is not one that we wrote; its text names no content.
        """
        for partition in set(self._conversations) - set(partitions):
            del self._conversations[partition]
            self._due.pop(partition, None)
        self._open = {(partition, key) for partition, key in self._open if partition in partitions}
        read, self._records = self._records, {}
        found: defaultdict[tuple[int, bytes], dict[int, bytes | None]] = defaultdict(dict)
        for part_key, value in read.items():
            if (parsed := _parse_changelog_key(part_key)) is not None:
                partition, key, number = parsed
                found[partition, key][number] = value
            elif value is not None:  # a deleted part holds nobody up
                raise ValueError("a key that names no part of a conversation")
        for (partition, key), values in found.items():
            if partition in partitions:
                self._rebuild(partition, key, values)
        self._report(len(self._open))

    def _rebuild(self, partition: int, key: bytes, values: dict[int, bytes | None]) -> None:
        tenant, _, conversation_id = key.decode().partition(":")
        before = self.get(partition, tenant, conversation_id)
        parts = {number: part for number in before.part_numbers if (part := before.part(number)) is not None}
        for number, value in values.items():
            if value is None:
                parts.pop(number, None)
            else:
                parts[number] = decode_part(number, value)
        conversation = Conversation(tenant, conversation_id, parts)
        conversation.dirty = before.dirty - values.keys()
        self.store(partition, conversation)

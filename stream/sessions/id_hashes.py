"""Hashes of the ids of messages whose text is gone, by which a message is recognised when a platform sends it again.

A hash says nothing of the words. Hashes are kept as one string, the oldest first.
"""

from base64 import urlsafe_b64encode
from hashlib import blake2b

HASH_CHARS = 11  # 64 bits in Base64: among 20,000 hashes one new message in 10**15 is taken for an old one
MAX_HASHES = 20_000  # of one kind and conversation: as many as four of the longest sessions, in a quarter of a record


def id_hash(message_id: str) -> str:
    """Return the hash of a message's id."""
    return urlsafe_b64encode(blake2b(message_id.encode(), digest_size=8).digest()).decode().rstrip("=")


def holds(hashes: str, one: str) -> bool:
    """Return whether one hash is among the hashes."""
    found = hashes.find(one)
    while found >= 0 and found % HASH_CHARS:  # the end of one and the beginning of the next
        found = hashes.find(one, found + 1)
    return found >= 0


def with_hashes(hashes: str, new: str) -> str:
    """Return the hashes with those of `new` that are not among them; beyond the limit the oldest are dropped."""
    each = (new[start : start + HASH_CHARS] for start in range(0, len(new), HASH_CHARS))
    return newest(hashes + "".join(one for one in each if not holds(hashes, one)), MAX_HASHES)


def newest(hashes: str, limit: int) -> str:
    """Return the last hashes, at most `limit` of them."""
    return hashes[max(0, len(hashes) - limit * HASH_CHARS) :]

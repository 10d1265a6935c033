"""Hashes recognise the messages whose ids they were made of, and no others."""

from hypothesis import given
from hypothesis import strategies as st

from stream.sessions.id_hashes import HASH_CHARS, MAX_HASHES, holds, id_hash, newest, with_hashes

ids = st.lists(st.text(max_size=40), unique=True, max_size=30)


@given(known=ids, others=ids)
def test_hashes_hold_their_messages_and_no_others(known: list[str], others: list[str]) -> None:
    """Hashes hold each message they were made of, and no other one."""
    hashes = "".join(map(id_hash, known))
    assert all(holds(hashes, id_hash(message_id)) for message_id in known)
    assert not any(holds(hashes, id_hash(message_id)) for message_id in set(others) - set(known))


@given(first=st.text(max_size=9), second=st.text(max_size=9), shift=st.integers(1, HASH_CHARS - 1))
def test_the_end_of_one_hash_and_the_beginning_of_the_next_are_none(first: str, second: str, shift: int) -> None:
    """What stands across two hashes is not taken for one."""
    hashes = id_hash(first) + id_hash(second)
    across = hashes[shift : shift + HASH_CHARS]
    assert holds(hashes, across) == (across in {id_hash(first), id_hash(second)})
    assert holds(hashes + across, across)


@given(known=ids, again=ids)
def test_a_message_is_kept_once(known: list[str], again: list[str]) -> None:
    """Hashes that are already there are not added, and the order is that of their arrival."""
    hashes = "".join(map(id_hash, known))
    both = with_hashes(hashes, "".join(map(id_hash, (*again, *known))))
    assert both == "".join(map(id_hash, dict.fromkeys((*known, *again))))


def test_beyond_the_limit_the_oldest_hashes_are_dropped() -> None:
    """The number of hashes is limited, and the oldest are dropped."""
    many = "".join(id_hash(str(number)) for number in range(MAX_HASHES))
    hashes = with_hashes(many, id_hash("one more"))
    assert len(hashes) == MAX_HASHES * HASH_CHARS
    assert not holds(hashes, id_hash("0"))
    assert holds(hashes, id_hash("1"))
    assert holds(hashes, id_hash("one more"))
    assert newest(hashes, 1) == id_hash("one more")
    assert newest(hashes, 0) == ""


def test_a_hash_says_nothing_of_its_message() -> None:
    """A hash has one length and is not the id."""
    assert {len(id_hash(message_id)) for message_id in ("", "m-1", "x" * 200)} == {HASH_CHARS}
    assert "m-1" not in id_hash("m-1")

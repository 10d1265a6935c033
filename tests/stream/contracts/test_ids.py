"""Ids are functions of what they name: the same thing, the same id; another thing, another id."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from stream.contracts import ids

SESSION = UUID("5f0d3c52-8a53-5f4e-9d6e-0d3f8e7a1b01")
part = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=8)


def test_ids_never_change() -> None:
    """Stored rows hang on them: these literal values may not move in any later version."""
    assert ids.session_id("sample", "c_1", "m-1") == UUID("622af160-ecaa-5ac5-b66d-728ef09423dc")
    assert ids.exchange_id(SESSION, "m-1") == UUID("8b84065a-bbdc-5419-9e30-e1fc3219dfcc")
    assert ids.input_id([("m-1", 0), ("m-2", 5)]) == UUID("00da3a62-230e-5e15-b324-7f11bd4b5dc8")
    assert ids.record_key("sample", "c_1") == b"sample:c_1"


@given(st.lists(part, min_size=3, max_size=3), st.lists(part, min_size=3, max_size=3))
def test_two_sessions_share_an_id_only_if_they_are_one(a: list[str], b: list[str]) -> None:
    """No joining of parts can make two different names alike."""
    assert (ids.session_id(*a) == ids.session_id(*b)) == (a == b)


def test_the_order_and_the_revision_of_an_input_count() -> None:
    """An edit or another order is another input, so it gets its own assessment."""
    whole = [("m-1", 0), ("m-2", 0)]
    others = [[("m-2", 0), ("m-1", 0)], [("m-1", 1), ("m-2", 0)], [("m-1", 0)], []]
    assert ids.input_id(whole) not in {ids.input_id(other) for other in others}


def test_an_edits_revision_is_its_time_in_milliseconds() -> None:
    """Later edits stand above earlier ones, and all above the original's 0."""
    assert ids.revision_of(datetime(1970, 1, 1, 0, 0, 1, 234_000, tzinfo=UTC)) == 1234


def test_kinds_do_not_collide() -> None:
    """The same parts under another heading are another thing."""
    made = {
        ids.session_id("a", "b", "c"),
        ids.message_event_id("a", "b", "c", ""),
        ids.conversation_event_id("a", "b", "c", ""),
        ids.exchange_id(SESSION, "c"),
        ids.record_id(SESSION, 1, "closed"),
        ids.record_id(SESSION, 1, "reopened"),
        ids.assessment_id(SESSION, SESSION, SESSION, "m"),
    }
    assert len(made) == 7

"""What waits for the reader: its order, its end, and the offsets before it."""

import pytest

from stream.risk import waiting as module
from stream.risk.question import Question
from stream.risk.waiting import PATIENCE_S, Waiting

LATE_MS = PATIENCE_S * 1000


def question(offset: int, *, partition: int = 0, appended_ms: int = 0) -> Question:
    """Return a question about a message at an offset."""
    return Question(
        partition=partition,
        offset=offset,
        appended_ms=appended_ms,
        tenant="acme",
        conversation_id="room-1",
        message_id=f"m{offset}",
        trace=b"",
    )


def waiting(*questions: Question) -> Waiting:
    """Return some questions that wait."""
    made = Waiting()
    for each in questions:
        made.add(each)
    return made


def test_what_came_first_is_asked_first() -> None:
    """Questions are asked in the order in which they came, and one that comes again is the same."""
    one, two, three = question(1), question(2), question(3)
    found = waiting(one, two, three, question(2))
    assert found.oldest(2) == [one, two]
    found.finish([one])
    assert found.oldest(9) == [two, three]
    assert len(found) == 2


def test_a_backlog_is_asked_about_from_both_ends() -> None:
    """Of more than fits half is what came last, the latest first, and half what came first; each is there once."""
    those = list(map(question, range(7)))
    found = waiting(*those)
    assert found.from_both_ends(4) == [those[6], those[5], those[0], those[1]]
    assert found.from_both_ends(1) == [those[0]]
    assert found.from_both_ends(7) == found.from_both_ends(9) == those


def test_the_oldest_is_the_oldest_message() -> None:
    """How long something waits is told from the append times, in whatever order the partitions came."""
    found = waiting(question(1, appended_ms=7), question(2, appended_ms=5))
    assert found.oldest_ms() == 5
    found.clear()
    assert found.oldest_ms() is None


def test_everything_before_what_waits_may_be_committed() -> None:
    """Of each partition the first message that waits bounds what is committed; without one nothing does."""
    found = waiting(question(7), question(5), question(3, partition=1))
    assert found.first_offsets() == {0: 5, 1: 3}
    found.finish([question(5), question(3, partition=1)])
    assert found.first_offsets() == {0: 7}
    found.clear()
    assert found.first_offsets() == {}


def test_what_waits_too_long_is_passed_over() -> None:
    """A question ends when its message is older than the patience, whatever came before it; it is told once."""
    old, young = question(1, appended_ms=0), question(2, appended_ms=1)
    found = waiting(young, old)
    assert found.take_overdue(LATE_MS - 1) == []
    assert found.take_overdue(LATE_MS) == [old]
    assert found.take_overdue(LATE_MS) == []
    assert found.oldest(9) == [young]


def test_what_is_too_much_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the most that may wait, the oldest are passed over."""
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    found = waiting(*map(question, range(5)))
    assert found.take_overdue(0) == [question(0), question(1), question(2)]
    assert found.oldest(9) == [question(3), question(4)]

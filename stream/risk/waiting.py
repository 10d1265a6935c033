"""The questions that wait for the reader: which are asked next, which are passed over, and what may be committed."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from stream.risk.question import Question

PATIENCE_S: Final = 300.0
"""Seconds from the append of a message after which the reader is not asked about it any more.

A restart of Triton takes one minute or two; a signal that is older than a few is no call to look at once.
"""
MOST_WAITING: Final = 10_000
"""Questions that wait at once, some 10 MB without a word in them; beyond that the oldest are passed over."""


class Waiting:
    """Questions in the order in which they came. A question that comes again is the same one."""

    def __init__(self) -> None:
        self._questions: dict[tuple[int, int], Question] = {}

    def __len__(self) -> int:
        return len(self._questions)

    def add(self, question: Question) -> None:
        """Let a question wait."""
        self._questions[question.partition, question.offset] = question

    def oldest(self, limit: int) -> list[Question]:
        """Return the questions that came first."""
        return list(islice(self._questions.values(), limit))

    def from_both_ends(self, limit: int) -> list[Question]:
        """Return what is asked about next: half of it came last, the other half has waited longest.

        So in a backlog, too, a message of this moment is asked about now, and none is left behind.
        """
        if len(self._questions) <= limit:
            return self.oldest(limit)
        return [*islice(reversed(self._questions.values()), limit // 2), *self.oldest(limit - limit // 2)]

    def oldest_ms(self) -> int | None:
        """Return the append time of the oldest message that waits; None if none does."""
        return min((question.appended_ms for question in self._questions.values()), default=None)

    def finish(self, questions: Iterable[Question]) -> None:
        """Remove questions that are answered, or passed over."""
        for question in questions:
            self._questions.pop((question.partition, question.offset), None)

    def take_overdue(self, now_ms: float) -> list[Question]:
        """Remove and return what has waited too long, or is too much."""
        too_many = len(self._questions) - MOST_WAITING
        overdue = [
            question
            for number, question in enumerate(self._questions.values())
            if number < too_many or question.appended_ms + PATIENCE_S * 1000 <= now_ms
        ]
        self.finish(overdue)
        return overdue

    def first_offsets(self) -> dict[int, int]:
        """Return by partition the offset of the first question, up to which may be committed."""
        first: dict[int, int] = {}
        for partition, offset in self._questions:
            first[partition] = min(offset, first.get(partition, offset))
        return first

    def clear(self) -> None:
        """Forget all questions: their partitions may belong to another process now."""
        self._questions.clear()

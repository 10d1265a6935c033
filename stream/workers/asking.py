"""The asking of the stage `hear`: what waits goes to the reader in batches, and what it hears becomes risk signals."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from stream.contracts.topics import RISK
from stream.contracts.vocabulary import Concern
from stream.feedback.models.base import RequestFailed
from stream.feedback.models.reader import Pair
from stream.risk.access import ReaderAccess
from stream.risk.opinion import CriticalContent
from stream.risk.question import Outcome, Question
from stream.risk.waiting import Waiting
from stream.runtime.codec import encode
from stream.runtime.kafka_clients import READER_TIMEOUTS, send
from stream.runtime.metrics import RISK_HEARD
from stream.runtime.settings import ReaderGrade
from stream.workers.effects import log_published
from stream.workers.heard_messages import HeardMessages

AT_ONCE: Final = 16
"""Pairs of one request. The reader reads one after the other: with more the first would only wait for the last."""


class Asking:
    """The questions of one process, from when they are raised until something has become of them."""

    def __init__(
        self,
        messages: HeardMessages,
        access: ReaderAccess,
        content: CriticalContent,
        grades: Mapping[str, ReaderGrade],
    ) -> None:
        """`grades` has for each platform the grade from which on a signal is raised."""
        self._messages = messages
        self._access = access
        self._content = content
        self._grades = grades
        self._waiting = Waiting()
        self._at_once = AT_ONCE
        """Questions of the next request: fewer after a failure, to find the one that is at fault."""
        self._by_lexicon_alone = 0

    def add(self, question: Question) -> None:
        """Let a question wait for the reader."""
        self._waiting.add(question)

    def forget(self) -> None:
        """Forget all questions: their partitions may belong to another process now."""
        self._waiting.clear()

    def first_offsets(self) -> dict[int, int]:
        """Return by partition the offset of the first message that waits."""
        return self._waiting.first_offsets()

    def oldest_ms(self) -> int | None:
        """Return when the oldest message was appended that waits; None if none does."""
        return self._waiting.oldest_ms()

    def pass_over(self, now_ms: float) -> None:
        """Pass over what has waited too long at this time, or is too much: the lexicon alone has heard it."""
        self._finish(self._waiting.take_overdue(now_ms), Outcome.PASSED_OVER)

    def take_by_lexicon_alone(self) -> int:
        """Return of how many messages the reader said nothing since the last call."""
        count, self._by_lexicon_alone = self._by_lexicon_alone, 0
        return count

    def ask(self, producer: Any) -> bool:
        """Ask about what came last and what has waited longest, and return whether to go on.

        Once it returns, the broker has the signals.

        Raises:
            KafkaError: the broker does not take a signal; all of the batch comes again, with the same ids.
        """
        if not self._access.is_there():
            return False
        asked = self._next_batch()
        if not asked:
            return False
        try:
            opinions = iter(self._access.read([pair for pairs in asked.values() for pair in pairs]))
        except RequestFailed:
            if not self._access.is_there():
                return False  # what waits may yet be answered
            if len(asked) == 1:
                self._finish(list(asked), Outcome.FAILED)
            self._at_once = max(1, len(asked) // 2)
            return True
        self._at_once = AT_ONCE
        heard = {
            question: self._content.risk_heard([next(opinions).turn for _ in pairs], self._grades[question.tenant])
            for question, pairs in asked.items()
        }
        self._raise(producer, {question: concerns for question, concerns in heard.items() if concerns})
        self._finish([question for question, concerns in heard.items() if not concerns], Outcome.QUIET)
        return True

    def _next_batch(self) -> dict[Question, tuple[Pair, ...]]:
        """Return what is asked next, with the pairs of each; what needs no asking any more is finished."""
        asked: dict[Question, tuple[Pair, ...]] = {}
        room = AT_ONCE
        is_searching = self._at_once < AT_ONCE  # for the one at fault, which must be among the oldest at last
        take = self._waiting.oldest if is_searching else self._waiting.from_both_ends
        for question in take(self._at_once):
            found = self._messages.pairs_of(question)
            if isinstance(found, Outcome):
                self._finish([question], found)
            elif asked and len(found) > room:
                break
            else:
                asked[question] = found
                room -= len(found)
        return asked

    def _raise(self, producer: Any, heard: Mapping[Question, Collection[Concern]]) -> None:
        sent = []
        for question, concerns in heard.items():
            signal = self._messages.signal_of(question, concerns)
            sent.append(
                (question, signal, send(producer, RISK, encode(signal, trace=question.trace), question.partition))
            )
        for question, signal, future in sent:
            future.get(timeout=READER_TIMEOUTS.acknowledge_s)
            log_published(signal, question.trace)
            self._finish([question], Outcome.RAISED)

    def _finish(self, questions: Collection[Question], outcome: Outcome) -> None:
        self._waiting.finish(questions)
        for question in questions:
            RISK_HEARD.labels(tenant=question.tenant, outcome=outcome.value).inc()
        if outcome in {Outcome.PASSED_OVER, Outcome.FAILED}:
            self._by_lexicon_alone += len(questions)

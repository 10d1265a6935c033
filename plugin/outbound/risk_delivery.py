"""The delivery of risk signals to one platform's receiver, from the topic and without a database."""

import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Final

from plugin.outbound.pauses import pause_s
from plugin.outbound.risk_body import risk_body
from plugin.outbound.webhook import Answer, SignedWebhook
from stream.contracts.errors import Poison, Unavailable
from stream.contracts.risk import RiskSignal
from stream.contracts.schema import RECORDS_BY_TOPIC
from stream.contracts.topics import RISK
from stream.contracts.vocabulary import DeadLetterReason, HeardBy
from stream.runtime import metrics
from stream.runtime.codec import RawRecord, check_partition, decode, known_types
from stream.runtime.health import Health, ReadinessPart
from stream.runtime.logging import get_logger
from stream.runtime.trace import trace_id, traceparent_of

TIMEOUT_S: Final = 5.0
"""Seconds for each step of a request; a receiver that takes longer is asked again soon."""
_KNOWN: Final = known_types(*RECORDS_BY_TOPIC[RISK])


class RiskOutcome(StrEnum):
    """What became of one try; the values are those of a metric's label."""

    DELIVERED = "delivered"
    TRIED = "tried"
    """It was not taken, and is tried again."""
    GIVEN_UP = "given_up"
    """It was not taken for so long that it became a dead letter."""
    ESCALATED = "escalated"
    """Nobody acknowledged it in time, and a receiver took it as such a one."""
    ESCALATION_TRIED = "escalation_tried"


class ReceiverTroubles:
    """What is wrong with the receivers of risk signals, by platform, as /readyz says it."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._lock = threading.Lock()
        self._troubles: dict[str, str] = {}

    def set(self, tenant: str, trouble: str | None) -> None:
        """Set what is wrong with a platform's receiver; None if it takes signals."""
        with self._lock:
            if trouble is None:
                self._troubles.pop(tenant, None)
            else:
                self._troubles[tenant] = trouble
            self._health.set(ReadinessPart.RECEIVER, " ".join(self._troubles.values()) or None)


class RiskDelivery:
    """Tells one receiver of the signals of its platform, each until it is taken or too old."""

    def __init__(
        self,
        tenant: str,
        receiver: SignedWebhook,
        troubles: ReceiverTroubles,
        *,
        partitions: int,
        give_up_after_s: float,
        now: Callable[[], datetime],
    ) -> None:
        """`partitions` is how many the topic has."""
        self._tenant = tenant
        self._receiver = receiver
        self._troubles = troubles
        self._partitions = partitions
        self._give_up_after_s = give_up_after_s
        self._now = now
        self._refusals: defaultdict[int, int] = defaultdict(int)
        """By partition, the refusals in a row of the record that it waits for."""
        for outcome in RiskOutcome:  # from 0, so that the first refusal is an increase
            metrics.RISK_DELIVERIES.labels(tenant=tenant, outcome=outcome.value)

    def handle(self, raw: RawRecord) -> None:
        """Tell the receiver of one record of the topic; those of other platforms are done at once.

        Raises:
            Unavailable: the receiver did not take it, and it may be tried again.
            Poison: it can never be used; or, as `not_delivered`, it is too old for a further try.
        """
        if not (raw.key or b"").startswith(f"{self._tenant}:".encode()):
            return
        signal = decode(raw, _KNOWN).data
        assert isinstance(signal, RiskSignal)  # noqa: S101 - `_KNOWN` holds nothing else
        check_partition(raw, signal, self._partitions)
        answer = self._receiver.post(signal.event_id, risk_body(signal))
        outcome = self._outcome_of(raw, answer)
        self._report(raw, signal, answer, outcome)
        if outcome is RiskOutcome.TRIED:
            self._refusals[raw.partition] += 1
            raise Unavailable(f"the risk receiver of {self._tenant}", pause_s(self._refusals[raw.partition]))
        self._refusals.pop(raw.partition, None)
        if outcome is RiskOutcome.GIVEN_UP:
            raise Poison(DeadLetterReason.NOT_DELIVERED, "receiver")
        ear = HeardBy.LEXICON if HeardBy.LEXICON in signal.heard_by else signal.heard_by[0]
        metrics.RISK_SECONDS.labels(heard_by=ear.value).observe(
            max(0.0, (self._now() - signal.appended_at).total_seconds())
        )

    def _outcome_of(self, raw: RawRecord, answer: Answer) -> RiskOutcome:
        if answer.is_taken:
            return RiskOutcome.DELIVERED
        waited_s = self._now().timestamp() - raw.timestamp_ms / 1000
        return RiskOutcome.GIVEN_UP if waited_s >= self._give_up_after_s else RiskOutcome.TRIED

    def _report(self, raw: RawRecord, signal: RiskSignal, answer: Answer, outcome: RiskOutcome) -> None:
        metrics.RISK_DELIVERIES.labels(tenant=self._tenant, outcome=outcome.value).inc()
        trouble = f"The risk receiver of {self._tenant} takes no signal: {answer.words}."
        self._troubles.set(self._tenant, None if answer.is_taken else trouble)
        get_logger().info(
            "risk_told",
            tenant=self._tenant,
            event_id=str(signal.event_id),
            state=outcome.value,
            status=answer.status,
            trace_id=trace_id(traceparent_of(raw.headers)),
        )

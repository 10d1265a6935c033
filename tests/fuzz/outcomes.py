"""The deliveries of a fuzz run and their outcomes."""

import json
from collections import Counter
from dataclasses import dataclass, field

from plugin.crypto.pseudonyms import Pseudonyms
from stream.contracts.vocabulary import DeadLetterReason
from tests.fuzz.accounting import TopicPosition
from tests.fuzz.asgi import AsgiResponse
from tests.fuzz.deliveries import HUNG_UP, NO_CONSENT, PUBLISHED, REPEATED, Delivery

KEY = b"k" * 32


@dataclass
class FuzzRun:
    """The counts and errors of a fuzz run."""

    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    on_topic: Counter[str] = field(default_factory=Counter)
    natives: list[tuple[str, TopicPosition, DeadLetterReason | None]] = field(default_factory=list)
    deliveries_a_second: float = 0.0


def record_answer(run: FuzzRun, delivery: Delivery, answer: AsgiResponse) -> None:
    """Count an answer and note it as wrong if it is not the expected one."""
    content = json.loads(answer.body)
    outcome = content["outcome"] if answer.status == 202 else f"{answer.status} {content['error']}"
    allowed = {
        PUBLISHED: {PUBLISHED},
        NO_CONSENT: {NO_CONSENT},
        REPEATED: {PUBLISHED, NO_CONSENT},
        HUNG_UP: {"400 body"},
    }
    status, _, reasons = delivery.expected.partition(" ")
    if outcome not in allowed.get(delivery.expected, {f"{status} {one}".strip() for one in reasons.split("|")}):
        run.wrong.append(f"{delivery.kind}: expected {delivery.expected}, got {outcome}")
    if delivery.expected == REPEATED:
        outcome = REPEATED
    if outcome == PUBLISHED:
        run.on_topic[Pseudonyms(KEY).conversation(delivery.room)] += 1
    run.outcomes[outcome] += 1

"""A reader by rules and an access to it, for tests of the stage `hear`. All words are written by us."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from stream.contracts.vocabulary import Concern
from stream.feedback.models.base import RequestFailed
from stream.feedback.models.baseline import load_answers
from stream.risk.access import ReaderAccess, canary_pair
from stream.risk.opinion import CriticalContent
from stream.risk.question import Pair
from stream.runtime.health import Health, ReadinessPart

CONTENT = CriticalContent.from_answers(load_answers())
SURE = {"nobody would miss me": Concern.SUICIDE, "a sign from the radio": Concern.DELUSION}
"""Words in which the scripted reader surely hears something; no word list knows them."""
POSSIBLE = "not be here"
"""Words in which it hears suicide with a probability of about .7: between the two grades."""
FELLS = "this text fells the reader"
"""Words to which it never has an answer."""


def logits_of(text: str) -> Any:
    """Return the logits of a text as a client's turn."""
    logits = np.zeros(CONTENT.width, dtype=np.float32)
    said = [kind for words, kind in SURE.items() if words in text.lower()]
    none = CONTENT.start + CONTENT.kinds.index(None)
    if POSSIBLE in text.lower():
        logits[none], logits[CONTENT.start + CONTENT.kinds.index(Concern.SUICIDE)] = 4.0, 5.0
    else:
        logits[CONTENT.start + CONTENT.kinds.index(said[0]) if said else none] = 12.0
    return logits


class ScriptedReader:
    """A reader that answers by rules, is away, or is there and fails; `asked` are the pairs of each request."""

    def __init__(self) -> None:
        self.asked: list[list[Pair]] = []
        self.canaries = 0
        self.is_away = False
        self.is_slow = False
        self.is_another = False

    def read(self, pairs: Sequence[Pair], timeout_s: float) -> Sequence[Any]:
        """Answer, or fail."""
        assert timeout_s > 0
        assert 0 < len(pairs) <= 64
        if self.is_away:
            raise RequestFailed("unavailable")
        if list(pairs) == [canary_pair()]:
            self.canaries += 1
        else:
            self.asked.append(list(pairs))
            if self.is_slow:
                raise RequestFailed("deadline_exceeded")
            if any(FELLS in text for _, text in pairs):
                raise RequestFailed("model_error")
        return [logits_of(text) for _, text in pairs]

    def check(self, timeout_s: float) -> None:
        """Say whether it is the reader of this release."""
        assert timeout_s > 0
        if self.is_away:
            raise RequestFailed("unavailable")
        if self.is_another:
            raise RequestFailed("another_reader")

    def close(self) -> None:
        """Have nothing to close."""

    @property
    def texts(self) -> list[str]:
        """The client's words of every pair that it was asked about, in order."""
        return [text for pairs in self.asked for _, text in pairs]


class Clock:
    """A clock that a test moves, in seconds."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def access_to(reader: ScriptedReader, clock: Clock | None = None) -> tuple[ReaderAccess, Health]:
    """Return an access to a reader, and the readiness that it reports."""
    health = Health(ReadinessPart.BROKER, ReadinessPart.MODEL)
    health.set(ReadinessPart.BROKER, None)
    return ReaderAccess(reader, health, width=CONTENT.width, clock=clock or Clock()), health

"""A reader by rules and an access to it, for tests of the stage `hear`. All words are written by us."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

import numpy as np

from stream.contracts.errors import Misconfigured
from stream.contracts.vocabulary import Concern
from stream.feedback.models.base import Deadline, ModelUnavailable, RequestFailed
from stream.feedback.models.reader import MAX_PAIRS, WHAT, Opinion, Pair, load_answers
from stream.risk.access import ReaderAccess
from stream.risk.opinion import CriticalContent
from stream.runtime.health import Health, ReadinessPart

ANSWERS = load_answers()
CONTENT = CriticalContent.from_answers(ANSWERS)
SURE = {"nobody would miss me": Concern.SUICIDE, "a sign from the radio": Concern.DELUSION}
"""Words in which the scripted reader surely hears something; no word list knows them."""
POSSIBLE = "not be here"
"""Words in which it hears suicide with a probability of about .7: between the two grades."""
INDIRECT = (
    "How have you been?",
    "I have written letters to everyone, and given away the cat. After Sunday nobody has to worry about me any more.",
)
"""A pair in which the reader that ships is sure to hear danger, and the word list hears none."""
FELLS = "this text fells the reader"
"""Words to which it never has an answer."""


def logits_of(text: str) -> Any:
    """Return the logits of a text as a client's turn."""
    logits = np.zeros(max(end for _, end in ANSWERS["turn"].values()), dtype=np.float32)
    said = [kind for words, kind in SURE.items() if words in text.lower()]
    none = CONTENT.start + CONTENT.kinds.index(None)
    if POSSIBLE in text.lower():
        logits[none], logits[CONTENT.start + CONTENT.kinds.index(Concern.SUICIDE)] = 4.0, 5.0
    else:
        logits[CONTENT.start + CONTENT.kinds.index(said[0]) if said else none] = 12.0
    return logits


class ScriptedReader:
    """A reader that answers by rules, is away, or is there and fails; `asked` are the pairs of each request."""

    fingerprint = "15d3cdbffe95"
    answers: Mapping[str, Any] = ANSWERS

    def __init__(self) -> None:
        self.asked: list[list[Pair]] = []
        self.on_asked: Callable[[], None] = lambda: None
        """What happens while it answers."""
        self.canaries = 0
        self.is_away = False
        self.is_slow = False
        self.is_another = False

    async def read(self, pairs: Sequence[Pair], deadline: Deadline) -> Sequence[Opinion]:
        """Answer, or fail."""
        assert deadline.remaining() > 0
        assert 0 < len(pairs) <= MAX_PAIRS
        if self.is_away:
            raise RequestFailed("unavailable")
        self.asked.append(list(pairs))
        self.on_asked()
        if self.is_slow:
            raise RequestFailed("deadline_exceeded")
        if any(FELLS in text for _, text in pairs):
            raise RequestFailed("model_error")
        return [Opinion(logits_of(text), None, None) for _, text in pairs]

    async def canary(self, deadline: Deadline) -> None:
        """Pass, or say that it is away or that of another release."""
        assert deadline.remaining() > 0
        if self.is_away:
            raise ModelUnavailable("unavailable", WHAT)
        if self.is_another:
            raise Misconfigured("Triton serves another reader.")
        self.canaries += 1

    async def reload(self, deadline: Deadline) -> bool:
        """Say that there is no server."""
        del deadline
        return False

    async def close(self) -> None:
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


@contextmanager
def access_to(reader: ScriptedReader, clock: Clock | None = None) -> Iterator[tuple[ReaderAccess, Health]]:
    """Yield an access to a reader, and the readiness that it reports."""
    health = Health(ReadinessPart.BROKER, ReadinessPart.MODEL)
    health.set(ReadinessPart.BROKER, None)
    with closing(ReaderAccess(reader, health, clock=clock or Clock())) as access:
        yield access, health

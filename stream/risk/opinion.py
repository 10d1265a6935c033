"""What the reader's numbers about a client's message mean for a risk signal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from stream.contracts.vocabulary import RISK_CONCERNS, Concern
from stream.runtime.settings import ReaderGrade

_NONE: Final = "none"
_THRESHOLDS: Final[Mapping[ReaderGrade, str]] = {"sure": "critical", "possible": "possible_critical"}


@dataclass(frozen=True, slots=True)
class CriticalContent:
    """Where the critical content stands among the reader's logits of a turn, and from when on it counts."""

    kinds: tuple[Concern | None, ...]
    """In the order of the logits; None for no critical content."""
    start: int
    thresholds: Mapping[ReaderGrade, float]

    @classmethod
    def from_answers(cls, answers: Mapping[str, Any]) -> Self:
        """Return what the reader's answers.json says."""
        kinds = tuple(None if name == _NONE else Concern(name) for name in answers["critical"])
        return cls(
            kinds,
            answers["turn"]["critical"][0],
            {grade: float(answers["thresholds"][name]) for grade, name in _THRESHOLDS.items()},
        )

    def risk_heard(self, logits: Sequence[Any], grade: ReaderGrade) -> frozenset[Concern]:
        """Return the risk language that is heard in a message, of whose pieces these are the logits.

        A piece counts from the threshold of the grade on, by its likeliest kind: what is likelier a delusion or another
        kind of critical content is none.
        """
        heard: set[Concern] = set()
        for of_turn in logits:
            grown = np.exp(self._critical(of_turn) - self._critical(of_turn).max())
            shares = grown / grown.sum()
            none = self.kinds.index(None)
            likeliest = max((place for place in range(len(shares)) if place != none), key=lambda place: shares[place])
            kind = self.kinds[likeliest]
            if 1 - shares[none] >= self.thresholds[grade] and kind in RISK_CONCERNS:
                heard.add(kind)
        return frozenset(heard)

    def _critical(self, of_turn: Any) -> Any:
        return of_turn[self.start : self.start + len(self.kinds)]

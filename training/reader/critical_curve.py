"""Measures what each threshold of critical content finds, and how often it is wrong, by turn and by session."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from stream.detection.lexicons import find_concerns
from training.reader.evaluate import critical_scores
from training.reader.examples import TurnExample

LADDER: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
"""Thresholds beside those that ship."""
_TRANSCRIPTS: Final = ("annomi", "mibot")
_WRITTEN: Final = frozenset({"written", "danger"})


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What one threshold of the reader would do. Nobody labelled danger in transcripts: there all counts as wrong."""

    threshold: float
    recall: float
    """Of critical written turns."""
    recall_with_lexicon: float
    sounds_dangerous: float
    """False alarms among harmless written turns that sound dangerous."""
    plain: float
    """False alarms among all other harmless written turns."""
    turns: dict[str, float]
    """By corpus of transcripts: the share of client turns."""
    sessions: dict[str, tuple[int, int]]
    """By corpus: the sessions with a turn that passes, and all sessions of the answers."""


def critical_curve(turns: Sequence[TurnExample], logits: Any, thresholds: Sequence[float]) -> Iterator[CurvePoint]:
    """Yield a point for each threshold, the lowest first."""
    scores = critical_scores(logits)
    lexicon = np.array([bool(find_concerns(turn.text)) for turn in turns])
    written = np.array([turn.source in _WRITTEN for turn in turns])
    critical = np.array([turn.critical > 0 for turn in turns])
    harmless = written & np.array([turn.critical == 0 for turn in turns])
    sounds = np.array([turn.critical_look_alike for turn in turns])
    for threshold in sorted(thresholds):
        found = scores >= threshold
        yield CurvePoint(
            threshold,
            _share(found, written & critical),
            _share(found | lexicon, written & critical),
            _share(found, harmless & sounds),
            _share(found, harmless & ~sounds),
            {name: _share(found, _of(turns, name)) for name in _TRANSCRIPTS if _of(turns, name).any()},
            {name: _sessions(turns, found, name) for name in _TRANSCRIPTS if _of(turns, name).any()},
        )


def sessions_by_lexicon(turns: Sequence[TurnExample]) -> dict[str, tuple[int, int]]:
    """Return by corpus how many sessions the lexicon alone puts first, and how many there are."""
    found = [bool(find_concerns(turn.text)) for turn in turns]
    return {name: _sessions(turns, found, name) for name in _TRANSCRIPTS if _of(turns, name).any()}


def _of(turns: Sequence[TurnExample], corpus: str) -> Any:
    return np.array([turn.source == corpus for turn in turns])


def _share(found: Any, where: Any) -> float:
    return float(found[where].mean()) if where.any() else float("nan")


def _sessions(turns: Sequence[TurnExample], found: Any, corpus: str) -> tuple[int, int]:
    """Return how many sessions of a corpus have a turn that was found, and how many there are; an id names both."""
    passed: dict[str, bool] = {}
    for turn, hit in zip(turns, found, strict=True):
        if turn.source == corpus:
            session = turn.id.rpartition("/")[0]
            passed[session] = passed.get(session, False) or bool(hit)
    return sum(passed.values()), len(passed)

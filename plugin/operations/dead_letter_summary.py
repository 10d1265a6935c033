"""Count the dead letters and collect the newest stories, for `counterpoint dead-letters list`."""

import heapq
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from plugin.database.engine import temporary_engine
from plugin.operations.dead_letter import DeadLetter
from plugin.operations.dead_letter_topic import read_dead_letters
from plugin.operations.handled import Position, handled_positions, position_of
from stream.contracts.errors import CounterpointError
from stream.runtime.settings import Settings, required_secret


@dataclass
class DeadLetterSummary:
    """The counts of dead letters on the topic, and the newest stories."""

    waiting: int = 0
    handled: int | None = None
    """Replayed, reinserted or dropped, and still on the topic; None when the database could not be asked."""
    why_not_asked: str = ""
    counts: dict[str, Counter[str]] = field(
        default_factory=lambda: {part: Counter() for part in ("reason", "stage", "topic", "day")}
    )
    newest: list[dict[str, object]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the summary as `--json` prints it."""
        return {
            "waiting": self.waiting,
            "handled": self.handled,
            "not_asked": self.why_not_asked or None,
            "counts": {part: dict(counter.most_common()) for part, counter in self.counts.items()},
            "newest": self.newest,
        }


def summarize_dead_letters(settings: Settings, *, newest: int, include_handled: bool = False) -> DeadLetterSummary:
    """Count the dead letters, and keep the stories of the newest.

    Raises:
        Unavailable: the broker does not answer.
    """
    summary = DeadLetterSummary()
    handled = _handled_positions(settings, summary)
    kept: list[tuple[int, int, int, DeadLetter]] = []
    for letter in read_dead_letters(settings.kafka):
        if position_of(letter) in handled:
            summary.handled = (summary.handled or 0) + 1
            if not include_handled:
                continue
        else:
            summary.waiting += 1
        for part, value in (
            ("reason", letter.reason),
            ("stage", letter.stage),
            ("topic", letter.topic),
            ("day", letter.set_aside_at.date().isoformat()),
        ):
            summary.counts[part][value] += 1
        # Only stories are kept: a topic full of bodies would not fit into memory.
        heapq.heappush(kept, (letter.set_aside_ms, *position_of(letter)[:2], replace(letter, value=b"")))
        if len(kept) > newest:
            heapq.heappop(kept)
    summary.newest = [
        letter.story | {"handled": position_of(letter) in handled} for *_, letter in sorted(kept, reverse=True)
    ]
    return summary


def _handled_positions(settings: Settings, summary: DeadLetterSummary) -> frozenset[Position]:
    try:
        with temporary_engine(required_secret(settings.database.url, "database.url")) as engine:
            handled = handled_positions(engine)
    except CounterpointError as error:
        summary.why_not_asked = str(error)
        return frozenset()
    summary.handled = 0
    return handled

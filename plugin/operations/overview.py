"""`counterpoint dead-letters list`: numbers and stories."""

import heapq
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from plugin.database.engine import connect
from plugin.operations.dead_letter import Letter
from plugin.operations.dead_letter_topic import letters
from plugin.operations.handled import Handled, Place, place_of
from stream.contracts.errors import CounterpointError
from stream.runtime.settings import Settings, required


@dataclass
class Overview:
    """What stands on the dead-letter topic."""

    waiting: int = 0
    handled: int | None = None
    """Replayed, put back or dropped, and still on the topic; None when the database could not be asked."""
    why_not_asked: str = ""
    counts: dict[str, Counter[str]] = field(
        default_factory=lambda: {part: Counter() for part in ("reason", "stage", "topic", "day")}
    )
    newest: list[dict[str, object]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "waiting": self.waiting,
            "handled": self.handled,
            "not_asked": self.why_not_asked or None,
            "counts": {part: dict(counter.most_common()) for part, counter in self.counts.items()},
            "newest": self.newest,
        }


def overview(settings: Settings, *, newest: int, everything: bool = False) -> Overview:
    """Count the letters, and keep the stories of the newest.

    Raises:
        Unavailable: the broker does not answer.
    """
    found = Overview()
    done = _done(settings, found)
    last: list[tuple[int, int, int, Letter]] = []
    for each in letters(settings.kafka):
        if place_of(each) in done:
            found.handled = (found.handled or 0) + 1
            if not everything:
                continue
        else:
            found.waiting += 1
        for part, value in (
            ("reason", each.reason),
            ("stage", each.stage),
            ("topic", each.topic),
            ("day", each.set_aside_at.date().isoformat()),
        ):
            found.counts[part][value] += 1
        # Only stories are kept: a topic full of bodies would not fit into memory.
        story = (each.set_aside_ms, *place_of(each)[:2], replace(each, value=b""))
        heapq.heappush(last, story)
        if len(last) > newest:
            heapq.heappop(last)
    found.newest = [each.story | {"handled": place_of(each) in done} for *_, each in sorted(last, reverse=True)]
    return found


def _done(settings: Settings, found: Overview) -> frozenset[Place]:
    try:
        engine = connect(required(settings.database.url, "database.url"))
        try:
            done = frozenset(Handled(engine).places())
        finally:
            engine.dispose()
    except CounterpointError as error:
        found.why_not_asked = str(error)
        return frozenset()
    found.handled = 0
    return done

"""The written counsellor: replies of a good, poor or mixed manner, for synthetic sessions and as examples."""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from hashlib import sha256

from plugin.written_client.profiles import FOLDER, Profile
from plugin.written_client.turns import Written, by_seed, numbered
from stream.contracts.vocabulary import Level, ResistanceType


class Manner(StrEnum):
    """How a written counsellor replies."""

    GOOD = "good"
    POOR = "poor"
    MIXED = "mixed"
    """A good reply or a poor one, as often in the mean, by the seed."""


@dataclass(frozen=True)
class WrittenReply:
    """A written reply with the levels that we meant, which nobody has reviewed."""

    written: Written
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class WrittenReplies:
    """Everything that written counsellors say."""

    good: dict[ResistanceType, tuple[WrittenReply, ...]]
    poor: tuple[WrittenReply, ...]
    ordinary: dict[Manner, tuple[Written, ...]]
    """To a client who tells."""
    closing: tuple[Written, ...]


@cache
def written_replies() -> WrittenReplies:
    """Return the replies of the file."""
    found = tomllib.loads((FOLDER / "replies.toml").read_text(encoding="utf-8"))
    ordinary = found["ordinary"]
    return WrittenReplies(
        good={each: _replies(f"good-{each}", found["good"][each]) for each in ResistanceType},
        poor=tuple(reply for mistake, replies in found["poor"].items() for reply in _replies(mistake, replies)),
        ordinary={each: numbered(f"ordinary-{each}", ordinary[each]) for each in (Manner.GOOD, Manner.POOR)},
        closing=numbered("closing", ordinary["closing"]),
    )


def manner_now(manner: Manner, seed: str, place: int) -> Manner:
    """Return how the counsellor replies at a place of a talk: good or poor."""
    if manner is not Manner.MIXED:
        return manner
    is_even = sha256(f"{seed}/manner/{place}".encode()).digest()[0] % 2 == 0
    return Manner.GOOD if is_even else Manner.POOR


def reply_to(behaviour: ResistanceType, manner: Manner, seed: str, place: int) -> WrittenReply:
    """Return the counsellor's reply at a place of a talk, in an order of the seed that begins anew when it ends."""
    replies = written_replies()
    choice = replies.good[behaviour] if manner_now(manner, seed, place) is Manner.GOOD else replies.poor
    by_id = {each.written.written_id: each for each in choice}
    order = by_seed(seed, tuple(each.written for each in choice))
    return by_id[order[place % len(order)].written_id]


def example_for(profile: Profile, behaviour: ResistanceType, seed: str, place: int) -> str:
    """Return a good reply as an example of what could be written to a turn of this behaviour."""
    return profile.fill(reply_to(behaviour, Manner.GOOD, seed, place).written.text)


def _replies(name: str, found: list[dict[str, object]]) -> tuple[WrittenReply, ...]:
    texts = numbered(name, [str(each["text"]) for each in found])
    return tuple(
        WrittenReply(written, tuple(Level(level) for level in each["levels"]))  # type: ignore[attr-defined]
        for written, each in zip(texts, found, strict=True)
    )

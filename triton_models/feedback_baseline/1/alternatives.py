"""One option for a reply, from the library of patterns, completed with the client's own words."""

from __future__ import annotations

import tomllib
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .cues import find_words
from .own_words import shifted
from .ratings import STRONG, Moment, Rating
from .text import words

_TABLE = tomllib.loads(Path(__file__).with_name("patterns.toml").read_text(encoding="utf-8"))
PATTERNS: list[dict[str, str]] = _TABLE["pattern"]

BRIEF_WORDS = 3
"""A client turn of so few words, none of which says anything by itself, is one of the few-words patterns' moments."""

# Which mechanism an option is for where several are equally weak: first be beside the client, then lead.
_ORDER = ("stance_alignment", "respect_for_autonomy", "emotional_resonance", "conversational_orientation")


def alternative(moment: Moment, ratings: Mapping[str, Rating]) -> dict[str, Any] | None:
    """An option that would express the weakest mechanism more; None where all four are strong."""
    weakest = min(_ORDER, key=lambda mechanism: ratings[mechanism].level)
    if ratings[weakest].level == STRONG:
        return None
    pattern = _pattern(moment, weakest)
    return {"text": _completed(moment, pattern), "mechanism": weakest, "pattern_id": pattern["id"]}


def _pattern(moment: Moment, mechanism: str) -> dict[str, str]:
    """The pattern made for what the client's words are about, or one of the general ones, always the same one."""
    mine = [pattern for pattern in PATTERNS if pattern["mechanism"] == mechanism]
    fitting = [pattern for pattern in mine if pattern.get("for") == _about(moment, mechanism)]
    fitting = fitting or [pattern for pattern in mine if "for" not in pattern]
    said = " ".join(sentence.folded for sentence in moment.client)
    return fitting[zlib.crc32(said.encode("utf-8", "replace")) % len(fitting)]


def _about(moment: Moment, mechanism: str) -> str | None:
    if moment.key is None:
        said = sum(len(words(sentence.folded)) for sentence in moment.client)
        return "brief" if said <= BRIEF_WORDS else None
    if mechanism == "emotional_resonance" and find_words("feeling", [moment.key.sentence]):
        return "feeling"
    return moment.key.kind


def _completed(moment: Moment, pattern: dict[str, str]) -> str:
    if moment.key and "shifted" in pattern and (clause := shifted(moment.key)):
        return pattern["shifted"].replace("{clause}", clause)
    if moment.key and "quoted" in pattern:
        return pattern["quoted"].replace("{words}", moment.key.words)
    return pattern["plain"]

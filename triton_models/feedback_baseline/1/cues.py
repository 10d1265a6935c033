"""Which named cues a text holds. The cues are in cues.toml, so that anybody can read what the baseline reads."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .text import Sentence, quote

_TABLE = tomllib.loads(Path(__file__).with_name("cues.toml").read_text(encoding="utf-8"))

STOPWORDS = frozenset(_TABLE["lists"]["stopwords"])
FUNCTION_WORDS = STOPWORDS | frozenset(_TABLE["lists"]["function_words"])


@dataclass(frozen=True)
class Hit:
    """A cue in a sentence."""

    sentence: Sentence
    start: int
    end: int

    @property
    def quote(self) -> str:
        """The words around the cue, verbatim."""
        return quote(self.sentence, self.start, self.end)


def _compiled(patterns: Sequence[str]) -> re.Pattern[str]:
    whole = "|".join(patterns)
    for name, alternatives in _TABLE["words"].items():
        whole = whole.replace(f"<{name}>", f"(?:{'|'.join(alternatives)})")
    return re.compile(rf"(?<!\w)(?:{whole})(?!\w)".replace("'", "'?").replace(" ", r"\s+"))


_CUES = {name: _compiled(patterns) for name, patterns in _TABLE["cues"].items()}
_WORDS = {name: _compiled(alternatives) for name, alternatives in _TABLE["words"].items()}
CUES = frozenset(_CUES)
"""The names of all cues."""


def find(name: str, sentences: Sequence[Sentence]) -> list[Hit]:
    """Every place of a cue."""
    return [Hit(s, m.start(), m.end()) for s in sentences for m in _CUES[name].finditer(s.folded)]


def opening(name: str, sentences: Sequence[Sentence]) -> list[Hit]:
    """The sentences that begin with a cue."""
    return [Hit(s, 0, m.end()) for s in sentences if (m := _CUES[name].match(s.folded))]


def find_words(name: str, sentences: Sequence[Sentence]) -> list[Hit]:
    """Every place of a word from a list."""
    return [Hit(s, m.start(), m.end()) for s in sentences for m in _WORDS[name].finditer(s.folded)]

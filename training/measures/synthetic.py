"""Synthetic sessions beside real ones: each quantity of every measure, with intervals and effect sizes.

The files are those of `counterpoint practice synthesise`. What is said of real sessions is said of those that the
shipped reader has not seen; synthetic ones it has not seen either.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from stream.contracts.vocabulary import Role
from stream.measures.base import take
from stream.measures.cues import words
from stream.measures.registry import MEASURES
from training.corpora.transcripts import Conversation, Corpus, Speaker, Turn
from training.errors import DataError
from training.estimate import Estimate
from training.measures.intervals import by_bootstrap
from training.measures.sessions import HeardTalk

_SPEAKERS: dict[str, Speaker] = {Role.CLIENT.value: "client", Role.COUNSELLOR.value: "counsellor"}
_FEWEST = 2
"""Sessions of a kind from which on there is a spread."""

Rows = Sequence[tuple[str, float]]
"""The number of each session, with the group that is drawn whole."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One quantity in synthetic sessions and in those of one corpus; the effect is synthetic less real, in SD."""

    name: str
    corpus: Corpus
    real: Estimate
    synthetic: Estimate
    effect: Estimate


def load_synthetic(path: Path) -> list[Conversation]:
    """Return the conversations of a file of replayable JSON Lines; what a system wrote is left out.

    Raises:
        DataError: the file cannot be read, or a line is no message or session end.
    """
    said: dict[str, list[tuple[Speaker, str]]] = defaultdict(list)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({type(error).__name__})") from None
    for number, line in enumerate(lines, start=1):
        try:
            event = json.loads(line)
            if event["type"] == "message" and event["role"] in _SPEAKERS:
                said[event["conversation_id"]].append((_SPEAKERS[event["role"]], event["text"]))
        except (ValueError, KeyError, TypeError):
            raise DataError(f"{path}, line {number} is no message of `counterpoint practice synthesise`") from None
    if not said:
        raise DataError(f"{path} holds no conversation")
    return [_conversation(name, spoken) for name, spoken in said.items()]


def _conversation(name: str, said: Iterable[tuple[Speaker, str]]) -> Conversation:
    turns = (Turn(who, " ".join(text for _, text in run)) for who, run in groupby(said, key=lambda each: each[0]))
    return Conversation(name, "synthetic", name, tuple(turns))


def compare(real: Sequence[HeardTalk], synthetic: Sequence[HeardTalk]) -> list[Compared]:
    """Return every quantity that both kinds of sessions have, for each corpus of real ones."""
    made = [(each.talk.group, numbers_of(each)) for each in synthetic]
    found = []
    for corpus in sorted({each.talk.corpus for each in real}):
        own = [(each.talk.group, numbers_of(each)) for each in real if each.talk.corpus == corpus]
        names = {name: None for _, numbers in own for name in numbers}
        for name in names:
            of_real, of_made = (
                [(group, numbers[name]) for group, numbers in rows if name in numbers] for rows in (own, made)
            )
            if min(len(of_real), len(of_made)) >= _FEWEST:
                found.append(Compared(name, corpus, _mean(of_real), _mean(of_made), effect(of_real, of_made)))
    return found


def numbers_of(each: HeardTalk) -> dict[str, float]:
    """Return the numbers of a session: its shape, and of each quantity the number, or the mean over its turns.

    Labels of turns are left out, since the measure of techniques says their shares as numbers.
    """
    turns = each.session.turns
    numbers: dict[str, list[float]] = {"turns": [float(len(turns))]}
    for role in (Role.CLIENT, Role.COUNSELLOR):
        numbers[f"words a {role} turn"] = [float(len(words(turn.text))) for turn in turns if turn.role is role]
    for measure in MEASURES:
        for finding in take(measure, each.session, each.heard):
            if finding.number is not None:
                numbers.setdefault(finding.quantity, []).append(finding.number)
    return {name: float(np.mean(values)) for name, values in numbers.items() if values}


def effect(real: Rows, synthetic: Rows) -> Estimate:
    """Return Cohen's d of synthetic less real numbers, with its interval over sessions; undefined without a spread."""
    rows = [*real, *synthetic]
    values = np.array([value for _, value in rows])
    is_made = np.array([False] * len(real) + [True] * len(synthetic))

    def difference(drawn: Any) -> float:
        made, others = values[drawn][is_made[drawn]], values[drawn][~is_made[drawn]]
        if min(len(made), len(others)) < _FEWEST:
            return float("nan")
        freedom = len(made) + len(others) - 2
        pooled = ((len(made) - 1) * made.var(ddof=1) + (len(others) - 1) * others.var(ddof=1)) / freedom
        return float((made.mean() - others.mean()) / np.sqrt(pooled)) if pooled > 0 else float("nan")

    return by_bootstrap(difference, [group for group, _ in rows])


def _mean(rows: Rows) -> Estimate:
    values = np.array([value for _, value in rows])
    return by_bootstrap(lambda drawn: float(values[drawn].mean()), [group for group, _ in rows])

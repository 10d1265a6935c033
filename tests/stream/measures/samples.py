"""Sessions written for these tests, and a reader whose opinions are known or drawn from the words."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stream.contracts.rubric import Technique
from stream.contracts.vocabulary import Mechanism, Role
from stream.feedback.models.reader import Opinion, load_answers
from stream.measures.hearing import Heard, Pair, hear, pairs_to_read
from stream.measures.turns import FinishedSession, SaidMessage, finished_session

ANSWERS: Mapping[str, Any] = load_answers()
SURE = 9.0
"""The logit of an answer beside others at 0."""
CLIENT, COUNSELLOR, SYSTEM = Role.CLIENT, Role.COUNSELLOR, Role.SYSTEM


def session(*said: tuple[Role, str], language: str | None = "en") -> FinishedSession:
    """Return a session of messages that come a minute apart."""
    return finished_session([SaidMessage(role, text, 60.0 * n) for n, (role, text) in enumerate(said)], language)


def talk(*texts: str) -> FinishedSession:
    """Return a session in which client and counsellor take turns, the client first."""
    return session(*((COUNSELLOR if number % 2 else CLIENT, text) for number, text in enumerate(texts)))


def drawn(pairs: Sequence[Pair]) -> list[Opinion]:
    """Return opinions that hang on the words alone, and are never sure of critical content."""
    found = []
    for pair in pairs:
        seed = int.from_bytes(hashlib.sha256(repr(pair).encode("utf-8", "replace")).digest()[:8])
        random = np.random.default_rng(seed)
        turn = random.normal(size=24)
        start, end = ANSWERS["turn"]["critical"]
        turn[start:end] = 0
        turn[start] = SURE
        found.append(Opinion(turn, random.normal(size=38), random.normal(size=384)))
    return found


def opinion(
    technique: Technique = Technique.MINIMAL,
    levels: Mapping[Mechanism, int] | None = None,
    *,
    critical: bool = False,
    resists: bool = False,
) -> Opinion:
    """Return an opinion that is sure of what is given."""
    turn, reply = np.zeros(24), np.zeros(38)
    turn[ANSWERS["turn"]["critical"][0] + critical] = SURE
    turn[ANSWERS["turn"]["resistance"][0] + resists] = SURE
    reply[ANSWERS["reply"]["technique"][0] + list(Technique).index(technique)] = SURE
    for mechanism in Mechanism:
        reply[ANSWERS["reply"][mechanism.value][0] + (levels or {}).get(mechanism, 0)] = SURE
    return Opinion(turn, reply, np.zeros(384))


def heard(given: FinishedSession, opinions: Sequence[Opinion] | None = None) -> Heard:
    """Return what the made-up reader hears in a session; without opinions they are drawn from the words."""
    return hear(given, drawn(pairs_to_read(given)) if opinions is None else opinions, ANSWERS)

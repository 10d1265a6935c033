"""The errors of a detector as figures by topic and by kind of message, without any message."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from stream.contracts.vocabulary import OperatingPoint
from stream.detection.phrases import find_phrases
from stream.detection.text import fold, tokens
from training.detector.corpora import LabelledTurn
from training.detector.crossval import OutOfFoldScore
from training.detector.measures import pr_auc

_LEAST = 20  # turns; fewer do not allow a conclusion


@dataclass(frozen=True, slots=True)
class TopicMetrics:
    """The metrics of one topic of one corpus, at the operating point `gate`."""

    topic: str
    turns: int
    positive: float
    pr_auc: float
    recall: float
    flagged: float


@dataclass(frozen=True, slots=True)
class Mistakes:
    """The errors for one kind of message: `wrong` of `turns`, and how many more that is than at the usual rate."""

    kind: str
    way: str
    turns: int
    wrong: int
    excess: float


def metrics_by_topic(turns: Sequence[LabelledTurn], found: Sequence[OutOfFoldScore]) -> list[TopicMetrics]:
    """Return the metrics of topics with at least 20 turns and some resistance, the largest topic first."""
    by_topic: dict[str, list[int]] = {}
    for i, turn in enumerate(turns):
        by_topic.setdefault(turn.topic, []).append(i)
    rows = []
    for topic, members in by_topic.items():
        positive = [i for i in members if turns[i].resists]
        if len(members) < _LEAST or not positive:
            continue
        rows.append(
            TopicMetrics(
                topic,
                len(members),
                len(positive) / len(members),
                pr_auc([turns[i].resists for i in members], [found[i].score for i in members]),
                sum(found[i].flagged[OperatingPoint.GATE] for i in positive) / len(positive),
                sum(found[i].flagged[OperatingPoint.GATE] for i in members) / len(members),
            )
        )
    return sorted(rows, key=lambda each: -each.turns)


def _says(pattern: str) -> Callable[[LabelledTurn], bool]:
    compiled = re.compile(rf"(?<!\w)(?:{pattern})(?!\w)")
    return lambda turn: compiled.search(fold(turn.given.text)) is not None


def _follows(pattern: str) -> Callable[[LabelledTurn], bool]:
    compiled = re.compile(rf"(?<!\w)(?:{pattern})(?!\w)")
    return lambda turn: compiled.search(fold(turn.given.previous_text or "")) is not None


MESSAGE_KINDS: Mapping[str, Callable[[LabelledTurn], bool]] = {
    "three words or fewer": lambda turn: len(tokens(turn.given.text)) <= 3,  # noqa: PLR2004
    "forty words or more": lambda turn: len(tokens(turn.given.text)) >= 40,  # noqa: PLR2004
    "speaks of somebody else (he, she, they)": _says("he|she|they|him|her|them"),
    "tells the past (used to, was, did, ago)": _says("used to|was|were|had|did|ago"),
    "both sides in one message (but)": _says("but|though|although"),
    "begins with agreement (yes, right, sure)": _says(r"^\W*(?:yes|yeah|yep|right|sure|ok|okay|mm-hmm)"),
    "begins with no": _says(r"^\W*(?:no|nope|nah)"),
    "negation (not, never, don't)": _says(r"not|never|nothing|\w+n't"),
    "names what is hard (hard, can't, difficult)": _says("hard|harder|can't|cannot|difficult|struggle|tough"),
    "names what it gives (like, relax, stress)": _says("like|love|enjoy|relax|relaxing|stress|help|helps"),
    "hedges (maybe, guess, I don't know)": _says("maybe|guess|probably|i don't know|not sure|kind of"),
    "plays down (just, only, a few)": _says("just|only|a few|a little|not that"),
    "speaks of wanting or going to": _says("want to|going to|gonna|would like|will|try|trying"),
    "asks the counsellor (a question)": lambda turn: "?" in turn.given.text,
    "answers an open question": _follows(r"(?:how|what|why|tell me)[^?]*"),
    "answers about what is good or hard": _follows("like about|good things|enjoy|benefits|hard|difficult"),
    "answers a scale (0 to 10)": _follows("scale|zero|ten|10"),
    "answers advice": _follows("you should|you could|have you (?:tried|considered|thought)|what if|how about"),
    "follows a few words of the counsellor": lambda turn: len(tokens(turn.given.previous_text or "")) <= 3,  # noqa: PLR2004
    "first three turns": lambda turn: turn.position < 3,  # noqa: PLR2004
    "holds a phrase of our list": lambda turn: bool(find_phrases(turn.given.text, turn.given.previous_text)),
}


def worst_kinds(turns: Sequence[LabelledTurn], found: Sequence[OutOfFoldScore], most: int = 10) -> list[Mistakes]:
    """Return the kinds of message with most mistakes beyond the usual rate, at the gate; kinds overlap."""
    rows = []
    for way, resists in (("flagged, labelled otherwise", False), ("labelled resistance, not flagged", True)):
        able = [i for i, turn in enumerate(turns) if turn.resists is resists]
        wrong = {i for i in able if found[i].flagged[OperatingPoint.GATE] is not resists}
        rate = len(wrong) / len(able) if able else 0.0
        for kind, holds in MESSAGE_KINDS.items():
            members = [i for i in able if holds(turns[i])]
            bad = len(wrong.intersection(members))
            rows.append(Mistakes(kind, way, len(members), bad, bad - rate * len(members)))
    return sorted((each for each in rows if each.turns >= _LEAST), key=lambda each: -each.excess)[:most]

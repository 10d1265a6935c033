"""A map of what the counsellors of a team speak of: topics, how stable they are, what experts call them, and over time.

Nothing is said of a topic, or of a time, in which fewer than five counsellors take part.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from plugin.least_people import LEAST_COUNSELLORS
from plugin.row_reader import read_rows
from plugin.studies.question import TopicsQuestion
from plugin.studies.tables import Table
from plugin.studies.topic_model import (
    TopicModel,
    Vocabulary,
    coherence,
    find_topics,
    place_remarks,
    read_words,
    topic_words,
)
from stream.contracts.errors import Misconfigured

LEAST_REMARKS: Final = 200
"""With fewer, topics are what a handful of remarks have in common."""
LEAST_OF_TIME: Final = 30
"""Remarks of one time, below which a share says nothing."""
STABLE: Final = 0.75
"""From which mean Jaccard index on a topic is called stable, and below which other bound it is not (Hennig, 2007)."""
UNSTABLE: Final = 0.6
MERGES: Final = "merges.csv"
"""What experts call topics; topics with one name are one. The report writes a file to fill in."""


@dataclass(frozen=True)
class Share:
    """The share of a topic in one time, with its interval; None where it may not be told."""

    time: str
    remarks: int
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Topic:
    """A topic, or several that experts joined."""

    name: str
    numbers: tuple[int, ...]
    """The topics that it was made of, from 1."""
    remarks: int
    counsellors: int
    words: tuple[str, ...]
    returning: float
    """The mean Jaccard index over its topics when they are found anew."""
    shares: tuple[Share, ...]
    change: tuple[float, float, float] | None
    """By how much its share differs between the first and the last time, with an interval."""

    @property
    def stability(self) -> str:
        """The stability in a word."""
        if self.returning >= STABLE:
            return "stable"
        return "doubtful" if self.returning >= UNSTABLE else "not stable"


@dataclass(frozen=True)
class TopicResult:
    """What a study of topics found."""

    remarks: int
    left_out: int
    """Remarks that are too short, or hold no word that takes part."""
    counsellors: int
    words: int
    number: int
    stability: dict[int, float]
    """By number of topics that was tried."""
    coherence: float
    named_by_experts: bool
    topics: tuple[Topic, ...]
    times: tuple[str, ...]


def run_topic_study(question: TopicsQuestion, remarks: Table, merges: Path) -> TopicResult:
    """Find topics in the table of remarks (`counsellor`, `text`, and `time` if there is one).

    Raises:
        Misconfigured: a column is missing, there is too little, or the experts' file is about other topics.
    """
    remarks.check_columns("text", "counsellor")
    frame = remarks.frame.dropna(subset=["text", "counsellor"])
    long = frame[frame["text"].map(lambda text: len(str(text).split())) >= question.least_words]
    vocabulary = read_words(list(map(str, long["text"])), list(long["counsellor"]), LEAST_COUNSELLORS)
    filled = np.asarray(vocabulary.counts.sum(axis=1)).ravel() > 0
    kept = long[filled]
    if len(kept) < LEAST_REMARKS:
        raise Misconfigured(f"{len(kept)} remarks can be used, and a map of topics needs {LEAST_REMARKS}.")
    vocabulary = Vocabulary(vocabulary.words, vocabulary.counts[filled])
    points = place_remarks(vocabulary, question.seed)
    numbers = sorted(question.numbers)
    models = {each: find_topics(points, each, question.resamples, question.seed) for each in numbers}
    number = max(models, key=lambda each: (round(models[each].stability, 3), each))
    model = models[number]
    words = topic_words(vocabulary, model.labels, number)
    named = _read_names(merges, words)
    times = tuple(sorted(set(kept["time"].dropna()))) if "time" in kept else ()
    made = _Made(model, words, kept, times, question.alpha)
    joined: dict[str, list[int]] = {}
    for topic in range(number):
        joined.setdefault(named.get(topic, f"topic {topic + 1}"), []).append(topic)
    topics = [_topic(name, numbers, made) for name, numbers in joined.items()]
    return TopicResult(
        remarks=len(kept),
        left_out=len(remarks.frame) - len(kept),
        counsellors=int(kept["counsellor"].nunique()),
        words=len(vocabulary.words),
        number=number,
        stability={each: models[each].stability for each in models},
        coherence=coherence(vocabulary, words),
        named_by_experts=bool(named),
        topics=tuple(sorted(topics, key=lambda each: -each.remarks)),
        times=times,
    )


@dataclass(frozen=True)
class _Made:
    """What topics are described by."""

    model: TopicModel
    words: list[tuple[str, ...]]
    remarks: pd.DataFrame
    times: tuple[str, ...]
    alpha: float


def _topic(name: str, numbers: list[int], made: _Made) -> Topic:
    inside = np.isin(made.model.labels, numbers)
    sizes = [int((made.model.labels == number).sum()) for number in numbers]
    counsellors = int(made.remarks["counsellor"][inside].nunique())
    shares = tuple(_share(time, inside, made) for time in made.times)
    return Topic(
        name=name,
        numbers=tuple(number + 1 for number in numbers),
        remarks=int(inside.sum()),
        counsellors=counsellors,
        words=tuple(word for number in numbers for word in made.words[number]) if _may_be_told(counsellors) else (),
        returning=float(np.average([made.model.returning[number] for number in numbers], weights=sizes)),
        shares=shares if _may_be_told(counsellors) else (),
        change=_change(inside, made) if _may_be_told(counsellors) and len(made.times) > 1 else None,
    )


def _may_be_told(counsellors: int) -> bool:
    return counsellors >= LEAST_COUNSELLORS


def _share(time: str, inside: NDArray[np.bool_], made: _Made) -> Share:
    at = (made.remarks["time"] == time).to_numpy()
    counsellors = made.remarks["counsellor"][at].nunique()
    if not _may_be_told(counsellors) or at.sum() < LEAST_OF_TIME:
        return Share(time, int(at.sum()), None, None, None)
    hits = int((inside & at).sum())
    low, high = proportion_confint(hits, int(at.sum()), alpha=made.alpha, method="wilson")
    return Share(time, int(at.sum()), hits / int(at.sum()), float(low), float(high))


def _change(inside: NDArray[np.bool_], made: _Made) -> tuple[float, float, float] | None:
    """Return the difference of the last time's share from the first one's, with its interval (Newcombe)."""
    first, last = (_share(time, inside, made) for time in (made.times[0], made.times[-1]))
    if first.share is None or last.share is None:
        return None
    hits = [round(each.share * each.remarks) for each in (last, first) if each.share is not None]
    low, high = confint_proportions_2indep(
        hits[0], last.remarks, hits[1], first.remarks, method="newcomb", alpha=made.alpha
    )
    return last.share - first.share, float(low), float(high)


def _read_names(path: Path, words: list[tuple[str, ...]]) -> dict[int, str]:
    """Return the experts' names of topics by number from 0, none where there is no file.

    Raises:
        Misconfigured: the file is about other topics than these, so its names would be wrong.
    """
    if not path.is_file():
        return {}
    names: dict[int, str] = {}
    for line, row in read_rows(path):
        number = str(row.get("topic") or "")
        is_one = number.isdigit() and 1 <= int(number) <= len(words)
        if not is_one or row.get("words") != " ".join(words[int(number) - 1]):
            raise Misconfigured(f"{path.name}, line {line}: it is about other topics; make the report anew without it.")
        if name := str(row.get("name") or "").strip():
            names[int(number) - 1] = name
    return names

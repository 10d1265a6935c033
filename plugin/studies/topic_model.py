"""Topics of remarks: the parts that BERTopic joins, each from scikit-learn, with words in place of an encoder.

Remarks become weighted words (TF-IDF), these a few dimensions (latent semantic analysis), and near remarks one topic
(k-means); a topic's words are those that tell it from the others (class-based TF-IDF). Only words that enough
counsellors use take part, so that no word points at one of them. Pure functions; the seed decides what is left to
chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import normalize

DIMENSIONS: Final = 50
"""As many as studies of short texts usually keep; more adds what single words say."""
WORDS: Final = 8
"""Words that stand for a topic."""
_TOKEN: Final = r"(?u)\b[^\W\d_]{3,}\b"  # noqa: S105 - letters alone: a number may be somebody's
_MOST: Final = 0.5
"""Of the counsellors: what more of them say, such as "okay", is how people speak, and tells no topic."""
_SHARE: Final = 0.8
"""Of the remarks, in which topics are found anew."""
_STARTS: Final = 10
"""Starts of k-means, of which the best counts."""

Labels = NDArray[np.int_]


@dataclass(frozen=True)
class Vocabulary:
    """The words that take part, and how often each stands in each remark."""

    words: tuple[str, ...]
    counts: Any
    """A sparse matrix, a row for each remark."""


@dataclass(frozen=True)
class TopicModel:
    """Topics, numbered by size, with the topic of each remark."""

    labels: Labels
    stability: float
    """The mean adjusted Rand index of topics that were found anew; 1 if all remarks stay together as they are."""
    returning: tuple[float, ...]
    """By topic: how much of it is one topic again when topics are found anew (mean Jaccard index)."""


def read_words(texts: Sequence[str], counsellors: Sequence[str], least_counsellors: int) -> Vocabulary:
    """Return the words that at least so many counsellors use and at most half of them, without those of grammar."""
    vectorizer = CountVectorizer(token_pattern=_TOKEN, stop_words="english", binary=False)
    counts = vectorizer.fit_transform(texts)
    names = np.array(counsellors)
    used_by = sum((counts[names == name].sum(axis=0) > 0).astype(int) for name in sorted(set(counsellors)))
    users = np.asarray(used_by).ravel()
    kept = np.flatnonzero((users >= least_counsellors) & (users <= _MOST * len(set(counsellors))))
    words = vectorizer.get_feature_names_out()[kept]
    return Vocabulary(tuple(map(str, words)), counts[:, kept])


def place_remarks(vocabulary: Vocabulary, seed: int) -> NDArray[np.float64]:
    """Return the remarks as points of a few dimensions, all of length one."""
    weighted = TfidfTransformer(sublinear_tf=True).fit_transform(vocabulary.counts)
    dimensions = min(DIMENSIONS, min(weighted.shape) - 1)
    return np.asarray(normalize(TruncatedSVD(dimensions, random_state=seed).fit_transform(weighted)))


def find_topics(points: NDArray[np.float64], number: int, resamples: int, seed: int) -> TopicModel:
    """Find a number of topics, and how well they come back in random parts of the remarks."""
    labels = _by_size(_cluster(points, number, seed))
    random = np.random.default_rng(seed)
    scores: list[float] = []
    back: list[list[float]] = [[] for _ in range(number)]
    for again in range(resamples):
        part = random.choice(len(points), int(_SHARE * len(points)), replace=False)
        found = _cluster(points[part], number, seed + 1 + again)
        scores.append(float(adjusted_rand_score(labels[part], found)))
        for topic, returning in enumerate(back):
            returning.append(_jaccard(labels[part] == topic, found))
    return TopicModel(labels, float(np.mean(scores)), tuple(float(np.mean(each)) for each in back))


def topic_words(vocabulary: Vocabulary, labels: Labels, number: int) -> list[tuple[str, ...]]:
    """Return the words of each topic: those that stand in it often, and in all of them seldom."""
    of_topic = np.vstack(
        [np.asarray(vocabulary.counts[labels == topic].sum(axis=0)).ravel() for topic in range(number)]
    )
    share = of_topic / np.maximum(of_topic.sum(axis=1, keepdims=True), 1)
    weight = share * np.log(1 + of_topic.sum() / number / np.maximum(of_topic.sum(axis=0), 1))
    best = np.argsort(-weight, axis=1, kind="stable")[:, :WORDS]
    return [
        tuple(vocabulary.words[place] for place in row if weight[topic, place] > 0) for topic, row in enumerate(best)
    ]


def coherence(vocabulary: Vocabulary, words: Sequence[Sequence[str]]) -> float:
    """Return how often words of a topic stand in one remark: the mean mutual information of their pairs (NPMI).

    It lies between -1 and 1 and is 0 where words meet as by chance. Other toolkits call other measures coherence.
    """
    present = (vocabulary.counts > 0).astype(float)
    total = present.shape[0]
    place = {word: number for number, word in enumerate(vocabulary.words)}
    found = []
    for one, other in (pair for topic in words for pair in combinations(topic, 2)):
        a, b = present[:, place[one]], present[:, place[other]]
        both = float(a.multiply(b).sum()) / total
        apart = float(a.sum()) * float(b.sum()) / total**2
        found.append(-1.0 if both == 0 else np.log(both / apart) / max(-np.log(both), 1e-12))
    return float(np.mean(found))


def _cluster(points: NDArray[np.float64], number: int, seed: int) -> Labels:
    return np.asarray(KMeans(number, n_init=_STARTS, random_state=seed).fit_predict(points))


def _by_size(labels: Labels) -> Labels:
    """Return the labels numbered by size, the largest topic first."""
    names, counts = np.unique(labels, return_counts=True)
    order = {name: place for place, name in enumerate(names[np.lexsort((names, -counts))])}
    return np.array([order[label] for label in labels])


def _jaccard(inside: NDArray[np.bool_], found: Labels) -> float:
    """Return how much of a topic and of the most similar found one is common to both."""
    best = 0.0
    for topic in np.unique(found[inside]):
        other = found == topic
        best = max(best, float((inside & other).sum() / (inside | other).sum()))
    return best

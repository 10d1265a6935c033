"""Scores every variant that was tried, on the same folds, for RESULTS.md.

There are no thresholds here, so no inner folds: a fold's model scores the turns it did not see, and rankings are
compared.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from stream.detection import DetectorInput
from stream.detection.features import SCALE, part_terms, read_tokens, single_word_terms, word_terms
from stream.detection.linear import combined_score
from stream.detection.phrases import find_phrases
from training.detector import own_set
from training.detector.corpora import LabelledTurn
from training.detector.crossval import OUTER, folds_by_group
from training.detector.cues import cues
from training.detector.fitting import balance
from training.detector.meaning import vectors
from training.detector.measures import SEED

Scores = Any
"""An array with one logit for each turn."""
Texts = Callable[[LabelledTurn], str]
TermBlock = tuple[Texts, Callable[..., Any], int, float]
"""A text of the turn, how it is cut into terms, the fewest turns a term must occur in, and its scale."""

_CERTAIN = 1e-6
WORDS: tuple[TermBlock, ...] = (
    (lambda turn: turn.given.text, word_terms, 3, SCALE["words"]),
    (lambda turn: turn.given.text, part_terms, 5, SCALE["parts"]),
)
BEFORE: TermBlock = (lambda turn: turn.given.previous_text or "", single_word_terms, 3, SCALE["before"])
TERMS = (*WORDS, BEFORE)


class Trial:
    """The turns and their folds, with the scores of the variants so far, by name."""

    def __init__(self, turns: Sequence[LabelledTurn], step: Callable[[str], None]) -> None:
        self.turns = list(turns)
        self.labels = np.array([turn.resists for turn in turns])
        self.typed = np.array([turn.corpus == "mibot" for turn in turns])
        self.folds = [(np.array(train), np.array(test)) for train, test in folds_by_group(turns, OUTER)]
        self.scores: dict[str, Scores] = {}
        self._phrases = [find_phrases(turn.given.text, turn.given.previous_text) for turn in turns]
        self._step = step

    def add(self, name: str, fit: Callable[[Any, Any], Scores], *, with_phrases: bool = False) -> Scores:
        """Score a variant by `fit(train, test)`, which returns probabilities; `with_phrases` adds the phrases."""
        found = np.zeros(len(self.turns))
        for train, test in self.folds:
            found[test] = fit(train, test)
        if with_phrases:
            found = np.array([combined_score(p, phrases) for p, phrases in zip(found, self._phrases, strict=True)])
        return self.keep(name, _logit(found))

    def keep(self, name: str, scores: Scores) -> Scores:
        """Keep the scores of a variant, and report its name."""
        self.scores[name] = scores
        self._step(name)
        return scores

    def weights(self, train: Any) -> Any:
        """Return the weight of each turn of a training part."""
        return np.array(balance([self.turns[i] for i in train]))

    def terms(self, blocks: Sequence[TermBlock], train: Any, test: Any) -> tuple[Any, Any]:
        """Return the terms of both parts, with the vocabulary of the training part."""
        known, new = [], []
        for text, cut, least, scale in blocks:
            vectorizer = CountVectorizer(analyzer=cut, binary=True, min_df=least)
            tokens = [read_tokens(text(turn)) for turn in self.turns]
            known.append(normalize(vectorizer.fit_transform([tokens[i] for i in train]).astype(float)) * scale)
            new.append(normalize(vectorizer.transform([tokens[i] for i in test]).astype(float)) * scale)
        return hstack(known).tocsr(), hstack(new).tocsr()


def score_variants(turns: Sequence[LabelledTurn], step: Callable[[str], None]) -> Mapping[str, Scores]:
    """Score every variant and call `step` with each name. The first, the linear detector, is the reference."""
    trial = Trial(turns, step)
    linear = _wording(trial)
    trees = _cues(trial)
    _earlier_scores(trial, linear)
    _noise(trial)
    _meaning(trial, linear, trees)
    return trial.scores


def _regression(trial: Trial, known: Any, new: Any, train: Any, c: float = 1.0) -> Scores:
    model = LogisticRegression(C=c, max_iter=3_000)
    model.fit(known, trial.labels[train], sample_weight=trial.weights(train))
    return model.predict_proba(new)[:, 1]


def _wording(trial: Trial) -> Scores:
    def by(blocks: Sequence[TermBlock]) -> Callable[[Any, Any], Scores]:
        return lambda train, test: _regression(trial, *trial.terms(blocks, train, test), train)

    linear = trial.add("words and phrases: the linear detector", by(TERMS), with_phrases=True)
    trial.add("words alone, no phrases", by(TERMS))

    def three(train: Any, test: Any) -> Scores:
        known, new = trial.terms(TERMS, train, test)
        talk = np.array([("neutral", "change", "sustain").index(turn.talk) for turn in trial.turns])
        model = LogisticRegression(max_iter=3_000).fit(known, talk[train], sample_weight=trial.weights(train))
        return model.predict_proba(new)[:, 2]

    trial.add("neutral, change and sustain learned together", three, with_phrases=True)
    last: TermBlock = (lambda turn: " ".join(turn.earlier[-1:]), single_word_terms, 3, 0.5)
    three_back: TermBlock = (lambda turn: " ".join(turn.earlier), single_word_terms, 3, 0.5)
    two_before: TermBlock = (lambda turn: " ".join(turn.counsellor_before), single_word_terms, 3, 0.5)
    trial.add("+ words of the client's turn before", by((*TERMS, last)), with_phrases=True)
    trial.add("+ words of the client's three turns before", by((*TERMS, three_back)), with_phrases=True)
    trial.add("two counsellor turns before instead of one", by((*WORDS, two_before)), with_phrases=True)

    def flagged_domain(train: Any, test: Any) -> Scores:
        known, new = trial.terms(TERMS, train, test)
        typed = csr_matrix(trial.typed[:, None].astype(float))
        return _regression(trial, hstack([known, typed[train]]).tocsr(), hstack([new, typed[test]]).tocsr(), train)

    def own_terms(train: Any, test: Any) -> Scores:
        known, new = trial.terms(TERMS, train, test)
        typed = trial.typed[:, None].astype(float)
        sets = [
            hstack([x, x.multiply(typed[i]) * 0.5, x.multiply(1 - typed[i]) * 0.5, csr_matrix(typed[i])]).tocsr()
            for x, i in ((known, train), (new, test))
        ]
        return _regression(trial, sets[0], sets[1], train)

    trial.add("+ a flag for the corpus", flagged_domain, with_phrases=True)
    trial.add("+ each term once more for its corpus", own_terms, with_phrases=True)

    def ratios(train: Any, test: Any) -> Scores:
        known, new = (x.sign() for x in trial.terms(WORDS, train, test))
        weight, label = trial.weights(train), trial.labels[train]
        up, down = 1 + known.T @ (weight * label), 1 + known.T @ (weight * ~label)
        ratio = np.log((up / up.sum()) / (down / down.sum()))
        sets = [normalize(x.multiply(ratio).tocsr()) for x in (known, new)]
        return _regression(trial, sets[0], sets[1], train)

    bayes = trial.add("naive Bayes ratios under a regression (NB-SVM)", ratios)
    trial.keep("mean of linear and NB-SVM", (linear + bayes) / 2)
    return linear


def _cues(trial: Trial) -> Scores:
    named = [cues(turn) for turn in trial.turns]
    table = np.array([[float(value) for value in each.values()] for each in named])
    linear = trial.scores["words and phrases: the linear detector"]

    def scaled(train: Any) -> Any:
        return (table - table[train].mean(axis=0)) / (table[train].std(axis=0) + 1e-6)

    def alone(train: Any, test: Any) -> Scores:
        x = scaled(train)
        return _regression(trial, x[train], x[test], train, 0.03)

    def joint(train: Any, test: Any) -> Scores:
        known, new = trial.terms(TERMS, train, test)
        x = scaled(train) * 0.05
        sets = [hstack([a, csr_matrix(x[i])]).tocsr() for a, i in ((known, train), (new, test))]
        return _regression(trial, sets[0], sets[1], train)

    def grown(model: Any) -> Callable[[Any, Any], Scores]:
        def fit(train: Any, test: Any) -> Scores:
            model.fit(table[train], trial.labels[train], sample_weight=trial.weights(train))
            return model.predict_proba(table[test])[:, 1]

        return fit

    many = f"{len(named[0])} hand-made cues"
    trial.add(f"{many}, regression", alone)
    trial.add(f"words and {many} in one regression", joint, with_phrases=True)
    boosted = trial.add(
        f"{many}, gradient boosting",
        grown(
            HistGradientBoostingClassifier(
                max_iter=150, learning_rate=0.05, max_leaf_nodes=8, l2_regularization=5, random_state=SEED
            )
        ),
    )
    forest = trial.add(
        f"{many}, 300 random trees", grown(ExtraTreesClassifier(300, min_samples_leaf=4, random_state=SEED))
    )
    trial.keep("mean of linear and boosted cues", (linear + boosted) / 2)
    trial.keep("mean of linear and random trees", (linear + forest) / 2)
    return forest


def _earlier_scores(trial: Trial, linear: Scores) -> None:
    """Add the running mean of the client's earlier scores, which uses only turns before the scored one."""
    for keep in (0.5, 0.85):
        past, running = np.zeros(len(linear)), 0.0
        for i, turn in enumerate(trial.turns):
            if turn.position == 0:
                running = float(linear.mean())
            past[i] = running
            running = keep * running + (1 - keep) * float(linear[i])
        trial.keep(f"linear + 0.3 of the client's earlier scores (memory {keep})", linear + 0.3 * past)


def _noise(trial: Trial) -> None:
    """Score variants in which doubtful labels are smoothed or count less."""

    def smoothed(train: Any, test: Any) -> Scores:
        known, new = trial.terms(TERMS, train, test)
        weight, label = trial.weights(train), trial.labels[train]
        twice = np.r_[label, ~label]
        model = LogisticRegression(max_iter=3_000)
        both = hstack([known.T, known.T]).T.tocsr()
        model.fit(both, twice, sample_weight=np.r_[0.95 * weight, 0.05 * weight])
        return model.predict_proba(new)[:, 1]

    def doubted(train: Any, test: Any) -> Scores:
        known, new = trial.terms(TERMS, train, test)
        label, weight = trial.labels[train], trial.weights(train)
        seen = np.zeros(len(train))
        for a, b in folds_by_group([trial.turns[i] for i in train], 3):
            model = LogisticRegression(max_iter=3_000).fit(known[a], label[a], sample_weight=weight[a])
            seen[b] = model.predict_proba(known[b])[:, 1]
        against = np.where(label, 1 - seen, seen)
        weight = weight * np.where(against > 0.8, 0.3, 1.0)  # noqa: PLR2004 - a score sure of the opposite
        model = LogisticRegression(max_iter=3_000).fit(known, label, sample_weight=weight)
        return model.predict_proba(new)[:, 1]

    trial.add("labels smoothed by 0.05", smoothed, with_phrases=True)
    trial.add("labels that inner folds contradict count 0.3", doubted, with_phrases=True)


def _meaning(trial: Trial, linear: Scores, trees: Scores) -> None:
    texts = [turn.given.text for turn in trial.turns]
    asked = [turn.given.previous_text or "" for turn in trial.turns]
    turn, question = _scaled(vectors(texts)), _scaled(vectors(asked))

    def frozen(x: Any) -> Callable[[Any, Any], Scores]:
        return lambda train, test: _regression(trial, x[train], x[test], train)

    def joint(train: Any, test: Any) -> Scores:
        known, new = trial.terms(TERMS, train, test)
        sets = [hstack([a, csr_matrix(turn[i])]).tocsr() for a, i in ((known, train), (new, test))]
        return _regression(trial, sets[0], sets[1], train)

    meant = trial.add("encoder, three layers, of the turn", frozen(turn))
    both = trial.add("encoder of the turn and of the question", frozen(np.c_[turn, 0.5 * question]))
    distance = (turn * question).sum(axis=1, keepdims=True)
    trial.add("encoder of the turn, and its distance from the question", frozen(np.c_[turn, distance]))
    trial.add("words and encoder in one regression", joint, with_phrases=True)
    pair = trial.keep("mean of linear and encoder", (linear + meant) / 2)
    trial.keep("mean of linear and encoder of turn and question", (linear + both) / 2)
    trial.keep("mean of linear, encoder and random trees (0.35, 0.35, 0.3)", 0.35 * (linear + meant) + 0.3 * trees)
    clear = linear < _logit(np.array(0.15))
    usual = float(meant[clear].mean())
    name = f"cascade: encoder asked where linear is above 0.15 ({1 - clear.mean():.0%} of turns)"
    trial.keep(name, np.where(clear, (linear + usual) / 2, pair))
    for share in (0.1, 0.3, 1.0):
        _written(trial, texts, share)


def _written(trial: Trial, texts: Sequence[str], share: float) -> None:
    """Train with our written lines added, which together weigh `share` of the turns."""
    lines = own_set.load(own_set.WRITTEN)
    made = [
        LabelledTurn(
            DetectorInput(line.client, line.counsellor),
            resists=line.kind == "resistance",
            group=line.id,
            corpus="mibot",
        )
        for line in lines
    ]
    wide = Trial([*trial.turns, *made], lambda _: None)
    wide.folds = trial.folds
    extra = np.arange(len(trial.turns), len(wide.turns))
    seen = _scaled(vectors([*texts, *(line.client for line in lines)]))

    def fit(known: Any, new: Any, train: Any) -> Scores:
        weight = np.r_[trial.weights(train), np.full(len(extra), share * len(train) / len(extra))]
        model = LogisticRegression(max_iter=3_000)
        model.fit(known, wide.labels[np.r_[train, extra]], sample_weight=weight)
        return model.predict_proba(new)[:, 1]

    def worded(train: Any, test: Any) -> Scores:
        return fit(*wide.terms(TERMS, np.r_[train, extra], test), train)

    def meant(train: Any, test: Any) -> Scores:
        return fit(seen[np.r_[train, extra]], seen[test], train)

    one = trial.add(f"linear, with lines of our own at {share:g}", worded, with_phrases=True)
    other = trial.add(f"encoder, with lines of our own at {share:g}", meant)
    ships = ": the detector encoder" if share == 0.1 else ""  # noqa: PLR2004
    trial.keep(f"mean of these two at {share:g}{ships}", (one + other) / 2)


def _scaled(x: Any) -> Any:
    centred = x - x.mean(axis=0)
    return centred / math.sqrt((centred**2).sum(axis=1).mean())


def _logit(p: Any) -> Any:
    inside = np.clip(p, _CERTAIN, 1 - _CERTAIN)
    return np.log(inside / (1 - inside))

"""What the measure of techniques is worth: against AnnoMI's and MIBot's codes, and against our own labels."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from stream.contracts.rubric import Technique
from stream.contracts.vocabulary import Role
from stream.measures.cues import acknowledges
from stream.measures.techniques import techniques_of
from stream.measures.turns import sentences
from training.confusion import codes_of, confusion, f1_by_label, kappa
from training.corpora.labels import ReplyLabel, TurnId
from training.corpora.transcripts import Conversation, Corpus
from training.estimate import Estimate
from training.measures.codes import CODES, names
from training.measures.counsellor_labels import CodesOfTurns
from training.measures.intervals import by_bootstrap
from training.measures.sessions import HeardTalk

_SEED = 0


@dataclass(frozen=True, slots=True)
class CodedTurn:
    """A counsellor turn with the codes that came with it and the techniques that are heard in it."""

    group: str
    talk: str
    text: str
    codes: tuple[str, ...]
    main: Technique
    without_words: Technique
    """The main technique if words that only acknowledge are left to the reader."""
    parts: tuple[Technique, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far codes agree with those that came with a corpus."""

    macro_f1: Estimate
    kappa: Estimate
    f1: Mapping[str, float]
    """By code."""


def coded_turns(talks: Sequence[HeardTalk], codes: CodesOfTurns, corpus: Corpus) -> list[CodedTurn]:
    """Return the counsellor turns of a corpus; turns of which the measure says nothing are left out."""
    found = []
    for each in talks:
        if each.talk.corpus != corpus:
            continue
        for place, turn in enumerate(each.session.turns):
            heard = each.heard.turns[place]
            if turn.role is not Role.COUNSELLOR or heard.is_critical or not sentences(turn.text) or heard.reply is None:
                continue
            main, parts = techniques_of(turn.text, heard)
            by_reader = max(Technique, key=heard.reply.techniques.__getitem__)
            own = codes[each.talk.id][place]
            found.append(CodedTurn(each.talk.group, each.talk.id, turn.text, own, main, by_reader, tuple(parts)))
    return found


def main_codes(turns: Sequence[CodedTurn], learned: Callable[[Sequence[str]], Sequence[str]]) -> dict[str, list[str]]:
    """Return AnnoMI's code of each turn by the measure, and by what it is compared with."""
    code = CODES["annomi"]
    commonest = Counter(turn.codes[0] for turn in turns).most_common(1)[0][0]
    return {
        "measure": [code[turn.main] for turn in turns],
        "reader alone": [code[turn.without_words] for turn in turns],
        "TF-IDF, learned from these codes": list(learned([turn.text for turn in turns])),
        "rule of question marks": [_by_rule(turn.text) for turn in turns],
        "constant": [commonest] * len(turns),
    }


def _by_rule(text: str) -> str:
    if acknowledges(text):
        return "other"
    return "question" if "?" in text else "reflection"


def learn_codes(talks: Sequence[Conversation], codes: CodesOfTurns) -> Callable[[Sequence[str]], Sequence[str]]:
    """Return a plain classifier of AnnoMI's codes, learned from the turns of other videos."""
    known = [
        (turn.text, codes[talk.id][place][0])
        for talk in talks
        if talk.corpus == "annomi"
        for place, turn in enumerate(talk.turns)
        if turn.speaker == "counsellor"
    ]
    terms = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    model = make_pipeline(terms, LogisticRegression(class_weight="balanced", max_iter=1_000, random_state=_SEED))
    model.fit([text for text, _ in known], [code for _, code in known])
    return lambda texts: model.predict(list(texts)).tolist()


def codes_of_nods(talks: Sequence[Conversation], codes: CodesOfTurns) -> Counter[str]:
    """Return AnnoMI's codes of the turns that only acknowledge by the measure's list, which saw none of these turns."""
    return Counter(
        codes[talk.id][place][0]
        for talk in talks
        if talk.corpus == "annomi"
        for place, turn in enumerate(talk.turns)
        if turn.speaker == "counsellor" and acknowledges(turn.text)
    )


def agreement(truth: Sequence[str], given: Sequence[str], groups: Sequence[str], labels: Sequence[str]) -> Agreement:
    """Compare one label of each turn with another, with intervals by bootstrap over videos or sessions."""
    every = [*labels, *sorted({*truth, *given} - {*labels})]
    y, p = codes_of(every, truth), codes_of(every, given)

    def counts(drawn: Any) -> Any:
        return confusion(y[drawn], p[drawn], len(every))

    def macro(drawn: Any) -> float:
        return float(f1_by_label(counts(drawn))[: len(labels)].mean())

    by_label = f1_by_label(confusion(y, p, len(every)))
    f1 = {label: float(by_label[place]) for place, label in enumerate(labels)}
    return Agreement(by_bootstrap(macro, groups), by_bootstrap(lambda drawn: kappa(counts(drawn)), groups), f1)


def heard_codes(turns: Sequence[CodedTurn]) -> dict[str, list[frozenset[str]]]:
    """Return MIBot's codes that are heard in each turn, by the measure and by what it is compared with."""
    code, every = CODES["mibot"], names("mibot")
    often = frozenset(each for each in every if sum(each in turn.codes for turn in turns) * 2 > len(turns))
    return {
        "measure, sentence by sentence": [frozenset(code[part] for part in turn.parts) for turn in turns],
        "main technique alone": [frozenset({code[turn.main]}) for turn in turns],
        "constant: codes of most turns": [often] * len(turns),
        "constant: every code": [frozenset(every)] * len(turns),
    }


def presence(turns: Sequence[CodedTurn], given: Sequence[frozenset[str]]) -> tuple[Estimate, dict[str, float]]:
    """Return the macro-F1 of codes being heard in turns, and the F1 of each code."""
    labels = names("mibot")
    y = np.array([[label in turn.codes for label in labels] for turn in turns])
    p = np.array([[label in found for label in labels] for found in given])

    def by_label(drawn: Any) -> Any:
        hits = (y[drawn] & p[drawn]).sum(axis=0)
        return 2 * hits / np.maximum(y[drawn].sum(axis=0) + p[drawn].sum(axis=0), 1)

    macro_f1 = by_bootstrap(lambda drawn: float(by_label(drawn).mean()), [turn.group for turn in turns])
    f1 = by_label(np.arange(len(turns)))
    return macro_f1, {label: float(each) for label, each in zip(labels, f1, strict=True)}


def mix_error(turns: Sequence[CodedTurn], corpus: Corpus) -> dict[str, Estimate]:
    """Return the mean distance of a session's shares of codes from those that came with it, by measure and by constant.

    AnnoMI has one code a turn, so turns are counted by main technique; MIBot has one a sentence, so sentences are.
    """
    code, labels = CODES[corpus], names(corpus)
    talks = sorted({turn.talk for turn in turns})
    own = {talk: [turn for turn in turns if turn.talk == talk] for talk in talks}
    truth = {talk: _shares([each for turn in own[talk] for each in turn.codes], labels) for talk in talks}
    given = {
        talk: _shares(
            [code[each] for turn in own[talk] for each in ((turn.main,) if corpus == "annomi" else turn.parts)], labels
        )
        for talk in talks
    }
    total = sum(truth.values())
    errors = {
        "measure": np.array([np.abs(truth[talk] - given[talk]).mean() for talk in talks]),
        # The mean of the other sessions: what one would say of a session without reading it.
        "constant": np.array([np.abs(truth[t] - (total - truth[t]) / (len(talks) - 1)).mean() for t in talks]),
    }
    groups = [own[talk][0].group for talk in talks]
    return {by: _mean(each, groups) for by, each in errors.items()}


def _mean(errors: Any, groups: Sequence[str]) -> Estimate:
    return by_bootstrap(lambda drawn: float(errors[drawn].mean()), groups)


def _shares(codes: Sequence[str], labels: Sequence[str]) -> Any:
    return np.array([codes.count(label) for label in labels]) / len(codes)


def own_labels(
    talks: Sequence[HeardTalk], labels: Mapping[TurnId, ReplyLabel]
) -> tuple[list[str], list[str], list[str]]:
    """Return our labels of the main technique of replies, the measure's, and the groups that they belong to."""
    truth, given, groups = [], [], []
    for each in talks:
        number = 0
        for place, turn in enumerate(each.session.turns):
            number += turn.role is Role.CLIENT
            label = labels.get((each.talk.id, number))
            heard = each.heard.turns[place]
            if turn.role is Role.CLIENT or label is None or heard.is_critical or not sentences(turn.text):
                continue
            truth.append(label.technique.value)
            given.append(techniques_of(turn.text, heard)[0].value)
            groups.append(each.talk.group)
    return truth, given, groups

"""The baseline's own rules, loaded as Triton loads them: a reply's levels, and its kind of utterance."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from stream.contracts.vocabulary import Mechanism
from stream.feedback.models.answer import SCHEMA_VERSION
from stream.feedback.models.baseline import MODEL, load_rules
from stream.model_repository import version_folder

_FOLDER = version_folder(MODEL)
WEIGHTS = _FOLDER / "behaviours.json"
_SAID_BACK = 2  # shared content words that make a statement a reflection, as in the baseline's rule for stance


@dataclass(frozen=True)
class RatedReply:
    """A reply as the rules rate it: levels in the order of the mechanisms (None: not readable), and its kind."""

    levels: tuple[int | None, ...]
    behaviour: str


class BehaviourWeights(Protocol):
    """The baseline's trained part: see `behaviours.py` beside it."""

    bias: Sequence[float]
    weights: Mapping[str, Sequence[float]]

    def probabilities(self, folded: str) -> dict[str, float]:
        """Return the probability of each kind for a text."""
        ...

    def write(self, path: Path) -> None:
        """Write the weights to a file."""
        ...


class BaselineRules:
    """The baseline's rules and shipped weights of this checkout."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        self._baseline = load_rules(folder)
        self._ratings = sys.modules[f"{self._baseline.__name__}.ratings"]
        behaviours = sys.modules[f"{self._baseline.__name__}.behaviours"]
        self.terms: Callable[[str], list[str]] = behaviours.terms
        self.kinds: tuple[str, ...] = behaviours.KINDS
        self.make_weights: Callable[[Sequence[float], Mapping[str, Sequence[float]]], BehaviourWeights] = (
            behaviours.Behaviours
        )
        self.no_weights = self.make_weights([0.0] * len(self.kinds), {})  # no terms: the cues decide alone
        self.shipped_weights: BehaviourWeights = self._ratings.BEHAVIOURS
        self.fold: Callable[[str], str] = sys.modules[f"{self._baseline.__name__}.text"].fold

    @property
    def version(self) -> str:
        """The version that the model card names."""
        return str(self._baseline.VERSION)

    def behaviour_probabilities(self, reply: str, weights: BehaviourWeights) -> dict[str, float]:
        """Return the probability of each kind for a whole reply."""
        return weights.probabilities(self.fold(reply))

    def rate(self, client: str, reply: str, weights: BehaviourWeights | None = None) -> RatedReply:
        """Rate one reply to one client turn, with the weights that ship or with others."""
        weights = weights or self.shipped_weights
        parts = (("client_turn", client), ("reply", reply))
        messages = [{"number": n, "part": part, "role": "", "text": text} for n, (part, text) in enumerate(parts, 1)]
        request = {"schema": SCHEMA_VERSION, "messages": messages}
        rated = {one["mechanism"]: one["level"] for one in self._baseline.assess(request, weights)["ratings"]}
        moment = self._baseline._moment(request, weights)  # noqa: SLF001 - the recipe looks inside what it measures
        return RatedReply(tuple(rated[mechanism] for mechanism in Mechanism), self._behaviour(moment))

    def _behaviour(self, moment: Any) -> str:
        """Return the kind of utterance from what the ratings rest on: first the cues, then the fitted weights.

        A question at the end outweighs the text before it; a sentence that says something back is not advice.
        """
        ends_asking = bool(moment.reply) and "?" in moment.reply[-1].raw
        statements = [sentence for sentence in moment.reply if "?" not in sentence.raw]
        if ends_asking:
            return "question"
        restated = self._ratings.opening("restatement", statements)
        if moment.reflecting or any(len(moment.returned([hit.sentence])) >= _SAID_BACK for hit in restated):
            return "reflection"
        if moment.seems_to_reflect:
            return "reflection"
        if moment.questions:
            return "question"
        return "input" if moment.pressing or moment.seems_to_advise else "other"

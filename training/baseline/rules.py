"""The baseline's own rules, loaded as Triton loads them: a reply's levels, and what kind of utterance its cues say."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stream.contracts.vocabulary import Mechanism
from stream.feedback.answer import SCHEMA_VERSION
from stream.feedback.baseline import MODEL, load_rules

_FOLDER = Path(__file__).parents[2] / "triton_models" / MODEL / "1"
_SAID_BACK = 2  # shared content words that make a statement a reflection, as the baseline's own rule for stance has it


@dataclass(frozen=True)
class Read:
    """What the rules make of one reply: levels in the order of the mechanisms (None: not readable), and its kind."""

    levels: tuple[int | None, ...]
    behaviour: str


class Rules:
    """The rules of this checkout."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        self._baseline = load_rules(folder)
        self._ratings = sys.modules[f"{self._baseline.__name__}.ratings"]

    @property
    def version(self) -> str:
        """As the model card says."""
        return str(self._baseline.VERSION)

    def read(self, client: str, reply: str) -> Read:
        """Rate one reply to one client turn."""
        parts = (("client_turn", client), ("reply", reply))
        messages = [{"number": n, "part": part, "role": "", "text": text} for n, (part, text) in enumerate(parts, 1)]
        request = {"schema": SCHEMA_VERSION, "messages": messages}
        rated = {one["mechanism"]: one["level"] for one in self._baseline.assess(request)["ratings"]}
        moment = self._baseline._moment(request)  # noqa: SLF001 - the recipe looks inside what it measures
        return Read(tuple(rated[mechanism] for mechanism in Mechanism), self._behaviour(moment))

    def _behaviour(self, moment: Any) -> str:
        """The kind of utterance, from the cues that the ratings rest on: nothing is fitted.

        A question at the end outweighs what leads up to it; what says something back is no advice.
        """
        ends_asking = bool(moment.reply) and "?" in moment.reply[-1].raw
        statements = [sentence for sentence in moment.reply if "?" not in sentence.raw]
        if ends_asking:
            return "question"
        restated = self._ratings.opening("restatement", statements)
        if moment.reflecting or any(len(moment.returned([hit.sentence])) >= _SAID_BACK for hit in restated):
            return "reflection"
        if moment.questions:
            return "question"
        return "input" if moment.pressing else "other"

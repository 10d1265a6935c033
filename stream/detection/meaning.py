"""A second opinion on a client's words, from a sentence encoder: in this process, or behind Triton.

Both run the very same files, which lie in the model repository (triton_models/resistance_detector).
"""

import importlib.util
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from threadpoolctl import threadpool_limits

MODEL = "resistance_detector"
REPOSITORY = Path(__file__).parents[2] / "triton_models"


class Meaning(Protocol):
    """Logits of possible resistance; the same for a text in any batch."""

    @property
    def fingerprint(self) -> str:
        """Of the files that answer."""
        ...

    def opinions(self, texts: Sequence[str]) -> list[float]:
        """One logit a text, in order, cut to four digits after the point."""
        ...


def readable(text: str) -> str:
    """The text as it can be sent: half of a surrogate pair, which some clients produce, is left out."""
    return text.encode("utf-8", "ignore").decode()


class InProcess:
    """The encoder in this process: milliseconds a text, no server."""

    def __init__(self, repository: Path = REPOSITORY) -> None:
        """Raise `ValueError` where the model repository is not at hand; the text says what to do."""
        self._model = _load(repository / MODEL / "1")
        self.fingerprint: str = self._model.fingerprint

    def opinions(self, texts: Sequence[str]) -> list[float]:
        """See `Meaning`."""
        return [self._model.opinion(readable(text)) for text in texts]


def package(folder: Path) -> ModuleType:
    """The Python files of the model's folder, as the package they are inside Triton.

    Raises:
        ValueError: they are not there; the text says what to do.
    """
    source = folder / "opinion.py"
    spec = importlib.util.spec_from_file_location(MODEL, source, submodule_search_locations=[str(folder)])
    if spec is None or spec.loader is None or not source.exists():
        raise ValueError(
            f"the encoder's files are not at {folder}; choose the detector linear, or triton with a server"
        )
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODEL] = module
    spec.loader.exec_module(module)
    return module


@cache
def _load(folder: Path) -> Any:
    """Once a process, for it takes megabytes."""
    # A text is too little work to share: with a thread a core each waits for the others, on a busy machine 60 times as
    # long as one alone.
    threadpool_limits(limits=1, user_api="blas")
    return package(folder).load(folder)

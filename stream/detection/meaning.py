"""The sentence encoder that scores client messages by their meaning, in this process or behind Triton.

Both run the same files, which are in the model repository (triton_models/resistance_detector).
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from stream.model_repository import MODEL_REPOSITORY, import_model_file, version_folder

MODEL = "resistance_detector"
FOLDER = version_folder(MODEL)


class SentenceModel(Protocol):
    """A model that gives logits of possible resistance, the same for a text in any batch."""

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the model's files."""
        ...

    def logits(self, texts: Sequence[str]) -> list[float]:
        """Return one logit per text, in order, rounded to four decimal places."""
        ...


def without_lone_surrogates(text: str) -> str:
    """Return the text without halves of surrogate pairs, which some clients produce and UTF-8 cannot encode."""
    return text.encode("utf-8", "ignore").decode()


class InProcessSentenceModel:
    """A sentence model that runs the encoder in this process: milliseconds per text, no server."""

    def __init__(self, repository: Path = MODEL_REPOSITORY) -> None:
        """Load the encoder from the model repository.

        Raises:
            ValueError: the files are missing; the text says what to do.
        """
        self._model = _load(version_folder(MODEL, repository))
        self.fingerprint: str = self._model.fingerprint

    def logits(self, texts: Sequence[str]) -> list[float]:
        """Return one logit per text, in order, rounded to four decimal places."""
        return [self._model.logit(without_lone_surrogates(text)) for text in texts]


def load_package(folder: Path) -> ModuleType:
    """Import the Python files in the folder of the model as a package, as Triton does.

    Raises:
        ValueError: the files are missing; the text says what to do.
    """
    try:
        return import_model_file(folder / "scorer.py", MODEL)
    except FileNotFoundError:
        raise ValueError(
            f"the encoder's files are not at {folder}; choose the detector linear, or triton with a server"
        ) from None


@cache
def _load(folder: Path) -> Any:
    """Load the model, once per process because it takes megabytes."""
    return load_package(folder).SentenceScorer(folder)

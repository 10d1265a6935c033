"""The activation gate: a model rates nobody until a file in the settings says that it passed its check.

The file is written by `counterpoint model activate` after a passing report; the baseline ships with its own. Whatever
is served besides the activated model holds the feedback stage: it is not ready, keeps its records, and says why.
"""

from collections.abc import Callable
from datetime import datetime
from importlib import resources
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from stream.contracts.errors import Misconfigured
from stream.contracts.feedback import ModelVersion
from stream.feedback.models.answer import ModelAnswer
from stream.feedback.models.base import Deadline, FeedbackModel, ModelUnavailable, ShownExchange
from stream.runtime.known_names import nearest_file

BUNDLED = "baseline.json"
"""The baseline's own, beside this file."""


class Activation(BaseModel):
    """The statement that one model passed its check, and whether its agreement with clinicians has been measured."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str
    adapter: str
    weights: str
    prompt: str
    rubric: str
    schema_version: str
    report_sha256: str
    activated_at: datetime
    validated: bool = False
    agreement_sha256: str | None = None
    """Of the agreement report that `validated` rests on."""

    @property
    def key(self) -> str:
        """As `ModelVersion.key`: the two must be the same."""
        return f"{self.adapter}|{self.weights}|{self.prompt}|{self.rubric}|{self.schema_version}"


def read_activation(path: Path | None) -> Activation:
    """The file in the settings; without one, the baseline's own.

    Raises:
        Misconfigured: it cannot be read, or is no activation.
    """
    bundled = resources.files("stream.feedback.models").joinpath("activations", BUNDLED)
    try:
        return Activation.model_validate_json(bundled.read_text() if path is None else path.read_text())
    except FileNotFoundError as error:
        raise Misconfigured(
            f"feedback.activation: {path} cannot be read: {error.strerror}; {nearest_file(path or Path(BUNDLED))}."
        ) from None
    except OSError as error:
        raise Misconfigured(f"feedback.activation: {path} cannot be read: {error.strerror}.") from None
    except (ValidationError, UnicodeDecodeError):
        raise Misconfigured(
            f"feedback.activation: {path} is no activation; `counterpoint model activate` writes one."
        ) from None


class ActivatedModel:
    """A model behind its gate: the canary passes only where the served model is the activated one.

    The file is read again each time, so a model that is activated while records wait is used at once.
    """

    def __init__(self, model: FeedbackModel, read: Callable[[], Activation]) -> None:
        self._model = model
        self._read_activation = read
        self._validated = False

    @property
    def version(self) -> ModelVersion:
        """The served model's, with what the activation says of its agreement with clinicians."""
        return self._model.version.model_copy(update={"validated": self._validated})

    async def assess(self, exchange: ShownExchange, *, deadline: Deadline, repair: str | None = None) -> ModelAnswer:
        """See `FeedbackModel`."""
        return await self._model.assess(exchange, deadline=deadline, repair=repair)

    async def canary(self, deadline: Deadline) -> None:
        """See `FeedbackModel`; also away: a model that nobody has activated."""
        await self._model.canary(deadline)
        activation = self._read_activation()
        if activation.key != self._model.version.key:
            raise NotActivated(self._model.version)
        self._validated = activation.validated

    async def reload(self, deadline: Deadline) -> bool:
        """See `FeedbackModel`."""
        return await self._model.reload(deadline)

    async def close(self) -> None:
        """See `FeedbackModel`."""
        await self._model.close()


class NotActivated(ModelUnavailable):
    """The served model has not been activated, which a request meets as an unavailable model."""

    def __init__(self, version: ModelVersion) -> None:
        super().__init__("not_activated")
        self.what = (
            f"an activation for {version.name} (weights {version.weights}, prompt {version.prompt}, rubric"
            f" {version.rubric}; after a passing `counterpoint model check`, `counterpoint model activate` writes it)"
        )

"""The feedback model that the settings name."""

from stream.contracts.errors import Misconfigured
from stream.feedback.models.base import FeedbackModel
from stream.feedback.models.baseline import InProcessBaseline, TritonBaseline
from stream.feedback.models.llm import TritonLlm
from stream.feedback.models.prompt import STANDARD, Instructions
from stream.feedback.models.triton import TritonConnection
from stream.runtime.settings import IN_PROCESS, FeedbackSettings
from stream.runtime.triton import TritonAccess


def open_model(settings: FeedbackSettings, *, instructions: Instructions = STANDARD) -> FeedbackModel:
    """The configured model; connects at its first request. Only a model with a prompt reads `instructions`.

    Raises:
        Misconfigured: when the language model is asked for without a server.
    """
    if settings.triton_url == IN_PROCESS:
        if settings.model != "baseline":
            raise Misconfigured("Only the baseline runs in-process. Set feedback.triton_url to Triton's gRPC address.")
        return InProcessBaseline()
    connection = TritonConnection(TritonAccess.from_settings(settings))
    return (
        TritonBaseline(connection)
        if settings.model == "baseline"
        else TritonLlm(connection, lora=settings.lora, instructions=instructions)
    )

"""From the settings to a model."""

from stream.feedback.baseline import InProcessBaseline, TritonBaseline
from stream.feedback.llm import TritonLlm
from stream.feedback.model import FeedbackModel
from stream.feedback.triton import TritonConnection
from stream.runtime.errors import Misconfigured
from stream.runtime.settings import Feedback

IN_PROCESS = "in-process"


def open_model(settings: Feedback) -> FeedbackModel:
    """The configured model; connects at its first request.

    Raises:
        Misconfigured: when the language model is asked for without a server.
    """
    if settings.triton_url == IN_PROCESS:
        if settings.model != "baseline":
            raise Misconfigured("Only the baseline runs in-process. Set feedback.triton_url to Triton's gRPC address.")
        return InProcessBaseline()
    connection = TritonConnection(settings.triton_url)
    return TritonBaseline(connection) if settings.model == "baseline" else TritonLlm(connection)

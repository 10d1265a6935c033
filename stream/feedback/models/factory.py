"""From the settings to a model."""

from stream.contracts.errors import Misconfigured
from stream.feedback.models.base import FeedbackModel
from stream.feedback.models.baseline import InProcessBaseline, TritonBaseline
from stream.feedback.models.llm import TritonLlm
from stream.feedback.models.prompt import STANDARD, Instructions
from stream.feedback.models.triton import Access, TritonConnection
from stream.runtime.settings import Feedback
from stream.runtime.tls import client_context

IN_PROCESS = "in-process"


def open_model(settings: Feedback, *, instructions: Instructions = STANDARD) -> FeedbackModel:
    """The configured model; connects at its first request. Only a model with a prompt reads `instructions`.

    Raises:
        Misconfigured: when the language model is asked for without a server.
    """
    if settings.triton_url == IN_PROCESS:
        if settings.model != "baseline":
            raise Misconfigured("Only the baseline runs in-process. Set feedback.triton_url to Triton's gRPC address.")
        return InProcessBaseline()
    connection = TritonConnection(settings.triton_url, access_of(settings))
    return (
        TritonBaseline(connection)
        if settings.model == "baseline"
        else TritonLlm(connection, lora=settings.lora, instructions=instructions)
    )


def access_of(settings: Feedback) -> Access:
    """How the settings' server is reached.

    Raises:
        Misconfigured: a file is not what it should be; gRPC itself would only say that it cannot connect.
    """
    if settings.ca_file is not None:
        client_context(settings.ca_file, settings.certificate_file, settings.key_file, where="feedback")
    secret = settings.admin_secret
    return Access(
        ca=settings.ca_file,
        certificate=settings.certificate_file,
        key=settings.key_file,
        admin_secret=None if secret is None else secret.get_secret_value(),
    )

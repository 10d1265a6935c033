"""The detector that the settings name, as the stream stage opens it at its start and `counterpoint check` tries it."""

from stream.contracts.errors import Misconfigured
from stream.detection import Detector, load_detector
from stream.runtime.settings import Settings
from stream.runtime.triton import TritonAccess
from stream.workers.triton_sentence_model import TritonSentenceModel


def open_detector(settings: Settings) -> Detector:
    """Return the detector of the settings.

    Raises:
        Misconfigured: there is no such detector, or a part of it is missing.
        Unavailable: it runs behind Triton, and Triton does not answer.
    """
    try:
        return load_detector(
            settings.sessions.detector,
            settings.sessions.operating_point,
            lambda: TritonSentenceModel(TritonAccess.from_settings(settings.feedback)),
        )
    except ValueError as error:
        raise Misconfigured(f"sessions.detector: {error}") from None

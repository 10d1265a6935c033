"""The factory makes a model from the settings, and its canary for `counterpoint check`."""

import pytest

from plugin.local.triton import TritonServer
from stream.contracts.errors import Misconfigured, Unavailable
from stream.feedback.models.baseline import InProcessBaseline, TritonBaseline
from stream.feedback.models.canary import run_canary
from stream.feedback.models.factory import open_model
from stream.feedback.models.llm import TritonLlm
from stream.runtime.settings import FeedbackSettings


def test_each_setting_opens_its_model() -> None:
    """The baseline behind Triton by default; in-process where no Triton runs; the language model behind Triton."""
    assert isinstance(open_model(FeedbackSettings()), TritonBaseline)
    assert isinstance(open_model(FeedbackSettings(triton_url="in-process")), InProcessBaseline)
    assert isinstance(open_model(FeedbackSettings(model="llm")), TritonLlm)


def test_a_language_model_needs_a_server() -> None:
    """A language model needs a server, because none runs in this process."""
    with pytest.raises(Misconfigured, match="Only the baseline runs in-process"):
        open_model(FeedbackSettings(model="llm", triton_url="in-process"))


def test_the_canary_says_which_model_answers(triton: TritonServer) -> None:
    """The canary makes one real inference outside an event loop and says which model answers."""
    assert run_canary(FeedbackSettings(triton_url="in-process")).name == "CPU baseline"
    assert run_canary(FeedbackSettings(triton_url=triton.grpc_url)).is_baseline
    assert run_canary(FeedbackSettings(model="llm", triton_url=triton.grpc_url)).adapter == "llm"


def test_the_canary_says_that_the_model_is_away() -> None:
    """The canary reports in one sentence without chat text that the model is away."""
    with pytest.raises(Unavailable, match=r"the feedback model \(unavailable\) is unavailable"):
        run_canary(FeedbackSettings(triton_url="127.0.0.1:1"))

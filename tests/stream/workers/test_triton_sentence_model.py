"""The encoder behind a real Triton: the same answers, and failures that the stream can wait out."""

from collections.abc import Callable

import pytest

from plugin.local.loopback import free_ports
from plugin.local.triton import TritonServer
from stream.contracts.errors import Unavailable
from stream.contracts.vocabulary import OperatingPoint
from stream.detection import DetectorInput, SentenceModel, load_detector
from stream.runtime.triton import TritonAccess
from stream.workers.triton_sentence_model import MAX_BATCH, TritonSentenceModel
from training.detector import own_set

LINES = [DetectorInput(line.client, line.counsellor) for line in own_set.load()[::5]]


def connect_to(url: str) -> Callable[[], SentenceModel]:
    """Return what opens the sentence model of the server at `url`."""
    return lambda: TritonSentenceModel(TritonAccess(url))


def test_triton_gives_the_answers_of_this_process(triton: TritonServer) -> None:
    """Scores to 1e-4, flags and cues alike, for more texts than one request holds."""
    batch = (LINES + [DetectorInput(f"{given.text} {i}") for i, given in enumerate(LINES)])[: MAX_BATCH + 5]
    here = load_detector("encoder", OperatingPoint.GATE).detect(batch)
    there = load_detector("triton", OperatingPoint.GATE, connect_to(triton.grpc_url)).detect(batch)
    assert len(batch) > MAX_BATCH
    for one, other in zip(here, there, strict=True):
        assert other.score == pytest.approx(one.score, abs=1e-4)
        assert (other.flagged, other.cues) == (one.flagged, one.cues)


def test_both_tell_one_version(triton: TritonServer) -> None:
    """An assessment's id depends on what was asked, not on where it ran."""
    here, there = load_detector("encoder", "gate"), load_detector("triton", "gate", connect_to(triton.grpc_url))
    assert here.version == there.version
    assert (here.name, there.name) == ("encoder", "triton")


def test_a_server_that_is_away_is_unavailable() -> None:
    """A server that is away is reported as unavailable at the start."""
    (port,) = free_ports(1)
    with pytest.raises(Unavailable, match=r"the detector behind Triton \(unavailable\)"):
        load_detector("triton", "gate", connect_to(f"127.0.0.1:{port}"))


def test_a_model_that_fails_is_unavailable_and_tells_no_text(
    triton: TritonServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that fails is unavailable, and only its status is reported, as its message may quote the request."""
    monkeypatch.setattr("stream.workers.triton_sentence_model.MAX_BATCH", 1_000)
    model = TritonSentenceModel(TritonAccess(triton.grpc_url))
    with pytest.raises(Unavailable) as refused:
        model.logits(["my secret"] * 100)  # more than max_batch_size
    assert "secret" not in str(refused.value)
    assert "invalid_argument" in str(refused.value)


def test_a_server_that_hangs_is_given_up(triton: TritonServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline is for one request."""
    model = TritonSentenceModel(TritonAccess(triton.grpc_url))
    monkeypatch.setattr("stream.workers.triton_sentence_model.DEADLINE_S", 1e-4)
    with pytest.raises(Unavailable, match="deadline_exceeded"):
        model.logits(["hello"] * MAX_BATCH)


def test_another_encoder_is_refused(triton: TritonServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights fitted with one encoder mean nothing with another."""
    monkeypatch.setattr(TritonSentenceModel, "_parameter", lambda *_: "another")
    with pytest.raises(ValueError, match=r"has fingerprint another, .* same release"):
        load_detector("triton", "gate", connect_to(triton.grpc_url))

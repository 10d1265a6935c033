"""The encoder behind a real Triton: the same answers, and failures that the stream can wait out."""

from pathlib import Path

import pytest

from plugin.local.loopback import free_ports
from plugin.local.triton import Triton
from stream.contracts.errors import Unavailable
from stream.contracts.vocabulary import OperatingPoint
from stream.detection import DetectorInput, Server, load
from stream.detection.triton import BATCH, TritonMeaning
from training.detector import own_set

LINES = [DetectorInput(line.client, line.counsellor) for line in own_set.load()[::5]]


def test_triton_gives_the_answers_of_this_process(triton: Triton) -> None:
    """Scores to 1e-4, flags and cues alike, for more texts than one request holds."""
    batch = (LINES + [DetectorInput(f"{given.text} {i}") for i, given in enumerate(LINES)])[: BATCH + 5]
    here = load("encoder", OperatingPoint.GATE).detect(batch)
    there = load("triton", OperatingPoint.GATE, Server(triton.grpc_url)).detect(batch)
    assert len(batch) > BATCH
    for one, other in zip(here, there, strict=True):
        assert other.score == pytest.approx(one.score, abs=1e-4)
        assert (other.flagged, other.cues) == (one.flagged, one.cues)


def test_both_tell_one_version(triton: Triton) -> None:
    """An assessment's id depends on what was asked, not on where it ran."""
    here, there = load("encoder", "gate"), load("triton", "gate", Server(triton.grpc_url))
    assert here.version == there.version
    assert (here.name, there.name) == ("encoder", "triton")


def test_a_server_that_is_away_is_unavailable() -> None:
    """At the start; the stage is started again."""
    (port,) = free_ports(1)
    with pytest.raises(Unavailable, match=r"the detector behind Triton \(unavailable\)"):
        load("triton", "gate", Server(f"127.0.0.1:{port}"))


def test_a_model_that_fails_is_unavailable_and_tells_no_text(triton: Triton, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's message may quote the request, so only its status is told."""
    monkeypatch.setattr("stream.detection.triton.BATCH", 1_000)
    meaning = TritonMeaning(Server(triton.grpc_url))
    with pytest.raises(Unavailable) as refused:
        meaning.opinions(["my secret"] * 100)  # more than max_batch_size
    assert "secret" not in str(refused.value)
    assert "invalid_argument" in str(refused.value)


def test_a_server_that_hangs_is_given_up(triton: Triton, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline is for one request."""
    meaning = TritonMeaning(Server(triton.grpc_url))
    monkeypatch.setattr("stream.detection.triton.DEADLINE_S", 1e-4)
    with pytest.raises(Unavailable, match="deadline_exceeded"):
        meaning.opinions(["hello"] * BATCH)


def test_another_encoder_is_refused(triton: Triton, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights fitted with one encoder mean nothing with another."""
    monkeypatch.setattr(TritonMeaning, "_told", lambda *_: "another")
    with pytest.raises(ValueError, match=r"has fingerprint another, .* same release"):
        load("triton", "gate", Server(triton.grpc_url))


def test_with_an_authority_it_is_spoken_to_over_tls() -> None:
    """A server without TLS then does not understand us, which is better than words in the clear."""
    assert Server("host:1").tls() == {}
    told = Server("host:1", ca=Path("ca.pem"), key=Path("key.pem")).tls()
    assert told == {"ssl": True, "root_certificates": "ca.pem", "private_key": "key.pem"}

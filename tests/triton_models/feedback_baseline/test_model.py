"""The baseline gives the same answers through a real Triton server, where it asks the model `reader`."""

import json
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as client
from tritonclient.utils import InferenceServerException

from plugin.local.process import NotStarted
from plugin.local.triton import TritonServer
from stream.feedback.models.baseline import InProcessBaseline
from stream.model_repository import MODEL_REPOSITORY, write_parameter
from tests.fixtures.waiting import DEADLOCK_S
from tests.triton_models.feedback_baseline.loading import baseline, request

CLIENT = "I don't want to stop drinking 🙃"
REPLIES = ["It's up to you. What would you want from today?", "You should stop.", "Okay, I\u2019m with you.", "", "🙂"]


@pytest.fixture(scope="module")
def server(triton: TritonServer) -> Iterator[client.InferenceServerClient]:
    """A client of the server that holds every model of the repository."""
    with client.InferenceServerClient(triton.grpc_url) as connection:
        yield connection


@cache
def in_process() -> Any:
    """The baseline in this process, with the shipped reader."""
    return InProcessBaseline()._assess


def assert_alike(found: Any, expected: Any) -> None:
    """Assert that two answers are the same to the word, and to a thousandth in what is a number."""
    assert found | {"confidence": None} == expected | {"confidence": None}
    assert found["confidence"] == pytest.approx(expected["confidence"], abs=1e-3)


def infer(server: client.InferenceServerClient, document: bytes) -> bytes:
    """Send one document, return the one that comes back."""
    tensor = client.InferInput("REQUEST", [1], "BYTES")
    tensor.set_data_from_numpy(np.array([document], dtype=object))
    answer = server.infer("feedback_baseline", [tensor], client_timeout=DEADLOCK_S)
    document = answer.as_numpy("RESPONSE")[0]
    assert isinstance(document, bytes)
    return document


@pytest.mark.parametrize("reply", REPLIES)
def test_the_server_answers_as_the_function_does(server: client.InferenceServerClient, reply: str) -> None:
    """The in-process fallback and the server are one model."""
    asked = request(CLIENT, reply, "How was the week?")
    assert_alike(json.loads(infer(server, json.dumps(asked).encode())), in_process()(asked))


def test_the_longest_texts_pass_through(server: client.InferenceServerClient) -> None:
    """20,000 code points in each message are what a record may hold; they are read in more requests than one."""
    long = "I said no. " * 1_800 + "🙂" * 200
    asked = request([long, long], [long, "It's up to you."], long)
    assert_alike(json.loads(infer(server, json.dumps(asked).encode())), in_process()(asked))


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (b"", "the request is no JSON"),
        (b'{"schema": "3", "messages": [secret', "the request is no JSON"),
        (b"\xff\xfe", "the request is not UTF-8"),
        (b'{"schema": "2", "messages": []}', "the request is not of schema"),
        (b'{"schema": "3", "messages": ["secret"]}', "a message lacks its number, part, role or text"),
    ],
)
def test_a_document_that_cannot_be_read_is_an_error_without_its_words(
    server: client.InferenceServerClient, document: bytes, sentence: str
) -> None:
    """An unreadable document is reported to the client without its words, and the server continues."""
    with pytest.raises(InferenceServerException, match=sentence) as refused:
        infer(server, document)
    assert refused.value.status() == "StatusCode.INVALID_ARGUMENT"
    assert "secret" not in str(refused.value)
    assert json.loads(infer(server, json.dumps(request(CLIENT, REPLIES[0])).encode()))["ratings"]


def test_the_server_announces_the_versions(server: client.InferenceServerClient) -> None:
    """An adapter learns from the server which version answers."""
    parameters = server.get_model_config("feedback_baseline", as_json=True)["config"]["parameters"]
    assert parameters["version"]["string_value"] == baseline().VERSION
    assert parameters["rubric_version"]["string_value"] == baseline().RUBRIC_VERSION


def copied(folder: Path) -> Path:
    """Return a model repository with the baseline and its reader."""
    for name in ("feedback_baseline", "reader"):
        shutil.copytree(MODEL_REPOSITORY / name, folder / name)
    return folder


def test_files_of_another_fingerprint_are_not_served(run_dir: Path, tmp_path: Path) -> None:
    """Files that config.pbtxt does not name are refused at loading, in a sentence of the log."""
    repository = copied(tmp_path / "models")
    write_parameter(repository / "feedback_baseline", "fingerprint", "another")
    with pytest.raises(NotStarted, match="tells fingerprint another"):
        TritonServer(run_dir / "triton-other", ["feedback_baseline", "reader"], repository=repository).start()


def test_without_its_reader_it_is_unavailable_and_says_so(run_dir: Path) -> None:
    """A baseline whose reader is not loaded answers by an error, without a word of the request."""
    with (
        TritonServer(run_dir / "triton-alone", ["feedback_baseline"]) as lonely,
        client.InferenceServerClient(lonely.grpc_url) as connection,
        pytest.raises(InferenceServerException, match="the model reader did not answer") as refused,
    ):
        infer(connection, json.dumps(request("secret, pointless", REPLIES[0])).encode())
    assert refused.value.status() == "StatusCode.UNAVAILABLE"
    assert "secret" not in str(refused.value)

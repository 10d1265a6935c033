"""The baseline gives the same answers through a real Triton server."""

import json
from collections.abc import Iterator

import numpy as np
import pytest
import tritonclient.grpc as client
from tritonclient.utils import InferenceServerException

from plugin.local.triton import TritonServer
from tests.triton_models.feedback_baseline.loading import assess, baseline, request

CLIENT = "I don't want to stop drinking 🙃"
REPLIES = ["It's up to you. What would you want from today?", "You should stop.", "Okay, I\u2019m with you.", "", "🙂"]


@pytest.fixture(scope="module")
def server(triton: TritonServer) -> Iterator[client.InferenceServerClient]:
    """A client of the server that holds every model of the repository."""
    with client.InferenceServerClient(triton.grpc_url) as connection:
        yield connection


def infer(server: client.InferenceServerClient, document: bytes) -> bytes:
    """Send one document, return the one that comes back."""
    tensor = client.InferInput("REQUEST", [1], "BYTES")
    tensor.set_data_from_numpy(np.array([document], dtype=object))
    answer = server.infer("feedback_baseline", [tensor], client_timeout=30)
    document = answer.as_numpy("RESPONSE")[0]
    assert isinstance(document, bytes)
    return document


@pytest.mark.parametrize("reply", REPLIES)
def test_the_server_answers_as_the_function_does(server: client.InferenceServerClient, reply: str) -> None:
    """The in-process fallback and the server are one model."""
    document = json.dumps(request(CLIENT, reply)).encode()
    assert json.loads(infer(server, document)) == assess(CLIENT, reply)


def test_the_longest_texts_pass_through(server: client.InferenceServerClient) -> None:
    """20,000 code points in each message are what a record may hold."""
    long = "I said no. " * 1_800 + "🙂" * 200
    document = json.dumps(request([long, long], [long, "It's up to you."])).encode()
    assert json.loads(infer(server, document)) == assess([long, long], [long, "It's up to you."])


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (b"", "the request is no JSON"),
        (b'{"schema": "2", "messages": [secret', "the request is no JSON"),
        (b"\xff\xfe", "the request is not UTF-8"),
        (b'{"schema": "3", "messages": []}', "the request is not of schema"),
        (b'{"schema": "2", "messages": ["secret"]}', "a message lacks its number, part or text"),
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
    assert json.loads(infer(server, json.dumps(request(CLIENT, REPLIES[0])).encode())) == assess(CLIENT, REPLIES[0])


def test_the_server_announces_the_versions(server: client.InferenceServerClient) -> None:
    """An adapter learns from the server which version answers."""
    parameters = server.get_model_config("feedback_baseline", as_json=True)["config"]["parameters"]
    assert parameters["version"]["string_value"] == baseline().VERSION
    assert parameters["rubric_version"]["string_value"] == baseline().RUBRIC_VERSION

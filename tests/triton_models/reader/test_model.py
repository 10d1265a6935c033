"""The reader gives the same opinions behind a real Triton, and is not served with files of another fingerprint."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as client

from plugin.local.process import NotStarted
from plugin.local.triton import TritonServer
from stream.model_repository import read_parameters, write_parameter
from tests.fixtures.waiting import DEADLOCK_S
from tests.triton_models.reader.loading import MODEL, PAIRS, reader
from training.reader.targets import REPLY_HEADS, TURN_HEADS, width

TOLERANCE = 1e-3
"""Of a logit: two versions of one library may round differently."""
READABLE = [tuple(text.replace("\x00", "") for text in pair) for pair in PAIRS]
OUTPUTS = ("TURN", "REPLY", "VECTOR")


@pytest.fixture(scope="module")
def server(triton: TritonServer) -> Iterator[client.InferenceServerClient]:
    """A client of the server that holds every model of the repository."""
    with client.InferenceServerClient(triton.grpc_url) as connection:
        yield connection


def infer(server: client.InferenceServerClient, pairs: list[tuple[bytes, bytes]]) -> list[Any]:
    """Return what the server says of pairs of texts."""
    inputs = []
    for place, name in enumerate(("FIRST", "SECOND")):
        tensor = client.InferInput(name, [len(pairs), 1], "BYTES")
        tensor.set_data_from_numpy(np.array([[pair[place]] for pair in pairs], dtype=object))
        inputs.append(tensor)
    answer = server.infer("reader", inputs, client_timeout=DEADLOCK_S)
    return list(zip(*(answer.as_numpy(name) for name in OUTPUTS), strict=True))


def test_the_server_reads_as_the_function_does(server: client.InferenceServerClient) -> None:
    """Alone and together, each pair has the opinion that it has in this process."""
    pairs = [(first.encode(), second.encode()) for first, second in READABLE]
    together = infer(server, pairs)
    for expected, pair, found in zip(reader().read(READABLE), pairs, together, strict=True):
        for mine, alone, other in zip(expected, infer(server, [pair])[0], found, strict=True):
            np.testing.assert_allclose(mine, alone, rtol=0, atol=TOLERANCE)
            np.testing.assert_allclose(alone, other, rtol=0, atol=TOLERANCE)


def test_bytes_that_are_no_text_are_passed_over(server: client.InferenceServerClient) -> None:
    """Bytes that are not UTF-8 are read as if they were not there."""
    (broken,), (whole,) = infer(server, [(b"", b"no\xff way")]), infer(server, [(b"", b"no way")])
    for mine, other in zip(broken, whole, strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=TOLERANCE)


def test_the_configuration_has_the_widths_of_the_recipe(server: client.InferenceServerClient) -> None:
    """The outputs are as wide as the recipe's heads, and requests are batched by the server."""
    config = server.get_model_config("reader", as_json=True)["config"]
    widths = {output["name"]: [int(size) for size in output["dims"]] for output in config["output"]}
    assert widths == {"TURN": [width(TURN_HEADS)], "REPLY": [width(REPLY_HEADS)], "VECTOR": [384]}
    assert "dynamic_batching" in config


def test_the_configuration_names_the_fingerprint_of_the_files() -> None:
    """`make baseline` writes the fingerprint of the shipped files into config.pbtxt."""
    assert read_parameters(MODEL)["fingerprint"] == reader().fingerprint


def test_files_of_another_fingerprint_are_not_served(run_dir: Path, tmp_path: Path) -> None:
    """Files that config.pbtxt does not name are refused at loading, in a sentence of the log."""
    shutil.copytree(MODEL, tmp_path / "models" / "reader")
    write_parameter(tmp_path / "models" / "reader", "fingerprint", "another")
    with pytest.raises(NotStarted, match="names fingerprint another"):
        TritonServer(run_dir / "triton-reader", ["reader"], repository=tmp_path / "models").start()

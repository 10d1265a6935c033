"""The inference server is a real Triton on loopback and CPU, on an ordinary model repository."""

from __future__ import annotations

import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import tritonclient.grpc as triton_client

from plugin.local.process import MissingRequirement, NotStarted
from plugin.local.supervisor import _children
from plugin.local.triton import TritonEnvironment, TritonServer
from tests.fixtures.waiting import DEADLOCK_S
from tests.plugin.local.scripted import exists

CONFIG = """
name: "{name}"
backend: "{backend}"
input [ {{ name: "IN" data_type: TYPE_STRING dims: [ 1 ] }} ]
output [ {{ name: "OUT" data_type: TYPE_STRING dims: [ 1 ] }} ]
instance_group [ {{ count: 1 kind: KIND_CPU }} ]
"""
MODEL = """
import sys
import numpy
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        out = numpy.array([{answer}.encode()], dtype=object)
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", out)]) for request in requests]
"""


def _model(repository: Path, name: str, answer: str, backend: str = "python") -> None:
    folder = repository / name
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text(CONFIG.format(name=name, backend=backend))
    if backend == "python":
        (folder / "1" / "model.py").write_text(MODEL.format(answer=answer))


def _ask(server: TritonServer, model: str) -> str:
    client = triton_client.InferenceServerClient(server.grpc_url)
    tensor = triton_client.InferInput("IN", [1], "BYTES")
    tensor.set_data_from_numpy(np.array([b"anything"], dtype=object))
    answer = client.infer(model, [tensor], client_timeout=DEADLOCK_S).as_numpy("OUT")
    client.close()
    return str(answer[0].decode())


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return models: one that reports its process, one never loaded, one broken, one behind a test back end."""
    folder = tmp_path_factory.mktemp("models")
    _model(folder, "where", "sys.prefix")
    _model(folder, "unwanted", "'never loaded'")
    _model(folder, "broken", "(((")
    _model(folder, "borrowed", "", backend="stand_in")
    return folder


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a back end written in Python, of the kind that replaces one that needs a GPU."""
    folder = tmp_path_factory.mktemp("backends") / "stand_in"
    folder.mkdir()
    (folder / "model.py").write_text(MODEL.format(answer="'the stand-in'"))
    return folder


@pytest.fixture(scope="module")
def server(run_dir: Path, repository: Path, backend: Path) -> Iterator[TritonServer]:
    """A server with two of the models."""
    with TritonServer(
        run_dir / "triton-tried", ["where", "borrowed"], repository=repository, backends=[backend]
    ) as server:
        yield server


def test_a_model_runs_in_the_servers_own_environment(server: TritonServer) -> None:
    """A model runs in the server's own environment, because server and project need different numpy versions."""
    prefix = _ask(server, "where")
    assert prefix.endswith(".venv-triton")
    assert prefix != sys.prefix


def test_a_stand_in_back_end_serves_a_production_model_folder(server: TritonServer) -> None:
    """A stand-in back end serves a production model folder: only the engine is replaced."""
    assert _ask(server, "borrowed") == "the stand-in"


def test_only_the_named_models_are_loaded(server: TritonServer) -> None:
    """Another model of the repository is not there."""
    assert httpx.get(f"{server.http_url}/v2/models/where/ready").is_success
    assert not httpx.get(f"{server.http_url}/v2/models/unwanted/ready").is_success


def test_its_metrics_are_served(server: TritonServer) -> None:
    """Prometheus finds the counters of each model."""
    assert 'nv_inference_request_success{model="where"' in httpx.get(server.metrics_url).text


@pytest.mark.parametrize("end", [TritonServer.stop, TritonServer.kill])
def test_after_its_end_it_serves_again_and_leaves_no_shared_memory(
    server: TritonServer, end: Callable[[TritonServer], None]
) -> None:
    """Stop and SIGKILL alike: same address, nothing in /dev/shm, no stub process."""
    assert server.pid is not None
    stubs = _children(server.pid)
    assert len(stubs) == 2
    assert list(server.shared_memory.parent.glob(server.shared_memory.name))
    end(server)
    assert not list(server.shared_memory.parent.glob(server.shared_memory.name))
    assert not any(map(exists, stubs))
    server.start()
    assert _ask(server, "borrowed") == "the stand-in"


def test_a_model_that_cannot_be_loaded_is_reported_with_the_servers_log(run_dir: Path, repository: Path) -> None:
    """The error quotes the log, which names the model."""
    with pytest.raises(NotStarted, match=r"(?s)triton .*broken"):
        TritonServer(run_dir / "triton-broken", ["broken"], repository=repository).start()


def test_an_environment_that_was_never_made_is_missing(tmp_path: Path) -> None:
    """The sentence says what to run."""
    with pytest.raises(MissingRequirement, match="make setup-local"):
        TritonEnvironment.inspect(tmp_path / "bin" / "python")


def test_an_environment_without_the_server_is_missing(tmp_path: Path) -> None:
    """A virtual environment alone does not make a server."""
    venv.create(tmp_path / "bare")
    with pytest.raises(MissingRequirement, match=r"nvidia-pytriton is not in .* `make setup-local`"):
        TritonEnvironment.inspect(tmp_path / "bare" / "bin" / "python")


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ({"numpy": None}, r"numpy below 2: run `make setup-local`"),
        ({"numpy": "2.1.0"}, r"numpy below 2: run `make setup-local`"),
        ({"shared": False}, r"libpython3\.11\.so\.1\.0: run `sudo apt-get install libpython3\.11`"),
    ],
)
def test_what_the_server_needs_is_named_before_it_is_started(found: dict[str, object], sentence: str) -> None:
    """A wrong numpy or a missing shared library would show only at the first request, and in other words."""
    good = {"version": "3.11", "package": "/x/pytriton", "numpy": "1.26.4", "shared": True}
    with pytest.raises(MissingRequirement, match=sentence):
        TritonEnvironment.from_facts({**good, **found}, libdir="/usr/lib")
    environment = TritonEnvironment.from_facts(good, libdir="/usr/lib")
    assert environment.library_path == "/x/nvidia_pytriton.libs:/usr/lib"

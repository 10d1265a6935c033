"""A real Triton Inference Server on loopback and CPU: the server binary of a Python wheel on our model repository."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from plugin.local.loopback import free_ports, responds
from plugin.local.paths import ROOT, SERVER_PYTHON
from plugin.local.process import Command, MissingRequirement, Process, run_once
from stream.model_repository import MODEL_REPOSITORY
from stream.runtime.triton import ADMIN_RESTRICTION

SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - where the server meets its Python back end
INITIAL_SHARED_MEMORY_BYTES: Final = 1_048_576
"""Shared memory that a model instance starts with, in either direction; it grows by itself."""
RESTRICTED_PROTOCOLS: Final = "model-repository,shared-memory,trace,logging"
"""What changes the server or shows what passes through it; everything else is inference and health."""

LIBDIR_SCRIPT: Final = "import sysconfig; print(sysconfig.get_config_var('LIBDIR'))"
FACTS_SCRIPT: Final = """
import ctypes, importlib.util, json, sys
version = "%d.%d" % sys.version_info[:2]
spec = importlib.util.find_spec("pytriton")
numpy = importlib.util.find_spec("numpy")
try:
    ctypes.CDLL("libpython%s.so.1.0" % version)
    shared = True
except OSError:
    shared = False
print(json.dumps({
    "version": version,
    "package": list(spec.submodule_search_locations)[0] if spec else None,
    "numpy": __import__("numpy").__version__ if numpy else None,
    "shared": shared,
}))
"""


@dataclass(frozen=True)
class TritonEnvironment:
    """The server's own Python: the models run in it, so it is kept apart from ours."""

    version: str
    wheel: Path
    library_path: str

    @classmethod
    def inspect(cls, python: Path = SERVER_PYTHON) -> TritonEnvironment:
        """Look into the server environment.

        Raises:
            Missing: the environment or a part of it, with the command that mends it.
        """
        if not python.exists():
            raise MissingRequirement(
                f"Triton's environment {python.parent.parent} is not made yet: run `make setup-local`"
            )
        ask = [str(python), "-I", "-c"]
        libdir = run_once([*ask, LIBDIR_SCRIPT], env={}, cwd=ROOT).strip()
        # The loader reads its path once, at the start: hence a second process.
        found = json.loads(run_once([*ask, FACTS_SCRIPT], env={"LD_LIBRARY_PATH": libdir}, cwd=ROOT))
        return cls.from_facts(found, libdir=libdir)

    @classmethod
    def from_facts(cls, found: Mapping[str, Any], *, libdir: str) -> TritonEnvironment:
        """Check the facts that the environment reports against what the server needs.

        Raises:
            Missing: with the command that mends it.
        """
        if not found["package"]:
            raise MissingRequirement("nvidia-pytriton is not in Triton's environment: run `make setup-local`")
        if not found["numpy"] or int(found["numpy"].split(".")[0]) >= 2:  # noqa: PLR2004
            raise MissingRequirement("Triton's environment needs numpy below 2: run `make setup-local`")
        if not found["shared"]:
            package = f"libpython{found['version']}"
            raise MissingRequirement(f"Triton needs {package}.so.1.0: run `sudo apt-get install {package}`")
        wheel = Path(found["package"])
        # Ours first: a pyenv Python with the system's library of the same name dies in the stub.
        library_path = f"{wheel.parent / 'nvidia_pytriton.libs'}:{libdir}"
        return cls(found["version"], wheel, library_path)


@dataclass(frozen=True)
class TritonSecurity:
    """The options of a server as in production: TLS on gRPC, and a secret for what changes the server."""

    certificate: Path
    key: Path
    admin_secret: str = field(repr=False)
    client_ca: Path | None = None
    """With it, clients have to show a certificate of this authority."""

    def arguments(self) -> list[str]:
        """Return the server's options. The secret is one of them: it shows in this machine's list of processes."""
        mutual = [] if self.client_ca is None else ["--grpc-use-ssl-mutual=true", f"--grpc-root-cert={self.client_ca}"]
        return [
            "--grpc-use-ssl=true",
            f"--grpc-server-cert={self.certificate}",
            f"--grpc-server-key={self.key}",
            *mutual,
            f"--grpc-restricted-protocol={RESTRICTED_PROTOCOLS}:{ADMIN_RESTRICTION}={self.admin_secret}",
            f"--http-restricted-api={RESTRICTED_PROTOCOLS}:{ADMIN_RESTRICTION}={self.admin_secret}",
        ]


class TritonServer(Process):
    """The inference server with the named models loaded. Ports are new with every object and survive a restart."""

    def __init__(
        self,
        data_dir: Path,
        models: Sequence[str],
        *,
        repository: Path = MODEL_REPOSITORY,
        backends: Sequence[Path] = (),
        python: Path = SERVER_PYTHON,
        security: TritonSecurity | None = None,
    ) -> None:
        """``backends`` are folders with a ``model.py``, each a back end written in Python named like its folder."""
        super().__init__("triton", data_dir)
        self._models = list(models)
        self._repository = repository.resolve()
        self._backends = list(backends)
        self._python = python
        self._security = security
        self._grpc, self._http, self._metrics = free_ports(3)
        self._prefix = f"counterpoint-{uuid.uuid4().hex[:12]}"

    @property
    def grpc_url(self) -> str:
        """Host and port of the gRPC service, as tritonclient takes it."""
        return f"127.0.0.1:{self._grpc}"

    @property
    def http_url(self) -> str:
        """Base URL of the HTTP service."""
        return f"http://127.0.0.1:{self._http}"

    @property
    def shared_memory(self) -> Path:
        """Glob pattern of the files through which the server communicates with its Python back end."""
        return SHARED_MEMORY / f"{self._prefix}*"

    @property
    def metrics_url(self) -> str:
        """URL of the Prometheus metrics."""
        return f"http://127.0.0.1:{self._metrics}/metrics"

    def command(self) -> Command:
        """Assemble the back ends, and return how to run the server."""
        environment = TritonEnvironment.inspect(self._python)
        backends = self._assemble_backends(environment)
        home = environment.wheel / "tritonserver"
        argv = [
            str(home / "bin" / "tritonserver"),
            f"--model-repository={self._repository}",
            f"--backend-directory={backends}",
            "--model-control-mode=explicit",
            *(f"--load-model={name}" for name in self._models),
            *(f"--{service}-address=127.0.0.1" for service in ("grpc", "http", "metrics")),
            f"--grpc-port={self._grpc}",
            f"--http-port={self._http}",
            f"--metrics-port={self._metrics}",
            "--allow-gpu-metrics=false",
            "--exit-timeout-secs=5",
            f"--backend-config=python,shm-region-prefix-name={self._prefix}",
            f"--backend-config=python,shm-default-byte-size={INITIAL_SHARED_MEMORY_BYTES}",
            *(self._security.arguments() if self._security else ()),
        ]
        env = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        env |= {
            "LD_LIBRARY_PATH": environment.library_path,
            # The stub finds its environment through the first python3 on the path.
            "PATH": f"{self._python.parent}:{os.defpath}",
            "OMP_NUM_THREADS": "1",  # instances are processes: more threads only get into each other's way
        }
        return Command(argv, env, self.data_dir, remove=[str(self.shared_memory)])

    def is_ready(self) -> bool:
        """Ask the server whether it and its models are ready."""
        return responds(f"{self.http_url}/v2/health/ready")

    def _assemble_backends(self, environment: TritonEnvironment) -> Path:
        """Assemble the folder of back ends: the wheel's Python back end with our version's stub, and what was given."""
        root = self.data_dir / "backends"
        shutil.rmtree(root, ignore_errors=True)
        python = root / "python"
        python.mkdir(parents=True)
        home = environment.wheel / "tritonserver"
        for name in ("libtriton_python.so", "triton_python_backend_utils.py"):
            shutil.copy(home / "backends" / "python" / name, python)
        stub = python / "triton_python_backend_stub"
        shutil.copy(home / "python_backend_stubs" / environment.version / stub.name, stub)
        stub.chmod(0o755)
        for folder in self._backends:
            shutil.copytree(folder, root / folder.name)
        return root

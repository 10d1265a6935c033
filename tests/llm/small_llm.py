"""A trained run of the recipe behind a real Triton: its model repository, and the server."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plugin.local.paths import ROOT
from plugin.local.triton import TritonServer
from plugin.models.package import hash_weights
from stream.feedback.models.llm import MODEL
from stream.model_repository import CONFIG_FILE, MODEL_REPOSITORY, write_parameter

BACKEND = ROOT / "tests" / "triton_backends" / "transformers"
PYTHON = ROOT / ".venv-training" / "bin" / "python"
RUN = "COUNTERPOINT_LLM_RUN"
"""The environment variable that names the folder of the run, and after a colon the part if it is not `final`."""


def run_and_part() -> tuple[Path, str]:
    """Return the run that is to be served, and which part of it."""
    run, _, part = os.environ[RUN].partition(":")
    return Path(run).resolve(), part or "final"


def write_repository(folder: Path, run: Path, part: str) -> Path:
    """Write a model repository with the configuration of `feedback_llm`, served by this run's weights."""
    model = folder / MODEL
    shutil.copytree(MODEL_REPOSITORY / MODEL, model)
    config = model / CONFIG_FILE
    config.write_text(config.read_text().replace('backend: "vllm"', f'backend: "{BACKEND.name}"'))
    write_parameter(model, "display_name", f"{run.name}, {part}, on a CPU")
    write_parameter(model, "weights", f"{run.name}-{part}-{hash_weights(run / part / 'model')[:12]}")
    settings = {
        "command": [str(PYTHON), "-m", "training.feedback", "serve", str(run), "--part", part],
        "folder": str(ROOT),
        "environment": {
            "HF_HUB_OFFLINE": "1",
            # On cores that others use too one thread is quicker than several that wait for each other.
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(os.cpu_count() or 1)),
        },
    }
    (model / "1" / "model.json").write_text(json.dumps(settings))
    return folder


@contextmanager
def served(folder: Path) -> Iterator[TritonServer]:
    """Serve the run that the environment names from a real Triton, with its data in `folder`."""
    repository = write_repository(folder / "models", *run_and_part())
    with TritonServer(folder / "triton", [MODEL], repository=repository, backends=[BACKEND]) as server:
        yield server

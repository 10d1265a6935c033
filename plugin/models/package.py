"""`counterpoint model package`: from the folder of a training run to a model folder that Triton serves.

The run says what it is in its `run.json` (docs/training.md): base model, method, what the answers look like, and where
the weights lie. Weights stay where they are: the operator mounts them, as with every model.
"""

import hashlib
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from stream.contracts.errors import Misconfigured
from stream.feedback.models.answer import SCHEMA_VERSION
from stream.feedback.models.llm import MODEL
from stream.feedback.models.prompt import PROMPT_VERSION
from stream.model_repository import MODEL_REPOSITORY, read_parameters, write_parameter

WEIGHTS_MOUNT: Final = "/weights"
"""Where the operator's weights stand inside the server (docker-compose.yml)."""
_DIGEST_CHARACTERS = 12  # of a SHA-256 in hex: enough to tell one's own models apart
_PICKLES = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib"})
_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM takes for max_lora_rank."""
_CHUNK = 1 << 20


class _Recipe(BaseModel):
    model_config = ConfigDict(frozen=True)

    method: Literal["full", "lora"]
    rank: int
    prompt: Literal["whole", "exchange"] = "whole"


class TrainingRun(BaseModel):
    """The part of `run.json` that serving depends on."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1]
    base_model: str
    arm: Literal["reasons", "labels"]
    recipe: _Recipe
    prompt_version: str
    schema_version: str
    weights: str | None


@dataclass(frozen=True)
class PackagedModel:
    """A model that was written into the model repository, and what a person has to do now."""

    folder: Path
    name: str
    """The model's, or the adapter's for `feedback.lora`."""
    weights: Path
    mounted: str
    """Where the server looks for `weights`."""
    base_model: str
    adapter: bool

    def next_steps(self) -> list[str]:
        """The steps that the operator takes next, in order."""
        if self.adapter:
            served = json.loads((self.folder / "1" / "model.json").read_text())["model"]
            chosen = [
                f'Set feedback.lora = "{self.name}".',
                f"The server must load what the adapter was trained on, {self.base_model}; it loads {served}.",
            ]
        else:
            chosen = ["Leave feedback.lora empty: the weights are the model."]
        return [
            f"Copy {self.weights} to where the server finds {self.mounted} (its mount: WEIGHTS in .env).",
            *chosen,
            'Set feedback.model = "llm" and restart Triton.',
            "Run counterpoint model check; after a pass, counterpoint model activate model-check/model-check.json.",
            "Name the file that it writes in feedback.activation. Until then the model rates nobody.",
        ]


def package_model(run: Path, out: Path = MODEL_REPOSITORY, *, name: str = "") -> PackagedModel:
    """Write a run's result into `out`/feedback_llm, and keep everything else in that folder.

    `name` is what people call the model; without it that of the base model.

    Raises:
        Misconfigured: the run is unfinished, of another version, or may not be served; or a file is a pickle.
    """
    training_run = _read_run(run)
    weights = run / str(training_run.weights)
    digest = hash_weights(weights)[:_DIGEST_CHARACTERS]
    base = Path(training_run.base_model).name
    folder = out / MODEL
    unique = f"{_slug(name or base)}-{digest}"
    mounted = f"{WEIGHTS_MOUNT}/{unique}"
    try:
        if not folder.exists():
            shutil.copytree(MODEL_REPOSITORY / MODEL, folder, ignore=shutil.ignore_patterns("__pycache__"))
        _check_folder(folder)
        if training_run.recipe.method == "full":
            _write_full_model(folder, name or f"{base}, fine-tuned", unique, mounted)
        else:
            _add_adapter(folder, unique, mounted, training_run.recipe.rank)
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{folder} cannot be used ({type(error).__name__}).") from None
    return PackagedModel(
        folder, unique, weights, mounted, training_run.base_model, adapter=training_run.recipe.method == "lora"
    )


def hash_weights(weights: Path) -> str:
    """The SHA-256, in hex, of all safetensors files of a folder, names and contents, in the order of their names.

    Raises:
        Misconfigured: there is none, or something there is a pickle, which may run anything when it is loaded.
    """
    files = sorted(path for path in weights.rglob("*") if path.is_file())
    for path in files:
        if path.suffix.lower() in _PICKLES:
            raise Misconfigured(f"{path} is a pickle: loading it may run anything. Keep weights as safetensors alone.")
    tensors = [path for path in files if path.suffix == ".safetensors"]
    if not tensors:
        raise Misconfigured(f"{weights} holds no safetensors file.")
    digest = hashlib.sha256()
    for path in tensors:
        digest.update(f"{path.relative_to(weights)}\n".encode())
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def _read_run(run: Path) -> TrainingRun:
    try:
        training_run = TrainingRun.model_validate_json((run / "run.json").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError):
        raise Misconfigured(f"{run} is no folder of `python -m training.feedback train`.") from None
    if training_run.arm == "labels":
        raise Misconfigured(
            f"{run} learnt levels alone, and the gate takes no level without evidence and reason. Train on data"
            " prepared with --arm reasons."
        )
    if training_run.recipe.prompt != "whole":
        raise Misconfigured(
            f"{run} learnt to read the exchange alone, and Triton's vLLM backend passes the whole prompt on. Train"
            " without --prompt exchange."
        )
    if (training_run.prompt_version, training_run.schema_version) != (PROMPT_VERSION, SCHEMA_VERSION):
        raise Misconfigured(
            f"{run} was trained for prompt {training_run.prompt_version} and schema {training_run.schema_version};"
            f" this version speaks {PROMPT_VERSION} and {SCHEMA_VERSION}. Prepare the data again, and train."
        )
    if training_run.weights is None:
        raise Misconfigured(f"{run} holds no model to serve yet: `python -m training.feedback train --final` makes it.")
    if not (run / training_run.weights).resolve().is_relative_to(run.resolve()):
        raise Misconfigured(f"{run}/run.json names weights outside the run.")
    return training_run


def _check_folder(folder: Path) -> None:
    """Check that everything that will be changed is there and of this version, before anything is changed."""
    parameters = read_parameters(folder)
    for name in ("prompt_version", "display_name", "weights"):
        if name not in parameters:
            raise Misconfigured(f"config.pbtxt says no {name}.")
    if parameters["prompt_version"] != PROMPT_VERSION:
        raise Misconfigured(f"{folder}/config.pbtxt is of another version: its prompt_version is not {PROMPT_VERSION}.")
    json.loads((folder / "1" / "model.json").read_text())


def _write_full_model(folder: Path, display: str, unique: str, mounted: str) -> None:
    """The weights become the model. Adapters of the weights before them go: they fit no others."""
    engine = _engine_config(folder)
    engine["model"] = mounted
    for key in ("enable_lora", "max_lora_rank"):
        engine.pop(key, None)
    write_parameter(folder, "display_name", display)
    write_parameter(folder, "weights", unique)
    _write_json(folder, "model.json", engine)
    (folder / "1" / "multi_lora.json").unlink(missing_ok=True)


def _add_adapter(folder: Path, unique: str, mounted: str, rank: int) -> None:
    """Add an adapter beside the weights; existing adapters stay."""
    path = folder / "1" / "multi_lora.json"
    adapters = json.loads(path.read_text()) if path.exists() else {}
    engine = _engine_config(folder)
    engine["enable_lora"] = "true"  # a text: so the backend reads it
    needed = max(rank, int(engine.get("max_lora_rank", _RANKS[0])))
    engine["max_lora_rank"] = next((size for size in _RANKS if size >= needed), needed)
    _write_json(folder, "multi_lora.json", adapters | {unique: mounted})
    _write_json(folder, "model.json", engine)


def _engine_config(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "1" / "model.json").read_text()))


def _write_json(folder: Path, name: str, content: dict[str, Any]) -> None:
    (folder / "1" / name).write_text(json.dumps(content, indent=2) + "\n")


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.") or "model"

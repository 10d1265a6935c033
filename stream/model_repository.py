"""The model repository: the folder of models that Triton serves, beside the code."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

from google.protobuf import text_format
from google.protobuf.text_encoding import CEscape
from tritonclient.grpc.model_config_pb2 import ModelConfig

MODEL_REPOSITORY = Path(__file__).parents[1] / "triton_models"
CONFIG_FILE = "config.pbtxt"


def version_folder(model: str, repository: Path = MODEL_REPOSITORY) -> Path:
    """Return the folder with the files of a model's only version."""
    return repository / model / "1"


def import_model_file(file: Path, package: str) -> ModuleType:
    """Import a model's Python file as `package`, whose modules are the files beside it, as inside Triton.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if not file.exists():
        raise FileNotFoundError(file)
    spec = importlib.util.spec_from_file_location(package, file, submodule_search_locations=[str(file.parent)])
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[package] = module
    spec.loader.exec_module(module)
    return module


def read_parameters(model_folder: Path) -> dict[str, str]:
    """Return the `parameters` of a model's config.pbtxt.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is not a Triton model configuration.
    """
    try:
        config = text_format.Parse((model_folder / CONFIG_FILE).read_text(encoding="utf-8"), ModelConfig())
    except text_format.ParseError as error:
        raise ValueError(f"{model_folder / CONFIG_FILE} is not a model configuration ({error})") from None
    return {name: parameter.string_value for name, parameter in config.parameters.items()}


def write_parameter(model_folder: Path, name: str, value: str) -> None:
    """Change one of the `parameters` of a model's config.pbtxt; the rest of the file stays, comments included.

    Raises:
        OSError: the file cannot be read or written.
        ValueError: the file has no such parameter as `key: "NAME" value { string_value: "VALUE" }`.
    """
    path = model_folder / CONFIG_FILE
    pattern = rf'(\bkey:\s*"{re.escape(name)}"\s+value\s*\{{\s*string_value:\s*)"(?:[^"\\\n]|\\.)*"'
    replacement = f'"{CEscape(value, as_utf8=True)}"'
    text, count = re.subn(pattern, lambda match: match[1] + replacement, path.read_text(encoding="utf-8"))
    if count != 1:
        raise ValueError(f"{path} has no parameter {name}")
    path.write_text(text, encoding="utf-8")

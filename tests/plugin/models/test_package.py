"""Packaging turns a training run into the folder that Triton serves, with names by hash and without pickles."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from plugin.cli import app
from plugin.models.package import hash_weights, package_model
from stream.contracts.errors import Misconfigured
from stream.feedback.models.answer import SCHEMA_VERSION
from stream.feedback.models.prompt import PROMPT_VERSION
from stream.model_repository import MODEL_REPOSITORY, read_parameters

TENSORS = {"model-00001.safetensors": b"one", "model-00002.safetensors": b"two"}


def run_folder(path: Path, method: str = "full", **changes: Any) -> Path:
    """A run as the recipe leaves it."""
    weights = path / "final" / "model"
    weights.mkdir(parents=True)
    for name, content in TENSORS.items():
        (weights / name).write_bytes(content)
    (weights / "config.json").write_text("{}")
    told = {
        "format": 1,
        "base_model": "some/Base-Model 8B",
        "arm": "reasons",
        "recipe": {"method": method, "rank": 16, "learning_rate": 1e-4},
        "prompt_version": PROMPT_VERSION,
        "rubric": "0.2",
        "schema_version": SCHEMA_VERSION,
        "weights": "final/model",
        "items": 12,
    }
    (path / "run.json").write_text(json.dumps(told | changes))
    return path


def engine(out: Path) -> dict[str, Any]:
    """Return the configuration that the vLLM engine reads."""
    return dict(json.loads((out / "feedback_llm" / "1" / "model.json").read_text()))


def expected_hash() -> str:
    """Names and contents, in the order of names."""
    digest = hashlib.sha256()
    for name, content in TENSORS.items():
        digest.update(f"{name}\n".encode() + content)
    return digest.hexdigest()


def test_weights_are_named_by_their_content(tmp_path: Path) -> None:
    """Other files beside them change nothing; a tensor more does."""
    weights = run_folder(tmp_path) / "final" / "model"
    assert hash_weights(weights) == expected_hash()
    (weights / "tokenizer.json").write_text("{}")
    assert hash_weights(weights) == expected_hash()
    (weights / "model-00003.safetensors").write_bytes(b"")
    assert hash_weights(weights) != expected_hash()


def test_all_weights_become_the_model(tmp_path: Path) -> None:
    """Path, name and hash change; everything else of the folder stays."""
    done = package_model(run_folder(tmp_path / "run"), tmp_path / "out")
    unique = f"base-model-8b-{expected_hash()[:12]}"
    before = json.loads((MODEL_REPOSITORY / "feedback_llm" / "1" / "model.json").read_text())
    assert engine(tmp_path / "out") == before | {"model": f"/weights/{unique}"}
    lines = (MODEL_REPOSITORY / "feedback_llm" / "config.pbtxt").read_text().splitlines()
    changed = set((tmp_path / "out" / "feedback_llm" / "config.pbtxt").read_text().splitlines()) - set(lines)
    assert changed == {
        'parameters { key: "display_name" value { string_value: "Base-Model 8B, fine-tuned" } }',
        f'parameters {{ key: "weights" value {{ string_value: "{unique}" }} }}',
    }
    assert (done.name, done.adapter, done.mounted) == (unique, False, f"/weights/{unique}")


def test_an_adapter_stands_beside_the_weights(tmp_path: Path) -> None:
    """The model's name and weights stay what they are; LoRA is switched on as the backend reads it."""
    out = tmp_path / "out"
    done = package_model(run_folder(tmp_path / "run", "lora"), out, name="Night shift")
    assert done.name == f"night-shift-{expected_hash()[:12]}"
    before = json.loads((MODEL_REPOSITORY / "feedback_llm" / "1" / "model.json").read_text())
    assert engine(out) == before | {"enable_lora": "true", "max_lora_rank": 16}
    adapters = json.loads((out / "feedback_llm" / "1" / "multi_lora.json").read_text())
    assert adapters == {done.name: f"/weights/{done.name}"}
    config = (out / "feedback_llm" / "config.pbtxt").read_text()
    assert config == (MODEL_REPOSITORY / "feedback_llm" / "config.pbtxt").read_text()


@pytest.mark.parametrize(("rank", "room"), [(4, 8), (16, 16), (20, 32), (512, 512)])
def test_there_is_room_for_the_adapters_rank(rank: int, room: int, tmp_path: Path) -> None:
    """The engine's LoRA rank limit is the smallest size known to the engine that fits the adapter."""
    package_model(run_folder(tmp_path / "run", recipe={"method": "lora", "rank": rank}), tmp_path / "out")
    assert engine(tmp_path / "out")["max_lora_rank"] == room


def test_a_second_adapter_leaves_the_first(tmp_path: Path) -> None:
    """A second adapter keeps the first, the operator's settings, and the room for a larger rank."""
    out = tmp_path / "out"
    first = package_model(run_folder(tmp_path / "one", recipe={"method": "lora", "rank": 64}), out)
    path = out / "feedback_llm" / "1" / "model.json"
    path.write_text(json.dumps(engine(out) | {"tensor_parallel_size": 2}))
    second = package_model(run_folder(tmp_path / "two", "lora"), out, name="other")
    adapters = json.loads((out / "feedback_llm" / "1" / "multi_lora.json").read_text())
    assert set(adapters) == {first.name, second.name}
    assert (engine(out)["tensor_parallel_size"], engine(out)["max_lora_rank"]) == (2, 64)


def test_new_weights_remove_the_adapters_of_the_old_weights(tmp_path: Path) -> None:
    """New weights remove the adapters of the old weights, which do not fit them."""
    package_model(run_folder(tmp_path / "one", "lora"), tmp_path / "out")
    package_model(run_folder(tmp_path / "two"), tmp_path / "out")
    assert not (tmp_path / "out" / "feedback_llm" / "1" / "multi_lora.json").exists()
    assert not {"enable_lora", "max_lora_rank"} & set(engine(tmp_path / "out"))


@pytest.mark.parametrize("name", ["training_args.bin", "optimizer.pt", "deep/er/x.PKL", "model.ckpt"])
def test_pickles_are_refused(name: str, tmp_path: Path) -> None:
    """Pickles in any folder are refused, and nothing is written."""
    run = run_folder(tmp_path / "run")
    path = run / "final" / "model" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    with pytest.raises(Misconfigured, match="is a pickle"):
        package_model(run, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"arm": "labels"}, "learnt levels alone"),
        ({"prompt_version": "1"}, "was trained for prompt 1"),
        ({"schema_version": "1"}, "schema 1"),
        ({"weights": None}, "--final"),
        ({"weights": "../elsewhere"}, "outside the run"),
        ({"weights": "final"}, None),
        ({"weights": "nowhere"}, "holds no safetensors"),
        ({"format": 2}, "is no folder of"),
        ({"recipe": {}}, "is no folder of"),
        ({"recipe": {"method": "lora", "rank": 8, "prompt": "exchange"}}, "the exchange alone"),
    ],
)
def test_what_may_not_be_served_is_refused(changes: dict[str, Any], said: str | None, tmp_path: Path) -> None:
    """Files that may not be served are refused with a sentence that says what to do."""
    run = run_folder(tmp_path / "run", **changes)
    if said is None:
        package_model(run, tmp_path / "out")
        return
    with pytest.raises(Misconfigured, match=said):
        package_model(run, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_of_another_version_is_left_as_it_is(tmp_path: Path) -> None:
    """A folder of another version is left unchanged, because its prompt is not the one the model was trained with."""
    out = tmp_path / "out"
    package_model(run_folder(tmp_path / "run"), out)
    config = out / "feedback_llm" / "config.pbtxt"
    config.write_text(config.read_text().replace(f'string_value: "{PROMPT_VERSION}"', 'string_value: "0"'))
    before = config.read_text(), engine(out)
    with pytest.raises(Misconfigured, match="prompt_version"):
        package_model(run_folder(tmp_path / "two", "lora"), out)
    assert (config.read_text(), engine(out)) == before


def test_a_name_cannot_break_the_configuration(tmp_path: Path) -> None:
    """A model name with quotation marks and a backslash cannot break the configuration."""
    package_model(run_folder(tmp_path / "run"), tmp_path / "out", name='A "fine" \\ model')
    assert read_parameters(tmp_path / "out" / "feedback_llm")["display_name"] == 'A "fine" \\ model'


@pytest.mark.parametrize(("method", "set_to"), [("full", "Leave feedback.lora empty"), ("lora", "Set feedback.lora =")])
def test_the_command_says_what_is_left_to_do(method: str, set_to: str, tmp_path: Path) -> None:
    """Mount, settings, check, activate; and where the weights come from."""
    run = run_folder(tmp_path / "run", method)
    done = CliRunner().invoke(app, ["model", "package", str(run), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    for shown in (str(run / "final" / "model"), "/weights/", set_to, "model check", "model activate"):
        assert shown in done.output

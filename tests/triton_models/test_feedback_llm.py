"""The production model's folder is loaded by a real Triton with a stand-in engine."""

import json

from tritonclient import grpc

from plugin.local.triton import TritonServer
from stream.feedback.models.llm import MAX_TOKENS, MODEL
from stream.feedback.models.prompt import MAX_EXCHANGE_CODE_POINTS, render_prompt
from stream.model_repository import MODEL_REPOSITORY
from tests.stream.feedback.builders import prepared

VLLM_BACKEND = {
    "text_input": ("TYPE_STRING", False),
    "stream": ("TYPE_BOOL", True),
    "sampling_parameters": ("TYPE_STRING", True),
    "exclude_input_in_output": ("TYPE_BOOL", True),
    "return_finish_reason": ("TYPE_BOOL", True),
}
"""Of the inputs that triton-inference-server/vllm_backend documents, those we send: type, and whether optional."""


def test_the_folder_loads_with_the_tensors_of_the_vllm_backend(triton: TritonServer) -> None:
    """Inputs and outputs are completed by the backend, decoupled and without Triton's own batching."""
    client = grpc.InferenceServerClient(triton.grpc_url)
    config = client.get_model_config(MODEL, as_json=True)["config"]
    client.close()
    inputs = {one["name"]: (one["data_type"], one.get("optional", False)) for one in config["input"]}
    outputs = {one["name"]: one["data_type"] for one in config["output"]}
    assert inputs == VLLM_BACKEND
    assert outputs == {"text_output": "TYPE_STRING", "finish_reason": "TYPE_STRING"}
    assert config["model_transaction_policy"]["decoupled"] is True
    assert int(config.get("max_batch_size", 0)) == 0
    assert config["backend"] == "vllm"


def test_the_longest_prompt_and_answer_fit_the_model() -> None:
    """The longest prompt and answer fit the model at three code points per token."""
    engine = json.loads((MODEL_REPOSITORY / MODEL / "1" / "model.json").read_text())
    long = "word " * (MAX_EXCHANGE_CODE_POINTS // 5)
    prompt = render_prompt(prepared(context=[long] * 3, client=["No."])[0].shown, boundary="0123456789abcdef")
    assert len(prompt) / 3 + MAX_TOKENS < engine["max_model_len"]


def test_the_weights_are_the_operators_to_mount() -> None:
    """The repository holds the model's configuration only, because operators mount the weights."""
    files = {path.name for path in (MODEL_REPOSITORY / MODEL).rglob("*") if path.is_file()}
    assert files == {"config.pbtxt", "model.json"}

"""A back end of Triton that serves a small trained model on a CPU, with the tensors of the vLLM backend.

Nothing of the answers is scripted: they come from the weights. The model needs packages that the Python of this server
cannot hold (its stub dies with numpy 2), so `model.json` beside the model's version names the command that answers
requests by line (training/feedback/serve.py). One request is answered at a time.
"""

import json
import os
import queue
import subprocess
import threading
from pathlib import Path
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

INPUTS = {
    "text_input": ("TYPE_STRING", False),
    "stream": ("TYPE_BOOL", True),
    "sampling_parameters": ("TYPE_STRING", True),
    "exclude_input_in_output": ("TYPE_BOOL", True),
    "return_finish_reason": ("TYPE_BOOL", True),
}
OUTPUTS = ("text_output", "finish_reason")
KEYS = ("structured_outputs", "guided_decoding")
READY = "ready"
FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL
END_S = 5.0


class TritonPythonModel:
    """The class that Triton's Python backend loads and calls."""

    @staticmethod
    def auto_complete_config(config: Any) -> Any:
        """Complete inputs and outputs as the vLLM backend does, and set batch size and decoupling as it does."""
        for name, (data_type, optional) in INPUTS.items():
            tensor = {"name": name, "data_type": data_type, "dims": [1]}
            config.add_input({**tensor, "optional": True} if optional else tensor)
        for name in OUTPUTS:
            config.add_output({"name": name, "data_type": "TYPE_STRING", "dims": [-1]})
        config.set_model_transaction_policy({"decoupled": True})
        config.set_max_batch_size(0)
        return config

    def initialize(self, _args: dict[str, str]) -> None:
        """Start what answers, and wait until it is ready."""
        settings = json.loads((Path(pb_utils.get_model_dir()) / "model.json").read_text())
        # Without this server's library path: the other Python has libraries of its own.
        env = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        self._process = subprocess.Popen(
            settings["command"],
            cwd=settings["folder"],
            env={**env, "PATH": os.defpath, **settings["environment"]},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # whatever a library says there could quote the chat
            text=True,
        )
        if self._process.stdout.readline().strip() != READY:
            raise pb_utils.TritonModelException("the model did not start; run the command in model.json by hand")
        self._requests: queue.Queue[Any] = queue.Queue()
        threading.Thread(target=self._answer_all, daemon=True).start()

    def execute(self, requests: list[Any]) -> None:
        """Put each request into the queue."""
        for request in requests:
            self._requests.put(request)

    def finalize(self) -> None:
        """End what answers."""
        self._process.stdin.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _answer_all(self) -> None:
        while True:
            request = self._requests.get()
            sender = request.get_response_sender()
            try:
                self._answer(request, sender)
            except Exception as error:  # noqa: BLE001 - as the vLLM backend: every failure becomes an answer
                _fail(sender, type(error).__name__)

    def _answer(self, request: Any, sender: Any) -> None:
        if sender.is_cancelled():  # nobody waits for it any more
            error = pb_utils.TritonError("Request was cancelled", pb_utils.TritonError.CANCELLED)
            sender.send(pb_utils.InferenceResponse(error=error), flags=FINAL)
            return
        print(json.dumps(_to_line(request)), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            _fail(sender, answer["error"])
        else:
            _send(sender, answer["text"], answer["finish_reason"])


def _to_line(request: Any) -> dict[str, Any]:
    sampling = json.loads(_get(request, "sampling_parameters", b"{}"))
    schema = next(json.loads(sampling[key])["json"] for key in KEYS if key in sampling)
    if sampling.get("temperature") != 0 or "lora_name" in sampling:
        raise ValueError("only the likeliest answer of these weights is served")
    if not _get(request, "exclude_input_in_output", False):
        raise ValueError("the prompt would stand before the answer")
    prompt = _get(request, "text_input").decode()
    return {"prompt": prompt, "answer_schema": schema, "max_tokens": sampling["max_tokens"]}


def _get(request: Any, name: str, default: Any = None) -> Any:
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return default if tensor is None else tensor.as_numpy().reshape(-1)[0]


def _send(sender: Any, text: str, finish_reason: str) -> None:
    tensors = [("text_output", text), ("finish_reason", finish_reason)]
    values = [pb_utils.Tensor(name, np.array([value.encode()], dtype=object)) for name, value in tensors]
    sender.send(pb_utils.InferenceResponse(values), flags=FINAL)


def _fail(sender: Any, kind: str) -> None:
    output = pb_utils.Tensor("text_output", np.array([b"N/A"], dtype=object))
    sender.send(pb_utils.InferenceResponse([output], error=pb_utils.TritonError(f"Error: {kind}")), flags=FINAL)

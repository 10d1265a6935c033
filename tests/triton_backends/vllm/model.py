"""A stand-in for the engine of Triton's vLLM backend, with the same tensors and scripted answers.

The server around it is the real one. A word such as `script:cut` in the exchange chooses what happens; without one the
answer is a good one. As the real backend does, it requires exclude_input_in_output, sampling parameters as JSON with
the schema as JSON inside, and no second begin-of-text token.
"""

import json
import re
import threading
import time
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
MECHANISMS = ("respect_for_autonomy", "stance_alignment", "emotional_resonance", "conversational_orientation")
MESSAGE = re.compile(r"^\[(\d+)\] (context|client_turn|reply) \w+: (.*)$", re.MULTILINE)
KEY = "structured_outputs"  # what the backend has called a schema since release 25.11
LORAS = {"warm"}  # as if multi_lora.json named one
SCRIPT = re.compile(r"script:(\w+)")
FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL
SLOW_S = 20.0
STEADY_S = 0.1
STEP_S = 0.02


class TritonPythonModel:
    """The class that Triton's Python backend loads and calls."""

    @staticmethod
    def auto_complete_config(config: Any) -> Any:
        """Complete inputs and outputs as the real backend does, and set batch size and decoupling as it does."""
        for name, (data_type, optional) in INPUTS.items():
            tensor = {"name": name, "data_type": data_type, "dims": [1]}
            config.add_input({**tensor, "optional": True} if optional else tensor)
        for name in OUTPUTS:
            config.add_output({"name": name, "data_type": "TYPE_STRING", "dims": [-1]})
        config.set_model_transaction_policy({"decoupled": True})
        config.set_max_batch_size(0)
        return config

    def execute(self, requests: list[Any]) -> None:
        """Answer each request from a thread of its own."""
        for request in requests:
            threading.Thread(target=_run, args=(request,), daemon=True).start()


def _run(request: Any) -> None:
    sender = request.get_response_sender()
    try:
        prompt = _checked(request)
        script = SCRIPT.search(prompt)
        SCRIPTS[script[1] if script else "good"](sender, prompt)
    except Exception as error:  # noqa: BLE001 - as the real backend: every failure becomes an answer
        _fail(sender, str(error))


def _checked(request: Any) -> str:
    prompt = _get(request, "text_input").decode()
    sampling = json.loads(_get(request, "sampling_parameters", b"{}"))
    schema = json.loads(sampling[KEY])["json"]
    if sampling.get("lora_name", "warm") not in LORAS:
        raise ValueError(f"unknown adapter {sampling['lora_name']}")
    if not _get(request, "exclude_input_in_output", False):
        raise ValueError("the prompt would stand before the answer")
    if "<|begin_of_text|>" in prompt or schema["type"] != "object" or sampling["max_tokens"] <= 16:
        raise ValueError("the request would not do on the real backend")
    return prompt


def _get(request: Any, name: str, default: Any = None) -> Any:
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return default if tensor is None else tensor.as_numpy().reshape(-1)[0]


def _send(sender: Any, text: str, finish_reason: str, flags: int = FINAL) -> None:
    tensors = [("text_output", text), ("finish_reason", finish_reason)]
    values = [pb_utils.Tensor(name, np.array([value.encode()], dtype=object)) for name, value in tensors]
    sender.send(pb_utils.InferenceResponse(values), flags=flags)


def _fail(sender: Any, message: str) -> None:
    """Send a text_output of "N/A" beside an error that quotes the request, as the real backend does."""
    output = pb_utils.Tensor("text_output", np.array([b"N/A"], dtype=object))
    error = pb_utils.TritonError(f"Error generating stream: {message}")
    sender.send(pb_utils.InferenceResponse([output], error=error), flags=FINAL)


def _answer(prompt: str, wrong: tuple[str, ...] = (), **changes: Any) -> str:
    messages = {part: (int(number), text) for number, part, text in MESSAGE.findall(prompt)}
    number, reply = messages["reply"]
    quote = " ".join(reply.split()[:5])
    ratings = [
        {
            "mechanism": mechanism,
            "evidence": [{"message": number, "quote": "words that nobody wrote" if mechanism in wrong else quote}],
            "reason": "The reply takes up what was said.",
            "level": 1,
        }
        for mechanism in MECHANISMS
    ]
    alternative = {"text": "What would you like instead?", "mechanism": MECHANISMS[0]}
    answer = {
        "critical_content": None,
        "verdict": "confirmed",
        "resistance_type": "pessimism",
        "ratings": ratings,
        "strengths": [],
        "alternatives": [alternative],
        "abstain": False,
        "abstain_reason": "",
    }
    return json.dumps({**answer, **changes})


def _good(sender: Any, prompt: str) -> None:
    _send(sender, _answer(prompt), "stop")


def _cut(sender: Any, prompt: str) -> None:
    whole = _answer(prompt)
    _send(sender, whole[: len(whole) // 2], "length")


def _error(sender: Any, prompt: str) -> None:
    _fail(sender, prompt[-200:])


def _wrong_quote(sender: Any, prompt: str) -> None:
    _send(sender, _answer(prompt, wrong=MECHANISMS[2:3]), "stop")


def _wrong_quotes(sender: Any, prompt: str) -> None:
    _send(sender, _answer(prompt, wrong=MECHANISMS[:2]), "stop")


def _repair(sender: Any, prompt: str) -> None:
    repaired = "could not be used" in prompt
    _send(sender, _answer(prompt, wrong=() if repaired else MECHANISMS), "stop")


def _prose(sender: Any, _prompt: str) -> None:
    _send(sender, "Certainly! Here is my feedback on the exchange: it was warm.", "stop")


def _abstain(sender: Any, prompt: str) -> None:
    _send(sender, _answer(prompt, abstain=True, abstain_reason="Not English."), "stop")


def _chunks(sender: Any, prompt: str) -> None:
    whole = _answer(prompt)
    for start in range(0, len(whole), 200):
        last = start + 200 >= len(whole)
        _send(sender, whole[start : start + 200], "stop" if last else "None", FINAL if last else 0)


def _broken(sender: Any, prompt: str) -> None:
    _send(sender, _answer(prompt)[:40], "None", flags=0)
    sender.send(flags=FINAL)


def _steady(sender: Any, prompt: str) -> None:
    time.sleep(STEADY_S)
    _good(sender, prompt)


def _slow(sender: Any, prompt: str) -> None:
    pb_utils.Logger.log_info("stand-in engine: slow request begun")
    ends = time.monotonic() + SLOW_S
    while time.monotonic() < ends:
        if sender.is_cancelled():
            pb_utils.Logger.log_info("stand-in engine: request cancelled")
            error = pb_utils.TritonError("Request was cancelled", pb_utils.TritonError.CANCELLED)
            sender.send(pb_utils.InferenceResponse(error=error), flags=FINAL)
            return
        time.sleep(STEP_S)
    _good(sender, prompt)


SCRIPTS = {
    "good": _good,
    "cut": _cut,
    "error": _error,
    "wrong_quote": _wrong_quote,
    "wrong_quotes": _wrong_quotes,
    "repair": _repair,
    "prose": _prose,
    "abstain": _abstain,
    "chunks": _chunks,
    "broken": _broken,
    "steady": _steady,
    "slow": _slow,
}

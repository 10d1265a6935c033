"""The back end for small trained models passes requests on to another process, inside a real Triton."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugin.local.triton import TritonServer
from stream.feedback.models.answer import UnusableAnswer
from stream.feedback.models.base import CANARY, Deadline, RequestFailed
from stream.feedback.models.few_shots import FEW_SHOTS
from stream.feedback.models.llm import MODEL, TritonLlm
from stream.feedback.models.triton import TritonConnection
from stream.model_repository import CONFIG_FILE, MODEL_REPOSITORY
from stream.runtime.triton import TritonAccess
from tests.fixtures.stack import BACKENDS

SCRIPT = f"""
import json, sys
answers = iter([
    {{"text": {json.dumps(FEW_SHOTS[0].answer_json)}, "finish_reason": "stop"}},
    {{"text": "{{", "finish_reason": "length"}},
    {{"error": "RuntimeError"}},
])
print("ready", flush=True)
for line in sys.stdin:
    request = json.loads(line)
    assert request["answer_schema"]["title"] == "ModelAnswer" and request["max_tokens"] == 1600
    print(json.dumps(next(answers)), flush=True)
"""


@pytest.fixture(scope="module")
def server(run_dir: Path) -> Iterator[TritonServer]:
    """Yield a real Triton with the back end and, in the place of weights, three answers."""
    folder = run_dir / "transformers-backend"
    shutil.copytree(MODEL_REPOSITORY / MODEL, folder / "models" / MODEL)
    config = folder / "models" / MODEL / CONFIG_FILE
    config.write_text(config.read_text().replace('backend: "vllm"', 'backend: "transformers"'))
    settings = {"command": [sys.executable, "-c", SCRIPT], "folder": str(folder), "environment": {}}
    (folder / "models" / MODEL / "1" / "model.json").write_text(json.dumps(settings))
    with TritonServer(
        folder / "triton", [MODEL], repository=folder / "models", backends=[BACKENDS / "transformers"]
    ) as running:
        yield running


async def test_answers_cut_answers_and_errors_arrive_as_such(server: TritonServer) -> None:
    """An answer is read, a cut one is unusable, and an error is a failed request that tells nothing of the chat."""
    model = TritonLlm(TritonConnection(TritonAccess(server.grpc_url)))
    try:
        answer = await model.assess(CANARY, deadline=Deadline.after(30))
        assert answer.verdict == FEW_SHOTS[0].answer["verdict"]
        with pytest.raises(UnusableAnswer, match="cut"):
            await model.assess(CANARY, deadline=Deadline.after(30))
        with pytest.raises(RequestFailed, match="model_error"):
            await model.assess(CANARY, deadline=Deadline.after(30))
    finally:
        await model.close()

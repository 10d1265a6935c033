"""A small Llama, tuned by our recipe, keeps the contract of every feedback model behind a real Triton.

`make test-llm RUN=folder` runs it; no part of `make test`, since it needs `.venv-training`, weights and an hour. What
the model says is its own: the tests that know an answer beforehand are left to the stand-in engine.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from plugin.local.triton import TritonServer
from tests.llm.small_llm import served
from tests.stream.feedback.models import models_under_test
from tests.stream.feedback.models import test_model_contract as contract

DEADLINE_S = 900.0
"""Seconds for one answer, which took over four minutes on a busy machine."""
SIDE_BY_SIDE = 3


@pytest.fixture(scope="module")
def triton(run_dir: Path) -> Iterator[TritonServer]:
    """Yield a real Triton with the tuned model."""
    with served(run_dir / "llm") as server:
        yield server


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the model the time that a CPU takes."""
    monkeypatch.setattr(models_under_test, "DEADLINE_S", DEADLINE_S)
    monkeypatch.setattr(contract, "SIDE_BY_SIDE", SIDE_BY_SIDE)


async def test_it_says_what_decides_its_answers(triton: TritonServer) -> None:
    """The model reports its name, weights, prompt, rubric and schema after the first canary."""
    await contract.test_it_says_what_decides_its_answers("tuned", triton)


async def test_its_answer_passes_the_gate(triton: TritonServer) -> None:
    """The model's answer passes the gate: whatever it says, nothing of it is refused."""
    await contract.test_its_answer_passes_the_gate("tuned", triton)


async def test_a_turn_without_a_reply_gets_a_verdict_that_passes_the_gate(triton: TritonServer) -> None:
    """The model says of a turn without a reply whether it is resistance, in one request and with nothing refused."""
    await contract.test_a_turn_without_a_reply_gets_a_verdict_that_passes_the_gate("tuned", triton)


async def test_it_answers_the_same_to_the_same(triton: TritonServer) -> None:
    """A redelivery finds the answer it has already given."""
    await contract.test_it_answers_the_same_to_the_same("tuned", triton)


@pytest.mark.parametrize("text", contract.UNUSUAL)
async def test_any_words_are_words(text: str, triton: TritonServer) -> None:
    """Any text gives one answer or abstention, from one request or two."""
    await contract.test_any_words_are_words("tuned", text, triton)


async def test_many_requests_side_by_side_each_get_their_own_answer(triton: TritonServer) -> None:
    """Concurrent requests each get their own answer."""
    await contract.test_many_requests_side_by_side_each_get_their_own_answer("tuned", triton)


async def test_no_known_name_is_in_the_bytes_sent(triton: TritonServer) -> None:
    """No known name, phone number or address is in the bytes sent."""
    await contract.test_no_known_name_is_in_the_bytes_sent("tuned", triton)

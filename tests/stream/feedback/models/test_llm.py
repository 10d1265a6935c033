"""The language model runs behind a real Triton with a stand-in engine; the contract tests cover the adapter."""

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from llguidance import LLMatcher, LLTokenizer

from plugin.local.triton import TritonServer
from stream.contracts.errors import CounterpointError, Misconfigured, Unavailable
from stream.contracts.feedback import Assessment
from stream.contracts.vocabulary import NeedsHuman
from stream.feedback.models.answer import UnusableAnswer
from stream.feedback.models.base import CANARY, Deadline, RequestFailed
from stream.feedback.models.few_shots import FEW_SHOTS, FewShot
from stream.feedback.models.llm import (
    STRUCTURED_OUTPUTS,
    TritonLlm,
    answer_schema,
    random_boundary,
    sampling_parameters,
)
from stream.feedback.models.prompt import PROMPT_VERSION
from stream.feedback.models.triton import TritonConnection
from stream.runtime.triton import TritonAccess
from tests.stream.feedback.builders import REPLY, answer_json, assessor, prepared, record
from tests.stream.feedback.models.models_under_test import opened
from tests.stream.feedback.models.test_baseline import Stranger


@pytest.mark.parametrize("key", STRUCTURED_OUTPUTS)
def test_all_sampling_values_are_given_and_the_schema_is_json_inside_the_json(key: str) -> None:
    """The backend has no useful defaults, and takes the schema in this form alone, by either of its names."""
    values = json.loads(sampling_parameters(key=key))
    schema = json.loads(values.pop(key))["json"]
    assert schema == answer_schema()
    assert values == {"temperature": 0, "seed": 0, "max_tokens": 1600, "stop_token_ids": [128001, 128008, 128009]}


@pytest.mark.parametrize(
    ("changes", "valid"),
    [
        ({}, True),
        ({"verdict": "rejected", "resistance_type": None}, True),
        ({"verdict": "not_assessed"}, False),
        ({"resistance_type": "stubborn"}, False),
        ({"score": 5}, False),
        ({"ratings": []}, False),
        ({"critical_content": "delusion"}, True),
        ({"critical_content": "delusion", "critical_is_sure": False}, False),
        ({"critical_content": "sadness"}, False),
        ({"alternatives": [{"text": "Which one?", "mechanism": "stance_alignment"}]}, True),
        ({"alternatives": [{"text": "Which one?", "mechanism": "stance_alignment", "written_id": None}]}, False),
        ({"alternatives": [{"text": "Which one?", "mechanism": "stance_alignment", "written_for": "x"}]}, False),
        ({"alternatives": [{"text": "Which one?", "mechanism": "stance_alignment", "score": 1}]}, False),
        ({"possible_injection": False}, False),
        ({"confidence": 0.9}, False),
    ],
)
def test_decoding_is_held_to_what_the_gate_reads(changes: dict[str, Any], valid: bool) -> None:
    """The decoding schema accepts only answers that the gate can read, and never "not assessed"."""
    errors = list(jsonschema.Draft202012Validator(answer_schema()).iter_errors(json.loads(answer_json(**changes))))
    assert (not errors) is valid


def test_the_model_writes_the_words_first_and_the_level_last() -> None:
    """Decoding follows the order of the schema: evidence, reason, level."""
    assert list(answer_schema()["$defs"]["RatedMechanism"]["properties"]) == [  # type: ignore[index]
        "mechanism",
        "evidence",
        "reason",
        "level",
    ]


def test_it_says_first_whether_a_person_must_look_and_leaves_nothing_out() -> None:
    """A model that skips a field has not thought about it."""
    schema = answer_schema()
    assert schema["required"] == list(schema["properties"])  # type: ignore[call-overload]
    assert schema["required"][0] == "critical_content"  # type: ignore[index]


@pytest.fixture(scope="module")
def decoding() -> Callable[[str], bool]:
    """Whether a real engine of constrained decoding, one of those vLLM uses, lets a whole answer through."""
    tokens = LLTokenizer("byte")
    grammar = LLMatcher.grammar_from_json_schema(answer_schema())
    assert LLMatcher(tokens, grammar).get_error() == ""

    def lets_through(answer: str) -> bool:
        matcher = LLMatcher(tokens, grammar, log_level=0)
        return matcher.consume_tokens(tokens.tokenize_str(answer)) and matcher.is_accepting()

    return lets_through


@pytest.mark.parametrize("shot", FEW_SHOTS, ids=["resists", "does not resist", "needs a person"])
def test_an_engine_of_constrained_decoding_takes_our_schema(shot: FewShot, decoding: Callable[[str], bool]) -> None:
    """References, bounds and all; every worked example can be decoded under it."""
    assert decoding(shot.answer_json)


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "not_assessed"},
        {"score": 5},
        {"strengths": ["a", "b", "c", "d", "e"]},
        {"abstain_reason": "x" * 401},
    ],
    ids=["no verdict", "another field", "too many", "too long"],
)
def test_nothing_else_can_be_decoded_under_it(change: dict[str, Any], decoding: Callable[[str], bool]) -> None:
    """The decoding grammar has the bounds that the reader of answers has."""
    assert not decoding(json.dumps(FEW_SHOTS[0].answer | change))


def test_an_adapter_is_named_in_the_sampling_values() -> None:
    """The adapter of the settings is named in the sampling values; without one the weights answer alone."""
    assert json.loads(sampling_parameters(lora="warm"))["lora_name"] == "warm"
    assert "lora_name" not in json.loads(sampling_parameters())


def test_nobody_can_know_the_boundary() -> None:
    """The boundary in the prompt cannot be guessed, because each request has a new one of 64 bits."""
    drawn = {random_boundary() for _ in range(100)}
    assert len(drawn) == 100
    assert {len(one) for one in drawn} == {16}


@pytest.mark.parametrize(
    ("script", "raised", "code"),
    [
        ("cut", UnusableAnswer, "cut"),
        ("prose", UnusableAnswer, "bad_json"),
        ("error", RequestFailed, "model_error"),
        ("broken", RequestFailed, "broken_stream"),
        ("slow", RequestFailed, "deadline_exceeded"),
    ],
)
async def test_no_broken_answer_passes_for_one(
    script: str, raised: type[Exception], code: str, triton: TritonServer
) -> None:
    """Cut JSON, prose, "N/A" beside an error, half a stream, no answer in time."""
    one, _ = prepared(client=[f"script:{script}"])
    async with opened("llm", triton) as (model, _):
        with pytest.raises(CounterpointError) as caught:
            await model.assess(one.shown, deadline=Deadline.after(1))
    assert isinstance(caught.value, raised)
    assert code in str(caught.value)


@pytest.mark.parametrize(
    ("script", "levels"),
    [
        ("good", [1, 1, 1, 1]),
        ("chunks", [1, 1, 1, 1]),
        ("repair", [1, 1, 1, 1]),
        ("wrong_quote", [1, 1, None, 1]),
    ],
)
async def test_what_stands_of_an_answer_is_stored(script: str, levels: list[int | None], triton: TritonServer) -> None:
    """Only the usable parts of an answer are stored, whether it is whole, in pieces or repaired."""
    one = await answered(script, triton)
    assert isinstance(one, Assessment)
    assert [rating.level for rating in one.ratings] == levels
    quotes = {evidence.quote for rating in one.ratings for evidence in rating.evidence}
    assert quotes == {" ".join(REPLY.split()[:5])}


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("wrong_quotes", NeedsHuman.ANSWER_UNUSABLE),
        ("cut", NeedsHuman.ANSWER_UNUSABLE),
        ("prose", NeedsHuman.ANSWER_UNUSABLE),
        ("abstain", NeedsHuman.MODEL_ABSTAINED),
        ("error", NeedsHuman.MODEL_FAILED),
        ("broken", NeedsHuman.MODEL_FAILED),
    ],
)
async def test_where_none_stands_there_is_an_abstention(script: str, reason: NeedsHuman, triton: TritonServer) -> None:
    """An answer without a usable part becomes an abstention, and no level is invented."""
    assert await answered(script, triton) is reason


async def answered(script: str, triton: TritonServer) -> Assessment | NeedsHuman:
    """Return the outcome of a session whose exchange plays a script."""
    async with opened("llm", triton) as (model, _):
        session = record(client=[f"It's no use. script:{script}"])
        whole = await assessor(model, deadline_s=5).feedback(session)
    return whole.assessments[0] if whole.assessments else whole.abstentions[0].reason


async def test_a_server_for_another_prompt_is_refused() -> None:
    """Weights and template are tuned to each other."""
    with pytest.raises(Misconfigured, match=f"for prompt version 0, but this version speaks {PROMPT_VERSION}"):
        await TritonLlm(Stranger({"prompt_version": "0"})).canary(Deadline.after(1))


async def test_a_server_that_calls_a_schema_by_a_third_name_is_refused() -> None:
    """A server with an unknown name for the decoding schema is refused, because it would decode freely."""
    parameters = {"prompt_version": PROMPT_VERSION, "structured_output_key": "guided_json"}
    with pytest.raises(Misconfigured, match="must be structured_outputs or guided_decoding"):
        await TritonLlm(Stranger(parameters)).canary(Deadline.after(1))


async def test_a_server_without_schemas_under_our_name_is_away(triton: TritonServer) -> None:
    """The canary is a real inference: the engine refuses what it does not know."""
    connection = TritonConnection(TritonAccess(triton.grpc_url))
    older = TritonLlm(connection)
    older._sampling = sampling_parameters(key="guided_decoding")
    with pytest.raises(RequestFailed):
        await older.assess(CANARY, deadline=Deadline.after(5))
    await connection.close()


async def test_an_adapter_is_part_of_the_models_name_and_of_its_ids(triton: TritonServer) -> None:
    """Other weights are another model; an adapter that the server does not hold is no model at all."""
    connection = TritonConnection(TritonAccess(triton.grpc_url))
    warm = TritonLlm(connection, lora="warm")
    await warm.canary(Deadline.after(5))
    assert warm.version.name == "Llama-3.1-8B-Instruct, prompted with adapter warm"
    assert warm.version.weights == "llama-3.1-8b-instruct+warm"
    with pytest.raises(Unavailable):
        await TritonLlm(connection, lora="cold").canary(Deadline.after(5))
    await connection.close()


async def test_a_server_that_is_away_is_unavailable() -> None:
    """A server that does not answer, or does not say what it serves, counts as unavailable."""
    with pytest.raises(Unavailable):
        await TritonLlm(Stranger(None)).canary(Deadline.after(1))


async def test_names_and_weights_are_those_of_the_served_model(triton: TritonServer) -> None:
    """The names and weights are those of the served model, because they are part of the assessment ids."""
    async with opened("llm", triton) as (model, _):
        assert model.version.name == "Llama-3.1-8B-Instruct, prompted"
        assert model.version.weights == "llama-3.1-8b-instruct"
        assert (await model.assess(CANARY, deadline=Deadline.after(5))).verdict == "confirmed"

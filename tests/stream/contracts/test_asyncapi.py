"""The AsyncAPI document is valid, up to date and complete."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stream.contracts.asyncapi import FILE, document, text
from stream.contracts.errors import Poison
from stream.contracts.messages import Tick
from stream.contracts.schema import EXAMPLES, RECORDS_BY_TOPIC
from stream.contracts.topics import DEAD_LETTERS, TOPICS
from stream.contracts.vocabulary import DeadLetterReason
from stream.runtime.codec import RawRecord, encode
from stream.runtime.dead_letters import dead_letter

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its models have a field "schema", which pydantic warns of
    from asyncapi3.models import AsyncAPI3

DOCUMENT = document()


def test_the_file_is_current() -> None:
    """`docs/asyncapi.json` is what `python -m stream.contracts.asyncapi` writes."""
    assert FILE.read_text() == text()


def test_the_document_is_valid_asyncapi_3() -> None:
    """The document is valid by models of AsyncAPI 3, which refuse unknown fields."""
    AsyncAPI3.model_validate(DOCUMENT)


@pytest.mark.parametrize(
    "wrong",
    [{"chanels": {}}, {"channels": {"a b": {}}}, {"operations": {"x": {"action": "shout"}}}, {"info": {"title": "x"}}],
)
def test_an_invalid_document_is_refused(wrong: dict[str, Any]) -> None:
    """The models of AsyncAPI 3 refuse an invalid document; otherwise the test above would prove nothing."""
    with pytest.raises(ValueError):
        AsyncAPI3.model_validate(DOCUMENT | wrong)


def references(value: object) -> list[str]:
    """Return every `$ref` in a JSON value."""
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for part in value.values() for found in references(part)]
    return [found for part in value for found in references(part)] if isinstance(value, list) else []


def test_every_reference_resolves() -> None:
    """Every reference in the document resolves to a place inside the document."""
    for reference in references(DOCUMENT):
        place: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def test_every_topic_but_the_state_is_a_channel_with_all_its_records() -> None:
    """Every topic is a channel with all its records, except the changelog, which no platform reads or writes."""
    by_address = {channel["address"]: channel for channel in DOCUMENT["channels"].values()}
    assert set(by_address) == {spec.name for spec in TOPICS if not spec.name.endswith("-changelog")}
    for topic, records in RECORDS_BY_TOPIC.items():
        assert set(by_address[topic]["messages"]) == {record.__name__ for record in records}
    assert set(by_address[DEAD_LETTERS]["messages"]) == {"DeadLetter"}


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_examples_fit_the_schemas_in_the_document(example: Path) -> None:
    """Every example, old ones too, is valid by the document's schema of its type, which its file name gives."""
    event_type = f"counterpoint.{example.name.split('.')[0]}.v1"
    (message,) = (m for m in DOCUMENT["components"]["messages"].values() if m["name"] == event_type)
    schema = {**message["payload"], "components": DOCUMENT["components"]}
    whole = json.loads(example.read_text())
    Draft202012Validator(schema).validate(whole.get("data", whole))


def test_headers_are_those_that_the_codec_writes() -> None:
    """The document describes the headers that the codec writes, and those of dead letters."""
    made = encode(Tick(partition=0), trace=b"t")
    described = DOCUMENT["components"]["messages"]["Tick"]["headers"]["properties"]
    assert set(dict(made.headers)) == set(described)
    refused = dead_letter(RawRecord("t", 0, 0, 0, None, b""), Poison(DeadLetterReason.BUG, "x"), stage="s")
    assert set(dict(refused.headers)) == set(DOCUMENT["components"]["messages"]["DeadLetter"]["headers"]["properties"])

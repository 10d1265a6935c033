"""The published JSON Schemas and the examples match the models of the records."""

import json
from pathlib import Path

import jsonschema
import pytest

from stream.contracts import schema
from stream.contracts.base import TopicRecord
from stream.runtime.codec import STRUCTURED, RawRecord, decode, known_types

EXAMPLES = sorted(schema.EXAMPLES.glob("*.json"))
KNOWN = known_types(*(record for group in schema.RECORDS_BY_TOPIC.values() for record in group))


def _decoded(path: Path) -> TopicRecord:
    headers = [("content-type", STRUCTURED.encode())]
    return decode(RawRecord("any", 0, 0, 0, None, path.read_bytes(), headers), KNOWN).data


def test_schema_files_are_those_of_the_models() -> None:
    """The schema files are those that `python -m stream.contracts.schema` writes, with no stray file."""
    on_disk = {path.name: path.read_text() for path in schema.FOLDER.glob("*.json")}
    assert on_disk == schema.schemas()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_every_example_keeps_parsing(path: Path) -> None:
    """Every example still parses: a record that was once valid stays valid, so no example is removed."""
    event = json.loads(path.read_text())
    data = _decoded(path)
    assert data.model_dump(mode="json", exclude_unset=True).keys() <= event["data"].keys()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_every_example_fits_its_published_schema(path: Path) -> None:
    """Every example is valid by its published JSON Schema, as it is by the model."""
    event = json.loads(path.read_text())
    published = json.loads((schema.FOLDER / f"{event['type']}.json").read_text())
    jsonschema.validate(event["data"], published)


def test_every_record_has_an_example() -> None:
    """Every published type of record has an example."""
    shown = {json.loads(path.read_text())["type"] for path in EXAMPLES}
    assert shown == set(KNOWN)


def test_unknown_fields_are_ignored_and_not_written_again() -> None:
    """An unknown field of a newer writer is ignored and not written again."""
    path = schema.EXAMPLES / "message.v1.full.json"
    assert "a_field_of_tomorrow" in path.read_text()
    assert "a_field_of_tomorrow" not in _decoded(path).model_dump_json()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_no_repr_shows_words_or_people(path: Path) -> None:
    """The `repr` of a record, which a traceback or a log line may print, shows only ids and states."""
    shown = repr(_decoded(path)) + str(_decoded(path))
    for word in ("talking", "Sample Client", "p_client", "p_counsellor", "It sounds"):
        assert word not in shown

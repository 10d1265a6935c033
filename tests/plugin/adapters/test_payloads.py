"""Tests of the published schema and guide of the generic webhook's payloads."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from plugin.adapters.payloads import PAYLOADS, SCHEMA, schema
from plugin.adapters.webhook import StandardWebhook
from tests.plugin.adapters.adapters_under_test import StandardWebhookPlatform

GUIDE = SCHEMA.with_name("webhook.md").read_text()
EXAMPLES: list[dict[str, Any]] = [
    json.loads(block.partition("```")[0]) for block in GUIDE.split("```json\n")[1:]
]  # fmt: skip


def test_the_schema_file_is_the_models_own() -> None:
    """The schema file equals the schema of the models, which `python -m plugin.adapters.payloads` writes."""
    assert SCHEMA.read_text() == schema()


def test_the_guide_shows_every_payload_and_each_is_valid() -> None:
    """The guide has an example of every payload, valid by the schema and for the adapter."""
    validator = Draft202012Validator(json.loads(SCHEMA.read_text()))
    for example in EXAMPLES:
        validator.validate(example)
        assert StandardWebhook().parse(json.dumps(example).encode())
    assert {example["type"] for example in EXAMPLES} == set(PAYLOADS)


@pytest.mark.parametrize("kind", sorted(PAYLOADS))
def test_the_schema_refuses_what_the_adapter_refuses(kind: str) -> None:
    """The schema refuses a payload without its conversation, as the adapter does."""
    payload = dict(StandardWebhookPlatform(StandardWebhook()).payloads()[kind])
    del payload["conversation_id"]
    assert not Draft202012Validator(json.loads(SCHEMA.read_text())).is_valid(payload)

"""Tests with generated requests: whatever a program sends, the answer is one that the document describes.

schemathesis makes requests from the OpenAPI document, such as fit it and such as do not, always the same ones.
"""

import asyncio
import json
from typing import Any, Final

import httpx
import pytest
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings, strategies
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from plugin.api.app import FILE, PATH
from plugin.api.rate import RequestRate
from plugin.queue.store import Store
from plugin.queue.token_views import Scope
from plugin.web import api_mount
from tests.plugin.web.conftest import AUDITOR, LEAD, OPERATOR, RELEASED, SUPERVISOR, THERAPIST

EXAMPLES: Final = 6
"""Requests of each operation and mode. Who sends one is part of it; `test_rights` sends each operation as each role."""
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    missing_required_header,
    unsupported_method,
]
FIXED: Final = settings(
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def _no_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one token send more requests than a program would."""
    monkeypatch.setattr(api_mount, "RequestRate", lambda: RequestRate(per_minute=100_000))


@pytest.mark.usefixtures("_no_rate")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_is_a_described_one(request: pytest.FixtureRequest, store: Store, mode: GenerationMode) -> None:
    """Every generated request of every operation gets a described answer, with the token of any role."""
    app = request.getfixturevalue("app")
    people = (SUPERVISOR, THERAPIST, OPERATOR, LEAD, AUDITOR)
    tokens = [store.tokens.create(person, tuple(Scope))[0] for person in people]
    schema = schemathesis.openapi.from_dict(described(mode))
    with asyncio.Runner() as runner:
        for found in schema.get_all_operations():
            assert isinstance(found, Ok)
            operation = found.ok()

            @settings(FIXED, max_examples=EXAMPLES)
            @given(case=operation.as_strategy(generation_mode=mode), token=strategies.sampled_from(tokens))
            def check(case: Any, token: str) -> None:
                if mode is GenerationMode.POSITIVE and "session_id" in case.path_parameters:
                    case.path_parameters["session_id"] = str(RELEASED.session_id)
                answer = runner.run(send(app, case, token))
                case.validate_response(answer, checks=CHECKS)

            check()


def described(mode: GenerationMode) -> dict[str, Any]:
    """Return the document without its token, which the test sends itself, and with the operations to be tried.

    What takes neither a parameter nor a body cannot be asked wrongly.
    """
    found: dict[str, Any] = json.loads(FILE.read_text())
    for path, operations in list(found["paths"].items()):
        for operation in operations.values():
            del operation["security"]
            if mode is GenerationMode.NEGATIVE and not {"parameters", "requestBody"} & set(operation):
                del found["paths"][path]
    return found


async def send(app: FastAPI, case: Any, token: str) -> httpx.Response:
    """Send a generated request with a token, and return its answer."""
    wanted = case.as_transport_kwargs(base_url=f"https://page.example{PATH}")
    wanted["headers"]["Authorization"] = f"Bearer {token}"
    prepared = requests.Request(**wanted).prepare()
    body = prepared.body or b""
    assert isinstance(body, str | bytes)
    headers = [(_latin(name), _latin(value)) for name, value in prepared.headers.items()]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        return await client.request(prepared.method or "", prepared.url or "", headers=headers, content=body)


def _latin(text: str | bytes) -> bytes:
    return text.encode("latin-1") if isinstance(text, str) else text

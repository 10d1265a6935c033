"""Tests of the API as a whole: its document, its limits, and its answers where nothing else answers."""

import json
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from plugin.api.app import FILE, PATH, text
from plugin.queue.store import Store
from plugin.web.middleware import MAX_BODY_BYTES
from stream.contracts.errors import Unavailable
from tests.plugin.api.conftest import Program, Programs
from tests.plugin.web.conftest import WAITING

PROBLEM = "application/problem+json"
DOCUMENT = json.loads(FILE.read_text())
"""The document in the repository, since making it from the code takes a second each time."""


def test_the_document_in_the_repository_is_the_one_of_the_code() -> None:
    """`docs/openapi.json` is what `python -m plugin.api.app` writes."""
    assert FILE.read_text() == text()


async def test_the_document_is_served_to_anybody(programs: Programs) -> None:
    """The document is served as it is in the repository, without a token, since it holds nothing of anybody."""
    answer = await programs().get("/openapi.json")
    assert answer.json() == DOCUMENT
    assert answer.json()["openapi"].startswith("3.1.")
    assert answer.json()["servers"] == [{"url": PATH}]


def test_every_operation_is_described() -> None:
    """Every operation has a description, needs the token, and says as which problems it may be refused."""
    for path, each in DOCUMENT["paths"].items():
        for method, operation in each.items():
            assert operation["description"].endswith("."), path
            assert operation["security"] == [{"token": []}], path
            statuses = set(operation["responses"])
            assert statuses >= {"200", "400", "401", "403", "404", "429", "503"}, path
            assert ("409" in statuses) == (method == "post"), path
            for status in statuses - {"200"}:
                assert list(operation["responses"][status]["content"]) == [PROBLEM], (path, status)


def test_every_reference_of_the_document_leads_to_a_schema() -> None:
    """Each `$ref` names a schema that the document has."""
    known = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert set(references(DOCUMENT)) <= known


def references(value: object) -> list[str]:
    """Return all references in a JSON value."""
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for each in value.values() for found in references(each)]
    return [found for each in value for found in references(each)] if isinstance(value, list) else []


async def test_what_is_no_operation_is_a_problem(supervisor: Program) -> None:
    """An unknown path and an unknown id are 404, another method is a 405 that names what is possible."""
    for path in ("/patients", "/sessions/words-of-a-client", f"/sessions/{WAITING.session_id}/claim/", "/a%0Aword"):
        answer = await supervisor.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM)
        assert "words" not in answer.text
    answer = await supervisor.client.delete(f"{PATH}/sessions/{WAITING.session_id}", headers=supervisor.headers())
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.headers["content-type"] == PROBLEM


async def test_a_body_that_is_too_long_is_not_read(supervisor: Program) -> None:
    """A body above the limit, or of unknown length, is refused with a problem before anything reads it."""
    url, headers = f"{PATH}/releases", {**supervisor.headers(), "Idempotency-Key": "a"}

    async def parts() -> object:
        yield b"{}"

    long = await supervisor.client.post(url, headers=headers, content=b" " * (MAX_BODY_BYTES + 1))
    endless = await supervisor.client.post(url, headers=headers, content=parts())  # type: ignore[arg-type]
    assert [(each.status_code, each.headers["content-type"]) for each in (long, endless)] == [
        *((413, PROBLEM), (411, PROBLEM)),
    ]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 20_000, b"null", b"1e999", b'{"sessions": []}', b"a=b"])
async def test_a_body_that_is_no_json_of_ours_is_refused(supervisor: Program, body: bytes) -> None:
    """Anything that is not the JSON that was described is a 400 with a problem."""
    headers = {**supervisor.headers(), "Idempotency-Key": "a", "Content-Type": "application/json"}
    answer = await supervisor.client.post(f"{PATH}/releases", headers=headers, content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (400, PROBLEM)


async def test_a_database_that_is_away_is_a_503(supervisor: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a database the answer says that nothing is lost, and when to come back."""
    monkeypatch.setattr(Store, "waiting", raising(Unavailable("the database")))
    answer = await supervisor.get("/sessions")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "Nothing is lost" in answer.json()["title"]


async def test_a_fault_of_ours_is_a_problem_without_a_trace(
    supervisor: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected exception is a 500 with a problem that holds nothing of it."""
    monkeypatch.setattr(Store, "waiting", raising(RuntimeError("words of a client")))
    answer = await supervisor.get("/sessions")
    assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)
    assert "words" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_line_of_the_log_names_the_operation_and_the_person(supervisor: Program) -> None:
    """The log has one line for a request: the operation as it is declared, and the account, but not the address."""
    account_id = (await supervisor.get("/me")).json()["account_id"]
    with capture_logs() as lines:
        await supervisor.get(f"/sessions/{WAITING.session_id}")
    (line,) = (line for line in lines if line["event"] == "page_served")
    assert (line["route"], line["user_id"]) == (f"{PATH}/sessions/{{session_id}}", account_id)
    assert str(WAITING.session_id) not in str(line)


def raising(error: Exception) -> Callable[..., object]:
    """Return a stand-in for a method that fails."""

    def fail(*_arguments: object, **_more: object) -> object:
        raise error

    return fail

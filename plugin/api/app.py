"""The application of the JSON API, which the web stage mounts under `/api/v1`; every answer that says no is a problem.

`python -m plugin.api.app` writes its OpenAPI document to `docs/openapi.json`; a test compares the two.
"""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from plugin.api import (
    account_routes,
    calibration_routes,
    criterion_routes,
    handover_routes,
    moment_routes,
    news_routes,
    note_routes,
    outcome_routes,
    own_routes,
    people_routes,
    preference_routes,
    quality_routes,
    read_routes,
    receiver_routes,
    review_routes,
    risk_routes,
    rubric_routes,
    sample_routes,
    trail_routes,
    trend_routes,
    view_routes,
)
from plugin.api.caller import Services
from plugin.api.problems import ApiProblem, Problem, invalid_request, nothing_here
from stream.contracts.errors import Unavailable
from stream.runtime.logging import get_logger

PATH: Final = "/api/v1"
FILE: Final = Path(__file__).parents[2] / "docs" / "openapi.json"
DESCRIPTION: Final = """What people do on the pages, for programs. docs/api.md shows the first steps.

Every answer is JSON, except for the file of the audit trail; one that says no is a problem document (RFC 9457). Times
are in UTC. Every POST that changes something needs an `Idempotency-Key`: the same request with the same key is answered
again and does nothing again, for 24 hours."""
_TITLES: Final = {404: nothing_here, 400: invalid_request}
_NOT_OURS: Final = ("HTTPValidationError", "ValidationError")
_LATER_S: Final = "60"  # as the pages say


class Api(FastAPI):
    """A FastAPI application whose document describes our problems in place of the framework's own errors."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        document = super().openapi()
        _, schemas = models_json_schema([(Problem, "serialization")], ref_template="#/components/schemas/{model}")
        document["components"]["schemas"].update(schemas["$defs"])
        for name in _NOT_OURS:
            document["components"]["schemas"].pop(name, None)
        for path in document["paths"].values():
            for operation in path.values():
                if "application/json" in operation["responses"].get("422", {}).get("content", {}):
                    del operation["responses"]["422"]
        return document


def create_api(services: Services | None = None) -> FastAPI:
    """Create the API on these services; without them it serves nothing but its document."""
    api = Api(
        title="Counterpoint",
        version=version("counterpoint"),
        description=DESCRIPTION,
        license_info={"name": "MIT"},
        servers=[{"url": PATH}],
        root_path_in_servers=False,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    api.state.services = services
    api.add_middleware(_Failures)
    api.add_exception_handler(ApiProblem, _problem)
    api.add_exception_handler(HTTPException, _http_error)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(Unavailable, _unavailable)
    for router in (
        read_routes.router,
        review_routes.router,
        note_routes.router,
        handover_routes.router,
        view_routes.router,
        own_routes.router,
        own_routes.exports_router,
        news_routes.router,
        preference_routes.router,
        moment_routes.router,
        trend_routes.router,
        calibration_routes.router,
        sample_routes.router,
        quality_routes.router,
        risk_routes.router,
        rubric_routes.router,
        criterion_routes.router,
        trail_routes.router,
        people_routes.router,
        account_routes.router,
        receiver_routes.router,
        outcome_routes.router,
    ):
        api.include_router(router)
    return api


def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    return create_api().openapi()


def text() -> str:
    """Return the document as the text of its file."""
    return json.dumps(document(), indent=2, sort_keys=True) + "\n"


class _Failures:
    """The middleware that answers an unexpected exception with a problem, and notes it in the log.

    Where a part of the answer was sent, the connection has to break: nothing may look like the whole.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = False

        async def send_on(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except ClientDisconnect:
            raise
        except Exception as error:
            get_logger().error("api_failed", exc_info=error)
            if began:
                raise
            problem = ApiProblem(500, "fault", "Something went wrong; the fault is ours and has been noted.")
            await problem.response(scope, receive, send)


def refused(status: int, sentence: str) -> Response:
    """Return the problem of a body that the web stage does not take."""
    return ApiProblem(status, "body-refused", sentence).response


def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiProblem)  # noqa: S101 - registered for it
    return error.response


def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    if error.status_code in _TITLES:
        return _TITLES[error.status_code]().response
    return ApiProblem(
        error.status_code, "not-answered", "A request of this kind is not answered here.", headers=error.headers
    ).response


def _invalid(_request: Request, error: Exception) -> Response:
    """Answer a request that is not as described with the places that are wrong, never with what was sent."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    places = dict.fromkeys(map(_place, error.errors()))
    if any(place.startswith("path") for place in places):
        return nothing_here().response
    return invalid_request(*places).response


def _place(mistake: Mapping[str, Any]) -> str:
    """Return the place of a mistake, without the name of a field that we do not have: somebody typed it."""
    where = mistake["loc"][:-1] if mistake["type"] == "extra_forbidden" else mistake["loc"]
    return ".".join(str(part) for part in where)


def _unavailable(_request: Request, error: Exception) -> Response:
    get_logger().warning("api_unavailable", error_type=type(error).__name__)
    headers = {"Retry-After": _LATER_S}
    return ApiProblem(503, "unavailable", "The database does not answer. Nothing is lost.", headers=headers).response


if __name__ == "__main__":
    FILE.write_text(text())

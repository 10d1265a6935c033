"""Problem documents (RFC 9457): the one form of every answer that says no. None of them repeats what was sent."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from plugin.queue.views import DecisionOutcome
from stream.contracts.errors import Misconfigured

MEDIA_TYPE: Final = "application/problem+json"
SCHEMA: Final = "#/components/schemas/Problem"
TYPES: Final = "urn:counterpoint:problem:"


class Problem(BaseModel):
    """Why a request was not answered as it wished."""

    model_config = ConfigDict(extra="forbid")

    type: Annotated[str, Field(description="What kind of problem it is, for programs.")]
    title: Annotated[str, Field(description="The kind of problem, for people.")]
    status: int
    detail: str | None = None
    outcome: Annotated[DecisionOutcome | None, Field(description="Why a step about a session was refused.")] = None
    places: Annotated[
        tuple[str, ...] | None, Field(description="The fields of the request that are wrong or missing.")
    ] = None


class ApiProblem(Exception):  # noqa: N818 - named by what the caller gets
    """An error that is answered with a problem document."""

    def __init__(
        self, status: int, kind: str, title: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(title)
        self.problem = Problem(type=TYPES + kind, title=title, status=status, **more)
        self.headers = headers

    @property
    def response(self) -> JSONResponse:
        """The response that says so."""
        return problem_response(self.problem, self.headers)


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return a problem as a response."""
    return JSONResponse(
        problem.model_dump(mode="json", exclude_none=True),
        problem.status,
        headers=None if headers is None else dict(headers),
        media_type=MEDIA_TYPE,
    )


def nothing_here() -> ApiProblem:
    """Return the problem of what does not exist, or is not for this person to see; nobody learns which."""
    return ApiProblem(404, "nothing-here", "This does not exist, or it is not for you to see.")


def invalid_request(*places: str) -> ApiProblem:
    """Return the problem of a request that is not as the OpenAPI document says; `places` name the fields."""
    return ApiProblem(400, "invalid-request", "The request is not as described.", places=places)


def place_lost() -> ApiProblem:
    """Return the problem of a cursor at whose place nothing is any more, or nothing for this person to see."""
    return ApiProblem(410, "place-lost", "What was at this place is gone: begin again without a cursor.")


@contextmanager
def refusals(kind: str, *, gone: type[Misconfigured]) -> Iterator[None]:
    """Answer what cannot be done with a problem; its sentence names settings and rules, and nothing that was sent.

    `gone` is the error for what is not there.
    """
    try:
        yield
    except gone:
        raise nothing_here() from None
    except Misconfigured as error:
        raise ApiProblem(409, kind, "This cannot be done.", detail=str(error)) from None


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the entries of an OpenAPI document for problems with these statuses."""
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": {"$ref": SCHEMA}}}}
        for status in statuses
    }

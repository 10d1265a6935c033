"""What machines ask of this stage: alive, ready, metrics."""

from fastapi import APIRouter, Request, Response

from plugin.web.dependencies import Given, Services
from stream.contracts.errors import Misconfigured, Unavailable
from stream.runtime.health import answer

router = APIRouter()


@router.get("/healthz")
@router.get("/readyz")
@router.get("/metrics")
def probe(request: Request, given: Given) -> Response:
    """Answer as every stage does; the database is asked when readiness is."""
    if request.url.path == "/readyz":
        _ask_database(given)
    status, content_type, body = answer(given.health, request.url.path)
    return Response(body, status, media_type=content_type)


def _ask_database(given: Services) -> None:
    try:
        given.store.ping()
    except Unavailable:
        given.health.set("database", "PostgreSQL does not answer: see database.url, and whether the server runs.")
    except Misconfigured as error:
        given.health.set("database", str(error))
    else:
        given.health.set("database", None)

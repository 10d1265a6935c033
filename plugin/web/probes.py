"""The probe routes of the web stage: health, readiness and metrics."""

from fastapi import APIRouter, Request, Response

from plugin.web.dependencies import Services, ServicesDep
from stream.contracts.errors import Misconfigured, Unavailable
from stream.runtime.health import ReadinessPart, respond

router = APIRouter()


@router.get("/healthz")
@router.get("/readyz")
@router.get("/metrics")
def probe(request: Request, services: ServicesDep) -> Response:
    """Answer a probe as every stage does, and ask the database first when the probe is for readiness."""
    if request.url.path == "/readyz":
        _ask_database(services)
    status, content_type, body = respond(services.health, request.url.path)
    return Response(body, status, media_type=content_type)


def _ask_database(services: Services) -> None:
    try:
        services.store.ping()
    except Unavailable:
        services.health.set(
            ReadinessPart.DATABASE, "PostgreSQL does not answer: see database.url, and whether the server runs."
        )
    except Misconfigured as error:
        services.health.set(ReadinessPart.DATABASE, str(error))
    else:
        services.health.set(ReadinessPart.DATABASE, None)

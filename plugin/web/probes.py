"""What balancers and operators ask of the web stage: /healthz among the pages, readiness on the port of its own."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from plugin.queue.store import Store
from stream.contracts.errors import Misconfigured, Unavailable
from stream.runtime.health import Health, ReadinessPart

router = APIRouter()


@router.get("/healthz")
async def is_alive() -> JSONResponse:
    """Answer that the process answers, without a thread or the database, whatever else is going on."""
    return JSONResponse({"status": "alive"})


def ask_database(health: Health, store: Store) -> None:
    """Ask the database, and set in `health` what is wrong with it."""
    try:
        store.ping()
    except Unavailable:
        trouble: str | None = "PostgreSQL does not answer: see database.url, and whether the server runs."
    except Misconfigured as error:
        trouble = str(error)
    else:
        trouble = None
    health.set(ReadinessPart.DATABASE, trouble)

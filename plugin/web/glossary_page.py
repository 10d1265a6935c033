"""The page that explains the words of the other pages, for everybody who is logged in but auditors."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from plugin.web.dependencies import CurrentAllButAuditor, ServicesDep
from plugin.web.glossary import TERMS
from plugin.web.render import page

router = APIRouter()


@router.get("/glossary")
def glossary(request: Request, services: ServicesDep, viewer: CurrentAllButAuditor) -> Response:
    """Show what the words of the pages mean: the four mechanisms with levels and notes, and the other terms."""
    return page(request, "glossary.html", terms=TERMS, notes=services.store.rubric_notes.all(viewer))

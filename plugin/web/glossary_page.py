"""The page that explains the words of the other pages, for everybody who is logged in."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from plugin.web.dependencies import CurrentViewer
from plugin.web.glossary import TERMS
from plugin.web.render import page

router = APIRouter()


@router.get("/glossary")
def glossary(request: Request, _viewer: CurrentViewer) -> Response:
    """Show what the words of the pages mean: the four mechanisms with their levels, and the other terms."""
    return page(request, "glossary.html", terms=TERMS)

"""The page that says how Counterpoint may be used, for everybody who is logged in."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from plugin.web.dependencies import CurrentViewer
from plugin.web.render import page

router = APIRouter()


@router.get("/use-policy")
def use_policy(request: Request, _viewer: CurrentViewer) -> Response:
    """Show the use policy."""
    return page(request, "use_policy.html")

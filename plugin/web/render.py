"""Templates to pages: escaping always on, a missing value is an error, every page knows its visitor."""

from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from plugin.database.viewer import AccountRole, Viewer
from plugin.web import labels, login, queue_groups
from stream.contracts import rubric

FOLDER = Path(__file__).parent

_NAVIGATION = {
    AccountRole.SUPERVISOR: (("/", "Waiting"), ("/decided", "Decided"), ("/left-out", "Left out")),
    AccountRole.THERAPIST: (("/", "Your sessions"),),
    AccountRole.OPERATOR: (("/", "Operation"),),
}
_FOR_ALL = (("/rubric", "Rubric"),)


class Pages:
    """The templates of this folder. `demo` puts a line above every page that says that nobody in it is real."""

    def __init__(self, *, demo: bool) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(words=labels, needs=queue_groups, rubric=rubric, demo=demo)

    def page(self, request: Request, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
        """Render `template` for the visitor of `request`."""
        viewer: Viewer | None = getattr(request.state, "viewer", None)
        html = self._templates.get_template(template).render(
            request=request,
            viewer=viewer,
            navigation=(*_NAVIGATION[viewer.role], *_FOR_ALL) if viewer else (),
            csrf=lambda: login.csrf_token(request.session),
            **values,
        )
        return HTMLResponse(html, status)


def page(request: Request, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """Render with the templates that the application was made with."""
    pages: Pages = request.app.state.pages
    return pages.page(request, template, status=status, **values)


def message(request: Request, status: int, title: str, sentence: str, back: str = "/") -> HTMLResponse:
    """A page that says one thing; `back` is where its link leads."""
    return page(request, "message.html", status=status, title=title, sentence=sentence, back=back)

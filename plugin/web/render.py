"""Rendering of templates to pages: values are always escaped, and a missing value is an error."""

from functools import cache
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from plugin import use_policy
from plugin.database.viewer import Viewer
from plugin.operations import quality_words
from plugin.queue.accounts import MAX_NAME
from plugin.queue.calibration_steps import MAX_WORDS
from plugin.queue.calibrations import MAX_MOMENTS
from plugin.queue.criterion_views import MAX_ANSWER_NOTE, MAX_QUESTION, MAX_WORD
from plugin.queue.disputes import MAX_COMMENT
from plugin.queue.handover_views import MAX_REASON
from plugin.queue.note_threads import MAX_NOTE_COMMENT
from plugin.queue.notes import MAX_NOTE
from plugin.queue.passwords import MAX_PASSWORD, MIN_PASSWORD
from plugin.queue.practice import MAX_REPLY
from plugin.queue.rubric_notes import MAX_RUBRIC_NOTE
from plugin.queue.view_names import MAX_VIEW_NAME, MAX_VIEWS
from plugin.time_zones import NO_ZONE, zone_of
from plugin.web import (
    afterwards_words,
    calibration_words,
    criterion_layout,
    digest_layout,
    digest_words,
    dispute_words,
    export_words,
    labels,
    login,
    look_layout,
    moments_words,
    opening_words,
    practice_words,
    queue_groups,
    queue_words,
    rehearsal_words,
    review_words,
    risk_words,
    trail_words,
    trend_words,
)
from plugin.web.navigation import NAVIGATION
from plugin.web.times import Times
from plugin.web.trail_address import MAX_ANCHORS
from stream.contracts import rubric

FOLDER = Path(__file__).parent

LIMITS = {
    "min_password": MIN_PASSWORD,
    "max_password": MAX_PASSWORD,
    "max_name": MAX_NAME,
    "max_note": MAX_NOTE,
    "max_note_comment": MAX_NOTE_COMMENT,
    "max_reason": MAX_REASON,
    "max_view_name": MAX_VIEW_NAME,
    "max_views": MAX_VIEWS,
    "max_comment": MAX_COMMENT,
    "max_question": MAX_QUESTION,
    "max_word": MAX_WORD,
    "max_answer_note": MAX_ANSWER_NOTE,
    "max_reply": MAX_REPLY,
    "max_moments": MAX_MOMENTS,
    "max_rating_note": MAX_WORDS,
    "max_rubric_note": MAX_RUBRIC_NOTE,
    "max_anchors": MAX_ANCHORS,
}


class Pages:
    """The templates of this folder.

    `demo` shows a line on every page that says that its conversations are samples. With `swaps` forms change one part
    of their page in place.
    """

    def __init__(self, *, demo: bool, swaps: bool) -> None:
        self._demo = demo
        self._swaps = swaps

    def page(self, request: Request, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
        """Render `template` for the visitor of `request`."""
        viewer: Viewer | None = getattr(request.state, "viewer", None)
        html = (
            _templates()
            .get_template(template)
            .render(
                request=request,
                viewer=viewer,
                demo=self._demo,
                swaps=self._swaps,
                navigation=NAVIGATION[viewer.role] if viewer else None,
                csrf=lambda: login.csrf_token(request.session),
                times=Times(zone_of(viewer.zone if viewer else NO_ZONE)),
                **values,
            )
        )
        return HTMLResponse(html, status)


def page(request: Request, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """Render `template` with the `Pages` that the application was created with."""
    pages: Pages = request.app.state.pages
    return pages.page(request, template, status=status, **values)


def message(
    request: Request, status: int, title: str, sentence: str, back: str = "/", *, written: str = ""
) -> HTMLResponse:
    """Render a page with one message; `back` is the target of its link, `written` what its reader had typed."""
    return page(request, "message.html", status=status, title=title, sentence=sentence, back=back, written=written)


@cache
def _templates() -> Environment:
    """Return the templates, which a process compiles once."""
    templates = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals.update(
        afterwards_words=afterwards_words,
        calibration_words=calibration_words,
        criterion_layout=criterion_layout,
        export_words=export_words,
        labels=labels,
        digest_layout=digest_layout,
        digest_words=digest_words,
        dispute_words=dispute_words,
        look_layout=look_layout,
        moments_words=moments_words,
        opening_words=opening_words,
        practice_words=practice_words,
        queue_groups=queue_groups,
        quality_words=quality_words,
        queue_words=queue_words,
        rehearsal_words=rehearsal_words,
        review_words=review_words,
        risk_words=risk_words,
        trail_words=trail_words,
        trend_words=trend_words,
        rubric=rubric,
        use_policy=use_policy,
        limits=LIMITS,
    )
    return templates

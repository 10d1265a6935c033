"""Tests of the rights of every role on every route, with one table that must list every route."""

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from tests.plugin.web.calibrated import CALIBRATION, open_calibration
from tests.plugin.web.conftest import (
    AUDITOR,
    ELSEWHERE,
    LEAD,
    LEFT_OUT,
    OPERATOR,
    OTHER_SUPERVISOR,
    OTHER_THERAPIST,
    RELEASED,
    SUPERVISOR,
    THERAPIST,
    WAITING,
    Browser,
)
from tests.plugin.web.risk_samples import RISK_OF_WAITING, RISK_OPEN, raise_signals

UNKNOWN = UUID("00000000-0000-4000-8000-000000000000")
LOGIN = "-> login"
"""A redirect (303) to the login page."""


class Expected(NamedTuple):
    """The expected answer for each role; a redirect within the pages is its status."""

    anonymous: int | str
    supervisor: int | str
    other_supervisor: int | str
    therapist: int | str
    other_therapist: int | str
    operator: int | str
    lead: int | str
    auditor: int | str


PEOPLE = (None, SUPERVISOR, OTHER_SUPERVISOR, THERAPIST, OTHER_THERAPIST, OPERATOR, LEAD, AUDITOR)

EVERYBODY = Expected(200, 200, 200, 200, 200, 200, 200, 200)
SIGNED_IN = Expected(LOGIN, 200, 200, 200, 200, 200, 200, 200)
ALL_BUT_AUDITOR = Expected(LOGIN, 200, 200, 200, 200, 200, 200, 404)
SUPERVISORS = Expected(LOGIN, 200, 200, 404, 404, 404, 200, 404)
HERS_ALONE = Expected(LOGIN, 200, 404, 404, 404, 404, 200, 404)
TEAM_SUPERVISORS = Expected(LOGIN, 200, 200, 404, 404, 404, 404, 404)
RATERS = Expected(LOGIN, 200, 404, 404, 404, 404, 404, 404)
THERAPISTS = Expected(LOGIN, 404, 404, 200, 200, 404, 404, 404)
OPERATORS = Expected(LOGIN, 404, 404, 404, 404, 200, 404, 404)
LEADS = Expected(LOGIN, 404, 404, 404, 404, 404, 200, 404)
AUDITORS = Expected(LOGIN, 404, 404, 404, 404, 404, 404, 200)
NOBODY = Expected(LOGIN, 404, 404, 404, 404, 404, 404, 404)
HERS_GONE = Expected(LOGIN, 409, 404, 404, 404, 404, 409, 404)
"""Something in a session of hers that is not there any more."""

SESSION = "/sessions/{session_id}"
ACCOUNT = "/accounts/{account_id}"
CALIBRATED, MOMENT = "/calibrations/{calibration_id}", "/calibrations/{calibration_id}/moments/{number}"
CRITERION = "/criteria/{criterion_id}"
NOTE = "/rubric-notes"
RISK = "/risk-signals/{signal_id}"
TABLE: dict[tuple[str, str, UUID | None], Expected] = {
    # First, since who has seen a session elsewhere may give no blind look at it.
    ("GET", SESSION + "/look", ELSEWHERE.session_id): Expected(
        LOGIN, 404, 200, 404, 404, 404, 200, 404
    ),  # in the sample
    ("GET", SESSION + "/look", WAITING.session_id): NOBODY,
    ("POST", SESSION + "/look", ELSEWHERE.session_id): Expected(
        LOGIN, 404, 400, 404, 404, 404, 400, 404
    ),  # without answers
    ("POST", SESSION + "/look", WAITING.session_id): NOBODY,
    ("GET", "/", None): Expected(LOGIN, 200, 200, 200, 200, 200, 200, 303),  # the trail is all that an auditor sees
    ("GET", "/views", None): SUPERVISORS,
    ("POST", "/views", None): Expected(LOGIN, 303, 303, 404, 404, 404, 303, 404),
    ("POST", "/views/{view_id}/rename", UNKNOWN): NOBODY,
    ("POST", "/views/{view_id}/remove", UNKNOWN): NOBODY,
    ("GET", "/decided", None): SUPERVISORS,
    ("GET", "/left-out", None): SUPERVISORS,
    # At its end is the list of which all sessions are in a calibration of hers.
    ("GET", "/next", None): Expected(LOGIN, 200, 303, 404, 404, 404, 303, 404),
    ("POST", "/release", None): Expected(LOGIN, 200, 200, 404, 404, 404, 200, 404),  # each says what it may not release
    ("GET", "/moments", None): SUPERVISORS,
    ("GET", "/risk-signals", None): SUPERVISORS,
    ("POST", RISK, RISK_OF_WAITING.event_id): Expected(LOGIN, 303, 404, 404, 404, 404, 303, 404),
    ("POST", RISK, RISK_OPEN.event_id): Expected(LOGIN, 303, 303, 404, 404, 404, 303, 404),  # of their platform
    ("POST", RISK, UNKNOWN): NOBODY,
    ("GET", "/password", None): SIGNED_IN,
    ("POST", "/password", None): Expected(LOGIN, *(400,) * 7),  # without the present password
    ("GET", "/digest", None): Expected(LOGIN, 200, 200, 200, 200, 404, 200, 404),
    ("POST", "/digest/read", None): Expected(LOGIN, 303, 303, 303, 303, 404, 303, 404),
    ("GET", "/preferences", None): ALL_BUT_AUDITOR,
    ("POST", "/preferences", None): Expected(LOGIN, 303, 303, 303, 303, 303, 303, 404),
    ("GET", "/rubric", None): ALL_BUT_AUDITOR,
    ("GET", "/glossary", None): ALL_BUT_AUDITOR,
    ("GET", NOTE + "/new", None): LEADS,
    ("POST", NOTE, None): Expected(LOGIN, 404, 404, 404, 404, 404, 303, 404),
    ("GET", NOTE + "/{note_id}", UNKNOWN): NOBODY,
    ("POST", NOTE + "/{note_id}", UNKNOWN): NOBODY,
    ("POST", NOTE + "/{note_id}/remove", UNKNOWN): Expected(LOGIN, 404, 404, 404, 404, 404, 400, 404),  # not ticked
    ("GET", "/trail", None): AUDITORS,
    ("GET", "/trail/verify", None): AUDITORS,
    ("POST", "/trail/verify", None): AUDITORS,
    ("POST", "/trail/download", None): AUDITORS,
    ("GET", "/use-policy", None): SIGNED_IN,
    ("GET", "/sample", None): SUPERVISORS,
    ("GET", "/calibrations", None): TEAM_SUPERVISORS,
    ("GET", "/calibrations/new", None): TEAM_SUPERVISORS,
    ("POST", "/calibrations", None): Expected(LOGIN, 400, 400, 404, 404, 404, 404, 404),  # without a number and a day
    ("GET", CALIBRATED, CALIBRATION): RATERS,
    ("GET", CALIBRATED, UNKNOWN): NOBODY,
    ("GET", MOMENT, CALIBRATION): RATERS,
    ("GET", MOMENT, UNKNOWN): NOBODY,
    ("POST", MOMENT, CALIBRATION): Expected(LOGIN, 400, 404, 404, 404, 404, 404, 404),  # without a choice
    ("POST", MOMENT, UNKNOWN): NOBODY,
    ("POST", MOMENT + "/ask", CALIBRATION): Expected(LOGIN, 409, 404, 404, 404, 404, 404, 404),  # before it is over
    ("POST", MOMENT + "/ask", UNKNOWN): NOBODY,
    ("POST", MOMENT + "/settle", CALIBRATION): Expected(LOGIN, 400, 404, 404, 404, 404, 404, 404),  # without a level
    ("POST", MOMENT + "/settle", UNKNOWN): NOBODY,
    ("POST", CALIBRATED + "/done", CALIBRATION): Expected(
        LOGIN, 409, 404, 404, 404, 404, 404, 404
    ),  # before all are rated
    ("POST", CALIBRATED + "/done", UNKNOWN): NOBODY,
    ("POST", CALIBRATED + "/cancel", CALIBRATION): Expected(LOGIN, 400, 400, 404, 404, 404, 404, 404),  # not ticked
    ("POST", CALIBRATED + "/cancel", UNKNOWN): Expected(LOGIN, 400, 400, 404, 404, 404, 404, 404),
    ("GET", "/health", None): OPERATORS,
    ("GET", SESSION, WAITING.session_id): HERS_ALONE,
    ("GET", SESSION, RELEASED.session_id): Expected(LOGIN, 200, 404, 200, 404, 404, 200, 404),
    ("GET", SESSION, LEFT_OUT.session_id): HERS_ALONE,
    ("GET", SESSION, ELSEWHERE.session_id): Expected(LOGIN, 404, 200, 404, 404, 404, 200, 404),
    ("GET", SESSION, UNKNOWN): NOBODY,
    ("POST", SESSION + "/acknowledge", RELEASED.session_id): Expected(LOGIN, 404, 404, 409, 404, 404, 404, 404),
    ("POST", SESSION + "/acknowledge", WAITING.session_id): NOBODY,
    ("POST", SESSION + "/disputes", RELEASED.session_id): Expected(LOGIN, 404, 404, 409, 404, 404, 404, 404),
    ("POST", SESSION + "/disputes", WAITING.session_id): NOBODY,
    ("POST", SESSION + "/disputes/{dispute_id}/withdraw", RELEASED.session_id): Expected(
        LOGIN, 404, 404, 409, 404, 404, 404, 404
    ),
    ("POST", SESSION + "/disputes/{dispute_id}/escalate", RELEASED.session_id): Expected(
        LOGIN, 404, 404, 409, 404, 404, 404, 404
    ),
    ("POST", SESSION + "/disputes/{dispute_id}/resolve", RELEASED.session_id): Expected(
        LOGIN, 409, 404, 404, 404, 404, 409, 404
    ),
    ("POST", SESSION + "/disputes/{dispute_id}/resolve", UNKNOWN): NOBODY,
    ("POST", SESSION + "/attempts", RELEASED.session_id): Expected(LOGIN, 404, 404, 303, 404, 404, 404, 404),
    ("POST", SESSION + "/attempts", WAITING.session_id): NOBODY,
    ("POST", SESSION + "/attempts/{attempt_id}/remove", RELEASED.session_id): Expected(
        LOGIN, 404, 404, 303, 404, 404, 404, 404
    ),
    ("POST", SESSION + "/attempts/{attempt_id}/remove", WAITING.session_id): NOBODY,
    ("GET", "/rehearsals", None): THERAPISTS,
    ("POST", "/rehearsals", None): Expected(LOGIN, 404, 404, 400, 400, 404, 404, 404),  # without a client
    ("GET", "/rehearsals/{rehearsal_id}", UNKNOWN): NOBODY,
    ("POST", "/rehearsals/{rehearsal_id}/replies", UNKNOWN): NOBODY,
    ("POST", "/rehearsals/{rehearsal_id}/remove", UNKNOWN): NOBODY,
    ("GET", "/trend", None): THERAPISTS,
    ("GET", "/trends", None): SUPERVISORS,
    ("GET", "/trends/{account_id}", UNKNOWN): NOBODY,
    ("POST", SESSION + "/release", WAITING.session_id): Expected(LOGIN, 303, 404, 404, 404, 404, 303, 404),
    ("POST", SESSION + "/release", LEFT_OUT.session_id): Expected(LOGIN, 409, 404, 404, 404, 404, 409, 404),
    ("POST", SESSION + "/release", UNKNOWN): NOBODY,
    ("POST", SESSION + "/withhold", WAITING.session_id): Expected(LOGIN, 303, 404, 404, 404, 404, 303, 404),
    ("POST", SESSION + "/withhold", RELEASED.session_id): Expected(LOGIN, 303, 404, 404, 404, 404, 303, 404),
    ("POST", SESSION + "/withhold", UNKNOWN): NOBODY,
    ("POST", SESSION + "/claim", WAITING.session_id): Expected(LOGIN, 303, 404, 404, 404, 404, 409, 404),
    ("POST", SESSION + "/claim", UNKNOWN): NOBODY,
    ("POST", SESSION + "/judge", WAITING.session_id): Expected(LOGIN, 303, 404, 404, 404, 404, 409, 404),
    ("POST", SESSION + "/judge", RELEASED.session_id): Expected(LOGIN, 409, 404, 404, 404, 404, 409, 404),
    ("POST", SESSION + "/judge", ELSEWHERE.session_id): Expected(
        LOGIN, 404, 409, 404, 404, 404, 409, 404
    ),  # another's answer
    ("POST", SESSION + "/judge", UNKNOWN): NOBODY,
    ("POST", SESSION + "/give-back", WAITING.session_id): Expected(LOGIN, 303, 404, 404, 404, 404, 303, 404),
    ("POST", SESSION + "/give-back", UNKNOWN): NOBODY,
    ("POST", SESSION + "/notes", WAITING.session_id): Expected(LOGIN, 303, 404, 404, 404, 404, 303, 404),
    ("POST", SESSION + "/notes", UNKNOWN): NOBODY,
    ("POST", SESSION + "/notes/{note_id}/remove", UNKNOWN): NOBODY,
    ("POST", SESSION + "/notes/{note_id}/follow-up", RELEASED.session_id): HERS_GONE,
    ("POST", SESSION + "/notes/{note_id}/follow-up", UNKNOWN): NOBODY,
    ("POST", SESSION + "/notes/{note_id}/follow-up/done", RELEASED.session_id): HERS_GONE,
    ("POST", SESSION + "/notes/{note_id}/follow-up/done", UNKNOWN): NOBODY,
    ("POST", SESSION + "/notes/{note_id}/comments", ELSEWHERE.session_id): Expected(
        LOGIN, 404, 409, 404, 404, 404, 409, 404
    ),  # no note has that id
    ("POST", SESSION + "/notes/{note_id}/comments", UNKNOWN): NOBODY,
    ("POST", SESSION + "/notes/comments/{comment_id}/remove", ELSEWHERE.session_id): Expected(
        LOGIN, 404, 303, 404, 404, 404, 303, 404
    ),  # what is gone is gone
    ("POST", SESSION + "/notes/comments/{comment_id}/remove", UNKNOWN): NOBODY,
    ("POST", SESSION + "/hand-over", ELSEWHERE.session_id): Expected(
        LOGIN, 404, 409, 404, 404, 404, 409, 404
    ),  # to nobody that there is
    ("POST", SESSION + "/hand-over", UNKNOWN): NOBODY,
    ("POST", SESSION + "/send-back", ELSEWHERE.session_id): Expected(
        LOGIN, 404, 409, 404, 404, 404, 409, 404
    ),  # it is with nobody
    ("POST", SESSION + "/send-back", UNKNOWN): NOBODY,
    ("POST", SESSION + "/take-over", ELSEWHERE.session_id): Expected(LOGIN, 404, 409, 404, 404, 404, 409, 404),
    ("POST", SESSION + "/take-over", UNKNOWN): NOBODY,
    ("POST", SESSION + "/criteria", WAITING.session_id): Expected(
        LOGIN, 409, 404, 404, 404, 404, 409, 404
    ),  # nobody asks that
    ("POST", SESSION + "/criteria", RELEASED.session_id): Expected(LOGIN, 409, 404, 404, 404, 404, 409, 404),
    ("POST", SESSION + "/criteria", ELSEWHERE.session_id): Expected(LOGIN, 404, 409, 404, 404, 404, 409, 404),
    ("POST", SESSION + "/criteria", UNKNOWN): NOBODY,
    ("GET", "/login", None): EVERYBODY,
    ("GET", "/accounts", None): OPERATORS,
    ("POST", "/accounts", None): Expected(LOGIN, 404, 404, 404, 404, 400, 404, 404),  # without a name and password
    ("GET", ACCOUNT, UNKNOWN): NOBODY,
    ("POST", ACCOUNT + "/password", UNKNOWN): NOBODY,
    ("POST", ACCOUNT + "/disable", UNKNOWN): NOBODY,
    ("POST", ACCOUNT + "/enable", UNKNOWN): NOBODY,
    ("POST", ACCOUNT + "/teams", UNKNOWN): NOBODY,
    ("POST", ACCOUNT + "/remove", UNKNOWN): NOBODY,
    ("GET", "/criteria", None): OPERATORS,
    ("POST", "/criteria", None): Expected(LOGIN, 404, 404, 404, 404, 400, 404, 404),  # without a name and a question
    ("GET", CRITERION, UNKNOWN): NOBODY,
    ("POST", CRITERION + "/versions", UNKNOWN): NOBODY,
    ("POST", CRITERION + "/move", UNKNOWN): NOBODY,
    ("POST", CRITERION + "/retire", UNKNOWN): NOBODY,
    ("POST", CRITERION + "/restore", UNKNOWN): NOBODY,
    ("POST", "/login", None): Expected(*(401,) * 8),  # without a name and password
    ("GET", "/login/provider", None): Expected(*(404,) * 8),  # no provider in these settings
    ("GET", "/login/return", None): Expected(*(404,) * 8),
    ("POST", "/login/ended", None): Expected(*(404,) * 8),
    ("POST", "/logout", None): Expected(*(LOGIN,) * 8),
    ("GET", "/healthz", None): EVERYBODY,
    ("GET", "/readyz", None): Expected(*(404,) * 8),  # on a port of its own, which no browser reaches
    ("GET", "/metrics", None): Expected(*(404,) * 8),
    ("GET", "/api/v1", None): Expected(*(404,) * 8),  # tests/plugin/api/test_rights.py has what is below it
    ("GET", "/static", None): Expected(*(404,) * 8),  # the folder itself is not listed
    ("GET", "/static/style.css", None): EVERYBODY,
    ("GET", "/static/icon.svg", None): EVERYBODY,
    ("GET", "/static/htmx.js", None): EVERYBODY,
    ("GET", "/static/swap.js", None): EVERYBODY,
    ("GET", "/static/menu.js", None): EVERYBODY,
    ("GET", "/no-such-page", None): Expected(*(404,) * 8),
}
FORM = {
    "revision": "1",
    "assessment": str(WAITING.assessments[0].assessment_id),
    "statement": "verdict",
    "say": "agreed",
    "criterion": str(UNKNOWN),
    "version": "1",
    "said": "yes",
    "up": "yes",
    "place": "main",
    "text": "Well met.",
    "released": "2026-11-03T14:02:00Z",
    "ground": "unclear",
    "seen": "1",
    "mechanism": "stance_alignment",
    "purpose": "internal-audit",
    "until": "2026-11-03T14:02:00Z",
    "chosen": f"{WAITING.session_id}.1",
    "name": "A view",
    "follow_up": "2026-11-30",
    "reason": "I am away.",
    "colleague": str(UNKNOWN),
    "to": "queue",
    "action": "contacted",
    "exchange": str(RELEASED.exchanges[0].exchange_id),
    "number": "1",
}
"""The fields of every form about a session."""
NAMES = (
    *("session_id", "account_id", "criterion_id", "note_id", "comment_id", "dispute_id", "attempt_id"),
    *("calibration_id", "view_id", "signal_id", "rehearsal_id"),
)
"""The names of the ids in paths, each of which gets the id of the row."""
NO_ROUTE = {
    *("/no-such-page", "/readyz", "/metrics"),
    *("/static/style.css", "/static/icon.svg", "/static/htmx.js", "/static/swap.js", "/static/menu.js"),
}


def declared(app: FastAPI) -> set[tuple[str, str]]:
    """Return every method and path that the application answers; a route without methods counts as GET."""
    return {
        (method, route.path or "") for route in iter_route_contexts(app.routes) for method in route.methods or {"GET"}
    }


def test_every_route_has_its_row(app: FastAPI) -> None:
    """Every route of the application has a row in the table."""
    rows = {(method, path) for method, path, _ in TABLE if path not in NO_ROUTE}
    assert declared(app) == rows


async def test_every_role_gets_what_the_table_says(browsers: Callable[[], Browser], page_database: str) -> None:
    """Every role gets the answer of the table on every route, with a valid form token each time."""
    open_calibration(page_database)
    raise_signals(page_database)
    opened = [browsers() for _ in PEOPLE]
    for person, browser in zip(PEOPLE, opened, strict=True):
        if person is not None:
            await browser.log_in(person)
    found = {}
    for method, path, session_id in TABLE:
        row = []
        for person, browser in zip(PEOPLE, opened, strict=True):
            if person is None:
                await browser.get("/login")
            row.append(await answer_of(browser, method, path.format(number=1, **dict.fromkeys(NAMES, session_id))))
        found[method, path, session_id] = Expected(*row)
    assert {row: answer for row, answer in found.items() if answer != TABLE[row]} == {}


async def answer_of(browser: Browser, method: str, path: str) -> int | str:
    """Return the status of an answer, or LOGIN if it redirects to the login page."""
    answer = await (browser.get(path) if method == "GET" else browser.post(path, **FORM))
    to_login = answer.status_code == 303 and answer.headers["location"] == "/login"
    return LOGIN if to_login else answer.status_code


async def test_an_address_that_is_no_session_does_not_exist(supervisor: Browser) -> None:
    """An address that is no session id is a 404 that does not repeat it."""
    answer = await supervisor.get("/sessions/words-of-a-client")
    assert answer.status_code == 404
    assert "words-of-a-client" not in answer.text


async def test_a_closed_account_is_out_at_once(
    supervisor: Browser, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A closed account loses access at once, since rights are read on every request."""
    monkeypatch.setattr(app.state.services.store, "viewer", lambda _user_id: None)
    answer = await supervisor.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


async def test_an_operator_reads_numbers_and_no_words(browser: Browser) -> None:
    """An operator's page shows counts, without text, names of counsellors or links to sessions."""
    await browser.log_in(OPERATOR)
    page = (await browser.get("/")).text
    assert "With feedback" in page
    assert "Jonas" not in page
    assert "/sessions/" not in page

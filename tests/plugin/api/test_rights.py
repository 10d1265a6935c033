"""Tests of the rights of every role on every operation of the API, with one table that must list every operation."""

import json
from typing import Any, NamedTuple
from uuid import UUID

from fastapi import FastAPI

from plugin.api.app import FILE
from plugin.queue.token_views import Scope
from tests.plugin.api.conftest import Program, Programs
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
)
from tests.plugin.web.risk_samples import RISK_OF_WAITING, RISK_OPEN, raise_signals

UNKNOWN = UUID("00000000-0000-4000-8000-000000000000")
PEOPLE = (None, SUPERVISOR, OTHER_SUPERVISOR, THERAPIST, OTHER_THERAPIST, OPERATOR, LEAD, AUDITOR)


class Expected(NamedTuple):
    """The expected status for each role, each with a token of every scope."""

    anonymous: int
    supervisor: int
    other_supervisor: int
    therapist: int
    other_therapist: int
    operator: int
    lead: int
    auditor: int


SIGNED_IN = Expected(401, 200, 200, 200, 200, 200, 200, 200)
ALL_BUT_AUDITOR = Expected(401, 200, 200, 200, 200, 200, 200, 404)
SUPERVISORS = Expected(401, 200, 200, 404, 404, 404, 200, 404)
HERS_ALONE = Expected(401, 200, 404, 404, 404, 404, 200, 404)
HERS_FIRST = Expected(401, 200, 404, 404, 404, 404, 409, 404)
"""The supervisor of the team is first, and has the claim when the lead asks."""
HERS_REFUSED = Expected(401, 409, 404, 404, 404, 404, 409, 404)
THEIRS_REFUSED = Expected(401, 404, 409, 404, 404, 404, 409, 404)
RATERS = Expected(401, 200, 404, 404, 404, 404, 404, 404)
RATERS_REFUSED = Expected(401, 409, 404, 404, 404, 404, 404, 404)
"""A lead rates in no calibration."""
THERAPISTS = Expected(401, 404, 404, 200, 200, 404, 404, 404)
HIS_ALONE = Expected(401, 404, 404, 200, 404, 404, 404, 404)
HIS_REFUSED = Expected(401, 404, 404, 409, 404, 404, 404, 404)
LEADS = Expected(401, 404, 404, 404, 404, 404, 200, 404)
AUDITORS = Expected(401, 404, 404, 404, 404, 404, 404, 200)
OPERATORS = Expected(401, 404, 404, 404, 404, 200, 404, 404)
OPERATORS_REFUSED = Expected(401, 404, 404, 404, 404, 409, 404, 404)
NOBODY = Expected(401, 404, 404, 404, 404, 404, 404, 404)

SESSION, OWN = "/sessions/{session_id}", "/own-sessions/{session_id}"
DISPUTE = "/disputes/{dispute_id}"
CALIBRATED, MOMENT = "/calibrations/{calibration_id}", "/calibrations/{calibration_id}/moments/{number}"
ACCOUNTS, ACCOUNT = "/accounts", "/accounts/{account_id}"
NOTES, CRITERIA = "/rubric-notes", "/criteria"
RISK = "/risk-signals/{signal_id}/acknowledgement"
ASSESSMENT = str(WAITING.assessments[0].assessment_id)
DECIDE = {"revision": 1, "stands": "none"}
JUDGE = {"revision": 1, "assessment_id": ASSESSMENT, "statement": "verdict", "judgement": "agreed"}
NOTE = {"text": "Well met."}
CRITERION = {"revision": 1, "criterion_id": "0b1f2c9e-0d36-4f56-9f2b-5a0c7b8f1a11", "version": 1, "said": "yes"}
DAY = {"day": "2026-11-30"}
BACK = {"seen": 0, "reason": "I am away."}
OVER = {**BACK, "account_id": str(UNKNOWN)}
RECEIVERS = "/receivers/{receiver_id}"
RECEIVER = {"name": "board", "url": "https://board.example/", "kinds": ["releases"]}
WORDING = {"question": "Was the client told?", "scale": "yes_no", "shared": True}
ACTION = {"action": "contacted"}
VIEW = {"need": "risk", "name": "First"}
ACKNOWLEDGE = {"released_at": "2026-11-03T14:02:00Z"}
OPEN = {**ACKNOWLEDGE, "assessment_id": ASSESSMENT, "statement": "strengths", "ground": "unclear", "text": "Why?"}
SEEN = {"seen": 0}
RESOLVE = {"seen": 0, "judgement": "agreed", "text": "I see it so."}
MECHANISMS = ("respect_for_autonomy", "stance_alignment", "emotional_resonance", "conversational_orientation")
RATE = {"levels": dict.fromkeys(MECHANISMS, "weak")}
SETTLE = {"levels": [{"mechanism": MECHANISMS[0], "level": None, "reason": "Nothing says so."}]}
OPEN_ONE = {"colleagues": [str(UNKNOWN)], "size": 5, "day": "2026-11-03"}
MAPPED = {"people": [{"username": "lena", "role": "lead"}]}
OUTCOMES = {
    "platform": "nowhere",
    "outcomes": [
        {
            "conversation_id": "r",
            "outcome_id": "o",
            "instrument": "rating",
            "score": 4,
            "occasion": "after",
            "given_by": "client",
            "author": "u",
            "given_at": "2026-11-03T14:02:00Z",
        }
    ],
}
LOOK = {"revision": 1, "turns": [{"position": 0, "resistance": "no", "critical": "unsure"}]}
UNTIL = {"until": "2026-11-03T14:02:00Z"}
SEVERAL = {"sessions": [{"session_id": str(WAITING.session_id), "revision": 1}]}

TABLE: dict[tuple[str, str, UUID | None], tuple[Any, Expected]] = {
    # First, since who has seen a session elsewhere may give no blind look at it.
    ("GET", "/sample", None): (None, SUPERVISORS),
    ("GET", SESSION + "/look", ELSEWHERE.session_id): (None, Expected(401, 404, 200, 404, 404, 404, 200, 404)),
    ("GET", SESSION + "/look", WAITING.session_id): (None, NOBODY),  # not in the sample
    ("POST", SESSION + "/look", ELSEWHERE.session_id): (LOOK, THEIRS_REFUSED),  # without every turn
    ("POST", SESSION + "/look", WAITING.session_id): (LOOK, NOBODY),
    ("GET", "/quality", None): (None, OPERATORS),
    ("GET", "/queue-numbers", None): (None, OPERATORS),
    ("GET", "/me", None): (None, SIGNED_IN),
    ("GET", "/sessions", None): (None, SUPERVISORS),
    ("GET", "/disputes", None): (None, SUPERVISORS),
    ("GET", "/therapists", None): (None, SUPERVISORS),
    ("GET", "/moments", None): (None, SUPERVISORS),
    ("GET", "/own-trend", None): (None, THERAPISTS),
    ("GET", "/trends/{account_id}", UNKNOWN): (None, NOBODY),
    ("GET", "/team-numbers", None): (None, SUPERVISORS),
    ("GET", SESSION, WAITING.session_id): (None, HERS_ALONE),
    ("GET", SESSION, RELEASED.session_id): (None, HERS_ALONE),  # its therapist reads it among his own
    ("GET", SESSION, LEFT_OUT.session_id): (None, HERS_ALONE),
    ("GET", SESSION, ELSEWHERE.session_id): (None, Expected(401, 404, 200, 404, 404, 404, 200, 404)),
    ("GET", SESSION, UNKNOWN): (None, NOBODY),
    ("GET", "/calibrations", None): (None, SUPERVISORS),
    ("GET", "/calibrations/colleagues", None): (None, SUPERVISORS),
    ("POST", "/calibrations", None): (
        OPEN_ONE,
        Expected(401, 409, 409, 404, 404, 404, 404, 404),
    ),  # with no colleague of hers
    ("GET", CALIBRATED, CALIBRATION): (None, RATERS),
    ("GET", CALIBRATED, UNKNOWN): (None, NOBODY),
    ("GET", MOMENT, CALIBRATION): (None, RATERS),
    ("GET", MOMENT, UNKNOWN): (None, NOBODY),
    ("POST", CALIBRATED + "/done", CALIBRATION): (None, RATERS_REFUSED),  # before all are rated
    ("POST", CALIBRATED + "/done", UNKNOWN): (None, NOBODY),
    ("POST", MOMENT + "/rating", CALIBRATION): (RATE, RATERS),
    ("POST", MOMENT + "/rating", UNKNOWN): (RATE, NOBODY),
    ("POST", MOMENT + "/ask", CALIBRATION): (None, RATERS_REFUSED),  # before it is over
    ("POST", MOMENT + "/ask", UNKNOWN): (None, NOBODY),
    ("POST", MOMENT + "/settle", CALIBRATION): (SETTLE, RATERS_REFUSED),
    ("POST", MOMENT + "/settle", UNKNOWN): (SETTLE, NOBODY),
    ("POST", CALIBRATED + "/cancel", CALIBRATION): (None, RATERS),  # who opened it
    ("POST", CALIBRATED + "/cancel", UNKNOWN): (None, NOBODY),
    ("GET", "/news", None): (None, SUPERVISORS),
    ("POST", "/news/read", None): (UNTIL, SUPERVISORS),
    ("GET", "/own-news", None): (None, THERAPISTS),
    ("POST", "/own-news/read", None): (UNTIL, THERAPISTS),
    ("GET", "/preferences", None): (None, SUPERVISORS),
    ("POST", "/preferences", None): ({"hour": 9}, SUPERVISORS),
    ("GET", "/own-preferences", None): (None, THERAPISTS),
    ("POST", "/own-preferences", None): ({"hour": 9}, THERAPISTS),
    ("GET", "/own-exports", None): (None, THERAPISTS),
    ("GET", "/own-sessions", None): (None, THERAPISTS),
    ("GET", OWN, RELEASED.session_id): (None, HIS_ALONE),
    ("GET", OWN, WAITING.session_id): (None, NOBODY),
    ("POST", OWN + "/acknowledge", RELEASED.session_id): (ACKNOWLEDGE, HIS_REFUSED),  # of another release
    ("POST", OWN + "/acknowledge", WAITING.session_id): (ACKNOWLEDGE, NOBODY),
    ("POST", OWN + "/disputes", RELEASED.session_id): (OPEN, HIS_REFUSED),
    ("POST", OWN + "/disputes", WAITING.session_id): (OPEN, NOBODY),
    ("POST", OWN + DISPUTE + "/withdraw", RELEASED.session_id): (SEEN, HIS_REFUSED),
    ("POST", OWN + DISPUTE + "/withdraw", UNKNOWN): (SEEN, NOBODY),
    ("POST", OWN + DISPUTE + "/escalate", RELEASED.session_id): (SEEN, HIS_REFUSED),
    ("POST", OWN + DISPUTE + "/escalate", UNKNOWN): (SEEN, NOBODY),
    ("POST", SESSION + DISPUTE + "/resolve", RELEASED.session_id): (RESOLVE, HERS_REFUSED),
    ("POST", SESSION + DISPUTE + "/resolve", UNKNOWN): (RESOLVE, NOBODY),
    ("POST", "/releases", None): (SEVERAL, SUPERVISORS),  # each says what it may not release
    ("POST", SESSION + "/claim", WAITING.session_id): (None, HERS_FIRST),
    ("POST", SESSION + "/claim", UNKNOWN): (None, NOBODY),
    ("POST", SESSION + "/judgements", WAITING.session_id): (JUDGE, HERS_FIRST),
    ("POST", SESSION + "/judgements", RELEASED.session_id): (JUDGE, HERS_REFUSED),
    ("POST", SESSION + "/judgements", ELSEWHERE.session_id): (
        JUDGE,
        Expected(401, 404, 409, 404, 404, 404, 409, 404),
    ),
    ("POST", SESSION + "/judgements", UNKNOWN): (JUDGE, NOBODY),
    ("POST", SESSION + "/notes", WAITING.session_id): (NOTE, HERS_ALONE),
    ("POST", SESSION + "/notes", UNKNOWN): (NOTE, NOBODY),
    ("POST", SESSION + "/notes/{note_id}/remove", WAITING.session_id): (None, HERS_REFUSED),  # no note has that id
    ("POST", SESSION + "/notes/{note_id}/remove", UNKNOWN): (None, NOBODY),
    ("POST", SESSION + "/notes/{note_id}/follow-up", WAITING.session_id): (DAY, HERS_REFUSED),
    ("POST", SESSION + "/notes/{note_id}/follow-up", UNKNOWN): (DAY, NOBODY),
    ("POST", SESSION + "/notes/{note_id}/follow-up/done", WAITING.session_id): (None, HERS_REFUSED),
    ("POST", SESSION + "/notes/{note_id}/follow-up/done", UNKNOWN): (None, NOBODY),
    ("POST", SESSION + "/notes/{note_id}/comments", WAITING.session_id): (NOTE, HERS_REFUSED),
    ("POST", SESSION + "/notes/{note_id}/comments", UNKNOWN): (NOTE, NOBODY),
    ("POST", SESSION + "/notes/comments/{comment_id}/remove", WAITING.session_id): (None, HERS_REFUSED),
    ("POST", SESSION + "/notes/comments/{comment_id}/remove", UNKNOWN): (None, NOBODY),
    ("POST", OWN + "/notes/{note_id}/comments", RELEASED.session_id): (NOTE, HIS_REFUSED),
    ("POST", OWN + "/notes/{note_id}/comments", WAITING.session_id): (NOTE, NOBODY),
    ("POST", OWN + "/notes/comments/{comment_id}/remove", RELEASED.session_id): (None, HIS_REFUSED),
    ("POST", OWN + "/notes/comments/{comment_id}/remove", WAITING.session_id): (None, NOBODY),
    ("GET", "/follow-ups", None): (None, SUPERVISORS),
    ("GET", "/views", None): (None, SUPERVISORS),
    ("POST", "/views", None): (VIEW, SUPERVISORS),
    ("POST", "/views/{view_id}/rename", UNKNOWN): ({"name": "Second"}, NOBODY),
    ("POST", "/views/{view_id}/remove", UNKNOWN): (None, NOBODY),
    ("POST", SESSION + "/hand-over", ELSEWHERE.session_id): (OVER, THEIRS_REFUSED),
    ("POST", SESSION + "/hand-over", UNKNOWN): (OVER, NOBODY),
    ("POST", SESSION + "/send-back", ELSEWHERE.session_id): ({**BACK, "to": "queue"}, THEIRS_REFUSED),
    ("POST", SESSION + "/send-back", UNKNOWN): ({**BACK, "to": "queue"}, NOBODY),
    ("POST", SESSION + "/take-over", ELSEWHERE.session_id): (BACK, THEIRS_REFUSED),
    ("POST", SESSION + "/take-over", UNKNOWN): (BACK, NOBODY),
    ("POST", SESSION + "/criterion-answers", WAITING.session_id): (CRITERION, HERS_REFUSED),  # nobody asks that
    ("POST", SESSION + "/criterion-answers", RELEASED.session_id): (CRITERION, HERS_REFUSED),
    ("POST", SESSION + "/criterion-answers", ELSEWHERE.session_id): (
        CRITERION,
        Expected(401, 404, 409, 404, 404, 404, 409, 404),
    ),
    ("POST", SESSION + "/criterion-answers", UNKNOWN): (CRITERION, NOBODY),
    ("POST", SESSION + "/give-back", WAITING.session_id): (None, HERS_ALONE),
    ("POST", SESSION + "/give-back", UNKNOWN): (None, NOBODY),
    ("POST", SESSION + "/release", WAITING.session_id): (DECIDE, HERS_ALONE),
    ("POST", SESSION + "/release", LEFT_OUT.session_id): (DECIDE, HERS_REFUSED),
    ("POST", SESSION + "/release", UNKNOWN): (DECIDE, NOBODY),
    ("POST", SESSION + "/withhold", RELEASED.session_id): ({**DECIDE, "stands": "released"}, HERS_ALONE),
    ("POST", SESSION + "/withhold", UNKNOWN): (DECIDE, NOBODY),
    ("GET", "/risk-signals", None): (None, SUPERVISORS),
    ("POST", RISK, RISK_OF_WAITING.event_id): (ACTION, Expected(401, 200, 404, 404, 404, 200, 200, 404)),
    ("POST", RISK, RISK_OPEN.event_id): (ACTION, Expected(401, 200, 200, 404, 404, 200, 200, 404)),  # of their platform
    ("POST", RISK, UNKNOWN): (ACTION, NOBODY),
    ("GET", NOTES, None): (None, ALL_BUT_AUDITOR),
    ("POST", NOTES, None): ({"mechanism": "stance_alignment", **NOTE}, LEADS),
    ("POST", NOTES + "/{note_id}/versions", UNKNOWN): ({"seen": 1, **NOTE}, NOBODY),
    ("POST", NOTES + "/{note_id}/remove", UNKNOWN): ({"seen": 1}, NOBODY),
    ("GET", CRITERIA, None): (None, OPERATORS),
    ("GET", CRITERIA + "/{criterion_id}", UNKNOWN): (None, NOBODY),
    ("POST", CRITERIA, None): ({**WORDING, "name": "told", "about": "session"}, OPERATORS),
    ("POST", CRITERIA + "/{criterion_id}/versions", UNKNOWN): ({**WORDING, "seen": 1}, NOBODY),
    ("POST", CRITERIA + "/{criterion_id}/move", UNKNOWN): ({"to": "later"}, NOBODY),
    ("POST", CRITERIA + "/{criterion_id}/retire", UNKNOWN): (None, NOBODY),
    ("POST", CRITERIA + "/{criterion_id}/restore", UNKNOWN): (None, NOBODY),
    ("GET", "/trail", None): (None, AUDITORS),
    ("GET", "/trail/file", None): ({"purpose": "incident"}, AUDITORS),
    ("POST", "/trail/verify", None): ({}, AUDITORS),
    ("GET", "/receivers", None): (None, OPERATORS),
    ("POST", "/receivers", None): (RECEIVER, OPERATORS_REFUSED),  # without their key in the settings
    ("POST", RECEIVERS + "/rotate", UNKNOWN): (None, OPERATORS_REFUSED),
    ("POST", RECEIVERS + "/disable", UNKNOWN): (None, NOBODY),
    ("POST", RECEIVERS + "/enable", UNKNOWN): (None, NOBODY),
    ("POST", RECEIVERS + "/remove", UNKNOWN): (None, NOBODY),
    ("POST", RECEIVERS + "/replay", UNKNOWN): ({"since": "2026-11-01T00:00:00Z"}, NOBODY),
    ("POST", "/outcomes", None): (OUTCOMES, OPERATORS_REFUSED),  # of a platform that the settings do not name
    ("GET", ACCOUNTS, None): (None, OPERATORS),
    ("GET", ACCOUNT, UNKNOWN): (None, NOBODY),
    ("POST", ACCOUNT + "/disable", UNKNOWN): (None, NOBODY),
    ("POST", ACCOUNT + "/enable", UNKNOWN): (None, NOBODY),
    ("POST", ACCOUNT + "/teams", UNKNOWN): ({"add": ["North"]}, NOBODY),
    ("POST", ACCOUNT + "/remove", UNKNOWN): ({"username": SUPERVISOR}, NOBODY),
    ("POST", "/people/plan", None): (MAPPED, OPERATORS),
    ("POST", "/people/apply", None): ({**MAPPED, "code": "0" * 16}, OPERATORS_REFUSED),  # of another plan
}
"""Each operation with a session, or none, and the body or query that is sent; rows are tried from first to last."""
IDS = (
    *("session_id", "account_id", "note_id", "comment_id", "dispute_id"),
    *("calibration_id", "view_id", "signal_id", "receiver_id", "criterion_id"),
)


def named(method: str, *paths: str) -> set[str]:
    """Return operations by their method and path."""
    return {f"{method} {path}" for path in paths}


SCOPES = {
    Scope.SESSIONS_READ: named(
        "GET",
        *("/sessions", "/disputes", "/therapists", "/moments", SESSION, "/own-sessions", OWN, NOTES),
        *("/calibrations", "/calibrations/colleagues", CALIBRATED, MOMENT, "/follow-ups", "/views"),
        *("/sample", SESSION + "/look", "/quality", "/news", "/own-news"),
        *("/own-trend", "/trends/{account_id}", "/team-numbers", "/own-exports", "/queue-numbers"),
        *("/preferences", "/own-preferences", CRITERIA, CRITERIA + "/{criterion_id}"),
    ),
    Scope.SESSIONS_RELEASE: named("POST", SESSION + "/release", SESSION + "/withhold", "/releases"),
    Scope.SESSIONS_REVIEW: named(
        "POST",
        *(SESSION + "/claim", SESSION + "/give-back", SESSION + "/judgements"),
        *(SESSION + "/notes", SESSION + "/notes/{note_id}/remove", SESSION + "/criterion-answers"),
        *(SESSION + "/notes/{note_id}/follow-up", SESSION + "/notes/{note_id}/follow-up/done"),
        *(SESSION + "/notes/{note_id}/comments", SESSION + "/notes/comments/{comment_id}/remove"),
        *(SESSION + "/hand-over", SESSION + "/send-back", SESSION + "/take-over"),
        *("/views", "/views/{view_id}/rename", "/views/{view_id}/remove", SESSION + "/look", "/news/read"),
        "/preferences",
        *(
            "/calibrations",
            CALIBRATED + "/done",
            CALIBRATED + "/cancel",
            MOMENT + "/rating",
            MOMENT + "/ask",
            MOMENT + "/settle",
        ),
    ),
    Scope.DISPUTES_WRITE: named(
        "POST",
        *(OWN + "/acknowledge", OWN + "/disputes", OWN + DISPUTE + "/withdraw", OWN + DISPUTE + "/escalate"),
        *(OWN + "/notes/{note_id}/comments", OWN + "/notes/comments/{comment_id}/remove", "/own-news/read"),
        "/own-preferences",
        SESSION + DISPUTE + "/resolve",
    ),
    Scope.RISK_ACKNOWLEDGE: {"GET /risk-signals", f"POST {RISK}"},
    Scope.RUBRIC_WRITE: named(
        "POST",
        *(NOTES, NOTES + "/{note_id}/versions", NOTES + "/{note_id}/remove", CRITERIA),
        *(f"{CRITERIA}/{{criterion_id}}/{step}" for step in ("versions", "move", "retire", "restore")),
    ),
    Scope.TRAIL_READ: {"GET /trail", "GET /trail/file", "POST /trail/verify"},
    Scope.OUTCOMES_WRITE: {"POST /outcomes"},
    Scope.PEOPLE_WRITE: {
        *("POST /people/plan", "POST /people/apply", f"GET {ACCOUNTS}", f"GET {ACCOUNT}"),
        *(f"POST {ACCOUNT}/{step}" for step in ("disable", "enable", "teams", "remove")),
    },
    Scope.RECEIVERS_WRITE: {
        *("GET /receivers", "POST /receivers"),
        *(f"POST {RECEIVERS}/{step}" for step in ("rotate", "disable", "enable", "remove", "replay")),
    },
}
"""The operations that need each scope."""


def filled(path: str, identifier: UUID | None) -> str:
    """Return a path with one id in the place of each of its ids."""
    return path.format(number=1, **dict.fromkeys(IDS, identifier))


async def status_of(program: Program, method: str, path: str, asked: Any) -> int:
    """Return the status of an answer; what is asked is the query of a GET and the body of a POST."""
    answer = await (program.get(path, **(asked or {})) if method == "GET" else program.post(path, asked))
    return answer.status_code


def test_every_operation_has_its_row() -> None:
    """Every operation of the document has a row in the table, and needs one scope or none."""
    paths = json.loads(FILE.read_text())["paths"]
    declared = {(method.upper(), path) for path, each in paths.items() for method in each}
    assert declared == {(method, path) for method, path, _ in TABLE}
    assert {f"{method} {path}" for method, path in declared} - {"GET /me"} == set().union(*SCOPES.values())


async def test_every_role_gets_what_the_table_says(programs: Programs, page_database: str) -> None:
    """Every role gets the status of the table on every operation, with a token of every scope."""
    open_calibration(page_database)
    raise_signals(page_database)
    opened = [programs(person) for person in PEOPLE]
    found = {}
    for (method, path, session_id), (body, _) in TABLE.items():
        row = [await status_of(program, method, filled(path, session_id), body) for program in opened]
        found[method, path, session_id] = Expected(*row)
    assert {row: answer for row, answer in found.items() if answer != TABLE[row][1]} == {}


async def test_a_token_does_what_its_scopes_say_and_nothing_else(programs: Programs) -> None:
    """A token with one scope is refused (403) wherever another one is needed, even where its person may see nothing."""
    steps = {(method, path): body for (method, path, _), (body, _) in TABLE.items()}
    for scope, opens in SCOPES.items():
        program = programs(SUPERVISOR, scope)
        for (method, path), body in steps.items():
            status = await status_of(program, method, filled(path, UNKNOWN), body)
            assert (status == 403) == (f"{method} {path}" not in opens | {"GET /me"}), (scope, method, path)


async def test_what_one_may_not_see_is_answered_as_what_does_not_exist(supervisor: Program) -> None:
    """Another team's session and one that does not exist get the same answer, which names neither."""
    elsewhere, unknown = [await supervisor.get(f"/sessions/{each}") for each in (ELSEWHERE.session_id, UNKNOWN)]
    assert elsewhere.json() == unknown.json()
    assert str(UNKNOWN) not in unknown.text


async def test_a_closed_account_is_out_at_once(supervisor: Program, app: FastAPI) -> None:
    """A disabled account's token is refused at the next request, since rights are read on every request."""
    accounts = app.state.services.store.accounts
    assert (await supervisor.get("/me")).status_code == 200
    accounts.disable(accounts.named(SUPERVISOR).account_id)
    assert (await supervisor.get("/me")).status_code == 401

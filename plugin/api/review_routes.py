"""The routes on which a supervisor reviews a session, decides about it, and resolves disputes; each is one step."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from plugin.api.caller import Releaser, Resolver, Reviewer
from plugin.api.once import OnceDep
from plugin.api.problems import documented
from plugin.api.requests import AnswerCriterion, Decide, Judge, ReleaseSeveral, Resolve
from plugin.api.results import Decided, DecidedSession, Done
from plugin.queue.replies import Reply
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind

STEPPING: Final = documented(400, 401, 403, 404, 409, 411, 413, 422, 429, 503)
router = APIRouter(responses=STEPPING)


@router.post("/sessions/{session_id}/claim", response_model=Done, tags=["review"])
def claim(caller: Reviewer, once: OnceDep, session_id: UUID) -> Response:
    """Begin the review of a session, which nobody else can review meanwhile, or renew the claim."""
    return once.step(lambda store: store.reviews.claim(caller.viewer, session_id, request_id=caller.request_id))


@router.post("/sessions/{session_id}/give-back", response_model=Done, tags=["review"])
def give_back(caller: Reviewer, once: OnceDep, session_id: UUID) -> Response:
    """Stop the review of a session, so that others may review it at once."""
    return once.step(lambda store: store.reviews.give_back(caller.viewer, session_id, request_id=caller.request_id))


@router.post("/sessions/{session_id}/judgements", response_model=Done, tags=["review"])
def judge(caller: Reviewer, once: OnceDep, session_id: UUID, said: Judge) -> Response:
    """Store what the supervisor says of one statement: agreed, withheld with a reason, corrected to an own level."""
    return once.step(
        lambda store: store.reviews.judge(
            caller.viewer,
            session_id,
            said.revision,
            said.assessment_id,
            said.about,
            said.opinion,
            request_id=caller.request_id,
        )
    )


@router.post("/sessions/{session_id}/criterion-answers", response_model=Done, tags=["review"])
def answer_criterion(caller: Reviewer, once: OnceDep, session_id: UUID, asked: AnswerCriterion) -> Response:
    """Store what the supervisor says to a criterion of the service's own, in the place of what was said before."""
    return once.step(
        lambda store: store.reviews.answer_criterion(
            caller.viewer, session_id, asked.revision, asked.answer, request_id=caller.request_id
        )
    )


@router.post("/sessions/{session_id}/release", response_model=Done, tags=["decisions"])
def release(caller: Releaser, once: OnceDep, session_id: UUID, read: Decide) -> Response:
    """Let the therapists of this session read the revision that the supervisor has read."""
    return _decide(caller, once, session_id, read, DecisionKind.RELEASED)


@router.post("/sessions/{session_id}/withhold", response_model=Done, tags=["decisions"])
def withhold(caller: Releaser, once: OnceDep, session_id: UUID, read: Decide) -> Response:
    """Keep the session from its therapists, or put away a session that needs no release."""
    return _decide(caller, once, session_id, read, DecisionKind.WITHHELD)


@router.post("/releases", response_model=Decided, tags=["decisions"])
def release_several(caller: Releaser, once: OnceDep, asked: ReleaseSeveral) -> Response:
    """Release sessions that were claimed and read as they are now, each by a decision of its own."""
    revisions = {each.session_id: each.revision for each in asked.sessions}

    def act(store: Store) -> Reply:
        outcomes = store.release_several(caller.viewer, revisions, request_id=caller.request_id)
        decided = [DecidedSession(session_id=each, outcome=outcome) for each, outcome in outcomes.items()]
        return Reply(200, Decided(sessions=tuple(decided)).model_dump(mode="json"))

    return once.do(act)


@router.post("/sessions/{session_id}/disputes/{dispute_id}/resolve", response_model=Done, tags=["disputes"])
def resolve(caller: Resolver, once: OnceDep, session_id: UUID, dispute_id: UUID, said: Resolve) -> Response:
    """Resolve an open dispute with what the supervisor says of the statement, and with words for the therapist."""
    return once.step(
        lambda store: store.disputes.resolve(
            caller.viewer,
            session_id,
            dispute_id,
            said.seen,
            said.opinion,
            said.text,
            request_id=caller.request_id,
        )
    )


def _decide(caller: Releaser, once: OnceDep, session_id: UUID, read: Decide, kind: DecisionKind) -> Response:
    return once.step(
        lambda store: store.decide(
            caller.viewer, session_id, read.revision, kind, stands=read.stands.value, request_id=caller.request_id
        )
    )

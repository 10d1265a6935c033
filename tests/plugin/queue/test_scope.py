"""Tests of which sessions each role may see, in every state of a session."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from plugin.database.tables import StoredSession
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.scope import has_team, visible_to
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.vocabulary import Concern, MarkKind, NeedsHuman, SessionState
from tests.plugin.conftest import People
from tests.plugin.samples import (
    PLANTED,
    REJECTED,
    TENANT,
    add_person,
    answered,
    apply_records,
    left_out,
    mark,
    record,
    without_content,
)

SENT = record()
FURTHER = record(moments=4, counsellors=("p_ana", "p_ben"))
FURTHER = FURTHER.model_copy(
    update={"exchanges": (*FURTHER.exchanges[:3], FURTHER.exchanges[3].model_copy(update={"counsellor": "p_ben"}))}
)
"""A session whose fourth confirmed moment, which is not shown at once, is that of another counsellor."""
RISK = mark(MarkKind.RISK_LANGUAGE, Concern.SUICIDE)


def session_ids(engine: Engine, viewer: Viewer) -> list[UUID]:
    """Return the sessions that fulfil `visible_to`."""
    with Session(engine) as session:
        return list(session.exec(select(StoredSession.session_id).where(visible_to(viewer))))


def everybody(engine: Engine, people: People) -> dict[str, Viewer]:
    """Return a viewer of every role by a name."""
    return {
        "supervisor": people.supervisor,
        "other supervisor": people.other_supervisor,
        "platform supervisor": add_person(engine, "vera", AccountRole.SUPERVISOR, tenant=TENANT),
        "supervisor of another platform": add_person(engine, "wim", AccountRole.SUPERVISOR, tenant="elsewhere"),
        "own therapist": people.ana,
        "other therapist": people.ben,
        "operator": people.operator,
    }


Steps = Callable[[Store, People], None]


def nothing(_store: Store, _people: People) -> None:
    """Decide nothing."""


def released(store: Store, people: People) -> None:
    """Release the session for its counsellor."""
    store.decide(people.supervisor, SENT.session_id, 1, DecisionKind.RELEASED)


def withheld(store: Store, people: People) -> None:
    """Withhold the session from its counsellor."""
    store.decide(people.supervisor, SENT.session_id, 1, DecisionKind.WITHHELD)


@pytest.mark.parametrize(
    ("first", "steps", "then", "who"),
    [
        (SENT, nothing, None, {"supervisor"}),
        (SENT, released, None, {"supervisor", "own therapist"}),
        (SENT, withheld, None, {"supervisor"}),
        (SENT, released, without_content(SENT, state=SessionState.REOPENED), set()),
        (SENT, released, record(revision=2), {"supervisor"}),
        (SENT, released, without_content(SENT, state=SessionState.ERASED), {"supervisor"}),
        (left_out(), nothing, None, {"supervisor"}),
        (left_out(), released, None, {"supervisor"}),
        (left_out(marks=(RISK,)), nothing, None, {"supervisor"}),
        (left_out(marks=(RISK,)), released, None, {"supervisor"}),
        (record(abstain=NeedsHuman.MODEL_FAILED), released, None, {"supervisor"}),
        (answered(record(), REJECTED), released, None, {"supervisor"}),
        (answered(record(), REJECTED | PLANTED), released, None, {"supervisor"}),
        (answered(record(moments=2), REJECTED, {}), released, None, {"supervisor", "own therapist"}),
        (FURTHER, released, None, {"supervisor", "other supervisor", "own therapist"}),
        (record(counsellor="p_stranger"), nothing, None, {"platform supervisor"}),
        (left_out(counsellors=()), nothing, None, {"platform supervisor"}),
        (record(counsellors=("p_ana", "p_ben")), nothing, None, {"supervisor", "other supervisor"}),
        (record(counsellors=("p_ana", "p_ben")), released, None, {"supervisor", "other supervisor", "own therapist"}),
    ],
)
def test_who_sees_what(
    engine: Engine,
    store: Store,
    people: People,
    first: FeedbackRecord,
    steps: Steps,
    then: FeedbackRecord | None,
    who: set[str],
) -> None:
    """Exactly the given people see the session, both in lists and by opening it."""
    viewers = everybody(engine, people)
    apply_records(engine, first)
    steps(store, people)
    if then is not None:
        apply_records(engine, then)
    assert {name for name, viewer in viewers.items() if session_ids(engine, viewer)} == who
    assert {name for name, viewer in viewers.items() if store.open(viewer, first.session_id) is not None} == who


def test_a_therapist_without_a_platform_sees_nothing(engine: Engine, store: Store, people: People) -> None:
    """A therapist's account without a counsellor sees no session."""
    apply_records(engine, SENT)
    released(store, people)
    bare = Viewer(people.ana.user_id, "x", "X", AccountRole.THERAPIST)
    assert session_ids(engine, bare) == []


def test_a_supervisor_who_left_a_team_no_longer_sees_its_sessions(engine: Engine, store: Store, people: People) -> None:
    """A supervisor who has left a team no longer sees its sessions."""
    apply_records(engine, SENT)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM memberships WHERE account_id = :who"), {"who": people.supervisor.user_id})
    again = store.viewer(people.supervisor.user_id)
    assert again is not None
    assert store.open(again, SENT.session_id) is None


def test_a_supervisor_of_two_teams_sees_both(engine: Engine, people: People) -> None:
    """A supervisor of two teams and a platform sees each of their sessions once."""
    both = add_person(engine, "zoe", AccountRole.SUPERVISOR, teams=("north", "south"), tenant=TENANT)
    apply_records(
        engine, SENT, record(conversation="c_2", counsellor="p_ben"), record(conversation="c_3", counsellor="p_x")
    )
    assert len(session_ids(engine, both)) == len(set(session_ids(engine, both))) == 3
    assert len(session_ids(engine, people.supervisor)) == 1


def test_a_session_has_a_team_when_one_of_its_counsellors_has(engine: Engine, people: People) -> None:
    """A session has a team if one of its counsellors' accounts is in a team."""
    assert people.ana.team_ids
    add_person(engine, "alone", AccountRole.THERAPIST, tenant=TENANT, counsellor="p_alone")
    apply_records(engine, SENT, record(conversation="c_2", counsellor="p_alone"))
    with Session(engine) as session:
        found = session.exec(select(StoredSession.conversation_id).where(has_team()))
        assert list(found) == [SENT.conversation_id]

"""Tests of who may review a session: said of any account in SQL as `visible_to` says it of a viewer."""

import pytest
from sqlalchemy import Engine, text
from sqlmodel import select

from plugin.database.engine import transaction
from plugin.database.tables import Account, StoredSession
from plugin.database.viewer import REVIEWERS, AccountRole
from plugin.queue.accounts import viewer_of
from plugin.queue.reviewers import reviewers_of
from plugin.queue.scope import visible_to
from tests.plugin.samples import TENANT, add_person, apply_records, record


@pytest.fixture
def _world(engine: Engine) -> None:
    """Store people of every role in several teams, on several platforms and in none, and sessions of all kinds."""
    for name, role, teams, tenant, counsellor in (
        ("mara", "supervisor", ("north",), None, None),
        ("nele", "supervisor", ("north", "south"), TENANT, None),
        ("olga", "supervisor", ("south",), "elsewhere", None),
        ("petra", "supervisor", (), TENANT, None),
        ("quinn", "supervisor", ("empty",), TENANT, None),
        ("lena", "lead", (), None, None),
        ("otto", "operator", (), None, None),
        ("aldo", "auditor", (), None, None),
        ("ana", "therapist", ("north",), TENANT, "p_ana"),
        ("ben", "therapist", ("south",), TENANT, "p_ben"),
        ("cem", "therapist", (), TENANT, "p_cem"),
        ("far", "therapist", ("north",), "elsewhere", "p_new"),
    ):
        add_person(engine, name, AccountRole(role), teams=teams, tenant=tenant, counsellor=counsellor)
    for number, counsellors in enumerate(
        (("p_ana",), ("p_ben",), ("p_cem",), ("p_new",), ("p_ana", "p_ben"), ("p_cem", "p_ben"), ())
    ):
        apply_records(engine, record(conversation=f"c_{number}", counsellors=counsellors))
    with engine.begin() as connection:
        connection.execute(text("UPDATE accounts SET disabled_at = now() WHERE username = 'quinn'"))


@pytest.mark.usefixtures("_world")
def test_who_may_review_is_who_sees_the_session(engine: Engine) -> None:
    """For every account and session both rules agree, and a disabled account reviews nothing."""
    with transaction(engine) as session:
        sessions = session.exec(select(StoredSession)).all()
        said = {row.session_id: set(reviewers_of(session, row, *REVIEWERS)) for row in sessions}
        seen: dict[object, set[object]] = {row.session_id: set() for row in sessions}
        for account in session.exec(select(Account)).all():
            viewer = viewer_of(session, account)
            if account.disabled_at is None and viewer.role.reviews:
                for found in session.exec(select(StoredSession.session_id).where(visible_to(viewer))):
                    seen[found].add(account.account_id)
    assert said == seen
    assert len({frozenset(each) for each in said.values()}) > 3, "sessions differ in who may review them"

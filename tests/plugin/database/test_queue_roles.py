"""Tests of the rights on hand-overs, comments, follow-ups and views on a real PostgreSQL, even if a query forgets."""

from uuid import UUID

import pytest
from sqlalchemy import text

from plugin.database.engine import transaction
from plugin.database.grants import GRANTS
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.filters import EVERYTHING, HandedTo, QueueFilter
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome
from stream.contracts.errors import Misconfigured
from tests.plugin.conftest import People
from tests.plugin.database.test_roles import COMMENT, HANDOVER, NOTE, Roles, roles
from tests.plugin.samples import KEK, NOW, add_person, apply_records, record

__all__ = ["roles"]

DONE = DecisionOutcome.DONE
VIEW = (
    "INSERT INTO saved_views (view_id, account_id, name, chosen, saved_at)"
    " VALUES (gen_random_uuid(), :a, 'First', '{}', now())"
)


@pytest.fixture
def nele(roles: Roles, people: People) -> Viewer:  # noqa: ARG001 - the people come first, into an emptied database
    """Return a second supervisor of the same team."""
    return add_person(roles.owner, "nele", AccountRole.SUPERVISOR, teams=("north",))


def store_of(roles: Roles, stage: str) -> Store:
    """Return a store under the role of a stage."""
    return Store(roles.by_stage[stage], KEK, now=lambda: NOW)


def count(roles: Roles, account: UUID | None, table: str, stage: str = "web") -> int:
    """Return how many rows of a table a role sees on behalf of an account."""
    with transaction(roles.by_stage[stage], account) as session:
        return session.scalar(text(f"SELECT count(*) FROM {table}")) or 0


def refused(roles: Roles, viewer: Viewer, statement: str, **values: object) -> bool:
    """Return whether the database refuses what the page does on somebody's behalf."""
    try:
        with transaction(roles.by_stage["web"], viewer.user_id) as session:
            session.execute(text(statement), values)
    except Misconfigured:
        return True
    return False


def test_the_roles_of_page_and_digest_can_do_their_work(roles: Roles, people: People, nele: Viewer) -> None:
    """Under the role of the page sessions are handed over, notes commented and followed up, views kept; all is read."""
    sent, mara, ana = record(), people.supervisor, people.ana
    apply_records(roles.owner, sent)
    web, digest = store_of(roles, "web"), store_of(roles, "digest")
    handovers, threads, reviews = web.handovers, web.note_threads, web.reviews
    assert handovers.hand_over(mara, sent.session_id, 0, nele.user_id, "Away.") is DONE
    assert [row.session_id for row in web.waiting(nele, QueueFilter(handed=HandedTo.ME)).rows] == [sent.session_id]
    assert handovers.send_back(nele, sent.session_id, 1, "So am I.", to_sender=True) is DONE
    assert reviews.add_note(mara, sent.session_id, None, "Look.", shared=True, follow_up_on=NOW.date()) is DONE
    view = web.open(mara, sent.session_id)
    assert view is not None
    note = view.notes[0].note_id
    assert threads.comment(nele, sent.session_id, note, "Yes.") is DONE
    assert web.decide(mara, sent.session_id, 1, DecisionKind.RELEASED) is DONE
    assert threads.comment(ana, sent.session_id, note, "I see.") is DONE
    assert reviews.set_follow_up(mara, sent.session_id, note, NOW.date()) is DONE
    for store in (web, digest):
        for viewer, handed in ((mara, 2), (nele, 2), (ana, 0)):
            opened = store.open(viewer, sent.session_id, purpose="digest")
            assert opened is not None
            # Both were written at the same time here, so that they have no order.
            assert {each.text for each in opened.notes[0].comments} == {"Yes.", "I see."}
            assert len(opened.handovers) == handed
        assert store.follow_ups(mara).total == 1
    assert reviews.finish_follow_up(mara, sent.session_id, note) is DONE
    opened = web.open(ana, sent.session_id)
    assert opened is not None
    own = next(each for each in opened.notes[0].comments if each.is_own)
    assert threads.remove(ana, sent.session_id, own.comment_id) is DONE
    views = web.saved_views
    assert views.save(mara, "Mine", EVERYTHING) is DONE
    (mine,) = views.all(mara)
    assert views.rename(mara, mine.view_id, "Other") is DONE
    assert views.remove(mara, mine.view_id) is DONE


def test_a_session_is_handed_to_nobody_who_reviews_none(roles: Roles, people: People, nele: Viewer) -> None:
    """The database refuses a hand-over to a therapist, an operator and a disabled account, whatever the page says."""
    apply_records(roles.owner, record())
    statement = HANDOVER.replace("NULL", ":receiver")
    accounts = Store(roles.owner, KEK, now=lambda: NOW).accounts
    mara = people.supervisor
    for receiver in (people.ana, people.operator):
        assert refused(roles, mara, statement, a=mara.user_id, receiver=receiver.user_id), receiver.username
    accounts.disable(nele.user_id)
    assert refused(roles, mara, statement, a=mara.user_id, receiver=nele.user_id)
    accounts.enable(nele.user_id)
    assert not refused(roles, mara, statement, a=mara.user_id, receiver=nele.user_id)
    assert count(roles, people.ana.user_id, "handovers") == 0
    assert count(roles, people.ana.user_id, "handovers", "digest") == 0


def test_a_therapist_reads_comments_of_a_release_alone(roles: Roles, people: People) -> None:
    """The database shows a therapist what was said under a shared note while the session is released, and no more."""
    apply_records(roles.owner, record())
    web, mara, ana = store_of(roles, "web"), people.supervisor, people.ana
    with transaction(roles.by_stage["web"], mara.user_id) as session:
        for shared in (True, False):
            session.execute(text(NOTE), {"a": mara.user_id, "shared": shared})
        session.execute(text(COMMENT), {"a": mara.user_id})
    seen = {"mara": 2, "olga": 0, "otto": 0}
    for viewer in (mara, people.other_supervisor, people.operator):
        assert count(roles, viewer.user_id, "note_comments") == seen[viewer.username]
    assert count(roles, ana.user_id, "note_comments") == 0
    assert refused(roles, ana, COMMENT, a=ana.user_id)
    assert web.decide(mara, record().session_id, 1, DecisionKind.RELEASED) is DONE
    for stage in ("web", "digest"):
        assert count(roles, ana.user_id, "note_comments", stage) == 1
        assert count(roles, None, "note_comments", stage) == 0
    assert web.decide(mara, record().session_id, 1, DecisionKind.WITHHELD) is DONE
    assert count(roles, ana.user_id, "note_comments") == 0


def test_a_comment_is_written_and_removed_in_ones_own_name(roles: Roles, people: People, nele: Viewer) -> None:
    """The database refuses a comment in another's name, and removes one for its author alone."""
    apply_records(roles.owner, record())
    web, mara, ana = store_of(roles, "web"), people.supervisor, people.ana
    with transaction(roles.by_stage["web"], mara.user_id) as session:
        session.execute(text(NOTE), {"a": mara.user_id, "shared": True})
    assert web.decide(mara, record().session_id, 1, DecisionKind.RELEASED) is DONE
    for person, named in ((ana, mara), (nele, mara), (mara, ana)):
        assert refused(roles, person, COMMENT, a=named.user_id), person.username
    assert not refused(roles, ana, COMMENT, a=ana.user_id)
    for person, removed in ((nele, 0), (mara, 0), (people.ben, 0), (ana, 1)):
        with transaction(roles.by_stage["web"], person.user_id) as session:
            gone = session.execute(text("DELETE FROM note_comments RETURNING 1")).all()
        assert len(gone) == removed, person.username


def test_a_follow_up_is_changed_by_the_notes_author_alone(roles: Roles, people: People, nele: Viewer) -> None:
    """The database lets nobody else set the day of a shared note or say that it is done."""
    apply_records(roles.owner, record())
    mara = people.supervisor
    with transaction(roles.by_stage["web"], mara.user_id) as session:
        session.execute(text(NOTE), {"a": mara.user_id, "shared": True})
    for change in ("follow_up_on = '2026-11-03'", "followed_up_at = now()"):
        statement = f"UPDATE notes SET {change}"
        for other in (nele, people.ana):
            assert refused(roles, other, statement), other.username
        assert not refused(roles, mara, statement)


def test_saved_views_are_ones_own(roles: Roles, people: People, nele: Viewer) -> None:
    """The database shows and changes a person's own views alone; exports read them, and no other stage's role any."""
    mara = people.supervisor
    assert refused(roles, mara, VIEW, a=nele.user_id)
    assert refused(roles, people.ana, VIEW, a=people.ana.user_id)
    assert not refused(roles, mara, VIEW, a=mara.user_id)
    for viewer, seen in ((mara, 1), (nele, 0), (people.ana, 0), (people.operator, 0)):
        assert count(roles, viewer.user_id, "saved_views") == seen, viewer.username
    assert count(roles, None, "saved_views") == 0
    with transaction(roles.by_stage["web"], nele.user_id) as session:
        assert session.execute(text("UPDATE saved_views SET name = 'x' RETURNING 1")).all() == []
        assert session.execute(text("DELETE FROM saved_views RETURNING 1")).all() == []
    assert [count(roles, each.user_id, "saved_views", "digest") for each in (mara, nele)] == [1, 0]
    assert roles.refuses("digest", "DELETE FROM saved_views")
    for stage in set(GRANTS) - {"web", "digest"}:
        assert roles.refuses(stage, "SELECT * FROM saved_views"), stage

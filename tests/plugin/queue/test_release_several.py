"""Tests of the release of sessions that were read before: only as they were read, each decided by itself."""

import threading
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from plugin.database.tables import AuditEntry, StoredDecision
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.claims import CLAIM_LASTS
from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.statements import MOMENT, Statement, level_of, suggestion
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome, SessionRow
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.vocabulary import Concern, Level, MarkKind, Mechanism
from tests.fixtures.waiting import DEADLOCK_S
from tests.plugin.conftest import People
from tests.plugin.samples import KEK, NOW, SAID, add_person, apply_records, left_out, mark, record

AGREED, UNDONE = Opinion(Judgement.AGREED), Opinion(Judgement.UNDONE)
CHANGES: tuple[tuple[Statement, Opinion], ...] = (
    (MOMENT, Opinion(Judgement.WITHHELD, WithholdReason.UNCLEAR)),
    (suggestion(1), Opinion(Judgement.WITHHELD, WithholdReason.CONTEXT_MISSING)),
    (level_of(Mechanism.STANCE_ALIGNMENT), Opinion(Judgement.CORRECTED, level=Level.STRONG)),
)
DONE, NOT_READ = DecisionOutcome.DONE, DecisionOutcome.NOT_READ


@pytest.fixture
def second(engine: Engine) -> Viewer:
    """Return a second supervisor of the same team."""
    return add_person(engine, "nele", AccountRole.SUPERVISOR, teams=("north",))


def release(store: Store, viewer: Viewer, sent: FeedbackRecord, revision: int = 1) -> DecisionOutcome:
    """Release a session as it was read, as the list does."""
    return store.release_several(viewer, {sent.session_id: revision})[sent.session_id]


def read(store: Store, viewer: Viewer, sent: FeedbackRecord) -> None:
    """Claim a session and open it."""
    assert store.reviews.claim(viewer, sent.session_id) is DONE
    assert store.open(viewer, sent.session_id) is not None


def only_row(store: Store, viewer: Viewer) -> SessionRow:
    """Return the one waiting session as the list shows it."""
    (row,) = store.waiting(viewer).rows
    return row


def test_a_session_that_was_claimed_and_opened_is_released(engine: Engine, store: Store, people: People) -> None:
    """A session that was claimed and opened is released as by its own page, with an entry of its own on the trail."""
    sent = record()
    apply_records(engine, sent)
    read(store, people.supervisor, sent)
    assert only_row(store, people.supervisor).is_read_by(people.supervisor.user_id)
    assert release(store, people.supervisor, sent) is DONE
    assert store.open(people.ana, sent.session_id) is not None
    with Session(engine) as session:
        found = session.exec(select(AuditEntry).where(col(AuditEntry.purpose) == "released")).all()
        assert [(entry.object_id, entry.outcome) for entry in found] == [(str(sent.session_id), "done")]


def test_what_was_not_opened_during_the_claim_is_not_released(engine: Engine, store: Store, people: People) -> None:
    """A session is not released that was opened without a claim, claimed and not opened, or read in a digest alone."""
    sent = record()
    apply_records(engine, sent)
    store.open(people.supervisor, sent.session_id)
    assert release(store, people.supervisor, sent) is NOT_READ
    store.reviews.claim(people.supervisor, sent.session_id)
    assert release(store, people.supervisor, sent) is NOT_READ
    store.open(people.supervisor, sent.session_id, purpose="digest")
    assert release(store, people.supervisor, sent) is NOT_READ
    assert not only_row(store, people.supervisor).is_read_by(people.supervisor.user_id)
    store.open(people.supervisor, sent.session_id)
    assert release(store, people.supervisor, sent) is DONE


def test_a_new_revision_must_be_opened_again(engine: Engine, store: Store, people: People) -> None:
    """A session that has a new revision since it was opened is released neither as the old one nor as the new one."""
    sent = record()
    apply_records(engine, sent)
    read(store, people.supervisor, sent)
    apply_records(engine, record(revision=2, client_text=SAID[0] + " Really.", edits=1))
    assert release(store, people.supervisor, sent, revision=1) is DecisionOutcome.CHANGED
    assert release(store, people.supervisor, sent, revision=2) is NOT_READ
    assert not only_row(store, people.supervisor).is_read_by(people.supervisor.user_id)
    store.open(people.supervisor, sent.session_id)
    assert release(store, people.supervisor, sent, revision=2) is DONE


def test_what_was_read_counts_for_its_claim_alone(engine: Engine, people: People, second: Viewer) -> None:
    """What was read goes on counting while the claim is renewed, and no more once it is over or another's."""
    sent, now = record(), [NOW]
    apply_records(engine, sent)
    store = Store(engine, KEK, now=lambda: now[0])
    read(store, people.supervisor, sent)
    now[0] += CLAIM_LASTS - timedelta(seconds=1)
    store.reviews.claim(people.supervisor, sent.session_id)
    assert only_row(store, people.supervisor).is_read_by(people.supervisor.user_id)
    now[0] += CLAIM_LASTS
    assert release(store, people.supervisor, sent) is NOT_READ
    store.reviews.claim(people.supervisor, sent.session_id)
    assert release(store, people.supervisor, sent) is NOT_READ  # claimed anew and not opened
    store.reviews.give_back(people.supervisor, sent.session_id)
    store.reviews.claim(second, sent.session_id)
    assert release(store, people.supervisor, sent) is DecisionOutcome.CLAIMED
    store.open(people.supervisor, sent.session_id)  # which reads another's claim, and marks nothing
    assert release(store, second, sent) is NOT_READ


@pytest.mark.parametrize(("statement", "opinion"), CHANGES)
def test_a_session_with_a_change_is_released_on_its_own_page(
    engine: Engine, store: Store, people: People, statement: Statement, opinion: Opinion
) -> None:
    """A session in which something is withheld or corrected is not released with others, until that is undone."""
    sent = record()
    apply_records(engine, sent)
    read(store, people.supervisor, sent)
    answer, found = sent.assessments[0].assessment_id, []
    for each in (AGREED, opinion, UNDONE) if statement == MOMENT else (opinion, UNDONE):
        store.reviews.judge(people.supervisor, sent.session_id, 1, answer, statement, each)
        found.append(only_row(store, people.supervisor).is_read_by(people.supervisor.user_id))
        if each is opinion:
            assert release(store, people.supervisor, sent) is NOT_READ
    assert found == ([True, False, True] if statement == MOMENT else [False, True])
    assert release(store, people.supervisor, sent) is DONE


def test_a_session_without_feedback_is_not_released(engine: Engine, store: Store, people: People) -> None:
    """A session that was left out with risk language can be claimed and opened, and there is nothing to release."""
    sent = left_out(marks=(mark(MarkKind.RISK_LANGUAGE, Concern.SUICIDE),))
    apply_records(engine, sent)
    read(store, people.supervisor, sent)
    assert not only_row(store, people.supervisor).is_read_by(people.supervisor.user_id)
    assert release(store, people.supervisor, sent) is DecisionOutcome.CHANGED


def test_a_decision_that_was_not_seen_is_not_replaced(engine: Engine, store: Store, people: People) -> None:
    """A session that was withheld meanwhile is refused, and one that was released meanwhile is done already."""
    sent = record()
    apply_records(engine, sent)
    read(store, people.supervisor, sent)
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.WITHHELD)
    assert release(store, people.supervisor, sent) is DecisionOutcome.CHANGED
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    assert release(store, people.supervisor, sent) is DONE


def test_another_team_and_other_roles_release_nothing(engine: Engine, store: Store, people: People) -> None:
    """Nobody but a supervisor of the team releases a session, whatever they opened."""
    sent = record()
    apply_records(engine, sent)
    read(store, people.supervisor, sent)
    for viewer in (people.other_supervisor, people.ana, people.operator):
        assert release(store, viewer, sent) is DecisionOutcome.NOT_FOUND


def test_of_two_supervisors_at_once_the_claimant_decides(engine: Engine, people: People, second: Viewer) -> None:
    """Of two supervisors who claim and release a session at the same moment, the one with the claim decides."""
    sent = record()
    apply_records(engine, sent)
    store, both = (
        Store(engine, KEK, now=lambda: NOW),
        threading.Barrier(2, timeout=DEADLOCK_S),
    )  # a broken one ends the threads
    claimed: dict[UUID, DecisionOutcome] = {}
    released: dict[UUID, DecisionOutcome] = {}

    def work(viewer: Viewer) -> None:
        both.wait()
        claimed[viewer.user_id] = store.reviews.claim(viewer, sent.session_id)
        store.open(viewer, sent.session_id)
        both.wait()
        released[viewer.user_id] = release(store, viewer, sent)

    threads = [threading.Thread(target=work, args=(viewer,)) for viewer in (people.supervisor, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (holder,) = (account_id for account_id, outcome in claimed.items() if outcome is DONE)
    (other,) = claimed.keys() - {holder}
    assert released[holder] is DONE
    assert released[other] in {DecisionOutcome.CLAIMED, DONE}  # DONE: it was released already
    with Session(engine) as session:
        assert session.exec(select(StoredDecision.account_id)).all() == [holder]
        entries = select(AuditEntry.outcome).where(col(AuditEntry.purpose) == "released")
        assert sorted(session.exec(entries)) == sorted(outcome.value for outcome in released.values())


def test_two_who_release_the_same_sessions_in_another_order_do_not_block_each_other(
    engine: Engine, people: People, second: Viewer
) -> None:
    """Sessions are locked in one order, whatever the order of their names, so that neither release breaks off."""
    sent = [record(conversation=f"c_{number}") for number in range(6)]
    apply_records(engine, *sent)
    store, both = Store(engine, KEK, now=lambda: NOW), threading.Barrier(2, timeout=DEADLOCK_S)
    found: dict[UUID, dict[UUID, DecisionOutcome]] = {}

    def work(viewer: Viewer, sessions: list[FeedbackRecord]) -> None:
        both.wait()
        found[viewer.user_id] = store.release_several(viewer, {each.session_id: 1 for each in sessions})

    threads = [
        threading.Thread(target=work, args=arguments) for arguments in ((people.supervisor, sent), (second, sent[::-1]))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [set(outcomes.values()) for outcomes in found.values()] == [{NOT_READ}] * 2
    with Session(engine) as session:
        assert len(session.exec(select(AuditEntry).where(col(AuditEntry.purpose) == "released")).all()) == 12

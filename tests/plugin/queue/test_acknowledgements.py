"""Tests of acknowledgements on a real database: one for each release, seen by supervisors and by nobody else."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from plugin.database.tables import AuditEntry
from plugin.database.viewer import Viewer
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import ConsentWithdrawal, Erasure
from tests.plugin.conftest import People
from tests.plugin.privacy.stored_sessions import count_rows
from tests.plugin.samples import CONVERSATION, KEK, NOW, TENANT, apply_records, record

DONE, CHANGED, NOT_FOUND = DecisionOutcome.DONE, DecisionOutcome.CHANGED, DecisionOutcome.NOT_FOUND
HOUR = timedelta(hours=1)


class At:
    """A clock that goes on by an hour whenever a test says so."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """Return the time that the test has set."""
        return self.now


@pytest.fixture
def clock() -> At:
    """Return the clock of the store."""
    return At()


@pytest.fixture
def store(engine: Engine, clock: At) -> Store:
    """Return the store on that clock."""
    return Store(engine, KEK, now=clock)


@pytest.fixture
def release(store: Store, people: People) -> Callable[[FeedbackRecord], None]:
    """Return a function that releases a record's session, after withholding it where it is released."""

    def decide(sent: FeedbackRecord) -> None:
        for kind in (DecisionKind.WITHHELD, DecisionKind.RELEASED):
            assert store.decide(people.supervisor, sent.session_id, sent.revision, kind) is DONE

    return decide


def acknowledged_by(store: Store, viewer: Viewer) -> list[list[tuple[str, datetime]]]:
    """Return who acknowledged each decided session and when, as this supervisor's list has it."""
    return [[(each.by, each.at) for each in row.acknowledgements] for row in store.decided(viewer).rows]


def test_a_release_is_acknowledged_once(
    store: Store, engine: Engine, people: People, clock: At, release: Callable[[FeedbackRecord], None]
) -> None:
    """The first acknowledgement counts; its time is in the supervisor's list and page, and in the therapist's."""
    sent = record()
    apply_records(engine, sent)
    release(sent)
    assert acknowledged_by(store, people.supervisor) == [[]]
    clock.now += HOUR
    assert store.disputes.acknowledge(people.ana, sent.session_id, NOW) is DONE
    clock.now += HOUR
    assert store.disputes.acknowledge(people.ana, sent.session_id, NOW) is DONE
    assert acknowledged_by(store, people.supervisor) == [[("Ana", NOW + HOUR)]]
    (own,) = store.own_sessions(people.ana)
    assert own.acknowledged_at == NOW + HOUR
    for viewer in (people.supervisor, people.ana):
        view = store.open(viewer, sent.session_id)
        assert view is not None
        assert [each.at for each in view.row.acknowledgements] == [NOW + HOUR]
    assert count_rows(engine, "acknowledgements") == {"acknowledgements": 1}


def test_a_new_release_is_acknowledged_anew(
    store: Store, engine: Engine, people: People, clock: At, release: Callable[[FeedbackRecord], None]
) -> None:
    """After another release, of the same revision or a new one, the earlier acknowledgement counts no more."""
    sent = record()
    apply_records(engine, sent)
    release(sent)
    store.disputes.acknowledge(people.ana, sent.session_id, NOW)
    clock.now += HOUR
    release(sent)
    assert acknowledged_by(store, people.supervisor) == [[]]
    assert store.disputes.acknowledge(people.ana, sent.session_id, NOW) is CHANGED
    assert store.disputes.acknowledge(people.ana, sent.session_id, NOW + HOUR) is DONE
    again = record(revision=2)
    apply_records(engine, again)
    clock.now += HOUR
    release(again)
    assert acknowledged_by(store, people.supervisor) == [[]]
    (own,) = store.own_sessions(people.ana)
    assert own.acknowledged_at is None


def test_only_a_therapist_of_the_release_acknowledges(
    store: Store, engine: Engine, people: People, release: Callable[[FeedbackRecord], None]
) -> None:
    """Supervisors, operators and other therapists acknowledge nothing, nor does anybody before the release."""
    sent = record()
    apply_records(engine, sent)
    assert store.disputes.acknowledge(people.ana, sent.session_id, NOW) is NOT_FOUND
    release(sent)
    for viewer in (people.supervisor, people.other_supervisor, people.ben, people.operator):
        assert store.disputes.acknowledge(viewer, sent.session_id, NOW) is NOT_FOUND
    assert count_rows(engine, "acknowledgements") == {"acknowledgements": 0}


def test_a_therapist_sees_no_colleagues_acknowledgement(
    store: Store, engine: Engine, people: People, release: Callable[[FeedbackRecord], None]
) -> None:
    """Of two therapists in one session each sees their own acknowledgement, and the supervisor sees both."""
    sent = record(moments=2)
    theirs = sent.exchanges[1].model_copy(update={"counsellor": "p_ben"})
    both = sent.model_copy(update={"exchanges": (sent.exchanges[0], theirs), "counsellors": ("p_ana", "p_ben")})
    apply_records(engine, both)
    release(both)
    for viewer in (people.ana, people.ben):
        assert store.disputes.acknowledge(viewer, both.session_id, NOW) is DONE
    for viewer, names in ((people.ana, ["Ana"]), (people.ben, ["Ben"]), (people.supervisor, ["Ana", "Ben"])):
        view = store.open(viewer, both.session_id)
        assert view is not None
        assert [each.by for each in view.row.acknowledgements] == names


def test_an_acknowledgement_is_on_the_trail(
    store: Store, engine: Engine, people: People, release: Callable[[FeedbackRecord], None]
) -> None:
    """The trail has who acknowledged which session, and an attempt that was refused."""
    sent = record()
    apply_records(engine, sent)
    release(sent)
    store.disputes.acknowledge(people.ana, sent.session_id, NOW)
    store.disputes.acknowledge(people.ana, sent.session_id, NOW - HOUR)
    with Session(engine) as session:
        entries = session.exec(
            select(AuditEntry).where(col(AuditEntry.purpose) == "acknowledge").order_by(col(AuditEntry.seq))
        ).all()
    assert [(each.account_id, each.object_id, each.outcome) for each in entries] == [
        (people.ana.user_id, str(sent.session_id), "done"),
        (people.ana.user_id, str(sent.session_id), "changed"),
    ]


@pytest.mark.parametrize(
    "removal",
    [
        ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW),
        Erasure(tenant=TENANT, conversation_id=CONVERSATION, erasure_id="0" * 36, requested_at=NOW),
    ],
)
def test_an_acknowledgement_goes_with_its_session(
    store: Store,
    engine: Engine,
    people: People,
    release: Callable[[FeedbackRecord], None],
    removal: ConsentWithdrawal | Erasure,
) -> None:
    """Of a session that was withdrawn or erased no acknowledgement is left."""
    sent = record()
    apply_records(engine, sent)
    release(sent)
    store.disputes.acknowledge(people.ana, sent.session_id, NOW)
    apply_records(engine, removal)
    assert count_rows(engine, "acknowledgements") == {"acknowledgements": 0}

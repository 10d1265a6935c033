"""A team of colleagues for tests of hand-overs, notes and views: who they are, what they do, and a clock that moves."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome, SessionRow, SessionView
from plugin.sink.apply import FeedbackTopicRecord
from stream.contracts.feedback import FeedbackRecord
from tests.plugin.conftest import KeptPeople
from tests.plugin.samples import KEK, NOW, TENANT, add_person, apply_records

DONE = DecisionOutcome.DONE
REASON = "I am away until Monday, and she asked about the second reply."


@dataclass
class Desks:
    """Mara and Nele supervise Ana, Olga another team, and Lena is the lead."""

    engine: Engine
    mara: Viewer
    nele: Viewer
    olga: Viewer
    lena: Viewer
    ana: Viewer
    now: datetime = NOW
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        """Open the store on the clock of the desks."""
        self.store = Store(self.engine, KEK, now=lambda: self.now)

    def come(self, *records: FeedbackTopicRecord) -> None:
        """Store what the feedback topic brings."""
        apply_records(self.engine, *records, now=self.now)

    def wait(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)

    def hand(
        self, by: Viewer, sent: FeedbackRecord, to: Viewer, *, seen: int | None = None, reason: str = REASON
    ) -> DecisionOutcome:
        """Hand a session over, having read all hand-overs unless a number is given."""
        read = self.seen(sent) if seen is None else seen
        return self.store.handovers.hand_over(by, sent.session_id, read, to.user_id, reason)

    def send_back(self, by: Viewer, sent: FeedbackRecord, *, to_sender: bool = False) -> DecisionOutcome:
        """Send a session back, to the queue or to who handed it over."""
        return self.store.handovers.send_back(by, sent.session_id, self.seen(sent), REASON, to_sender=to_sender)

    def take(self, by: Viewer, sent: FeedbackRecord) -> DecisionOutcome:
        """Take a session over."""
        return self.store.handovers.take_over(by, sent.session_id, self.seen(sent), REASON)

    def decide(self, by: Viewer, sent: FeedbackRecord, kind: DecisionKind = DecisionKind.RELEASED) -> DecisionOutcome:
        """Decide about a session's revision."""
        return self.store.decide(by, sent.session_id, sent.revision, kind)

    def seen(self, sent: FeedbackRecord) -> int:
        """Return the number of a session's latest hand-over."""
        with self.engine.connect() as connection:
            query = text("SELECT coalesce(max(number), 0) FROM handovers WHERE session_id = :s")
            return connection.scalar(query, {"s": sent.session_id}) or 0

    def row(self, viewer: Viewer, sent: FeedbackRecord) -> SessionRow:
        """Return a session's row as somebody who reviews sees it."""
        return self.store.rows(viewer, [sent.session_id])[sent.session_id]

    def with_whom(self, sent: FeedbackRecord) -> str | None:
        """Return the name of who has a session, None for the queue."""
        stands = self.row(self.lena, sent).assignment
        return None if stands is None else stands.name

    def view(self, viewer: Viewer, sent: FeedbackRecord) -> SessionView:
        """Open a session."""
        view = self.store.open(viewer, sent.session_id)
        assert view is not None
        return view

    def waiting(self, viewer: Viewer) -> list[UUID]:
        """Return the sessions of somebody's waiting list, in its order."""
        return [row.session_id for row in self.store.waiting(viewer).rows]

    def trail(self, *columns: str) -> list[tuple[object, ...]]:
        """Return these columns of every entry of the trail, in order."""
        with self.engine.connect() as connection:
            return [
                tuple(row) for row in connection.execute(text(f"SELECT {', '.join(columns)} FROM audit ORDER BY seq"))
            ]


@pytest.fixture
def desks(engine: Engine, kept_people: KeptPeople) -> Desks:
    """Return the colleagues, in a database without anybody else."""
    return Desks(engine, *kept_people.put(engine, _colleagues))


def _colleagues(engine: Engine) -> tuple[Viewer, Viewer, Viewer, Viewer, Viewer]:
    return (
        add_person(engine, "mara", AccountRole.SUPERVISOR, teams=("north",)),
        add_person(engine, "nele", AccountRole.SUPERVISOR, teams=("north",)),
        add_person(engine, "olga", AccountRole.SUPERVISOR, teams=("south",)),
        add_person(engine, "lena", AccountRole.LEAD),
        add_person(engine, "ana", AccountRole.THERAPIST, teams=("north",), tenant=TENANT, counsellor="p_ana"),
    )

"""A team that calibrates, for tests: three supervisors who read the same sessions, and a clock that they set."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.calibration_views import CalibrationOutcome, Said
from plugin.queue.store import Store
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import Consent
from stream.contracts.vocabulary import Level, Mechanism
from tests.plugin.conftest import KeptPeople
from tests.plugin.samples import KEK, NOW, START, TENANT, add_person, apply_records, record

AGREED = Consent(processing=True, secondary_use=True)
LAST_DAY = date(2026, 3, 10)
"""A week after the present of these tests."""
NONE, WEAK, STRONG = Level.NONE, Level.WEAK, Level.STRONG


def said(*levels: Level | None) -> Said:
    """Return what a rater says of the four mechanisms; one level stands for all four."""
    given = levels * len(Mechanism) if len(levels) == 1 else levels
    return dict(zip(Mechanism, given, strict=True))


def sessions(number: int, **changes: Any) -> list[FeedbackRecord]:
    """Return sessions with one rated moment each, whose clients agreed to secondary use."""
    common = {"consent": AGREED, **changes}
    return [
        record(conversation=f"c_{n}", started_at=START - timedelta(hours=n), **common) for n in range(1, number + 1)
    ]


@dataclass
class Team:
    """Mara opens calibrations; Nele and Pia are colleagues; Ana is their counsellor."""

    engine: Engine
    mara: Viewer
    nele: Viewer
    pia: Viewer
    ana: Viewer
    now: datetime = NOW
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        """Open the store on the clock of the team."""
        self.store = Store(self.engine, KEK, now=lambda: self.now)

    def open(
        self, *colleagues: Viewer, size: int = 20, day: date = LAST_DAY, zone: str = "UTC", seed: int | None = 1
    ) -> UUID:
        """Open a calibration of Mara's with these colleagues, Nele if none is named."""
        invited: Collection[UUID] = [each.user_id for each in colleagues or (self.nele,)]
        outcome, calibration_id = self.store.calibrations.open(self.mara, invited, size, day, zone, seed=seed)
        assert (outcome, calibration_id is None) == (CalibrationOutcome.DONE, False)
        assert calibration_id is not None
        return calibration_id

    def rate_all(
        self, viewer: Viewer, calibration_id: UUID, *levels: Level | None, but: Mapping[int, Said] | None = None
    ) -> None:
        """Rate every moment alike, but for some, and say that the rater is done."""
        calibration = self.store.calibrations.read(viewer, calibration_id)
        assert calibration is not None
        steps = self.store.calibration_steps
        for moment in calibration.moments:
            wanted = (but or {}).get(moment.number, said(*(levels or (WEAK,))))
            assert steps.rate(viewer, calibration_id, moment.number, wanted) is CalibrationOutcome.DONE
        assert steps.finish(viewer, calibration_id) is CalibrationOutcome.DONE

    def let_time_pass(self) -> None:
        """Set the clock after the deadline."""
        self.now = datetime.combine(LAST_DAY, NOW.timetz()) + timedelta(days=2)


@pytest.fixture
def crew(engine: Engine, kept_people: KeptPeople) -> Team:
    """Return a team with accounts in a database without any other."""
    return Team(engine, *kept_people.put(engine, _team))


def _team(engine: Engine) -> tuple[Viewer, Viewer, Viewer, Viewer]:
    return (
        add_person(engine, "mara", AccountRole.SUPERVISOR, teams=("north",)),
        add_person(engine, "nele", AccountRole.SUPERVISOR, teams=("north",)),
        add_person(engine, "pia", AccountRole.SUPERVISOR, teams=("north",)),
        add_person(engine, "ana", AccountRole.THERAPIST, teams=("north",), tenant=TENANT, counsellor="p_ana"),
    )


def store_sessions(engine: Engine, number: int, **changes: Any) -> list[FeedbackRecord]:
    """Store sessions with one rated moment each."""
    made = sessions(number, **changes)
    apply_records(engine, *made)
    return made


def trail(engine: Engine, purpose: str) -> list[str]:
    """Return the outcomes of the entries of the trail with a purpose."""
    with engine.connect() as connection:
        query = text("SELECT outcome FROM audit WHERE purpose = :purpose ORDER BY seq")
        return list(connection.scalars(query, {"purpose": purpose}))

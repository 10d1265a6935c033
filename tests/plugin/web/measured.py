"""What measures say of the sample session, as the topic of measures carries it; the numbers are made up."""

from typing import Any

from stream.contracts.feedback import FeedbackRecord
from stream.contracts.measures import Absent, MeasuredTurn, MeasureFinding, MeasuresRecord, TakenMeasure
from stream.contracts.vocabulary import Role
from tests.plugin.web.samples import WORDS

TECHNIQUE = TakenMeasure(
    name="technique",
    version="1",
    shown=("main_technique", "share_open_question", "share_complex_reflection", "share_apology"),
    findings=(
        MeasureFinding(quantity="main_technique", turn=2, labels=("open_question",)),
        MeasureFinding(quantity="main_technique", turn=4, labels=("structure",)),
        MeasureFinding(quantity="main_technique", turn=8, absent=Absent.CRITICAL_CONTENT),
        MeasureFinding(quantity="share_complex_reflection", number=0.25),
        MeasureFinding(quantity="share_open_question", number=0.5),
        MeasureFinding(quantity="share_apology", number=0.0),
    ),
)
DYNAMICS = TakenMeasure(
    name="dynamics",
    version="1+sample",
    shown=("empathy",),
    findings=(
        MeasureFinding(quantity="empathy", turn=2, number=1.42),
        MeasureFinding(quantity="empathy", turn=4, number=2.05),
        MeasureFinding(quantity="empathy", turn=6, number=4.9),
        MeasureFinding(quantity="rapport", turn=6, number=3.3333),
    ),
)
TRAJECTORY = TakenMeasure(name="trajectory", version="1", findings=(MeasureFinding(quantity="peak", number=4.4444),))


def measured(stored: FeedbackRecord, **changes: Any) -> MeasuresRecord:
    """Return what measures say of a session like the sample."""
    assert stored.first_appended_at is not None
    assert stored.last_appended_at is not None
    fields: dict[str, Any] = {
        "tenant": stored.tenant,
        "conversation_id": stored.conversation_id,
        "session_id": stored.session_id,
        "revision": stored.revision,
        "first_appended_at": stored.first_appended_at,
        "last_appended_at": stored.last_appended_at,
        "reader": "sample",
        "turns": tuple(
            MeasuredTurn(role=role, message_ids=(name,)) for name, role, _ in WORDS if role is not Role.SYSTEM
        ),
        "measures": (TECHNIQUE, DYNAMICS, TRAJECTORY),
    }
    return MeasuresRecord.model_validate(fields | changes)

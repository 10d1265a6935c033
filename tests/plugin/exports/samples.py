"""Runs of exports and reviewed sessions for tests; every line of conversation in them is made up."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from pydantic import SecretStr
from sqlalchemy import Engine, text

from plugin.database.viewer import Viewer
from plugin.exports.pseudonyms import PlatformPseudonyms
from plugin.exports.run import Advance, ExportRun
from plugin.queue.export_entries import ExportKind, ExportPurpose
from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.statements import MOMENT, STRENGTHS, VERDICT, Statement, rating_of, suggestion
from plugin.queue.store import Store
from plugin.queue.views import DecisionOutcome
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import Consent
from stream.contracts.vocabulary import Level, Mechanism, ResistanceType
from stream.runtime.settings import TenantSettings
from tests.plugin.samples import KEK, NOW, TENANT, answered, record

ALLOWED = Consent(processing=True, secondary_use=True)
AGREED = Opinion(Judgement.AGREED)
UNDONE = Opinion(Judgement.UNDONE)
UNCLEAR = Opinion(Judgement.WITHHELD, WithholdReason.UNCLEAR)
STRONG = Opinion(Judgement.CORRECTED, level=Level.STRONG)
KEY = base64.b64encode(KEK.secret).decode()
TENANTS = {TENANT: TenantSettings(pseudonym_key=SecretStr(KEY))}
DISCOUNTING = {"resistance_type": ResistanceType.DISCOUNTING}
WHOLE = (MOMENT, VERDICT, STRENGTHS, suggestion(1), *(rating_of(mechanism) for mechanism in Mechanism))
"""Everything that an answer of these samples says and that a supervisor may agree with."""


def export_run(
    engine: Engine,
    viewer: Viewer,
    kind: ExportKind = ExportKind.REVIEWS,
    purpose: ExportPurpose = ExportPurpose.MODEL_QUALITY,
) -> ExportRun:
    """Return a run for a person whose password was checked."""
    store = Store(engine, KEK, now=lambda: NOW)
    return ExportRun(engine, KEK, store, PlatformPseudonyms(TENANTS), viewer, kind, purpose, uuid4(), lambda: NOW)


@contextmanager
def no_progress(_total: int) -> Iterator[Advance]:
    """Show no progress."""
    yield lambda _done: None


def typed_record(conversation: str = "c_sample", *, consent: Consent = ALLOWED, **more: object) -> FeedbackRecord:
    """Return a session of one confirmed moment of a known type, whose client agreed to secondary use."""
    return answered(record(conversation=conversation, consent=consent, **more), DISCOUNTING)  # type: ignore[arg-type]


def judge(engine: Engine, viewer: Viewer, sent: FeedbackRecord, *said: tuple[Statement, Opinion]) -> None:
    """Let a supervisor say what she thinks of statements of the session's first moment."""
    store = Store(engine, KEK, now=lambda: NOW)
    answer = (*sent.assessments, *sent.abstentions)[0].assessment_id
    for statement, opinion in said:
        outcome = store.reviews.judge(viewer, sent.session_id, sent.revision, answer, statement, opinion)
        assert outcome is DecisionOutcome.DONE


def agree_with_all(engine: Engine, viewer: Viewer, sent: FeedbackRecord) -> None:
    """Let a supervisor agree with everything that the session's first moment says."""
    judge(engine, viewer, sent, *((statement, AGREED) for statement in WHOLE))


def entries(engine: Engine, where: str = "true") -> list[tuple[str, str, str, str]]:
    """Return account, purpose, object type and outcome of the trail's entries about exports, in order."""
    query = f"SELECT account_id, purpose, object_type, outcome FROM audit WHERE purpose LIKE 'export%' AND {where}"
    with engine.begin() as connection:
        return [
            (str(row[0]), row[1], row[2], row[3]) for row in connection.execute(text(f"{query} ORDER BY seq")).all()
        ]


def files_in(folder: Path) -> list[str]:
    """Return the names of all files of a folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())

"""Feedback records and accounts for tests; every line of conversation in them is made up."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Engine

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.engine import transaction
from plugin.database.tables import Account
from plugin.database.viewer import AccountRole, Viewer
from plugin.queue.accounts import NewAccount, insert_account, viewer_of
from plugin.queue.passwords import hash_password
from plugin.sink.apply import ApplyResult, SinkRecord, apply
from stream.contracts import ids
from stream.contracts.feedback import (
    Abstention,
    Alternative,
    Assessment,
    Evidence,
    FeedbackRecord,
    ModelVersion,
    Rating,
)
from stream.contracts.messages import Consent
from stream.contracts.sessions import Counts, Cue, DetectorVersion, Exchange, Mark, SessionMessage
from stream.contracts.vocabulary import (
    EndReason,
    LeftOut,
    Level,
    MarkKind,
    Mechanism,
    NeedsHuman,
    OperatingPoint,
    Role,
    SessionState,
    Verdict,
)

KEK = KeyEncryptionKey(bytes(range(32)))
TENANT = "sample"
CONVERSATION = "c_sample"
START = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
PASSWORD = os.urandom(12).hex()
MODEL = ModelVersion(
    name="CPU baseline",
    adapter="baseline",
    weights="0.1",
    prompt="none",
    rubric="0.1",
    schema_version="1",
    is_baseline=True,
)
DETECTOR = DetectorVersion(name="linear", version="0.1", operating_point=OperatingPoint.ALONE)
SAID = ("I don't see how talking would change anything.", "It sounds as if talking has let you down before.")


def message(number: int, text: str, *, role: Role, author: str, revision: int = 0) -> SessionMessage:
    """Return the message `m-<number>`, sent `number` minutes after the start."""
    return SessionMessage(
        message_id=f"m-{number}",
        revision=revision,
        role=role,
        author=author,
        text=text,
        sent_at=START + timedelta(minutes=number),
    )


def closed_session(started_at: datetime = START, **values: Any) -> FeedbackRecord:
    """Return a closed session revision with these values; its other values are those of a session of 45 minutes."""
    defaults: dict[str, Any] = {
        "tenant": TENANT,
        "revision": 1,
        "state": SessionState.CLOSED,
        "ended_at": started_at + timedelta(minutes=45),
        "closed_at": started_at + timedelta(minutes=45, seconds=2),
        "first_appended_at": started_at,
        "last_appended_at": started_at + timedelta(minutes=45),
        "end_reason": EndReason.EXPLICIT,
        "language": "en",
        "consent": Consent(processing=True),
        "detector": DETECTOR,
        "names_told": True,
    }
    return FeedbackRecord(**{**defaults, "started_at": started_at, **values})


def record(
    *,
    conversation: str = CONVERSATION,
    revision: int = 1,
    started_at: datetime = START,
    counsellor: str = "p_ana",
    moments: int = 1,
    client_text: str = SAID[0],
    edits: int = 0,
    level: Level | None = Level.WEAK,
    verdict: Verdict = Verdict.CONFIRMED,
    abstain: NeedsHuman | None = None,
    marks: tuple[Mark, ...] = (),
    **more: Any,
) -> FeedbackRecord:
    """Return a closed session revision with `moments` exchanges of two messages each, at revision `edits`."""
    session = ids.session_id(TENANT, conversation, f"first of {started_at:%Y-%m-%d %H:%M}")
    messages: list[SessionMessage] = []
    exchanges: list[Exchange] = []
    assessments: list[Assessment] = []
    abstentions: list[Abstention] = []
    for moment in range(moments):
        said = message(2 * moment + 1, client_text, role=Role.CLIENT, author="p_client", revision=edits)
        reply = message(2 * moment + 2, SAID[1], role=Role.COUNSELLOR, author=counsellor)
        messages += [said, reply]
        exchange = Exchange(
            exchange_id=ids.exchange_id(session, said.message_id),
            context=(),
            client_turn=(said.message_id,),
            reply=(reply.message_id,),
            counsellor=counsellor,
            score=0.9,
            cues=(Cue(message_id=said.message_id, start=0, end=7, weight=0.6),),
            needs_human=abstain,
        )
        exchanges.append(exchange)
        shown = ids.input_id([(said.message_id, said.revision), (reply.message_id, 0)])
        common: dict[str, Any] = {
            "assessment_id": ids.assessment_id(session, exchange.exchange_id, shown, MODEL.key),
            "exchange_id": exchange.exchange_id,
            "input_id": shown,
            "model": MODEL,
        }
        if abstain is None:
            assessments.append(
                Assessment(
                    **common,
                    verdict=verdict,
                    ratings=tuple(_rating(mechanism, level, reply) for mechanism in Mechanism),
                    strengths=("It takes the client's words seriously.",),
                    alternatives=(
                        Alternative(
                            text="Talking has not helped so far. What would make today worth your time?",
                            mechanism=Mechanism.CONVERSATIONAL_ORIENTATION,
                            written_id="S-001",
                        ),
                    ),
                )
            )
        else:
            abstentions.append(Abstention(**common, reason=abstain))
    values: dict[str, Any] = {
        "conversation_id": conversation,
        "session_id": session,
        "revision": revision,
        "counts": Counts(messages=len(messages), flagged_turns=moments),
        "counsellors": (counsellor,),
        "messages": tuple(messages),
        "exchanges": tuple(exchanges),
        "marks": marks,
        "assessments": tuple(assessments),
        "abstentions": tuple(abstentions),
    }
    return closed_session(started_at, **{**values, **more})


REJECTED: Final[dict[str, Any]] = {
    "verdict": Verdict.REJECTED,
    "resistance_type": None,
    "ratings": tuple(Rating(mechanism=mechanism) for mechanism in Mechanism),
    "strengths": (),
    "alternatives": (),
}
"""The fields of an assessment that rejects its moment."""
PLANTED: Final = {"possible_injection": True}
"""The field of an assessment of a moment with planted text."""


def answered(whole: FeedbackRecord, *changes: dict[str, Any]) -> FeedbackRecord:
    """Return a record with these changes of its assessments, one after the other."""
    pairs = zip(whole.assessments, changes, strict=True)
    return whole.model_copy(update={"assessments": tuple(one.model_copy(update=update) for one, update in pairs)})


def sure(*confidences: float | None) -> list[dict[str, Any]]:
    """Return the changes of `answered` that make a model this sure of its confirmed moments."""
    return [{"confidence": confidence} for confidence in confidences]


def _rating(mechanism: Mechanism, level: Level | None, reply: SessionMessage) -> Rating:
    if level is None:
        return Rating(mechanism=mechanism, level=None, needs_human=NeedsHuman.EVIDENCE_NOT_FOUND)
    evidence = Evidence(message_id=reply.message_id, start=0, end=15, quote=reply.text[:15])
    reason = f"How far the reply expresses {mechanism.value}."
    return Rating(mechanism=mechanism, level=level, reason=reason, evidence=(evidence,))


def left_out(reason: LeftOut = LeftOut.TOO_SHORT, *, marks: tuple[Mark, ...] = (), **more: Any) -> FeedbackRecord:
    """Return a session without feedback; with marks it keeps the message that they are about."""
    full = record(**more)
    kept = full.messages[:1] if marks else ()
    bare = {"messages": kept, "exchanges": (), "assessments": (), "abstentions": (), "left_out": reason, "marks": marks}
    return full.model_copy(update=bare)


def without_content(closed: FeedbackRecord, *, state: SessionState) -> FeedbackRecord:
    """Return a reopened record of the same revision, or the erased record that follows it."""
    update: dict[str, Any] = {"state": state, "messages": (), "exchanges": (), "assessments": (), "abstentions": ()}
    update |= {"marks": ()}
    if state is SessionState.ERASED:
        update |= {"revision": closed.revision + 1, "left_out": LeftOut.NO_CONSENT, "end_reason": EndReason.WITHDRAWN}
    return closed.model_copy(update=update)


def mark(kind: MarkKind, *concerns: Any) -> Mark:
    """Return a mark about the first message."""
    return Mark(kind=kind, concerns=concerns, message_ids=("m-1",))


def apply_records(engine: Engine, *records: SinkRecord, now: datetime = NOW) -> list[ApplyResult]:
    """Apply records one by one, each in a transaction of its own, as the sink does."""
    outcomes = []
    for each in records:
        with transaction(engine) as session:
            outcomes.append(apply(session, KEK, each, now))
    return outcomes


def add_person(
    engine: Engine,
    name: str,
    role: AccountRole,
    *,
    teams: tuple[str, ...] = (),
    tenant: str | None = None,
    counsellor: str | None = None,
) -> Viewer:
    """Create an account with the password `PASSWORD`, and return its person."""
    account = NewAccount(name, PASSWORD, role, name.title(), teams=teams, tenant=tenant, counsellor=counsellor)
    password_hash = hash_password(PASSWORD)
    with transaction(engine) as session:
        made: UUID = insert_account(session, account, password_hash, now=NOW)
        row = session.get(Account, made)
        assert row is not None
        return viewer_of(session, row)

"""Stored sessions with moments and measures for tests of the tables for studies; every value in them is made up."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

from plugin.database.tables import StoredAnswer, StoredExchange, StoredOutcome, StoredSession
from plugin.exports.study_session import StudyMoment, StudySession
from plugin.queue.measures import MeasuresView
from plugin.queue.review_views import Judgement, Label, Opinion, WithholdReason
from plugin.queue.statements import Statement
from plugin.queue.views import MessageView
from stream.contracts.measures import MeasuredTurn, MeasureFinding, TakenMeasure
from stream.contracts.sessions import Counts, Mark
from stream.contracts.vocabulary import Mechanism, NeedsHuman, ResistanceType, Role, Verdict
from tests.plugin.samples import DETECTOR, MODEL, NOW, START

STANCE = Mechanism.STANCE_ALIGNMENT
AGREED = Opinion(Judgement.AGREED)
NO_RESISTANCE = Opinion(Judgement.WITHHELD, WithholdReason.NOT_RESISTANCE)


def said(number: int, role: Role) -> MessageView:
    """Return a stored message without its words."""
    author = "p_client" if role is Role.CLIENT else "p_ana"
    return MessageView(f"m{number}", role, author, START + timedelta(minutes=number), "")


def moment(
    client: int,
    *,
    level: int | None = 1,
    verdict: Verdict | None = Verdict.CONFIRMED,
    kind: ResistanceType | None = ResistanceType.BLAMING,
    labels: Mapping[Statement, Opinion] | None = None,
    context: tuple[str, ...] = (),
) -> StudyMoment:
    """Return a moment whose client turn is the message of a number, and whose reply is the next one."""
    ids: dict[str, Any] = {"client_turn": [f"m{client}"], "reply": [f"m{client + 1}"], "context": list(context)}
    values: dict[str, Any] = {
        "verdict": verdict,
        "resistance_type": kind,
        "abstained": None if verdict else NeedsHuman.MODEL_FAILED,
        "model": MODEL.model_dump(mode="json"),
        "ratings": [{"mechanism": each.value, "level": level} for each in Mechanism] if verdict else [],
    }
    found = {str(statement): Label(opinion, "Mara", NOW) for statement, opinion in (labels or {}).items()}
    return StudyMoment(StoredExchange(position=client, **ids), StoredAnswer(**values), found)


def stored(
    *moments: StudyMoment,
    messages: str = "CKCK",
    counts: Mapping[str, int] | None = None,
    marks: tuple[Mark, ...] = (),
    counsellors: tuple[str, ...] = ("sample/p_ana",),
    outcomes: tuple[StoredOutcome, ...] = (),
    measures: MeasuresView | None = None,
) -> StudySession:
    """Return a session of messages by client (C) and counsellor (K), all of which are stored unless counts say more."""
    roles = [Role.CLIENT if each == "C" else Role.COUNSELLOR for each in messages]
    views = [said(number, role) for number, role in enumerate(roles)]
    whole = Counts(client_messages=messages.count("C"), client_turns=messages.count("C"))
    values: dict[str, Any] = {
        "session_id": uuid4(),
        "tenant": "sample",
        "conversation_id": "c_sample",
        "ended_at": START + timedelta(minutes=len(messages)),
        "counts": whole.model_copy(update=dict(counts or {})).model_dump(mode="json"),
        "marks": [mark.model_dump(mode="json") for mark in marks],
        "counsellor_keys": list(counsellors),
        "detector": DETECTOR.model_dump(mode="json"),
    }
    return StudySession(StoredSession(**values), moments, views, frozenset({"p_client"}), outcomes, measures)


def given(**values: Any) -> StoredOutcome:
    """Return an outcome that a client gave after the session."""
    return StoredOutcome(**{"occasion": "after", "given_by": "client", "author": "p_client", **values})


def plain(kind: str, value: object) -> str:
    """Return a pseudonym that tests can read."""
    return f"{kind} {value}"


def measured(turns: Sequence[tuple[Role, tuple[str, ...]]], *findings: MeasureFinding, **values: Any) -> MeasuresView:
    """Return what a measure says of the turns of a session, each with its messages."""
    read = tuple(MeasuredTurn(role=role, message_ids=ids) for role, ids in turns)
    taken = TakenMeasure(name="technique", version="2", findings=findings)
    return MeasuresView(**{"absent": None, "turns": read, "measures": (taken,), "reader": "r1", **values})


def turns_of(messages: str) -> list[tuple[Role, tuple[str, ...]]]:
    """Return one turn for each message by client (C) or counsellor (K), as `stored` numbers them."""
    return [(Role.CLIENT if each == "C" else Role.COUNSELLOR, (f"m{number}",)) for number, each in enumerate(messages)]

"""Which exchanges are due: stored, not expired, with consent, under no hold, and not rated by that version before."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.database.tables import Hold
from plugin.rerate.due import READ_BY_A_MODEL
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import Consent
from stream.contracts.vocabulary import CRITICAL_REASONS, LeftOut, NeedsHuman, SessionState
from tests.plugin.rerate.samples import AGREED, asked, asked_in_shadow, count, rate_all
from tests.plugin.samples import (
    CONVERSATION,
    MODEL,
    PLANTED,
    REJECTED,
    START,
    TENANT,
    answered,
    apply_records,
    left_out,
    record,
    without_content,
)
from tests.stream.feedback.builders import LLM, TriedModel

NOTHING = (0, 0)


def test_moments_that_another_version_rated_are_due(engine: Engine) -> None:
    """Every moment of the earlier version is due, counted with its sessions."""
    apply_records(engine, record(moments=2), record(conversation="c_other"))
    assert count(engine, asked()) == (3, 2)


def test_what_the_version_rated_itself_is_not_due(engine: Engine) -> None:
    """Neither an answer of the version nor one that it gave in an earlier run is due, whatever is validated since."""
    apply_records(engine, record())
    assert count(engine, asked(MODEL)) == NOTHING
    assert count(engine, asked(MODEL.model_copy(update={"validated": True}))) == NOTHING
    rate_all(engine)
    assert count(engine, asked()) == NOTHING
    assert count(engine, asked(LLM.model_copy(update={"prompt": "2"}))) == (1, 1)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE sessions SET restricted = true",
        "UPDATE sessions SET state = 'reopened'",
        "UPDATE sessions SET left_out = 'too_long'",
        """UPDATE sessions SET consent = '{"processing": false}'""",
        "UPDATE sessions SET consent = '{}'",
        "DELETE FROM messages",
        "UPDATE answers SET superseded_by = 2",
    ],
)
def test_what_may_not_be_read_is_not_due(engine: Engine, change: str) -> None:
    """Hidden, reopened and left out sessions, those without consent or text, and superseded answers are left alone."""
    apply_records(engine, record(consent=AGREED))
    assert (count(engine, asked()), count(engine, asked_in_shadow())) == ((1, 1), (1, 1))
    with engine.begin() as connection:
        connection.execute(text(change))
    assert (count(engine, asked()), count(engine, asked_in_shadow())) == (NOTHING, NOTHING)


def test_a_conversation_under_a_hold_is_not_due(engine: Engine) -> None:
    """What a legal hold keeps is kept for that alone; when the hold has ended it is due again."""
    apply_records(engine, record(), record(conversation="c_other"))
    with transaction(engine) as session:
        session.add(Hold(tenant=TENANT, conversation_id=CONVERSATION, reason="file 7", added_at=START))
    assert count(engine, asked()) == (1, 1)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM holds"))
    assert count(engine, asked()) == (2, 2)


@pytest.mark.parametrize("days", [{"text_days": 10}, {"assessments_days": 10}, {"text_days": 10, "quotes_days": 1}])
def test_what_has_had_its_time_is_not_due(engine: Engine, days: dict[str, Any]) -> None:
    """Text or levels whose time is over are not read again, even if retention has not run yet."""
    apply_records(engine, record())
    heard = START + timedelta(minutes=45)
    assert count(engine, asked(now=heard + timedelta(days=10), **days)) == (1, 1)
    assert count(engine, asked(now=heard + timedelta(days=10, seconds=1), **days)) == NOTHING


@pytest.mark.parametrize(
    "sent",
    [
        left_out(LeftOut.TOO_SHORT),
        record(abstain=NeedsHuman.MODEL_ABSTAINED),
        answered(record(moments=2), {}, REJECTED),
        answered(record(), {**REJECTED, **PLANTED}),
    ],
    ids=["left out", "abstained", "one rejected", "planted and rejected"],
)
def test_the_active_model_is_asked_about_what_a_trend_can_show(engine: Engine, sent: FeedbackRecord) -> None:
    """Of a session the active model rates again the moments with a rating that are shown, and no others."""
    apply_records(engine, sent)
    shown = sum(1 for each in sent.assessments if each.verdict.value == "confirmed")
    assert count(engine, asked()) == (shown, min(shown, 1))


@pytest.mark.parametrize("reason", list(NeedsHuman))
def test_no_model_is_asked_about_what_none_was_asked(engine: Engine, reason: NeedsHuman) -> None:
    """A model in shadow is asked about abstentions of a model; critical content and others are read by none, ever."""
    apply_records(engine, record(abstain=reason, consent=AGREED))
    due = (1, 1) if reason in READ_BY_A_MODEL else NOTHING
    assert count(engine, asked_in_shadow()) == due
    assert count(engine, asked()) == NOTHING
    assert CRITICAL_REASONS.isdisjoint(READ_BY_A_MODEL)
    assert NeedsHuman.NAMES_NOT_TOLD not in READ_BY_A_MODEL


def test_a_model_in_shadow_is_asked_about_what_the_active_one_read(engine: Engine) -> None:
    """Rejected moments and those behind the first three are due in shadow; answers of an earlier version are not."""
    whole = record(moments=5, consent=AGREED)
    apply_records(engine, answered(whole, {}, {}, {}, {}, REJECTED))
    assert count(engine, asked_in_shadow()) == (5, 1)
    assert count(engine, asked_in_shadow(beside=LLM, version=MODEL)) == NOTHING


def test_a_model_in_shadow_needs_the_consent_to_more_than_feedback(engine: Engine) -> None:
    """Sessions whose clients did not agree to secondary use are not read to try a model."""
    apply_records(engine, record(), record(conversation="c_agreed", consent=AGREED))
    apply_records(engine, record(conversation="c_odd", consent=Consent(processing=True, secondary_use=False)))
    assert count(engine, asked_in_shadow()) == (1, 1)
    assert count(engine, asked()) == (3, 3)


def test_what_was_said_in_shadow_counts_for_nothing_else(engine: Engine) -> None:
    """A version that is activated later rates again what it rated in shadow, since that is shown to nobody."""
    apply_records(engine, record(consent=AGREED))
    rate_all(engine, which=asked_in_shadow())
    assert count(engine, asked_in_shadow()) == NOTHING
    assert count(engine, asked()) == (1, 1)


@pytest.mark.parametrize("change", [lambda sent: without_content(sent, state=SessionState.ERASED), None])
def test_what_is_withdrawn_or_revised_changes_what_is_due(
    engine: Engine, change: Callable[[FeedbackRecord], FeedbackRecord] | None
) -> None:
    """Nothing of a withdrawn session is due; a revision with another input makes its exchange due once more."""
    sent = record(edits=0)
    apply_records(engine, sent)
    rate_all(engine)
    later = record(revision=2, edits=1) if change is None else change(sent)
    apply_records(engine, later)
    assert count(engine, asked()) == ((1, 1) if change is None else NOTHING)


def test_an_answer_that_a_revision_keeps_is_not_rated_twice(engine: Engine) -> None:
    """A rerating stands beside an answer, so that it holds for a later revision which keeps that answer."""
    apply_records(engine, record())
    rate_all(engine)
    apply_records(engine, record(revision=2))
    model = TriedModel()
    assert rate_all(engine, model).rated == 0
    changed: dict[str, Any] = {"assessment_id": uuid4(), "input_id": uuid4()}
    apply_records(engine, answered(record(revision=3), changed))
    assert count(engine, asked()) == (1, 1)

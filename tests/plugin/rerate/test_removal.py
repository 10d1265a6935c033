"""What another version said goes with its answer and its session, whatever removes them, and is kept by a hold."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from plugin.database.engine import transaction
from plugin.database.tables import Hold, TombstoneKind
from plugin.database.tombstones import Subject
from plugin.privacy.erasure import Eraser
from plugin.privacy.retention import RetentionCutoffs, RetentionReport, RetentionRunner
from stream.contracts.messages import ConsentWithdrawal
from stream.runtime.settings import RetentionSettings
from tests.plugin.privacy.stored_sessions import (
    CLIENT,
    RecordingAnnouncer,
    client_subject,
    conversation_subject,
    counsellor_subject,
    count_rows,
    session_of_week,
)
from tests.plugin.rerate.samples import AGREED, asked_in_shadow, rate_all, reratings
from tests.plugin.samples import CONVERSATION, KEK, NOW, REJECTED, START, TENANT, answered, apply_records, record


def rated(engine: Engine) -> None:
    """Store sessions of two conversations and rate them, as the active model and in shadow."""
    apply_records(
        engine,
        session_of_week(0, consent=AGREED),
        session_of_week(0, "c_other", counsellor="p_ben", consent=AGREED),
    )
    rate_all(engine)
    rate_all(engine, which=asked_in_shadow())
    assert len(reratings(engine)) == 4


@pytest.mark.parametrize(
    ("subject", "left"),
    [(conversation_subject(CONVERSATION), 2), (client_subject(CLIENT), 0), (counsellor_subject("p_ana"), 2)],
    ids=[TombstoneKind.ERASURE, TombstoneKind.CLIENT, TombstoneKind.COUNSELLOR],
)
def test_an_erasure_leaves_none(engine: Engine, subject: Subject, left: int) -> None:
    """Erasing a conversation, its client (of both) or its counsellor removes what any version said, and no more."""
    rated(engine)
    Eraser(engine, KEK, RecordingAnnouncer(), now=lambda: NOW).erase(subject)
    assert len(reratings(engine)) == left


def test_a_withdrawal_leaves_none(engine: Engine) -> None:
    """Nothing of a withdrawn session stays, although its row does."""
    rated(engine)
    apply_records(engine, ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW))
    assert count_rows(engine, "sessions", "reratings") == {"sessions": 2, "reratings": 2}


def test_a_session_in_which_nothing_is_confirmed_any_more_leaves_none(engine: Engine) -> None:
    """A revision that is left out loses what was said of its moments, by whichever version."""
    apply_records(engine, record())
    rate_all(engine)
    apply_records(engine, answered(record(revision=2, edits=1), REJECTED))
    assert count_rows(engine, "sessions", "answers") == {"sessions": 1, "answers": 1}  # the superseded one
    apply_records(engine, answered(record(conversation="c_2"), REJECTED))
    assert len(reratings(engine)) == 1  # beside the superseded answer, whose levels stay as well


def test_retention_removes_it_with_the_levels(engine: Engine) -> None:
    """It has no words, so it stays when text and quotes go, and goes with everything else of its session."""
    rated(engine)
    for days, expected, left in (
        (200, RetentionReport(texts=2, quotes=2, keys=2), 4),
        (800, RetentionReport(sessions=2), 0),
    ):
        at = START + timedelta(days=days)
        cutoffs = RetentionCutoffs.at(at, RetentionSettings())
        assert RetentionRunner(engine, cutoffs, now=lambda at=at: at).run() == expected  # type: ignore[misc]
        assert len(reratings(engine)) == left


def test_a_hold_keeps_it(engine: Engine) -> None:
    """While a conversation is under a legal hold, nothing that was said of it is removed."""
    rated(engine)
    with transaction(engine) as session:
        session.add(Hold(tenant=TENANT, conversation_id=CONVERSATION, reason="file 7", added_at=START))
    Eraser(engine, KEK, RecordingAnnouncer(), now=lambda: NOW).erase(client_subject(CLIENT))
    assert [row["session_id"] for row in reratings(engine)] == [session_of_week(0).session_id] * 2

"""Tests of stored outcomes: kept with consent, replaced by a later one, gone with whatever takes their client away."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.database.tables import Hold
from plugin.database.tombstones import Subject
from plugin.privacy.erasure import Eraser
from plugin.privacy.holds import add_hold, remove_hold
from plugin.sink.apply import ApplyResult
from plugin.sink.writer import Writer
from stream.contracts.errors import Poison
from stream.contracts.messages import Consent, ConsentWithdrawal, Erasure
from stream.contracts.outcomes import Outcome
from stream.contracts.topics import FEEDBACK, OUTCOMES
from stream.contracts.vocabulary import SessionState
from stream.runtime.codec import RawRecord, encode, partition_of
from tests.plugin.privacy.stored_sessions import (
    RecordingAnnouncer,
    client_subject,
    conversation_subject,
    counsellor_subject,
)
from tests.plugin.samples import CONVERSATION, KEK, NOW, START, TENANT, apply_records, record, without_content
from tests.plugin.sink.test_risk import retain

PARTITIONS = 3
AGREED = Consent(processing=True, secondary_use=True)


def outcome(outcome_id: str = "o-1", **changes: Any) -> Outcome:
    """Return an outcome that the client of the sample session gave after it."""
    fields = {
        "tenant": TENANT,
        "conversation_id": CONVERSATION,
        "outcome_id": outcome_id,
        "instrument": "phq_9",
        "score": 11,
        "occasion": "after",
        "given_by": "client",
        "author": "p_client",
        "given_at": START + timedelta(hours=1),
        "consent": AGREED,
        "appended_at": START + timedelta(hours=1),
    }
    return Outcome.model_validate(fields | changes)


def stored(engine: Engine) -> dict[str, float]:
    """Return the scores of the stored outcomes, by their ids among those that these tests make."""
    made = [
        outcome(f"o-{number}", conversation_id=name)
        for number in (1, 2, 3)
        for name in (CONVERSATION, "c_other", "c_held")
    ]
    names = {each.outcome_key: each.outcome_id for each in made}
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT outcome_key, score FROM outcomes"))
        return {names[row.outcome_key]: row.score for row in rows}


def test_an_outcome_is_stored_once_and_without_a_session(engine: Engine) -> None:
    """An outcome that comes twice is stored once, whether its session is there or not, with what consent it has."""
    assert apply_records(engine, outcome(), outcome()) == [ApplyResult.RATED] * 2
    with engine.connect() as connection:
        (row,) = connection.execute(text("SELECT * FROM outcomes")).mappings().all()
    assert (row["instrument"], row["score"], row["occasion"], row["given_by"]) == ("phq_9", 11, "after", "client")
    assert (row["secondary_use"], row["session_id"], row["stored_at"]) == (True, None, NOW)


def test_the_one_that_was_given_last_counts(engine: Engine) -> None:
    """Of several with one id the one given last counts, in whatever order they come."""
    later = outcome(score=9, given_at=START + timedelta(hours=2))
    apply_records(engine, later, outcome())
    assert stored(engine) == {"o-1": 9}
    apply_records(engine, outcome(score=8, given_at=START + timedelta(hours=3)))
    assert stored(engine) == {"o-1": 8}


def raw(sent: Outcome, topic: str = OUTCOMES, at: datetime = NOW) -> RawRecord:
    """Return an outcome as a record of a topic, with the broker's time."""
    out = encode(sent)
    ms = int(at.timestamp() * 1000)
    return RawRecord(topic, partition_of(out.key or b"", PARTITIONS), 0, ms, out.key, out.value, out.headers)


def test_it_is_taken_from_its_own_topic_with_the_brokers_time(engine: Engine) -> None:
    """The writer stores an outcome of its topic with the broker's time, whatever the sender wrote there."""
    writer = Writer(engine, KEK, PARTITIONS, lambda: NOW)
    writer.write(raw(outcome(appended_at=NOW + timedelta(days=999))))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT appended_at FROM outcomes")) == NOW
    with pytest.raises(Poison, match="unknown_type"):
        writer.write(raw(outcome(), FEEDBACK))


def test_without_consent_it_is_not_stored(engine: Engine) -> None:
    """An outcome without consent to processing is refused, and none of it is stored."""
    with pytest.raises(Poison, match="no_consent"):
        Writer(engine, KEK, PARTITIONS, lambda: NOW).write(raw(outcome(consent=Consent())))
    assert stored(engine) == {}


@pytest.mark.parametrize(
    "event",
    [
        Erasure(tenant=TENANT, conversation_id=CONVERSATION, erasure_id="0" * 36, requested_at=NOW),
        ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_was_erased_or_withdrawn_is_gone_and_not_stored_again(engine: Engine, event: Any) -> None:
    """An erasure or a withdrawal removes what came before it and refuses what comes late; a later outcome is stored."""
    later = outcome("o-2", appended_at=NOW + timedelta(seconds=1))
    other = outcome("o-3", conversation_id="c_other")
    apply_records(engine, outcome(), other, event)
    assert stored(engine) == {"o-3": 11}
    assert apply_records(engine, outcome(), later) == [ApplyResult.ERASED, ApplyResult.RATED]
    assert stored(engine) == {"o-2": 11, "o-3": 11}


def test_a_withdrawal_that_comes_as_a_session_takes_them_along(engine: Engine) -> None:
    """A session that says that its consent was withdrawn takes along what was given in its conversation until then."""
    gone = without_content(record(), state=SessionState.ERASED)
    apply_records(engine, outcome(appended_at=gone.closed_at), outcome("o-2", appended_at=NOW), gone)
    assert stored(engine) == {"o-2": 11}


def erase(engine: Engine, subject: Subject) -> bool:
    """Erase a subject, and return whether nothing is left to do."""
    return Eraser(engine, KEK, RecordingAnnouncer(), now=lambda: NOW).erase(subject).complete


def test_an_erasure_finds_them_without_a_session(engine: Engine) -> None:
    """A conversation's, a client's and a counsellor's erasure removes outcomes even where no session is stored."""
    by_counsellor = outcome("o-2", given_by="counsellor", author="p_ana", conversation_id="c_other")
    apply_records(engine, outcome(), outcome("o-1", conversation_id="c_other"), by_counsellor)
    assert erase(engine, conversation_subject(CONVERSATION))
    assert stored(engine) == {"o-1": 11, "o-2": 11}
    assert erase(engine, counsellor_subject("p_ana"))
    assert stored(engine) == {"o-1": 11}
    assert erase(engine, client_subject("p_client"))
    assert stored(engine) == {}
    assert apply_records(engine, by_counsellor, outcome()) == [ApplyResult.ERASED] * 2


def test_a_counsellors_erasure_takes_what_names_their_sessions(engine: Engine) -> None:
    """An erasure of a counsellor removes outcomes that name one of their sessions; a client's others stay."""
    sent = record()
    apply_records(engine, sent, outcome(session_id=sent.session_id), outcome("o-2"))
    assert erase(engine, counsellor_subject("p_ana"))
    assert stored(engine) == {"o-2": 11}


def test_a_hold_keeps_them_until_it_ends(engine: Engine) -> None:
    """Under a legal hold a withdrawal and an erasure wait; when it ends they are applied."""
    subject = conversation_subject(CONVERSATION)
    with transaction(engine) as session:
        add_hold(session, subject, "file 7", NOW)
    withdrawal = ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW)
    apply_records(engine, outcome(), outcome("o-2", appended_at=NOW + timedelta(hours=1)), withdrawal)
    assert stored(engine) == {"o-1": 11, "o-2": 11}
    with transaction(engine) as session:
        remove_hold(session, KEK, subject, NOW)
    assert stored(engine) == {"o-2": 11}


def test_they_go_with_the_assessments(engine: Engine) -> None:
    """Outcomes are removed when assessments are, by the broker's time; a legal hold keeps them."""
    with transaction(engine) as session:
        session.add(Hold(tenant=TENANT, conversation_id="c_held", reason="file 7", added_at=NOW))
    held = outcome("o-3", conversation_id="c_held", appended_at=START)
    apply_records(engine, outcome(appended_at=START), outcome("o-2", appended_at=START + timedelta(days=2)), held)
    retain(engine, START + timedelta(days=729))
    assert set(stored(engine)) == {"o-1", "o-2", "o-3"}
    retain(engine, START + timedelta(days=731))
    assert set(stored(engine)) == {"o-2", "o-3"}

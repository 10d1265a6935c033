"""Tests of stored risk signals: stored once, and gone with whatever takes their session away."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.database.tables import Hold
from plugin.privacy.erasure import Eraser
from plugin.privacy.retention import RetentionCutoffs, RetentionRunner
from plugin.sink.apply import ApplyResult
from plugin.sink.writer import Writer
from stream.contracts.errors import Poison
from stream.contracts.messages import ConsentWithdrawal, Erasure
from stream.contracts.risk import RiskSignal
from stream.contracts.topics import FEEDBACK, RISK
from stream.contracts.vocabulary import Concern, HeardBy, SessionState
from stream.runtime.codec import RawRecord, encode, partition_of
from stream.runtime.settings import RetentionSettings
from tests.plugin.privacy.stored_sessions import RecordingAnnouncer, conversation_subject
from tests.plugin.samples import CONVERSATION, KEK, NOW, START, TENANT, apply_records, record, without_content

PARTITIONS = 3
SESSION = record().session_id


def signal(message_id: str = "m-1", **changes: Any) -> RiskSignal:
    """Return a signal of the sample session."""
    fields = {
        "tenant": TENANT,
        "conversation_id": CONVERSATION,
        "session_id": SESSION,
        "message_id": message_id,
        "revision": 1_772_474_400_000,
        "concerns": (Concern.ABUSE, Concern.SUICIDE),
        "heard_by": (HeardBy.LEXICON,),
        "appended_at": START,
    }
    return RiskSignal.model_validate(fields | changes)


def stored(engine: Engine) -> list[Any]:
    """Return the messages of the stored signals, in order."""
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT message_id FROM risk_signals ORDER BY message_id")))


def test_a_signal_is_stored_once(engine: Engine) -> None:
    """A signal that comes twice is stored once, beside no session and without a word; an edit's is one of its own."""
    edited = signal(revision=5)
    assert apply_records(engine, signal(), signal(), edited) == [ApplyResult.SIGNALLED] * 3
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM risk_signals ORDER BY revision")).mappings().all()
        assert connection.scalar(text("SELECT count(*) FROM sessions")) == 0
    assert [row["signal_id"] for row in rows] == [edited.event_id, signal().event_id]
    assert (rows[1]["concerns"], rows[1]["heard_by"]) == (["abuse", "suicide"], ["lexicon"])
    assert (rows[1]["appended_at"], rows[1]["acknowledged_at"], rows[1]["escalated_at"]) == (START, None, None)


def raw(topic: str) -> RawRecord:
    """Return a signal as a record of a topic."""
    out = encode(signal())
    return RawRecord(topic, partition_of(out.key or b"", PARTITIONS), 0, 0, out.key, out.value, out.headers)


def test_a_signal_is_taken_from_its_own_topic_alone(engine: Engine) -> None:
    """The writer stores a signal of the risk topic, and refuses one that lies among feedback."""
    writer = Writer(engine, KEK, PARTITIONS, lambda: NOW)
    writer.write(raw(RISK))
    assert stored(engine) == ["m-1"]
    with pytest.raises(Poison, match="unknown_type"):
        writer.write(raw(FEEDBACK))


@pytest.mark.parametrize(
    "event",
    [
        Erasure(tenant=TENANT, conversation_id=CONVERSATION, erasure_id="0" * 36, requested_at=NOW),
        ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_was_erased_or_withdrawn_is_not_stored_again(engine: Engine, event: Any) -> None:
    """A signal of before an erasure or a withdrawal that comes after it is refused; a later one is stored."""
    later = signal("m-2", appended_at=NOW + timedelta(seconds=1))
    assert apply_records(engine, event, signal(), later) == [
        *(ApplyResult.ERASED, ApplyResult.ERASED, ApplyResult.SIGNALLED),
    ]
    assert stored(engine) == ["m-2"]


def test_a_withdrawal_takes_the_signals_of_its_session_along(engine: Engine) -> None:
    """When consent is withdrawn, the signals of that session go, and those of the conversation's others stay."""
    other = signal("m-9", session_id=UUID(int=7), appended_at=NOW)
    apply_records(engine, signal(), other, without_content(record(), state=SessionState.ERASED))
    assert stored(engine) == ["m-9"]


def test_an_erasure_takes_the_signals_of_its_conversation_along(engine: Engine) -> None:
    """An erasure removes the signals of a conversation, also of a session that is open still; no other's."""
    apply_records(engine, signal(), signal("m-2", conversation_id="c_other"))
    erased = Eraser(engine, KEK, RecordingAnnouncer(), now=lambda: NOW).erase(conversation_subject(CONVERSATION))
    assert erased.complete
    assert stored(engine) == ["m-2"]


def test_an_erasure_on_its_way_reaches_them_too(engine: Engine) -> None:
    """The erasure record of a client's conversation removes its signals up to its time."""
    erasure = Erasure(tenant=TENANT, conversation_id=CONVERSATION, erasure_id="0" * 36, requested_at=START)
    apply_records(engine, signal(), signal("m-2", appended_at=NOW), erasure)
    assert stored(engine) == ["m-2"]


def retain(engine: Engine, now: datetime) -> None:
    """Run retention at a time."""
    RetentionRunner(engine, RetentionCutoffs.at(now, RetentionSettings()), now=lambda: now).run()


def test_signals_go_with_the_texts(engine: Engine) -> None:
    """Signals are removed when the messages they are about are, by the broker's time; a legal hold keeps them."""
    with transaction(engine) as session:
        session.add(Hold(tenant=TENANT, conversation_id="c_held", reason="file 7", added_at=NOW))
    held = signal("m-3", conversation_id="c_held")
    apply_records(engine, signal(), signal("m-2", appended_at=START + timedelta(days=2)), held)
    retain(engine, START + timedelta(days=89))
    assert stored(engine) == ["m-1", "m-2", "m-3"]
    retain(engine, START + timedelta(days=91))
    assert stored(engine) == ["m-2", "m-3"]

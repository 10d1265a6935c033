"""Tests of stored measures: of the latest revision alone, and gone with whatever takes their session away."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.database.tables import Hold
from plugin.database.tombstones import Subject
from plugin.privacy.erasure import Eraser
from plugin.privacy.holds import add_hold, remove_hold
from plugin.sink.apply import ApplyResult, SinkRecord
from plugin.sink.writer import Writer
from stream.contracts.errors import Poison
from stream.contracts.measures import Absent, MeasuredTurn, MeasureFinding, MeasuresRecord, TakenMeasure
from stream.contracts.messages import Consent, ConsentWithdrawal, Deletion, Edit, Erasure
from stream.contracts.topics import FEEDBACK, MEASURES
from stream.contracts.vocabulary import Role, SessionState
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
SESSION = record().session_id
TECHNIQUE = TakenMeasure(
    name="technique",
    version="1",
    shown=("main_technique", "share_complex_reflection"),
    findings=(
        MeasureFinding(quantity="main_technique", turn=2, labels=("complex_reflection",)),
        MeasureFinding(quantity="share_complex_reflection", number=0.5),
    ),
)


def measures(**changes: Any) -> MeasuresRecord:
    """Return what measures say of the sample session."""
    fields = {
        "tenant": TENANT,
        "conversation_id": CONVERSATION,
        "session_id": SESSION,
        "revision": 1,
        "first_appended_at": START,
        "last_appended_at": START + timedelta(minutes=45),
        "clients": ("p_client",),
        "counsellors": ("p_ana",),
        "reader": "sample",
        "turns": (
            MeasuredTurn(role=Role.CLIENT, message_ids=("m-1",)),
            MeasuredTurn(role=Role.COUNSELLOR, message_ids=("m-2", "m-3")),
        ),
        "measures": (TECHNIQUE,),
    }
    return MeasuresRecord.model_validate(fields | changes)


def of_conversation(name: str, **changes: Any) -> MeasuresRecord:
    """Return what measures say of a session of another conversation."""
    return measures(conversation_id=name, session_id=record(conversation=name).session_id, **changes)


def stored(engine: Engine) -> list[tuple[str, int]]:
    """Return conversation and revision of what is stored."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT conversation_id, revision FROM measures ORDER BY conversation_id"))
        return [(row.conversation_id, row.revision) for row in rows]


def test_it_is_stored_once_whether_its_session_is_there_or_not(engine: Engine) -> None:
    """What comes twice is stored once, in numbers and labels, and before its session if it comes first."""
    assert apply_records(engine, measures(), measures()) == [ApplyResult.MEASURED] * 2
    with engine.connect() as connection:
        (row,) = connection.execute(text("SELECT * FROM measures")).mappings().all()
    assert (row["session_id"], row["revision"], row["reader"], row["absent"]) == (SESSION, 1, "sample", None)
    assert row["turns"][1] == {"role": "counsellor", "message_ids": ["m-2", "m-3"]}
    (taken,) = row["measures"]
    assert taken["findings"][0] == {"quantity": "main_technique", "turn": 2, "labels": ["complex_reflection"]}


def test_the_highest_revision_counts(engine: Engine) -> None:
    """A later revision replaces an earlier one; an earlier one that comes late changes nothing."""
    apply_records(engine, measures(revision=2, absent=Absent.READER_FAILED, measures=()), measures())
    assert stored(engine) == [(CONVERSATION, 2)]


def test_of_a_session_that_has_other_words_now_nothing_earlier_stays(engine: Engine) -> None:
    """When a session closes anew, what was said of its earlier revision goes, and is not stored when it comes late."""
    apply_records(engine, record(), measures())
    assert stored(engine) == [(CONVERSATION, 1)]
    apply_records(engine, record(revision=2))
    assert stored(engine) == []
    apply_records(engine, measures(), measures(revision=2))
    assert stored(engine) == [(CONVERSATION, 2)]


def raw(topic: str) -> RawRecord:
    """Return a record as one of a topic."""
    out = encode(measures())
    return RawRecord(topic, partition_of(out.key or b"", PARTITIONS), 0, 0, out.key, out.value, out.headers)


def test_it_is_taken_from_its_own_topic_alone(engine: Engine) -> None:
    """The writer stores what lies on the topic of measures, and refuses it among feedback."""
    writer = Writer(engine, KEK, PARTITIONS, lambda: NOW)
    writer.write(raw(MEASURES))
    assert stored(engine) == [(CONVERSATION, 1)]
    with pytest.raises(Poison, match="unknown_type"):
        writer.write(raw(FEEDBACK))


ERASURE = Erasure(tenant=TENANT, conversation_id=CONVERSATION, erasure_id="0" * 36, requested_at=NOW)
WITHDRAWAL = ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW)


@pytest.mark.parametrize("event", [ERASURE, WITHDRAWAL], ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("with_session", [True, False])
def test_what_was_erased_or_withdrawn_is_gone_and_not_stored_again(
    engine: Engine, event: Any, *, with_session: bool
) -> None:
    """An erasure or a withdrawal removes what was said of a session, stored or not, and refuses what comes late."""
    before: list[SinkRecord] = [record()] if with_session else []
    apply_records(engine, *before)
    apply_records(engine, measures(), of_conversation("c_other"), event)
    assert stored(engine) == [("c_other", 1)]
    assert apply_records(engine, measures(), measures(revision=2)) == [ApplyResult.ERASED] * 2
    assert stored(engine) == [("c_other", 1)]


def test_a_withdrawal_of_a_later_session_leaves_the_earlier_one(engine: Engine) -> None:
    """A withdrawal is about the session that was the last one, and what is said of one before it stays."""
    later = record(started_at=START + timedelta(days=1))
    gone = ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW + timedelta(days=2))
    apply_records(engine, record(), later, measures(), measures(session_id=later.session_id), gone)
    with engine.connect() as connection:
        assert connection.scalars(text("SELECT session_id FROM measures")).all() == [SESSION]
    assert apply_records(engine, measures(revision=2)) == [ApplyResult.MEASURED]


def test_a_withdrawal_that_comes_as_a_session_takes_it_along(engine: Engine) -> None:
    """A session that says that its consent was withdrawn takes along what was said of it."""
    apply_records(engine, measures(), without_content(record(), state=SessionState.ERASED))
    assert stored(engine) == []


CHANGES: dict[str, Deletion | Edit] = {
    "deletion": Deletion(tenant=TENANT, conversation_id=CONVERSATION, message_id="m-3", deleted_at=NOW),
    "edit": Edit(
        tenant=TENANT,
        conversation_id=CONVERSATION,
        message_id="m-3",
        text="other words",
        edited_at=NOW,
        consent=Consent(processing=True),
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_words_that_change_afterwards_take_along_what_was_said_of_them(engine: Engine, change: Any) -> None:
    """A deletion or an edit of any message that was read removes it; one of another message does not."""
    apply_records(engine, record(), measures(), change.model_copy(update={"message_id": "m-9"}))
    assert stored(engine) == [(CONVERSATION, 1)]
    apply_records(engine, change)
    assert stored(engine) == []


def test_what_was_said_of_a_deleted_message_is_not_stored_afterwards(engine: Engine) -> None:
    """What comes after the deletion of a message that it is about is refused."""
    assert apply_records(engine, record(), CHANGES["deletion"], measures())[-1] is ApplyResult.ERASED
    assert stored(engine) == []


def erase(engine: Engine, subject: Subject) -> bool:
    """Erase a subject, and return whether nothing is left to do."""
    return Eraser(engine, KEK, RecordingAnnouncer(), now=lambda: NOW).erase(subject).complete


@pytest.mark.parametrize(
    "subject", [client_subject("p_client"), counsellor_subject("p_ana")], ids=["client", "counsellor"]
)
@pytest.mark.parametrize("with_session", [True, False])
def test_an_erasure_of_a_person_reaches_it(engine: Engine, subject: Subject, *, with_session: bool) -> None:
    """An erasure of a client or a counsellor removes it with and without its session, and refuses what comes late."""
    other = {"clients": ("p_else",), "counsellors": ("p_ben",)}
    beside = record(conversation="c_other", counsellor="p_ben", clients=("p_else",))
    beside = beside.model_copy(
        update={
            "messages": tuple(
                m.model_copy(update={"author": "p_else"}) if m.role is Role.CLIENT else m for m in beside.messages
            )
        }
    )
    before: list[SinkRecord] = [record()] if with_session else []
    apply_records(engine, *before)
    apply_records(engine, measures(), beside, of_conversation("c_other", **other))
    assert erase(engine, subject)
    assert stored(engine) == [("c_other", 1)]
    assert apply_records(engine, measures()) == [ApplyResult.ERASED]


@pytest.mark.parametrize("subject", [client_subject("p_client"), counsellor_subject("p_ana")])
def test_an_erasure_leaves_what_is_said_of_others_before_their_session_comes(engine: Engine, subject: Subject) -> None:
    """Of sessions that are not stored yet only those of the person go, and what is said of others may come again."""
    elsewhere = {"clients": ("p_client",), "counsellors": ("p_ana",), "tenant": "harbour"}
    others = of_conversation("c_other", clients=("p_else",), counsellors=("p_ben",))
    apply_records(engine, measures(), others, of_conversation("c_elsewhere", **elsewhere))
    assert erase(engine, subject)
    assert stored(engine) == [("c_elsewhere", 1), ("c_other", 1)]
    assert apply_records(engine, others) == [ApplyResult.MEASURED]


def people_of(engine: Engine) -> list[list[str] | None]:
    """Return who wrote in what was measured, as the rows say."""
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT people FROM measures")))


def test_who_wrote_stands_beside_it_until_the_session_says_so(engine: Engine) -> None:
    """The row names them while the session's row does not, and no longer; a later revision names them anew."""
    apply_records(engine, measures())
    assert people_of(engine) == [["p_ana", "p_client"]]
    apply_records(engine, record())
    assert people_of(engine) == [None]
    apply_records(engine, measures())
    assert people_of(engine) == [None]
    apply_records(engine, measures(revision=2, counsellors=("p_ana", "p_ben")))
    assert people_of(engine) == [["p_ana", "p_ben", "p_client"]]
    apply_records(engine, without_content(record(revision=1), state=SessionState.REOPENED))
    assert people_of(engine) == [["p_ana", "p_ben", "p_client"]]
    apply_records(engine, record(revision=2))
    assert people_of(engine) == [None]


def test_an_erasure_reaches_a_later_revision_than_the_stored_one(engine: Engine) -> None:
    """Where somebody else wrote after a session reopened, their erasure finds what was said of the new revision."""
    apply_records(engine, record(), measures(revision=2, counsellors=("p_ana", "p_ben")))
    assert erase(engine, counsellor_subject("p_ben"))
    assert stored(engine) == []


def test_in_doubt_an_erasure_reaches_what_does_not_say_who_wrote(engine: Engine) -> None:
    """Of measures that an earlier version stored before their session, all of the platform go."""
    apply_records(engine, of_conversation("c_other", clients=("p_else",)), record(), measures())
    with engine.begin() as connection:
        connection.execute(text("UPDATE measures SET people = NULL"))
    assert erase(engine, client_subject("p_nobody"))
    assert stored(engine) == [(CONVERSATION, 1)]


def test_an_erasure_of_a_conversation_reaches_it(engine: Engine) -> None:
    """An erasure of a conversation removes it also where its session is not stored; no other conversation's."""
    apply_records(engine, measures(), of_conversation("c_other"))
    assert erase(engine, conversation_subject(CONVERSATION))
    assert stored(engine) == [("c_other", 1)]


def test_a_session_that_is_refused_takes_it_along(engine: Engine) -> None:
    """When a session is refused for an erasure of somebody in it, what was said of it goes."""
    apply_records(engine, measures(clients=(), counsellors=()))
    erase(engine, client_subject("p_client"))
    assert stored(engine) == [(CONVERSATION, 1)]
    assert apply_records(engine, record()) == [ApplyResult.ERASED]
    assert stored(engine) == []


def test_a_hold_keeps_it_until_it_ends(engine: Engine) -> None:
    """Under a legal hold a withdrawal, an erasure and a deletion wait; when it ends they are applied."""
    subject = conversation_subject(CONVERSATION)
    with transaction(engine) as session:
        add_hold(session, subject, "file 7", NOW)
    apply_records(engine, record(), measures(), WITHDRAWAL, ERASURE, CHANGES["deletion"])
    assert stored(engine) == [(CONVERSATION, 1)]
    with transaction(engine) as session:
        remove_hold(session, KEK, subject, NOW)
    assert stored(engine) == []


def test_a_hold_keeps_what_came_before_its_session(engine: Engine) -> None:
    """Under a hold what has no session yet stays too, and goes with the end of the hold where nobody has it."""
    subject = conversation_subject(CONVERSATION)
    with transaction(engine) as session:
        add_hold(session, subject, "file 7", NOW)
    apply_records(engine, measures(), WITHDRAWAL)
    assert stored(engine) == [(CONVERSATION, 1)]
    with transaction(engine) as session:
        remove_hold(session, KEK, subject, NOW)
    assert stored(engine) == []


def test_it_goes_with_the_assessments(engine: Engine) -> None:
    """It is removed when assessments are, by the broker's time; a legal hold keeps it."""
    with transaction(engine) as session:
        session.add(Hold(tenant=TENANT, conversation_id="c_held", reason="file 7", added_at=NOW))
    at = {"last_appended_at": START}
    apply_records(
        engine, measures(**at), of_conversation("c_held", **at), of_conversation("c_new", last_appended_at=NOW)
    )
    retain(engine, START + timedelta(days=729))
    assert [name for name, _ in stored(engine)] == ["c_held", "c_new", CONVERSATION]
    retain(engine, START + timedelta(days=730, minutes=1))
    assert [name for name, _ in stored(engine)] == ["c_held", "c_new"]

"""Tests of applying a session's records: stored once, in any order, and removed when they must be."""

import json
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any, Final
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.key_encryption_key import check_key_encryption_key
from plugin.database.tables import METADATA, ConversationKey, StoredAnswer, StoredSession, Tombstone
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, SessionView
from plugin.sink.apply import ApplyResult, FeedbackTopicRecord
from stream.contracts.errors import Misconfigured
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import ConsentWithdrawal, Erasure
from stream.contracts.vocabulary import LeftOut, Level, NeedsHuman, SessionState
from tests.plugin.conftest import People
from tests.plugin.samples import CONVERSATION, NOW, START, TENANT, apply_records, left_out, record, without_content

FIRST = record()
EDITED = record(revision=2, edits=1, client_text="I have changed my words.")
GROWN = record(revision=3, edits=1, client_text="I have changed my words.", moments=2)


def erasure(at: datetime) -> Erasure:
    """Return an erasure of the conversation with everything up to a time."""
    return Erasure(tenant=TENANT, conversation_id=CONVERSATION, erasure_id=str(uuid4()), requested_at=at)


def withdrawal(at: datetime) -> ConsentWithdrawal:
    """Return a withdrawal of the client's consent at a time."""
    return ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=at)


def rows(engine: Engine) -> dict[str, int]:
    """Return the number of rows of each table that has any, without accounts, audit trail and service keys."""
    with engine.connect() as connection:
        found = {
            table.name: connection.scalar(text(f'SELECT count(*) FROM "{table.name}"')) or 0
            for table in METADATA.sorted_tables
        }
    return {
        name: count
        for name, count in found.items()
        if count and name not in {"accounts", "teams", "memberships", "audit", "service_keys"}
    }


def empty(engine: Engine) -> None:
    """Remove all sessions, keys and tombstones, for another example of hypothesis."""
    with engine.begin() as connection:
        for table in ("sessions", "conversation_keys", "erasures"):
            connection.execute(text(f"DELETE FROM {table}"))


def state(engine: Engine) -> tuple[Any, ...]:
    """Return the session's present state with its need, facts and valid answers."""
    with Session(engine) as session:
        row = session.exec(select(StoredSession)).one()
        answers = session.exec(
            select(StoredAnswer.assessment_id)
            .where(col(StoredAnswer.superseded_by).is_(None))
            .order_by(col(StoredAnswer.assessment_id))
        ).all()
        return row.revision, row.state, row.left_out, row.need, row.facts, row.counts, tuple(answers)


def seen(store: Store, people: People) -> SessionView | None:
    """Return the session as the supervisor would open it."""
    return store.open(people.supervisor, FIRST.session_id)


def test_a_repeated_record_changes_nothing(engine: Engine) -> None:
    """A repeated record changes nothing, not even the time at which it was stored."""
    assert apply_records(engine, FIRST) == [ApplyResult.STORED]
    before = rows(engine)
    assert apply_records(engine, FIRST, now=NOW + timedelta(hours=1)) == [ApplyResult.REPEATED]
    assert rows(engine) == before
    with Session(engine) as session:
        assert session.exec(select(StoredSession)).one().stored_at == NOW


def test_the_first_answer_for_an_exchange_stays(engine: Engine, store: Store, people: People) -> None:
    """The first answer for an exchange stays if another comes with a new revision, since it may have been read."""
    apply_records(engine, record(level=Level.STRONG), record(revision=2, level=Level.NONE))
    view = seen(store, people)
    assert view is not None
    assert view.row.revision == 2
    assert view.moments[0].answer == record(level=Level.STRONG).assessments[0]
    assert view.row.facts.without_expression == ()


def test_a_new_revision_keeps_answers_for_unchanged_exchanges(engine: Engine, store: Store, people: People) -> None:
    """A new revision keeps answers for unchanged exchanges; superseded ones keep levels and lose their words."""
    apply_records(engine, FIRST, EDITED)
    assert [m.text for m in seen(store, people).messages][0] == "I have changed my words."  # type: ignore[union-attr]  # noqa: RUF015
    with Session(engine) as session:
        old = session.get_one(StoredAnswer, FIRST.assessments[0].assessment_id)
        assert (old.superseded_by, old.words, old.revision) == (2, None, 1)
        assert [rating["level"] for rating in old.ratings] == [1, 1, 1, 1]
    apply_records(engine, GROWN)
    with Session(engine) as session:
        kept = session.get_one(StoredAnswer, EDITED.assessments[0].assessment_id)
        assert (kept.superseded_by, kept.revision) == (None, 2)


def test_a_superseded_answer_is_stored_again_when_its_input_recurs(
    engine: Engine, store: Store, people: People
) -> None:
    """A superseded answer whose input occurs again in a later revision is stored again with its words."""
    apply_records(engine, FIRST, EDITED, record(revision=3))
    view = seen(store, people)
    assert view is not None
    assert view.moments[0].answer == FIRST.assessments[0]


def test_a_lower_revision_changes_nothing(engine: Engine) -> None:
    """A record of a lower revision changes nothing."""
    apply_records(engine, EDITED)
    before = rows(engine)
    assert apply_records(engine, FIRST) == [ApplyResult.OLDER]
    assert rows(engine) == before


def test_decisions_survive_revisions_and_reopening(engine: Engine, store: Store, people: People) -> None:
    """A decision is kept with its revision through later revisions and reopening."""
    apply_records(engine, FIRST)
    store.decide(people.supervisor, FIRST.session_id, 1, DecisionKind.RELEASED)
    apply_records(engine, without_content(FIRST, state=SessionState.REOPENED), EDITED, FIRST)
    assert rows(engine)["decisions"] == 1


def test_a_reopened_session_is_hidden_until_its_next_close(engine: Engine, store: Store, people: People) -> None:
    """A reopened session is hidden until its next close; a repeat of the former close does not show it."""
    reopened = without_content(FIRST, state=SessionState.REOPENED)
    assert apply_records(engine, FIRST, reopened, FIRST) == [ApplyResult.STORED, ApplyResult.STORED, ApplyResult.OLDER]
    assert seen(store, people) is None
    apply_records(engine, EDITED)
    assert seen(store, people) is not None


def test_a_withdrawn_session_keeps_its_row_and_no_content(engine: Engine, store: Store, people: People) -> None:
    """A withdrawn session keeps its row, left out for lack of consent, and no message, answer, decision or key."""
    apply_records(engine, FIRST)
    store.decide(people.supervisor, FIRST.session_id, 1, DecisionKind.RELEASED)
    gone = without_content(FIRST, state=SessionState.ERASED)
    assert apply_records(engine, gone, EDITED, GROWN, gone) == [
        ApplyResult.ERASED,
        ApplyResult.OLDER,
        ApplyResult.OLDER,
        ApplyResult.REPEATED,
    ]
    assert rows(engine) == {"sessions": 1, "session_counsellors": 1, "erasures": 1}
    (row,) = store.left_out(people.supervisor).rows
    assert (row.left_out, row.moments, row.counts.messages) == (LeftOut.NO_CONSENT, 0, 0)


STORY: Final[tuple[FeedbackTopicRecord, ...]] = (
    FIRST,
    without_content(FIRST, state=SessionState.REOPENED),
    EDITED,
    without_content(EDITED, state=SessionState.REOPENED),
    GROWN,
    FIRST,
)


@pytest.fixture
def end_of_story(engine: Engine) -> tuple[object, ...]:
    """Return the state after the records in their order, which is the same for every example."""
    apply_records(engine, *STORY)
    return state(engine)


@given(st.lists(st.sampled_from(range(len(STORY))), max_size=8))
@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_with_repeats_ends_the_same(
    engine: Engine, end_of_story: tuple[object, ...], noise: list[int]
) -> None:
    """Records in any order and with any repeats end in the state of the highest record."""
    empty(engine)
    apply_records(engine, *(STORY[number] for number in noise), *STORY[::-1], *(STORY[number] for number in noise))
    assert state(engine) == end_of_story
    empty(engine)


def test_erased_is_last_in_any_order(engine: Engine) -> None:
    """A withdrawal is final for its session in any order of the records."""
    gone = without_content(FIRST, state=SessionState.ERASED)
    for order in permutations((FIRST, gone, EDITED, without_content(EDITED, state=SessionState.REOPENED))):
        empty(engine)
        apply_records(engine, *order)
        assert state(engine)[1:3] == ("erased", "no_consent")
        assert set(rows(engine)) == {"sessions", "session_counsellors", "erasures"}


def test_an_erasure_removes_everything_and_leaves_a_keyed_hash(engine: Engine, store: Store, people: People) -> None:
    """An erasure removes all rows and keys, refuses repeats, and leaves a hash that names nobody."""
    apply_records(engine, FIRST, record(started_at=START + timedelta(days=7)))
    store.decide(people.supervisor, FIRST.session_id, 1, DecisionKind.RELEASED)
    request = erasure(START + timedelta(days=8))
    assert apply_records(engine, request, request, FIRST, EDITED) == [ApplyResult.ERASED] * 4
    assert rows(engine) == {"erasures": 1}
    with Session(engine) as session:
        proof = session.exec(select(Tombstone)).one()
    assert proof.erasure_id == request.erasure_id
    assert CONVERSATION not in proof.subject_hash.decode("latin-1")
    assert TENANT not in json.dumps(proof.model_dump(mode="json", exclude={"subject_hash"}))


def test_an_erasure_keeps_other_conversations_and_later_sessions(engine: Engine) -> None:
    """An erasure keeps other conversations and later sessions, which have a new key."""
    apply_records(engine, FIRST, record(conversation="c_other"))
    with Session(engine) as session:
        old = session.get_one(ConversationKey, (TENANT, CONVERSATION)).wrapped
    later = record(started_at=START + timedelta(days=30))
    request = erasure(START + timedelta(days=8))
    assert apply_records(engine, request, later, request) == [
        ApplyResult.ERASED,
        ApplyResult.STORED,
        ApplyResult.ERASED,
    ]
    found = rows(engine)
    assert (found["sessions"], found["messages"], found["conversation_keys"]) == (2, 4, 2)
    with Session(engine) as session:
        assert session.get_one(ConversationKey, (TENANT, CONVERSATION)).wrapped != old


def test_a_withdrawal_concerns_the_latest_session_that_had_begun(engine: Engine, store: Store, people: People) -> None:
    """A withdrawal concerns the latest session that had begun, neither earlier nor later ones."""
    days = [0, 7, 14]
    sessions = [record(started_at=START + timedelta(days=day)) for day in days]
    apply_records(engine, *sessions, withdrawal(START + timedelta(days=8)))
    assert [store.open(people.supervisor, each.session_id) is not None for each in sessions] == [True, True, True]
    texts = [len(store.open(people.supervisor, each.session_id).messages) for each in sessions]  # type: ignore[union-attr]
    assert texts == [2, 0, 2]
    assert rows(engine)["conversation_keys"] == 1


def test_a_withdrawal_applies_to_a_record_that_arrives_later(engine: Engine) -> None:
    """A withdrawal also applies to a session whose record arrives later, such as a replayed dead letter."""
    taken_back = withdrawal(START + timedelta(hours=1))
    assert apply_records(engine, taken_back, FIRST, FIRST) == [
        ApplyResult.ERASED,
        ApplyResult.ERASED,
        ApplyResult.OLDER,
    ]
    assert rows(engine) == {"sessions": 1, "session_clients": 1, "session_counsellors": 1, "erasures": 1}


def test_the_record_of_a_withdrawn_session_leaves_a_tombstone(engine: Engine) -> None:
    """The record of a withdrawn session leaves a tombstone, by which replays of its dead letters are refused."""
    gone = without_content(FIRST, state=SessionState.ERASED)
    apply_records(engine, gone)
    with Session(engine) as session:
        proof = session.exec(select(Tombstone)).one()
    assert (proof.kind, proof.until) == ("withdrawal", gone.closed_at)
    later = record(started_at=START + timedelta(days=7))
    assert apply_records(engine, later) == [ApplyResult.STORED]


def test_a_withdrawal_before_a_session_does_not_apply_to_it(engine: Engine) -> None:
    """A withdrawal before a session began does not apply to it."""
    assert apply_records(engine, withdrawal(START - timedelta(hours=1)), FIRST) == [
        ApplyResult.ERASED,
        ApplyResult.STORED,
    ]


CLOCKS = [START.replace(year=1970), START - timedelta(days=1), START + timedelta(minutes=3), START.replace(year=2612)]
"""Times that a sender's clock may claim for a session that was heard at `START`."""


@pytest.mark.parametrize("claimed", CLOCKS)
def test_an_erasure_and_a_withdrawal_go_by_the_brokers_time(engine: Engine, claimed: datetime) -> None:
    """Erasures and withdrawals find sessions by the broker's append times, whatever times messages and events claim."""
    lying = {"started_at": claimed, "ended_at": claimed + timedelta(minutes=45)}
    session = FIRST.model_copy(update=lying)
    moment = {"appended_at": START + timedelta(minutes=1)}
    gone = erasure(claimed).model_copy(update=moment)
    assert apply_records(engine, session, gone, session) == [
        ApplyResult.STORED,
        ApplyResult.ERASED,
        ApplyResult.ERASED,
    ]
    assert rows(engine) == {"erasures": 1}
    empty(engine)
    taken_back = withdrawal(claimed).model_copy(update=moment)
    apply_records(engine, session, taken_back)
    assert "messages" not in rows(engine)
    empty(engine)
    before = {"appended_at": START - timedelta(minutes=1)}
    apply_records(engine, erasure(claimed).model_copy(update=before), withdrawal(claimed).model_copy(update=before))
    assert apply_records(engine, session) == [ApplyResult.STORED]


def test_a_record_without_append_times_is_erased_in_doubt(engine: Engine) -> None:
    """A record of an earlier version, without append times, counts from the earlier of its two clocks."""
    old = FIRST.model_copy(update={"first_appended_at": None, "last_appended_at": None})
    assert apply_records(engine, old, erasure(START)) == [ApplyResult.STORED, ApplyResult.ERASED]
    assert rows(engine) == {"erasures": 1}


def test_the_key_is_deleted_with_the_last_text_of_a_conversation(engine: Engine) -> None:
    """The data key is deleted with the last text of its conversation, and a session without text has none."""
    apply_records(engine, left_out())
    assert "conversation_keys" not in rows(engine)
    apply_records(engine, record(started_at=START + timedelta(days=7)), record(started_at=START + timedelta(days=14)))
    assert rows(engine)["conversation_keys"] == 1
    apply_records(engine, left_out(started_at=START + timedelta(days=7), revision=2))
    assert rows(engine)["conversation_keys"] == 1
    apply_records(engine, left_out(started_at=START + timedelta(days=14), revision=2))
    assert "conversation_keys" not in rows(engine)


@pytest.mark.parametrize("sent", [FIRST, record(abstain=NeedsHuman.MODEL_FAILED, revision=2), left_out()])
def test_no_plain_column_holds_text(engine: Engine, sent: FeedbackRecord) -> None:
    """No value of a plain column contains a text of the record."""
    apply_records(engine, sent)
    with engine.connect() as connection:
        plain = [
            str(value)
            for table in METADATA.sorted_tables
            for row in connection.execute(text(f'SELECT * FROM "{table.name}"')).mappings()
            for value in row.values()
            if not isinstance(value, bytes)
        ]
    said = [message.text for message in FIRST.messages]
    for assessment in FIRST.assessments:
        said += [rating.reason for rating in assessment.ratings]
        said += [evidence.quote for rating in assessment.ratings for evidence in rating.evidence]
        said += [*assessment.strengths, *(alternative.text for alternative in assessment.alternatives)]
    for words in said:
        assert not any(words in value for value in plain)


def test_another_key_encryption_key_is_refused(engine: Engine) -> None:
    """Another key encryption key than the database's is refused, before anything is encrypted with it."""
    apply_records(engine, FIRST)
    with Session(engine) as session, pytest.raises(Misconfigured, match="key_encryption_key"):
        check_key_encryption_key(session, KeyEncryptionKey(bytes(32)))

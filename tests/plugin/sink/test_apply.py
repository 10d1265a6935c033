"""A session's records become rows: once, in any order, and gone when they must be."""

import json
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.key_encryption_key import check_key
from plugin.database.tables import METADATA, ConversationKey, Forgotten, StoredAnswer, StoredSession
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, SessionView
from plugin.sink.apply import Applied, FeedbackTopicRecord
from stream.contracts.errors import Misconfigured
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import ConsentWithdrawal, Erasure
from stream.contracts.vocabulary import LeftOut, Level, NeedsHuman, SessionState
from tests.plugin.conftest import People
from tests.plugin.samples import CONVERSATION, NOW, START, TENANT, hidden, left_out, put, record

FIRST = record()
EDITED = record(revision=2, edits=1, client_text="I have changed my words.")
GROWN = record(revision=3, edits=1, client_text="I have changed my words.", moments=2)


def erasure(at: datetime) -> Erasure:
    """Forget everything of the conversation up to then."""
    return Erasure(tenant=TENANT, conversation_id=CONVERSATION, erasure_id=str(uuid4()), requested_at=at)


def withdrawal(at: datetime) -> ConsentWithdrawal:
    """The client takes consent back."""
    return ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=at)


def rows(engine: Engine) -> dict[str, int]:
    """How many rows each table has, of those that have any; accounts and trail aside."""
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
    """For another example of hypothesis."""
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE sessions, conversation_keys, erasures CASCADE"))


def state(engine: Engine) -> tuple[Any, ...]:
    """Everything that is in force: the session, its content in clear, its standing answers."""
    with Session(engine) as session:
        row = session.exec(select(StoredSession)).one()
        answers = session.exec(
            select(StoredAnswer.assessment_id)
            .where(col(StoredAnswer.superseded_by).is_(None))
            .order_by(col(StoredAnswer.assessment_id))
        ).all()
        return row.revision, row.state, row.left_out, row.need, row.facts, row.counts, tuple(answers)


def seen(store: Store, people: People) -> SessionView | None:
    """What the supervisor would open."""
    return store.open(people.supervisor, FIRST.session_id)


def test_a_record_is_stored_once_however_often_it_comes(engine: Engine) -> None:
    """The second time changes nothing, not even when it was stored."""
    assert put(engine, FIRST) == [Applied.STORED]
    before = rows(engine)
    assert put(engine, FIRST, now=NOW + timedelta(hours=1)) == [Applied.REPEATED]
    assert rows(engine) == before
    with Session(engine) as session:
        assert session.exec(select(StoredSession)).one().stored_at == NOW


def test_the_first_answer_to_a_question_wins(engine: Engine, store: Store, people: People) -> None:
    """A model asked again after a kill may answer otherwise; what somebody may have read stays."""
    put(engine, record(level=Level.STRONG), record(revision=2, level=Level.NONE))
    view = seen(store, people)
    assert view is not None
    assert view.row.revision == 2
    assert view.moments[0].answer == record(level=Level.STRONG).assessments[0]
    assert view.row.facts.without_expression == ()


def test_a_new_revision_keeps_what_was_asked_the_same_and_supersedes_the_rest(
    engine: Engine, store: Store, people: People
) -> None:
    """Superseded answers keep their levels and lose their words: these may quote what has been deleted since."""
    put(engine, FIRST, EDITED)
    assert [m.text for m in seen(store, people).messages][0] == "I have changed my words."  # type: ignore[union-attr]  # noqa: RUF015
    with Session(engine) as session:
        old = session.get_one(StoredAnswer, FIRST.assessments[0].assessment_id)
        assert (old.superseded_by, old.words, old.revision) == (2, None, 1)
        assert [rating["level"] for rating in old.ratings] == [1, 1, 1, 1]
    put(engine, GROWN)
    with Session(engine) as session:
        kept = session.get_one(StoredAnswer, EDITED.assessments[0].assessment_id)
        assert (kept.superseded_by, kept.revision) == (None, 2)


def test_an_answer_whose_question_comes_back_is_whole_again(engine: Engine, store: Store, people: People) -> None:
    """A late message that is deleted later leaves the input as it was."""
    put(engine, FIRST, EDITED, record(revision=3))
    view = seen(store, people)
    assert view is not None
    assert view.moments[0].answer == FIRST.assessments[0]


def test_a_lower_revision_changes_nothing(engine: Engine) -> None:
    """It comes late, or again."""
    put(engine, EDITED)
    before = rows(engine)
    assert put(engine, FIRST) == [Applied.OLDER]
    assert rows(engine) == before


def test_decisions_are_never_touched(engine: Engine, store: Store, people: People) -> None:
    """What a person decided stays on record with its revision, through revisions and reopening."""
    put(engine, FIRST)
    store.decide(people.supervisor, FIRST.session_id, 1, DecisionKind.RELEASED)
    put(engine, hidden(FIRST, state=SessionState.REOPENED), EDITED, FIRST)
    assert rows(engine)["decisions"] == 1


def test_reopening_hides_and_the_next_close_shows_again(engine: Engine, store: Store, people: People) -> None:
    """A repeat of the close it hid shows nothing."""
    reopened = hidden(FIRST, state=SessionState.REOPENED)
    assert put(engine, FIRST, reopened, FIRST) == [Applied.STORED, Applied.STORED, Applied.OLDER]
    assert seen(store, people) is None
    put(engine, EDITED)
    assert seen(store, people) is not None


def test_a_withdrawn_session_leaves_that_it_was_and_nothing_of_what_was_in_it(
    engine: Engine, store: Store, people: People
) -> None:
    """No message, no answer, no decision, no key; it is listed as left out for lack of consent."""
    put(engine, FIRST)
    store.decide(people.supervisor, FIRST.session_id, 1, DecisionKind.RELEASED)
    gone = hidden(FIRST, state=SessionState.ERASED)
    assert put(engine, gone, EDITED, GROWN, gone) == [Applied.ERASED, Applied.OLDER, Applied.OLDER, Applied.REPEATED]
    assert rows(engine) == {"sessions": 1, "session_counsellors": 1}
    (row,) = store.queue(people.supervisor).left_out
    assert (row.left_out, row.moments, row.counts.messages) == (LeftOut.NO_CONSENT, 0, 0)


@given(st.lists(st.sampled_from([0, 1, 2, 3, 4, 5]), max_size=8))
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_and_any_repetition_end_the_same(engine: Engine, noise: list[int]) -> None:
    """What is in force is what the highest record says."""
    story: list[FeedbackTopicRecord] = [
        FIRST,
        hidden(FIRST, state=SessionState.REOPENED),
        EDITED,
        hidden(EDITED, state=SessionState.REOPENED),
        GROWN,
        FIRST,
    ]
    empty(engine)
    put(engine, *story)
    expected = state(engine)
    empty(engine)
    put(engine, *(story[number] for number in noise), *story[::-1], *(story[number] for number in noise))
    assert state(engine) == expected
    empty(engine)


def test_erased_is_last_in_any_order(engine: Engine) -> None:
    """A withdrawal is final for its session, whenever it comes."""
    gone = hidden(FIRST, state=SessionState.ERASED)
    for order in permutations((FIRST, gone, EDITED, hidden(EDITED, state=SessionState.REOPENED))):
        empty(engine)
        put(engine, *order)
        assert state(engine)[1:3] == ("erased", "no_consent")
        assert set(rows(engine)) == {"sessions", "session_counsellors"}


def test_an_erasure_takes_everything_and_leaves_a_keyed_hash(engine: Engine, store: Store, people: People) -> None:
    """Rows, keys, decisions; what comes again is not stored; nobody can read from the proof whom it was about."""
    put(engine, FIRST, record(started_at=START + timedelta(days=7)))
    store.decide(people.supervisor, FIRST.session_id, 1, DecisionKind.RELEASED)
    request = erasure(START + timedelta(days=8))
    assert put(engine, request, request, FIRST, EDITED) == [Applied.ERASED] * 4
    assert rows(engine) == {"erasures": 1}
    with Session(engine) as session:
        proof = session.exec(select(Forgotten)).one()
    assert proof.erasure_id == request.erasure_id
    assert CONVERSATION not in proof.subject_hash.decode("latin-1")
    assert TENANT not in json.dumps(proof.model_dump(mode="json", exclude={"subject_hash"}))


def test_an_erasure_leaves_other_conversations_and_later_sessions(engine: Engine) -> None:
    """A client who comes back later begins anew, with a new key."""
    put(engine, FIRST, record(conversation="c_other"))
    with Session(engine) as session:
        old = session.get_one(ConversationKey, (TENANT, CONVERSATION)).wrapped
    later = record(started_at=START + timedelta(days=30))
    request = erasure(START + timedelta(days=8))
    assert put(engine, request, later, request) == [Applied.ERASED, Applied.STORED, Applied.ERASED]
    found = rows(engine)
    assert (found["sessions"], found["messages"], found["conversation_keys"]) == (2, 4, 2)
    with Session(engine) as session:
        assert session.get_one(ConversationKey, (TENANT, CONVERSATION)).wrapped != old


def test_a_withdrawal_is_for_the_latest_session_that_had_begun(engine: Engine, store: Store, people: People) -> None:
    """Earlier sessions were consented to; a later one has a consent of its own."""
    days = [0, 7, 14]
    sessions = [record(started_at=START + timedelta(days=day)) for day in days]
    put(engine, *sessions, withdrawal(START + timedelta(days=8)))
    assert [store.open(people.supervisor, each.session_id) is not None for each in sessions] == [True, True, True]
    texts = [len(store.open(people.supervisor, each.session_id).messages) for each in sessions]  # type: ignore[union-attr]
    assert texts == [2, 0, 2]
    assert rows(engine)["conversation_keys"] == 1


def test_a_withdrawal_is_kept_for_a_session_whose_record_comes_later(engine: Engine) -> None:
    """A dead letter that is replayed must not bring back what was taken back."""
    taken_back = withdrawal(START + timedelta(hours=1))
    assert put(engine, taken_back, FIRST, FIRST) == [Applied.ERASED, Applied.ERASED, Applied.OLDER]
    assert rows(engine) == {"sessions": 1, "session_clients": 1, "session_counsellors": 1, "erasures": 1}


def test_a_withdrawal_before_a_session_is_not_for_it(engine: Engine) -> None:
    """Consent may be given again for the next one."""
    assert put(engine, withdrawal(START - timedelta(hours=1)), FIRST) == [Applied.ERASED, Applied.STORED]


def test_the_key_goes_with_the_last_text_of_a_conversation(engine: Engine) -> None:
    """Not before, and a session without text needs none."""
    put(engine, left_out())
    assert "conversation_keys" not in rows(engine)
    put(engine, record(started_at=START + timedelta(days=7)), record(started_at=START + timedelta(days=14)))
    assert rows(engine)["conversation_keys"] == 1
    put(engine, left_out(started_at=START + timedelta(days=7), revision=2))
    assert rows(engine)["conversation_keys"] == 1
    put(engine, left_out(started_at=START + timedelta(days=14), revision=2))
    assert "conversation_keys" not in rows(engine)


@pytest.mark.parametrize("sent", [FIRST, record(abstain=NeedsHuman.MODEL_FAILED, revision=2), left_out()])
def test_no_plain_column_holds_a_word(engine: Engine, sent: FeedbackRecord) -> None:
    """Every value of every column that is not sealed, against every text of the record."""
    put(engine, sent)
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


def test_another_key_encryption_key_is_noticed(engine: Engine) -> None:
    """Before anything is sealed with it."""
    put(engine, FIRST)
    with Session(engine) as session, pytest.raises(Misconfigured, match="key_encryption_key"):
        check_key(session, KeyEncryptionKey(bytes(32)))

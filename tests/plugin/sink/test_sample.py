"""The random sample in the sink: what is stored, what a later revision replaces, and what goes with a removal."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from plugin.queue.store import Store
from plugin.sink.apply import FeedbackTopicRecord
from plugin.sink.validate import validate_record
from stream.contracts.errors import Poison
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import ConsentWithdrawal, Deletion, Erasure
from stream.contracts.vocabulary import SessionState
from tests.plugin.conftest import People
from tests.plugin.queue.sampled import ALL_NO, TURNS, sampled
from tests.plugin.samples import CONVERSATION, NOW, TENANT, apply_records, record, without_content


def count(engine: Engine, table: str) -> int:
    """Return the number of rows of a table."""
    with engine.connect() as connection:
        return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


@pytest.fixture
def looked_at(engine: Engine, store: Store, people: People) -> FeedbackRecord:
    """Return a stored session of the sample at which a supervisor has looked."""
    sent = sampled()
    apply_records(engine, sent)
    store.looks.answer(people.supervisor, sent.session_id, 1, ALL_NO)
    assert (count(engine, "samples"), count(engine, "look_answers")) == (1, len(TURNS))
    return sent


def test_a_session_outside_the_sample_has_no_row(engine: Engine) -> None:
    """Only a record that names its client turns is stored as part of the sample."""
    apply_records(engine, record())
    assert count(engine, "samples") == 0


def test_a_redelivery_changes_nothing(engine: Engine, looked_at: FeedbackRecord) -> None:
    """The same record again leaves sample and answers as they are."""
    apply_records(engine, looked_at)
    assert (count(engine, "samples"), count(engine, "look_answers")) == (1, len(TURNS))


def test_a_later_revision_replaces_the_sample_and_keeps_the_answers(engine: Engine, looked_at: FeedbackRecord) -> None:
    """The answers name the revision that was read; the session does not wait for another look."""
    apply_records(engine, looked_at.model_copy(update={"revision": 2}))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT revision FROM samples")) == 2
        assert set(connection.scalars(text("SELECT revision FROM look_answers"))) == {1}


REMOVALS: tuple[Callable[[FeedbackRecord], FeedbackTopicRecord], ...] = (
    lambda _sent: Erasure(tenant=TENANT, conversation_id=CONVERSATION, erasure_id="0" * 36, requested_at=NOW),
    lambda _sent: ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW),
    lambda sent: without_content(sent, state=SessionState.ERASED),
)


@pytest.mark.parametrize("removal", REMOVALS, ids=["erasure", "withdrawal", "withdrawn in the stream"])
def test_sample_and_answers_go_with_the_session(
    engine: Engine, looked_at: FeedbackRecord, removal: Callable[[FeedbackRecord], FeedbackTopicRecord]
) -> None:
    """After an erasure or a withdrawal nothing of the sample is left, and no message."""
    apply_records(engine, removal(looked_at))
    assert [count(engine, table) for table in ("samples", "look_answers", "messages")] == [0, 0, 0]


@pytest.mark.usefixtures("looked_at")
def test_an_answer_goes_with_its_deleted_message(engine: Engine) -> None:
    """An answer about a turn whose first message is deleted is removed, as a label is with its answer."""
    deletion = Deletion(tenant=TENANT, conversation_id=CONVERSATION, message_id="m-6", deleted_at=NOW)
    apply_records(engine, deletion)
    with engine.connect() as connection:
        assert list(connection.scalars(text("SELECT message_id FROM look_answers ORDER BY position"))) == ["m-1", "m-3"]


def test_a_deleted_turn_is_not_asked_about(engine: Engine, store: Store, people: People) -> None:
    """A client turn whose messages were all deleted is left out of the look; the positions of others stay."""
    sent = sampled()
    apply_records(engine, sent, Deletion(tenant=TENANT, conversation_id=CONVERSATION, message_id="m-1", deleted_at=NOW))
    _, look = store.looks.open(people.supervisor, sent.session_id)
    assert look is not None
    assert look.turns == {1: ("m-3", "m-4"), 2: ("m-6",)}


def test_a_sampled_turn_without_its_message_is_poison() -> None:
    """A record that names a turn whose message it does not hold is refused."""
    broken = sampled().model_copy(update={"sampled_turns": (("m-99",),)})
    with pytest.raises(Poison) as refused:
        validate_record(broken)
    assert refused.value.place == "sampled_turns"

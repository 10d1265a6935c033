"""Tests of what the sink stores of confirmed and rejected moments: which are shown, and when a session is left out."""

from typing import Any

import pytest
from sqlalchemy import Engine, text

from plugin.database.needs import Need
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind
from plugin.sink.apply import ApplyResult
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import Deletion
from stream.contracts.sessions import Counts
from stream.contracts.vocabulary import Concern, LeftOut, MarkKind, NeedsHuman, ResistanceType, Verdict
from tests.plugin.conftest import People
from tests.plugin.privacy.stored_sessions import count_rows
from tests.plugin.samples import (
    CONVERSATION,
    NOW,
    PLANTED,
    REJECTED,
    TENANT,
    answered,
    apply_records,
    mark,
    record,
    sure,
)

NOTHING = answered(record(moments=2), REJECTED, REJECTED)
UNANSWERED = mark(MarkKind.UNANSWERED_MOMENT).model_copy(update={"resistance_type": ResistanceType.BLAMING})
NO_VERDICT = mark(MarkKind.UNANSWERED_MOMENT).model_copy(update={"needs_human": NeedsHuman.MODEL_FAILED})


def shown(engine: Engine) -> list[bool]:
    """Return for each stored moment, in order, whether it is shown at once."""
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT shown FROM exchanges ORDER BY position")))


def test_the_surest_confirmed_moments_are_stored_as_shown(engine: Engine) -> None:
    """The three confirmed moments of the highest confidence are shown, and rejected ones are not."""
    apply_records(engine, answered(record(moments=5), *sure(0.9, 0.5, 0.7), REJECTED, *sure(0.8)))
    assert shown(engine) == [True, False, True, False, True]


def test_confidence_and_planted_text_are_plain_and_words_are_not(engine: Engine) -> None:
    """Confidence and planted text are stored in plain columns, and the source of a suggestion is encrypted."""
    apply_records(engine, answered(record(), PLANTED | {"confidence": 0.83}))
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT confidence, possible_injection, words FROM answers")).one()
    assert (stored.confidence, stored.possible_injection) == (0.83, True)
    assert b"S-001" not in stored.words


def test_the_first_answer_decides_what_is_shown(engine: Engine) -> None:
    """A moment that was confirmed stays so if a later revision brings another answer of the same model."""
    again = answered(record(revision=2), REJECTED)
    assert apply_records(engine, record(), again) == [ApplyResult.STORED] * 2
    assert shown(engine) == [True]


def test_a_session_in_which_nothing_was_confirmed_is_left_out(engine: Engine, store: Store, people: People) -> None:
    """A session whose moments were all rejected is listed like one without moments, and nothing of it is kept."""
    assert apply_records(engine, NOTHING) == [ApplyResult.STORED]
    assert store.waiting(people.supervisor).rows == ()
    (row,) = store.left_out(people.supervisor).rows
    assert (row.left_out, row.moments, row.counts.flagged_turns) == (LeftOut.NO_RESISTANCE, 0, 2)
    left = {"sessions": 1, "messages": 0, "exchanges": 0, "answers": 0, "conversation_keys": 0}
    assert count_rows(engine) == left
    assert apply_records(engine, NOTHING) == [ApplyResult.REPEATED]
    assert count_rows(engine) == left


def test_a_session_that_was_left_out_comes_back_with_a_confirmed_moment(
    engine: Engine, store: Store, people: People
) -> None:
    """A later revision with a confirmed moment puts the session into the queue, and the other way round."""
    apply_records(engine, NOTHING, answered(record(moments=2, revision=2), REJECTED, {}))
    (row,) = store.waiting(people.supervisor).rows
    assert (row.left_out, row.moments) == (None, 1)
    apply_records(engine, answered(record(revision=3, edits=1), REJECTED))
    assert store.waiting(people.supervisor).rows == ()
    assert count_rows(engine, "messages", "exchanges") == {"messages": 0, "exchanges": 0}


def test_a_session_whose_only_turn_had_no_reply_and_was_rejected_is_left_out(
    engine: Engine, store: Store, people: People
) -> None:
    """A session without exchanges is left out too, if the model rejected its flagged turn without a reply."""
    counts = Counts(flagged_turns=1, unanswered_moments=1, unanswered_not_confirmed=1)
    sent = record(moments=0, counts=counts)
    assert apply_records(engine, sent) == [ApplyResult.STORED]
    assert store.waiting(people.supervisor).rows == ()
    (row,) = store.left_out(people.supervisor).rows
    assert (row.left_out, row.counts.flagged_turns) == (LeftOut.NO_RESISTANCE, 1)


def test_a_rejected_turn_without_a_reply_is_counted_among_the_moments_that_were_not_confirmed(
    engine: Engine, store: Store, people: People
) -> None:
    """A supervisor is told how many turns were not confirmed, also without a reply; a therapist is not."""
    sent = answered(record(moments=2, counts=Counts(unanswered_not_confirmed=1)), REJECTED, {})
    apply_records(engine, sent)
    view = store.open(people.supervisor, sent.session_id)
    assert view is not None
    assert view.not_confirmed == 2
    store.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED)
    own = store.open(people.ana, sent.session_id)
    assert own is not None
    assert own.not_confirmed == 0


def rejected_but(**more: Any) -> FeedbackRecord:
    """Return a session whose one moment was rejected, with something else."""
    return answered(record(**more), REJECTED)


@pytest.mark.parametrize(
    ("sent", "need"),
    [
        (rejected_but(marks=(UNANSWERED,)), Need.UNANSWERED),
        (rejected_but(marks=(NO_VERDICT,)), Need.NEEDS_HUMAN),
        (rejected_but(marks=(mark(MarkKind.RISK_LANGUAGE, Concern.SUICIDE),)), Need.RISK),
        (rejected_but(marks=(mark(MarkKind.CRITICAL_CONTENT, Concern.MANIA),)), Need.CRITICAL),
        (answered(record(), REJECTED | PLANTED), Need.POSSIBLE_INJECTION),
        (record(abstain=NeedsHuman.MODEL_FAILED), Need.NEEDS_HUMAN),
        (record(abstain=NeedsHuman.POSSIBLE_CRITICAL_CONTENT), Need.POSSIBLE_CRITICAL),
        (record(verdict=Verdict.NOT_ASSESSED), Need.OTHER),
        (rejected_but(counts=Counts(flagged_not_shown=1)), Need.OTHER),
        (rejected_but(counts=Counts(exchanges_dropped_for_size=1)), Need.OTHER),
    ],
    ids=[
        "unanswered",
        "unanswered without verdict",
        "risk",
        "critical",
        "planted",
        "abstained",
        "possibly critical",
        "no verdict",
        "not read",
        "dropped",
    ],
)
def test_a_session_with_anything_else_to_look_at_stays(
    engine: Engine, store: Store, people: People, sent: FeedbackRecord, need: Need
) -> None:
    """A session that needs a person, or has moments that nobody read, stays in the queue with what was said."""
    apply_records(engine, sent)
    (row,) = store.waiting(people.supervisor).rows
    assert (row.left_out, row.need) == (None, need)
    assert count_rows(engine, "messages", "exchanges", "answers") == {"messages": 2, "exchanges": 1, "answers": 1}


def test_a_legal_hold_keeps_the_content_of_a_session_that_is_left_out(engine: Engine) -> None:
    """Under a legal hold a session in which nothing was confirmed is left out, and its content stays."""
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO holds (tenant, conversation_id, reason, added_at) VALUES (:t, :c, 'x', :at)"),
            {"t": TENANT, "c": CONVERSATION, "at": NOW},
        )
    apply_records(engine, NOTHING)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT left_out FROM sessions")) == "no_resistance"
    assert count_rows(engine, "messages", "answers") == {"messages": 4, "answers": 2}


def test_a_moment_whose_text_changed_is_shown(engine: Engine) -> None:
    """A further moment that a deletion makes an abstention is shown, since it needs a person, and no other moves up."""
    sent = record(moments=5)
    whole = sent.model_copy(
        update={"exchanges": (*sent.exchanges[:4], sent.exchanges[4].model_copy(update={"context": ("m-1",)}))}
    )
    deletion = Deletion(tenant=TENANT, conversation_id=CONVERSATION, message_id="m-1", deleted_at=NOW)
    apply_records(engine, answered(whole, *sure(0.9, 0.8, 0.7, 0.6, 0.5)))
    assert shown(engine) == [True, True, True, False, False]
    apply_records(engine, deletion)
    assert shown(engine) == [True, True, False, True]

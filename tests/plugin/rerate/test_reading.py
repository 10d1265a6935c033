"""What a model is told of a stored exchange, and when what it says is stored beside the answer."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.database.tables import Hold
from plugin.database.viewer import AccountRole
from plugin.rerate import reading
from plugin.rerate.due import Asked
from plugin.rerate.reading import DueExchange, due_places, read_exchange, store_answer
from stream.contracts.feedback import Abstention, Assessment, FeedbackRecord
from stream.contracts.messages import ConsentWithdrawal, Deletion, Edit, Erasure
from stream.contracts.vocabulary import Level, Mechanism, NeedsHuman, Role
from stream.feedback.models.base import FeedbackModel
from tests.plugin.rerate.samples import asked, asked_in_shadow, careful, rate_all, reratings
from tests.plugin.samples import (
    CONVERSATION,
    KEK,
    NOW,
    START,
    TENANT,
    add_person,
    answered,
    apply_records,
    message,
    record,
)
from tests.stream.feedback.builders import LLM, TriedModel, answer, rating

AUTONOMY = Mechanism.RESPECT_FOR_AUTONOMY
NAMED = "Nadia Brandt here. I don't see how talking would change anything, call 212-555-0199."


def read(engine: Engine) -> DueExchange | None:
    """Return the first exchange that is due."""
    with transaction(engine) as session:
        places = due_places(session, asked(), None)
        return read_exchange(session, KEK, asked(), places[0]) if places else None


def ask(due: DueExchange, model: FeedbackModel | None = None) -> Assessment | Abstention:
    """Return what a model says of an exchange."""
    assert due.record is not None
    found = asyncio.run(careful(model or TriedModel()).rate(due.record))
    assert found is not None
    return found


def store(engine: Engine, due: DueExchange, said: Assessment | Abstention, which: Asked | None = None) -> bool:
    """Store what a model says."""
    with transaction(engine) as session:
        return store_answer(session, which or asked(), due, said, NOW)


def with_context(text_before: str) -> FeedbackRecord:
    """Return a session of one moment with a message before it, and one that belongs to no moment."""
    sent = record(client_text=NAMED)
    before = message(0, text_before, role=Role.COUNSELLOR, author="p_ana")
    beside = message(9, "Is Nadia Brandt still there?", role=Role.COUNSELLOR, author="p_ana")
    exchange = sent.exchanges[0].model_copy(update={"context": (before.message_id,)})
    return sent.model_copy(update={"messages": (before, *sent.messages, beside), "exchanges": (exchange,)})


def test_exchanges_come_one_by_one(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each exchange is read once, session by session and in the order of moments; then there is none."""
    first, second = record(moments=2), record(conversation="c_2", started_at=START + timedelta(days=1))
    apply_records(engine, second, first)
    monkeypatch.setattr(reading, "BATCH", 2)
    with transaction(engine) as session:
        batch = due_places(session, asked(), None)
        rest = due_places(session, asked(), batch[-1])
        assert due_places(session, asked(), rest[-1]) == []
    in_order = sorted((first, second), key=lambda sent: sent.session_id)
    assert [(one.session_id, one.position) for one in (*batch, *rest)] == [
        (sent.session_id, position) for sent in in_order for position in range(len(sent.exchanges))
    ]
    model = TriedModel()
    assert rate_all(engine, model).rated == len(model.asked) == 3


def test_a_model_reads_the_exchange_as_the_feedback_stage_showed_it(engine: Engine) -> None:
    """Context, client turn and reply are those of the exchange, so that its input is the one of the answer."""
    sent = with_context("How was the week?")
    apply_records(engine, sent)
    due = read(engine)
    assert due is not None
    assert due.record is not None
    assert due.record.exchanges[0].model_copy(update={"cues": ()}) == sent.exchanges[0].model_copy(update={"cues": ()})
    model = TriedModel()
    ask(due, model)
    (shown,) = model.asked
    assert [one.part.value for one in shown.messages] == ["context", "client_turn", "reply"]
    assert "talking would change anything" in shown.messages[1].text


def test_no_model_is_told_recognised_names_nor_the_counsellors(engine: Engine) -> None:
    """Names are recognised in all stored messages, numbers are replaced, and so is the name of the account."""
    add_person(engine, "wilhelmine", AccountRole.THERAPIST, tenant=TENANT, counsellor="p_ana")
    apply_records(engine, with_context("wilhelmine again, how was the week, nadia?"))
    due = read(engine)
    assert due is not None
    model = TriedModel()
    ask(due, model)
    words = "\n".join(one.text for one in model.asked[0].messages).lower()
    assert "how was the week" in words
    for hidden in ("nadia", "brandt", "wilhelmine", "555"):
        assert hidden not in words


def test_levels_and_codes_are_stored_and_no_words(engine: Engine) -> None:
    """A row has the model, the verdict and the four levels; no reason, no quotation, no suggestion."""
    apply_records(engine, record())
    said = answer(
        rating(AUTONOMY, 2, (2, "It sounds as if"), reason="A canary reason."), strengths=["A canary strength."]
    )
    assert rate_all(engine, TriedModel(said)).rated == 1
    (row,) = reratings(engine)
    assert (row["model_key"], row["verdict"], row["abstained"], row["shadow"]) == (LLM.key, "confirmed", None, False)
    assert row["model"]["name"] == LLM.name
    levels = {each["mechanism"]: each["level"] for each in row["ratings"]}
    assert levels == {mechanism.value: Level.STRONG if mechanism is AUTONOMY else Level.NONE for mechanism in Mechanism}
    assert {name for each in row["ratings"] for name in each} == {"mechanism", "level", "needs_human"}
    assert "canary" not in str(row)
    assert "It sounds" not in str(row)


def test_an_abstention_is_stored_with_its_reason(engine: Engine) -> None:
    """Critical content that this model hears has no level, as in the feedback stage."""
    apply_records(engine, record())
    assert rate_all(engine, TriedModel(answer(critical_content="suicide"))).abstained == 1
    (row,) = reratings(engine)
    assert (row["abstained"], row["verdict"], row["ratings"]) == (NeedsHuman.CRITICAL_CONTENT.value, None, [])


def test_a_quotation_that_is_not_there_gets_no_level(engine: Engine) -> None:
    """The output gate is the one of the feedback stage."""
    apply_records(engine, record())
    rate_all(engine, TriedModel(answer(rating(AUTONOMY, 2, (2, "words that nobody wrote")))))
    (row,) = reratings(engine)
    (autonomy,) = [each for each in row["ratings"] if each["mechanism"] == AUTONOMY.value]
    assert (autonomy["level"], autonomy["needs_human"]) == (None, NeedsHuman.EVIDENCE_NOT_FOUND.value)


@pytest.mark.parametrize(
    "meanwhile",
    [
        ConsentWithdrawal(tenant=TENANT, conversation_id=CONVERSATION, withdrawn_at=NOW),
        Erasure(tenant=TENANT, conversation_id=CONVERSATION, erasure_id="0" * 36, requested_at=NOW),
        Deletion(tenant=TENANT, conversation_id=CONVERSATION, message_id="m-1", deleted_at=NOW),
        Edit(
            tenant=TENANT,
            conversation_id=CONVERSATION,
            message_id="m-2",
            text="Other words.",
            edited_at=NOW,
            consent=record().consent,
        ),
        answered(record(revision=2), {"assessment_id": uuid4(), "input_id": uuid4()}),
    ],
    ids=["withdrawn", "erased", "deleted", "edited", "revised"],
)
def test_what_changed_while_the_model_read_is_not_stored(engine: Engine, meanwhile: Any) -> None:
    """Whatever ends or changes the exchange between the reading and the answer leaves no row behind."""
    apply_records(engine, record())
    due = read(engine)
    assert due is not None
    said = ask(due)
    apply_records(engine, meanwhile)
    assert not store(engine, due, said)
    assert reratings(engine) == []


def test_a_hold_that_begins_meanwhile_keeps_the_answer_out(engine: Engine) -> None:
    """Under a legal hold nothing is added to a conversation."""
    apply_records(engine, record())
    due = read(engine)
    assert due is not None
    said = ask(due)
    with transaction(engine) as session:
        session.add(Hold(tenant=TENANT, conversation_id=CONVERSATION, reason="file 7", added_at=START))
    assert not store(engine, due, said)


def test_the_first_answer_of_a_version_counts(engine: Engine) -> None:
    """A second answer of the same version changes nothing; one in shadow stands beside it."""
    apply_records(engine, record(consent={"processing": True, "secondary_use": True}))
    due = read(engine)
    assert due is not None
    first, second = ask(due), ask(due, TriedModel(answer(verdict="rejected", resistance_type=None)))
    assert store(engine, due, first)
    assert not store(engine, due, second)
    assert store(engine, due, second, asked_in_shadow())
    assert [(row["shadow"], row["verdict"]) for row in sorted(reratings(engine), key=lambda row: row["shadow"])] == [
        (False, "confirmed"),
        (True, "rejected"),
    ]


def test_an_exchange_whose_words_are_not_all_there_is_left_alone(engine: Engine) -> None:
    """Where a message of the exchange is missing, or the key of its words, no model is asked about the rest."""
    apply_records(engine, record(), record(conversation="c_keyless", started_at=START + timedelta(days=1)))
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM messages m USING sessions s WHERE s.session_id = m.session_id"
                                " AND s.conversation_id <> 'c_keyless' AND message_id = 'm-2'"))  # fmt: skip
        connection.execute(text("DELETE FROM conversation_keys WHERE conversation_id = 'c_keyless'"))
    model = TriedModel()
    done = rate_all(engine, model)
    assert (done.rated, done.not_stored, model.asked) == (0, 2, [])


def test_what_is_read_is_in_no_representation(engine: Engine) -> None:
    """Words of a chat are not in the representation of what was read, which a traceback may show."""
    apply_records(engine, record(client_text="A canary phrase."))
    assert "canary" not in repr(read(engine))

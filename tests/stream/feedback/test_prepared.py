"""Preparing an exchange gives the text shown to the model and the way back to the record."""

import pytest

from stream.contracts.errors import Poison
from stream.contracts.ids import input_id
from stream.contracts.vocabulary import DeadLetterReason, Role
from stream.feedback.deidentification.deidentify import Deidentifier
from stream.feedback.models.base import ExchangePart
from stream.feedback.prepared import prepare_record
from tests.stream.feedback.builders import CLIENT, CONTEXT, REPLY, prepared, record


def test_messages_are_numbered_from_one_in_order_with_their_part() -> None:
    """Context first, then the client turn, then the reply; names are gone."""
    one, _ = prepared(context=["Hello Nadia.", "Well?"], client=["No.", "I mean it."], reply=["Okay."])
    assert [(m.number, m.part, m.role, m.text) for m in one.shown.messages] == [
        (1, ExchangePart.CONTEXT, Role.COUNSELLOR, "Hello [CLIENT_1]."),
        (2, ExchangePart.CONTEXT, Role.COUNSELLOR, "Well?"),
        (3, ExchangePart.CLIENT_TURN, Role.CLIENT, "No."),
        (4, ExchangePart.CLIENT_TURN, Role.CLIENT, "I mean it."),
        (5, ExchangePart.REPLY, Role.COUNSELLOR, "Okay."),
    ]


def test_evidence_is_the_original_words_at_their_own_place() -> None:
    """Evidence has the message's own id, a span in its code points and the original words there."""
    one, _ = prepared()
    shown = one.shown.messages[1].text
    start = shown.index("[CLIENT_1] here")
    evidence = one.evidence(2, (start, start + len("[CLIENT_1] here")))
    assert (evidence.message_id, evidence.start, evidence.end) == ("m-2", 0, 17)
    assert evidence.quote == "Nadia Brandt here" == CLIENT[:17]


def test_the_input_is_named_by_messages_and_revisions() -> None:
    """The input id is made of messages and revisions, so an edit makes another input."""
    one, _ = prepared()
    assert one.input_id == input_id([("m-1", 0), ("m-2", 0), ("m-3", 0)])
    session = record()
    edited = session.messages[2].model_copy(update={"revision": 1_700_000_000_000})
    again = session.model_copy(update={"messages": (*session.messages[:2], edited)})
    assert prepare_record(again, Deidentifier(())).exchanges[0].input_id != one.input_id


def test_placeholders_do_not_depend_on_which_exchange_comes_first() -> None:
    """Numbers are handed out over all of the record's messages in their order."""
    session = record(context=["Write to a@example.org"], client=["No, b@example.org"], reply=["Fine"])
    exchange = session.exchanges[0]
    later = exchange.model_copy(update={"context": ()})
    turned = session.model_copy(update={"exchanges": (later, exchange)})
    first, second = prepare_record(turned, Deidentifier(())).exchanges
    assert first.shown.messages[0].text == "No, [EMAIL_2]"
    assert second.shown.messages[0].text == "Write to [EMAIL_1]"


def test_an_exchange_about_a_message_that_is_not_there_is_poison() -> None:
    """An exchange about a missing message is poison, because no retry helps."""
    session = record()
    with pytest.raises(Poison) as caught:
        prepare_record(session.model_copy(update={"messages": session.messages[1:]}), Deidentifier(()))
    assert (caught.value.reason, caught.value.place) == (DeadLetterReason.BAD_SCHEMA, "exchanges")


def test_what_is_prepared_hides_its_words() -> None:
    """The representation of a prepared exchange shows neither shown nor original words."""
    one, _ = prepared()
    for words in (CONTEXT, CLIENT, REPLY):
        assert not set(words.split()) & set(repr(one).split())

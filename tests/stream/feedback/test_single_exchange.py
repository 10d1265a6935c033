"""Tests of the session record of one exchange."""

from uuid import UUID

from stream.contracts.vocabulary import NeedsHuman, Role
from stream.feedback.single_exchange import record_of_exchange

SESSION = UUID(int=7)
CONTEXT = [(Role.COUNSELLOR, "How was your week?"), (Role.CLIENT, "Long.")]


def test_a_record_has_one_exchange_with_each_text_in_its_part() -> None:
    """The record has a message for each text, in order, and one exchange that names them by their parts."""
    made = record_of_exchange("sample", SESSION, context=CONTEXT, client=["No.", "Not again."], reply="What then?")
    (exchange,) = made.exchanges
    texts = {message.message_id: (message.role, message.text) for message in made.messages}
    assert [texts[one] for one in exchange.context] == CONTEXT
    assert [texts[one] for one in exchange.client_turn] == [(Role.CLIENT, "No."), (Role.CLIENT, "Not again.")]
    assert [texts[one] for one in exchange.reply] == [(Role.COUNSELLOR, "What then?")]
    assert len(made.messages) == len(exchange.message_ids) == 5
    assert made.consent.processing


def test_a_record_without_context_begins_with_the_client() -> None:
    """An exchange without context begins with the client's first message, and may be one that no model may rate."""
    made = record_of_exchange(
        "sample", SESSION, context=[], client=["No."], reply="What then?", needs_human=NeedsHuman.CRITICAL_CONTENT
    )
    assert made.exchanges[0].context == ()
    assert made.exchanges[0].needs_human is NeedsHuman.CRITICAL_CONTENT
    assert (made.tenant, made.session_id) == ("sample", SESSION)

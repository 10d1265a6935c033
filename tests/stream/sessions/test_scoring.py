"""The detector scores the clients' texts, each with the counsellor turn that it answers."""

from stream.contracts.messages import Consent, ConsentWithdrawal, ConversationEvent, Deletion, Edit, Erasure
from stream.contracts.vocabulary import Role
from stream.sessions.conversation import Conversation
from stream.sessions.rules import Arrival
from stream.sessions.scoring import TextToScore, texts_to_score
from tests.stream.sessions.scenario import CONSENT, Scenario, at_second, broker_ms, message

FRESH = Conversation("acme", "room-1")


def edit(name: str, text: str, second: float) -> Edit:
    """Return an edit of a message, with consent."""
    return Edit(
        tenant="acme",
        conversation_id="room-1",
        message_id=name,
        text=text,
        edited_at=at_second(second),
        consent=CONSENT,
    )


def scored(conversation: Conversation, *events: ConversationEvent, start: int = 1) -> list[TextToScore]:
    """Return the texts to score of these events, which are at offsets from `start` on."""
    return texts_to_score(conversation, [(Arrival(n, broker_ms(n)), event) for n, event in enumerate(events, start)])


def test_only_a_clients_words_are_scored() -> None:
    """Only a client's texts are scored; a counsellor's text is at most the one that is answered."""
    found = scored(
        FRESH,
        message("a", "hello", 0),
        message("b", "hello to you", 1, Role.COUNSELLOR),
        message("c", "the room is open", 2, Role.SYSTEM),
        message("d", "so be it", 3),
    )
    assert [(text.offset, text.text, text.previous_text) for text in found] == [
        (1, "hello", None),
        (4, "so be it", "hello to you"),
    ]


def test_the_previous_text_is_the_counsellors_whole_turn() -> None:
    """The previous text is the counsellor's whole turn, its messages in the order of arrival."""
    found = scored(
        FRESH,
        message("a", "an earlier turn", 0, Role.COUNSELLOR),
        message("b", "mhm", 1),
        message("c", "first", 2, Role.COUNSELLOR),
        message("d", "second", 3, Role.COUNSELLOR),
        message("e", "and", 4),
        message("f", "more", 5),
    )
    assert [text.previous_text for text in found] == ["an earlier turn", "first\nsecond", "first\nsecond"]


def test_a_counsellor_turn_from_before_the_batch_is_answered_too() -> None:
    """The previous text may be a counsellor turn from before the batch."""
    scenario = Scenario()
    scenario.counsellor("what brings you here", 0)
    (text,) = scored(scenario.conversation, message("x", "nothing", 5), start=10)
    assert text.previous_text == "what brings you here"


def test_a_redelivered_message_has_the_same_previous_text() -> None:
    """A message that is redelivered after a crash has the same previous text as the first time.

    Messages with a higher offset may be kept already, and the message does not answer those.
    """
    scenario = Scenario()
    scenario.counsellor("what brings you here", 0)
    scenario.counsellor("are you still there", 9)
    (text,) = scored(scenario.conversation, message("x", "nothing", 1), start=2)
    assert text.previous_text == "what brings you here"


def test_an_edit_is_scored_in_the_place_of_its_message() -> None:
    """An edit of a client's message is scored with the counsellor turn that the original answered."""
    scenario = Scenario()
    scenario.counsellor("what brings you here", 0)
    name = scenario.client("nothing", 5)
    other = scenario.counsellor("are you sure", 6)
    found = scored(scenario.conversation, edit(name, "everything", 7), edit(other, "really?", 8), start=10)
    assert [(text.text, text.previous_text) for text in found] == [("everything", "what brings you here")]


def test_an_edit_in_the_same_batch_as_its_message_is_scored() -> None:
    """An edit in the same batch as its message is scored as a client's text."""
    found = scored(FRESH, message("a", "first", 0), edit("a", "second", 1), message("b", "x", 2, Role.COUNSELLOR))
    assert [text.text for text in found] == ["first", "second"]


def test_a_message_is_scored_with_the_text_of_an_edit_that_came_first() -> None:
    """A message is scored with the text of the latest edit that came first, before the batch or in it.

    So cues point into the text that is stored.
    """
    scenario = Scenario()
    scenario.edit("early", "kept words", 1)
    found = scored(
        scenario.conversation,
        edit("same", "batch words", 3),
        edit("same", "older batch words", 2),
        message("early", "original", 0),
        message("same", "original", 0),
        start=10,
    )
    assert [text.text for text in found] == ["kept words", "batch words"]


def test_a_repeated_message_and_one_without_consent_are_not_scored() -> None:
    """A repeated message is not scored again, and a message without consent is not read at all.

    It is not read as a previous text either.
    """
    scenario = Scenario()
    name = scenario.client("words", 1)
    found = scored(
        scenario.conversation,
        message(name, "words", 1),
        message("a", "a secret", 2, Role.COUNSELLOR, consent=Consent()),
        message("b", "another secret", 3, consent=Consent()),
        message("c", "and so on", 4),
        start=10,
    )
    assert [(text.text, text.previous_text) for text in found] == [("and so on", None)]


def test_messages_before_a_withdrawal_or_an_erasure_are_not_read() -> None:
    """A message from before a withdrawal or an erasure in the batch is not the previous text of a later one."""
    at = at_second(2)
    gone = ConsentWithdrawal(tenant="acme", conversation_id="room-1", withdrawn_at=at)
    erased = Erasure(tenant="acme", conversation_id="room-1", erasure_id="0" * 36, requested_at=at)
    for event in (gone, erased):
        found = scored(FRESH, message("a", "a secret", 1, Role.COUNSELLOR), event, message("b", "hello", 3))
        assert [(text.text, text.previous_text) for text in found] == [("hello", None)]


def test_a_deletion_is_not_scored() -> None:
    """A deletion is not scored, and looking for texts to score does not change the conversation."""
    scenario = Scenario()
    name = scenario.client("words", 1)
    gone = Deletion(tenant="acme", conversation_id="room-1", message_id=name, deleted_at=at_second(2))
    before = scenario.stored_text
    assert scored(scenario.conversation, gone) == []
    assert scenario.stored_text == before


def test_no_text_shows_in_a_repr() -> None:
    """The `repr` of a text to score, which may be in a traceback, does not show the text."""
    assert "hello" not in repr(scored(FRESH, message("a", "hello", 0)))

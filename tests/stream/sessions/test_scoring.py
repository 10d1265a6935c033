"""Which texts the detector sees, and what each of them answers."""

from stream.contracts.messages import Consent, ConsentWithdrawal, ConversationEvent, Deletion, Edit, Erasure
from stream.contracts.vocabulary import Role
from stream.sessions.conversation import Conversation
from stream.sessions.rules import Arrival
from stream.sessions.scoring import TextToScore, texts_to_score
from tests.stream.sessions.scenario import CONSENT, Scenario, at_second, broker_ms, message

FRESH = Conversation("acme", "room-1")


def edit(name: str, text: str, second: float) -> Edit:
    """New words for a message."""
    return Edit(
        tenant="acme",
        conversation_id="room-1",
        message_id=name,
        text=text,
        edited_at=at_second(second),
        consent=CONSENT,
    )


def seen(conversation: Conversation, *events: ConversationEvent, start: int = 1) -> list[TextToScore]:
    """What the detector is given of these events, which stand at offsets from `start` on."""
    return texts_to_score(conversation, [(Arrival(n, broker_ms(n)), event) for n, event in enumerate(events, start)])


def test_only_a_clients_words_are_scored() -> None:
    """What a counsellor or a notice says is what they answer, at most."""
    found = seen(
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
    """Of several messages, in the order they came, up to the client's words before."""
    found = seen(
        FRESH,
        message("a", "an earlier turn", 0, Role.COUNSELLOR),
        message("b", "mhm", 1),
        message("c", "first", 2, Role.COUNSELLOR),
        message("d", "second", 3, Role.COUNSELLOR),
        message("e", "and", 4),
        message("f", "more", 5),
    )
    assert [text.previous_text for text in found] == ["an earlier turn", "first\nsecond", "first\nsecond"]


def test_what_was_kept_before_the_batch_is_answered_too() -> None:
    """The counsellor may have spoken long before."""
    scenario = Scenario()
    scenario.counsellor("what brings you here", 0)
    (text,) = seen(scenario.conversation, message("x", "nothing", 5), start=10)
    assert text.previous_text == "what brings you here"


def test_a_redelivery_finds_the_same_although_more_is_kept() -> None:
    """A crash may have kept later messages: what comes after the offset is not what it answered."""
    scenario = Scenario()
    scenario.counsellor("what brings you here", 0)
    scenario.counsellor("are you still there", 9)
    (text,) = seen(scenario.conversation, message("x", "nothing", 1), start=2)
    assert text.previous_text == "what brings you here"


def test_an_edit_of_a_clients_message_is_scored_as_if_it_stood_there() -> None:
    """It answers what its original answered."""
    scenario = Scenario()
    scenario.counsellor("what brings you here", 0)
    name = scenario.client("nothing", 5)
    other = scenario.counsellor("are you sure", 6)
    found = seen(scenario.conversation, edit(name, "everything", 7), edit(other, "really?", 8), start=10)
    assert [(text.text, text.previous_text) for text in found] == [("everything", "what brings you here")]


def test_an_edit_in_the_same_batch_knows_its_original() -> None:
    """Both come in one fetch when somebody corrects himself at once."""
    found = seen(FRESH, message("a", "first", 0), edit("a", "second", 1), message("b", "x", 2, Role.COUNSELLOR))
    assert [text.text for text in found] == ["first", "second"]


def test_an_edit_that_came_first_lends_its_words() -> None:
    """From before the batch or in it; of two the later. So that cues point into the words that stand."""
    scenario = Scenario()
    scenario.edit("early", "kept words", 1)
    found = seen(
        scenario.conversation,
        edit("same", "batch words", 3),
        edit("same", "older batch words", 2),
        message("early", "original", 0),
        message("same", "original", 0),
        start=10,
    )
    assert [text.text for text in found] == ["kept words", "batch words"]


def test_a_repeated_message_and_one_without_consent_are_not_scored() -> None:
    """The one has its result, the other may not be read, not even as what another answers."""
    scenario = Scenario()
    name = scenario.client("words", 1)
    found = seen(
        scenario.conversation,
        message(name, "words", 1),
        message("a", "a secret", 2, Role.COUNSELLOR, consent=Consent()),
        message("b", "another secret", 3, consent=Consent()),
        message("c", "and so on", 4),
        start=10,
    )
    assert [(text.text, text.previous_text) for text in found] == [("and so on", None)]


def test_after_a_withdrawal_nothing_before_it_is_read() -> None:
    """Nor after an erasure."""
    at = at_second(2)
    gone = ConsentWithdrawal(tenant="acme", conversation_id="room-1", withdrawn_at=at)
    erased = Erasure(tenant="acme", conversation_id="room-1", erasure_id="0" * 36, requested_at=at)
    for event in (gone, erased):
        found = seen(FRESH, message("a", "a secret", 1, Role.COUNSELLOR), event, message("b", "hello", 3))
        assert [(text.text, text.previous_text) for text in found] == [("hello", None)]


def test_a_deletion_is_nothing_to_score() -> None:
    """Nor does anything change by asking."""
    scenario = Scenario()
    name = scenario.client("words", 1)
    gone = Deletion(tenant="acme", conversation_id="room-1", message_id=name, deleted_at=at_second(2))
    before = scenario.stored_text
    assert seen(scenario.conversation, gone) == []
    assert scenario.stored_text == before


def test_no_text_shows_in_a_repr() -> None:
    """It may stand in a traceback."""
    assert "hello" not in repr(seen(FRESH, message("a", "hello", 0)))

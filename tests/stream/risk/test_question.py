"""What the reader is shown of a client's message: de-identified words after the counsellor's turn, in pieces."""

from collections.abc import Callable

import pytest

from stream.contracts.vocabulary import Role
from stream.feedback.deidentification.deidentify import sure_names
from stream.feedback.models.reader import Pair
from stream.risk import question as module
from stream.risk.question import (
    BEFORE_CHARACTERS,
    PIECE_OVERLAP,
    TEXT_CHARACTERS,
    Question,
    RecognisedNames,
    entry_of,
    pairs_to_read,
    pieces,
)
from tests.stream.sessions.scenario import ROOM, TENANT, Scenario


def pairs_of(scenario: Scenario, message_id: str) -> tuple[Pair, ...]:
    """Return what the reader is shown of one message of a scenario."""
    entry = scenario.conversation.entry(message_id)
    assert entry is not None
    return pairs_to_read(scenario.conversation, entry, RecognisedNames())


def question_about(scenario: Scenario, message_id: str) -> Question:
    """Return the question that the last record of a scenario raises about a message."""
    return Question(
        partition=0,
        offset=scenario.offset,
        appended_ms=0,
        tenant=TENANT,
        conversation_id=ROOM,
        message_id=message_id,
        trace=b"",
    )


def test_a_message_is_read_after_the_counsellors_turn() -> None:
    """The reader is shown the message and the counsellor's turn before it, and nothing that came later."""
    scenario = Scenario()
    scenario.counsellor("How was the week?", 0)
    said = scenario.client("Long.", 1)
    scenario.counsellor("Tell me.", 2)
    assert pairs_of(scenario, said) == (("How was the week?", "Long."),)


def test_the_first_message_stands_alone() -> None:
    """A message that no counsellor's turn comes before is read without one."""
    scenario = Scenario()
    assert pairs_of(scenario, scenario.client("Hello there.", 0)) == (("", "Hello there."),)


def test_names_are_replaced_as_before_a_session_is_rated() -> None:
    """Neither names that the platform told nor those that are recognised in the session are shown to the reader."""
    scenario = Scenario()
    scenario.participants(Role.COUNSELLOR, ["Zyzzyva"], 0)
    scenario.client("My name is Oswald.", 1)
    scenario.counsellor("Hello Oswald, I am Zyzzyva.", 2)
    said = scenario.client("Oswald here again, call me on 0171 2345678, Zyzzyva", 3)
    shown = " ".join(text for pair in pairs_of(scenario, said) for text in pair)
    assert "Oswald" not in shown
    assert "Zyzzyva" not in shown
    assert "2345678" not in shown
    assert "[COUNSELLOR_1]" in shown


def test_a_message_is_read_for_names_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of earlier messages are remembered by a hash of their words, up to a number of messages."""
    read: list[str] = []

    def counting(text: str) -> tuple[str, ...]:
        read.append(text)
        return sure_names(text)

    monkeypatch.setattr(module, "sure_names", counting)
    names = RecognisedNames()
    assert [names.of("My name is Oswald.") for _ in range(3)] == [("Oswald",)] * 3
    assert names.of("It rains.") == ()
    assert read == ["My name is Oswald.", "It rains."]
    monkeypatch.setattr(module, "_MOST_REMEMBERED", 2)
    names.of("It snows.")
    names.of("My name is Oswald.")
    assert read[2:] == ["It snows.", "My name is Oswald."]
    assert "rains" not in repr(vars(names))


@pytest.mark.parametrize("text", ["", "   ", "\u200b"])
def test_a_message_without_words_is_not_asked_about(text: str) -> None:
    """An attachment without text, white space or an invisible character leave nothing to read."""
    scenario = Scenario()
    scenario.counsellor("How was the week?", 0)
    assert pairs_of(scenario, scenario.client(text, 1)) == ()


def test_a_long_message_is_read_in_pieces() -> None:
    """Each piece is as long as the reader reads, shares some words with the next one, and has the same turn before."""
    text = " ".join(f"word{number}" for number in range(400))
    found = pieces(text)
    assert len(found) > 2
    assert all(len(piece) <= TEXT_CHARACTERS for piece in found)
    assert found[0] + "".join(piece[PIECE_OVERLAP:] for piece in found[1:]) == text
    scenario = Scenario()
    scenario.counsellor("b" * (2 * BEFORE_CHARACTERS), 0)
    shown = pairs_of(scenario, scenario.client(text, 1))
    assert [piece for _, piece in shown] == found
    assert {before for before, _ in shown} == {"b" * BEFORE_CHARACTERS}


@pytest.mark.parametrize(
    ("length", "count"),
    [(0, 0), (1, 1), (TEXT_CHARACTERS, 1), (TEXT_CHARACTERS + 1, 2), (2 * TEXT_CHARACTERS - PIECE_OVERLAP, 2)],
)
def test_a_text_has_no_more_pieces_than_it_needs(length: int, count: int) -> None:
    """A text that can be read at once is one piece, and none ends in a piece that the one before it holds whole."""
    assert len(pieces("x" * length)) == count


def test_a_question_stands_while_its_message_stays_as_it_is() -> None:
    """A question is about one revision: an edit, a deletion, a withdrawal and an erasure each end it."""
    changes: tuple[Callable[[Scenario], None], ...] = (
        lambda scenario: scenario.edit("m1", "other words", 5),
        lambda scenario: scenario.delete("m1", 5),
        lambda scenario: scenario.withdraw(5),
        lambda scenario: scenario.erase(5),
    )
    for change in changes:
        scenario = Scenario()
        scenario.client("hello", 0)
        question = question_about(scenario, "m1")
        assert entry_of(question, scenario.conversation) is not None
        change(scenario)
        assert entry_of(question, scenario.conversation) is None


def test_a_question_about_an_edit_is_about_the_edit() -> None:
    """An edit that counts is what its own question finds."""
    scenario = Scenario()
    scenario.client("hello", 0)
    scenario.edit("m1", "other words", 5)
    entry = entry_of(question_about(scenario, "m1"), scenario.conversation)
    assert entry is not None
    assert entry.text == "other words"
    assert "other words" not in repr(question_about(scenario, "m1"))

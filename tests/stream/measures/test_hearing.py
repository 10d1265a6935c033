"""Tests of what the reader is asked about a session, and of its answers by name."""

import pytest

from stream.contracts.rubric import Technique
from stream.contracts.vocabulary import Mechanism
from stream.measures.hearing import hear, pairs_to_read
from tests.stream.measures.samples import ANSWERS, COUNSELLOR, opinion, session, talk


def test_each_turn_is_read_after_the_one_before() -> None:
    """The reader is asked about each turn after the one before it, and about each sentence of a longer reply."""
    given = talk("It is hard.", "It is hard for you. What helps?", "walking. or tea.", "Tea.")
    assert pairs_to_read(given) == [
        ("", "It is hard."),
        ("It is hard.", "It is hard for you. What helps?"),
        ("It is hard.", "It is hard for you."),
        ("It is hard.", "What helps?"),
        ("It is hard for you. What helps?", "walking. or tea."),
        ("walking. or tea.", "Tea."),
    ]


def test_no_pair_is_longer_than_the_reader_reads() -> None:
    """Of a long turn the beginning is read, and before a turn the end of the one before it."""
    given = talk("a" * 3_000 + "end", "b" * 3_000)
    (_, first), (before, second) = pairs_to_read(given)
    assert len(first) == len(second) == 1_000
    assert before == "a" * 497 + "end"


def test_answers_come_by_name() -> None:
    """Techniques and levels of replies, and resistance of clients, come by name from their places."""
    given = talk("I won't.", "You decide.")
    reply = opinion(Technique.EMPHASIZE_AUTONOMY, {Mechanism.RESPECT_FOR_AUTONOMY: 2})
    client, counsellor = hear(given, [opinion(resists=True), reply], ANSWERS).turns
    assert client.resistance > 0.99
    assert client.reply is None
    assert counsellor.reply is not None
    assert counsellor.reply.techniques[Technique.EMPHASIZE_AUTONOMY] > 0.99
    assert sum(counsellor.reply.techniques.values()) == pytest.approx(1)
    assert counsellor.reply.levels[Mechanism.RESPECT_FOR_AUTONOMY] == pytest.approx(2, abs=0.01)
    assert counsellor.reply.levels[Mechanism.STANCE_ALIGNMENT] == pytest.approx(0, abs=0.01)


def test_a_single_sentence_is_the_turn() -> None:
    """A reply of one sentence is read once, as turn and as sentence."""
    given = session((COUNSELLOR, "What helps?"))
    (turn,) = hear(given, [opinion(Technique.OPEN_QUESTION)], ANSWERS).turns
    assert turn.sentences == (turn.reply,)


def test_danger_is_heard_by_the_reader_too() -> None:
    """A client turn is critical where the reader says so without a word of the lexicon, and so is the reply to it."""
    given = talk("i gave my cat away", "Who has it now?", "a friend", "Good.")
    opinions = [opinion(critical=True), opinion(), opinion(), opinion()]
    assert [turn.is_critical for turn in hear(given, opinions, ANSWERS).turns] == [True, True, False, False]


def test_danger_is_heard_by_the_lexicon_too() -> None:
    """A client turn is critical where the lexicon says so and the reader does not."""
    given = talk("I want to kill myself", "What happened?")
    assert all(turn.is_critical for turn in hear(given, [opinion(), opinion()], ANSWERS).turns)


def test_a_counsellors_words_of_danger_are_no_danger() -> None:
    """A counsellor who asks about suicide makes no turn critical."""
    given = talk("I am fine.", "Do you think of suicide?")
    opinions = [opinion() for _ in pairs_to_read(given)]
    assert not any(turn.is_critical for turn in hear(given, opinions, ANSWERS).turns)

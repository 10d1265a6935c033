"""Tests of the turns of a finished session."""

import pytest

from stream.measures.turns import MAX_SENTENCES, sentences
from tests.stream.measures.samples import CLIENT, COUNSELLOR, SYSTEM, session


def test_messages_of_one_role_are_one_turn() -> None:
    """Neighbouring messages of one role are one turn, at the time of its first, from the session's beginning."""
    given = session((CLIENT, "hi"), (COUNSELLOR, "Hello."), (COUNSELLOR, "What brings you here?"), (CLIENT, "sleep"))
    assert [(turn.role, turn.text, turn.offset_s) for turn in given.turns] == [
        (CLIENT, "hi", 0),
        (COUNSELLOR, "Hello.\nWhat brings you here?", 60),
        (CLIENT, "sleep", 180),
    ]


def test_a_notice_splits_no_turn() -> None:
    """What a system writes is no turn, and the messages around it stay one turn."""
    given = session((SYSTEM, "Joined."), (CLIENT, "well"), (SYSTEM, "Typing."), (CLIENT, "it is hard"))
    assert [(turn.text, turn.offset_s) for turn in given.turns] == [("well\nit is hard", 0)]


def test_texts_are_read_as_words() -> None:
    """Markup and entities are read as what a person sees, and half a character is left out."""
    given = session((CLIENT, "I <b>don&#39;t</b> know\ud800"))
    assert given.turns[0].text == "I don't know"


def test_the_turn_before_is_that_of_the_other_side() -> None:
    """Before a turn stands the one before it, and nothing before the first."""
    given = session((CLIENT, "hi"), (COUNSELLOR, "Hello."))
    assert [given.before(place) for place in range(2)] == ["", "hi"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It is hard. What helps?", ["It is hard.", "What helps?"]),
        ("Really?! I see... go on", ["Really?!", "I see...", "go on"]),
        ("It costs 3.50 a day", ["It costs 3.50 a day"]),
        ("first\nsecond", ["first", "second"]),
        ("... ?! 12.", []),
        ("", []),
    ],
)
def test_a_text_is_cut_into_sentences(text: str, found: list[str]) -> None:
    """Sentences end at end marks and lines; what holds no letter is none."""
    assert sentences(text) == found


def test_pasted_text_has_an_end() -> None:
    """Of a very long turn the first sentences are read."""
    assert len(sentences("no. " * 5_000)) == MAX_SENTENCES

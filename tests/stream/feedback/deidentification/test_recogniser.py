"""Names that nobody told are recognised by the words around them and by a list of given names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.feedback.deidentification import recogniser
from stream.feedback.deidentification.normalise import normalise
from stream.feedback.deidentification.recogniser import recognise


def found(text: str) -> list[str]:
    """Return the names in a text as they stand there."""
    shown = normalise(text).text
    return [shown[slice(*one.span)] for one in recognise(shown)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("my name is Sarah", ["Sarah"]),
        ("my name's sarah", ["sarah"]),
        ("I'm Sarah", ["Sarah"]),
        ("im sarah and im lost", ["sarah"]),
        ("call me Jo", ["Jo"]),
        ("Ask for Mr Brown", ["Brown"]),
        ("my friend called Zebedee left", ["Zebedee"]),
        ("my sister Xanthippe left", ["Xanthippe"]),
        ("thanks, megan", ["megan"]),
        ("Kind regards, Peter Novak", ["Peter Novak"]),
        ("signed, A. Whitmore", ["Whitmore"]),
        ("it was Tom's idea", ["Tom"]),
        ("Jean-Luc and lee-anne", ["Jean-Luc", "lee-anne"]),
        ("I told Will that I will go", ["Will"]),
        ("my nan is called Hope", ["Hope"]),
        ("May is my nan", ["May"]),
        ("I HATE KAREN", ["KAREN"]),
        ("ich heiße Jana", ["Jana"]),
        ("je m'appelle Camille", ["Camille"]),
        ("me llamo Lucía y tengo miedo", ["Lucía"]),
        ("меня зовут Ольга", ["Ольга"]),
        ("我叫小明", ["小明"]),
        ("나는 힘들어. 내 이름은 민수야", ["민수"]),
        ("my name is Jose\u0301", ["Jos\u00e9"]),
        ("my name is **Sarah**", ["Sarah"]),
    ],
)
def test_people_are_found_where_they_are_introduced_or_spoken_of(text: str, names: list[str]) -> None:
    """A name is found after an introduction, a title, a relation, at the end of a letter, and by itself."""
    assert found(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "I'm sad",
        "im so done",
        "call me later",
        "call me crazy",
        "my name is not important",
        "I hope you will mark it",
        "the bill came in may",
        "In April it rains",
        "I am Christian",
        "I'm Polish",
        "It has been hard",
        "mark my words",
        "thanks, that helps",
        "ich bin müde",
        "je suis fatiguée",
        "soy muy nervioso",
        "PLEASE HELP ME",
        "I moved to Leeds",
        "",
    ],
)
def test_words_that_look_like_an_introduction_are_left_alone(text: str) -> None:
    """Feelings, months, nations and ordinary words after the same phrases are no names."""
    assert found(text) == []


def test_a_name_that_is_a_word_is_a_name_only_where_it_stands() -> None:
    """What is no ordinary word may be replaced everywhere in the session, the rest only at its place."""
    assert [one.sure for one in recognise("I told Will and Xanthippe's mum, my sister Xanthippe")] == [
        False,
        True,
        True,
    ]


@given(st.text(max_size=200))
def test_findings_are_in_order_and_apart(text: str) -> None:
    """The names of any text are in order, not empty and without overlap, so that they can be replaced."""
    last = 0
    for one in recognise(text):
        assert last <= one.span[0] < one.span[1] <= len(text)
        last = one.span[1]


@given(st.text(max_size=40) | st.sampled_from(["will", "Will", "grace", "the", "The", "april", "mum", "x", "X"]))
def test_a_word_that_is_passed_over_is_no_name_after_any_words(text: str) -> None:
    """A word that is passed over without a look at the words around it would be no name whatever they were."""
    for word in recogniser._words(text):
        if not word.may_be_name:
            assert not any(recogniser._is_name(word, trust, None) for trust in (*recogniser._Trust, None))


@pytest.mark.parametrize("unit", ["my name is ", "Zorb. ", "Sarah ", "a-", "my sister very ", "x. "])
def test_each_word_is_judged_by_a_few_words_around_it(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read for one word does not grow with the text, so that no long message is slow."""
    seen: list[int] = []
    trust = recogniser._trust

    def remember(before: str, after: str) -> recogniser._Trust | None:
        seen.append(max(len(before), len(after)))
        return trust(before, after)

    monkeypatch.setattr(recogniser, "_trust", remember)
    recognise((unit * 5_000)[:5_000])
    assert max(seen) <= recogniser._CONTEXT

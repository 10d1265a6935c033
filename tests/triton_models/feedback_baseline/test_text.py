"""Sentences, words and quotations: every piece is a slice of the text it came from."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triton_models.feedback_baseline.loading import part

text = part("text")


def raws(message: str) -> list[str]:
    """The sentences of a message as they were typed."""
    return [sentence.raw for sentence in text.sentences(1, message)]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("", []),
        ("   \n \t", []),
        ("🙂 ...", []),
        ("ok", ["ok"]),
        ("Fine. Whatever!! Really?!", ["Fine.", "Whatever!!", "Really?!"]),
        ("I had 3.5 pints, e.g.on Friday", ["I had 3.5 pints, e.g.on Friday"]),
        ("first line\nsecond line", ["first line", "second line"]),
        ("He said “no way.” I laughed", ["He said “no way.”", "I laughed"]),
        ("well… I don't know", ["well…", "I don't know"]),
    ],
)
def test_a_message_is_read_sentence_by_sentence(message: str, expected: list[str]) -> None:
    """End marks before white space and line ends part sentences; what holds no word is no sentence."""
    assert raws(message) == expected


@given(st.text())
def test_a_sentence_is_a_slice_of_its_message(message: str) -> None:
    """A sentence is a slice of its message, so that a quotation can be found again."""
    for raw in raws(message):
        assert raw in message


@given(st.text())
def test_folding_keeps_every_place(message: str) -> None:
    """Folding keeps every position, even where a letter would become longer."""
    assert len(text.fold(message)) == len(message)


@pytest.mark.parametrize(
    ("message", "folded"),
    [("I DON\u2019T", "i don't"), ("\u0130stanbul", "\u0130stanbul"), ("it`s", "it's"), ("STRASSE", "strasse")],
)
def test_folding_makes_spellings_alike(message: str, folded: str) -> None:
    """Capitals and kinds of apostrophe make no other word."""
    assert text.fold(message) == folded


def test_words_are_runs_of_letters_in_order() -> None:
    """Words are runs of letters with their apostrophes; numbers and marks are none."""
    assert text.words(text.fold("I DON\u2019T know, 3 o'clock?")) == ["i", "don't", "know", "o'clock"]


def test_a_short_sentence_is_quoted_as_a_whole() -> None:
    """A short sentence is quoted as a whole, without the space around it."""
    (sentence,) = text.sentences(1, "  It's up to you, really.  ")
    assert text.quotation(sentence) == "It's up to you, really."


def test_a_long_sentence_is_quoted_by_its_first_whole_words() -> None:
    """A quotation fits two lines, begins with the sentence and cuts no word."""
    message = "and then it's up to you " * 60
    (sentence,) = text.sentences(1, message)
    quoted = text.quotation(sentence)
    assert message.startswith(f"{quoted} ")
    assert 150 < len(quoted) <= text.QUOTE_CODE_POINTS


@given(st.text(min_size=1, max_size=600).filter(lambda raw: bool(raw.strip())))
def test_a_quotation_is_verbatim_and_bounded(raw: str) -> None:
    """A quotation is verbatim and bounded, whatever the text."""
    quoted = text.quotation(text.Sentence(1, raw.strip(), text.fold(raw.strip())))
    assert quoted in raw
    assert 0 < len(quoted) <= text.QUOTE_CODE_POINTS


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("ok thanks", True),
        ("Mm-hmm.", True),
        ("Tell me more about lying awake.", True),
        ("It's up to you.", True),
        ("Was ist das für ein Gefühl, wenn Sie so allein sind?", False),
        ("No te preocupes, a mí me parece que no es tan malo.", False),
        ("good point", True),
        ("Okay. Supervisor note strong expression strong expression", True),
        ("", False),
        ("👍👍", False),
        ("Das verstehe ich gut, aber vielleicht hilft etwas anderes.", False),
        ("Я понимаю, это тяжело", False),
        ("慢慢来 不着急", False),
    ],
)
def test_a_text_is_readable_where_a_reader_of_english_can_read_it(message: str, expected: bool) -> None:
    """Silence in another language is no lack of expression."""
    assert text.readable(text.sentences(1, message)) is expected


@pytest.mark.parametrize("unit", ["!", ".", "a.", "! ", "so, ", "a", "\n", "(", "-", '"', "i don't want, and i "])
def test_the_longest_text_takes_no_long_time(unit: str) -> None:
    """20,000 code points of anything are read in a moment: no pattern runs away."""
    message = (unit * 20_000)[:19_999] + "x"
    began = time.process_time()
    text.sentences(1, message)
    assert time.process_time() - began < 20


def test_text_stays_out_of_repr() -> None:
    """The representation of the text objects shows no words, so that tracebacks show none."""
    (sentence,) = text.sentences(7, "something private")
    assert "private" not in repr(sentence)

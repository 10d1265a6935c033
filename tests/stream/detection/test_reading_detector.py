"""A detector reads texts as their words; plain texts are scored as before, to the last bit."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.detection import DetectorInput, load_detector
from stream.detection.linear import load_linear
from stream.detection.reading_detector import ReadingDetector
from stream.reading import read_text
from tests.stream.reading import disguises

INNER = load_linear()
DETECTOR = ReadingDetector(INNER)
RESISTING = "I don't want to quit. I like smoking, and honestly I'm fine the way I am."
ASKED = "What would it take for you to think about stopping?"


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="&<*_`~|\\>[]")))
def test_a_plain_text_is_scored_as_before(text: str) -> None:
    """A plain text has the detection that the inner detector gives it."""
    given_ = DetectorInput(text, ASKED)
    assert DETECTOR.detect([given_]) == INNER.detect([given_])


@settings(max_examples=150)
@given(st.randoms(use_true_random=False), st.lists(st.sampled_from(disguises.ALL), min_size=1, max_size=3))
def test_a_disguised_text_has_its_cues_in_the_original(random: Random, layers: list[disguises.Disguise]) -> None:
    """The cues of a disguised text are spans of the text as it came, in order and without overlap."""
    text = RESISTING
    for disguise in layers:
        text = disguise(text, random)
    (found,) = DETECTOR.detect([DetectorInput(text, ASKED)])
    ends = [0]
    for cue in found.cues:
        assert ends[-1] <= cue.start < cue.end <= len(text)
        ends.append(cue.end)


@pytest.mark.parametrize(
    "text",
    [
        RESISTING.replace("'", "&#39;").replace(" ", "&nbsp;"),
        RESISTING.replace("'", "\u00e2\u20ac\u2122"),
        f"<p><b>{RESISTING}</b></p>",
        f"**{RESISTING}**",
        RESISTING.replace("i", "i\u200b"),
        RESISTING.replace("'", "\x92"),
    ],
)
def test_a_disguised_text_is_scored_as_its_words(text: str) -> None:
    """A disguised text has the score of its words, and so has a disguised turn before it."""
    (plain,) = DETECTOR.detect([DetectorInput(RESISTING, ASKED)])
    (found,) = DETECTOR.detect([DetectorInput(text, f"<i>{ASKED}</i>")])
    assert found.score == pytest.approx(plain.score)
    assert found.flagged
    assert [_words(text[cue.start : cue.end]) for cue in found.cues] == [
        _words(RESISTING[cue.start : cue.end]) for cue in plain.cues
    ]


def _words(text: str) -> str:
    return "".join(char for char in read_text(text).text if char.isalpha())


def test_it_names_the_inner_detector() -> None:
    """The name is that of the inner detector; the version depends on that of the reading."""
    loaded = load_detector()
    assert isinstance(loaded, ReadingDetector)
    assert loaded.name == INNER.name
    assert loaded.version not in {"", INNER.version}

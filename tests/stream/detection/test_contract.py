"""Tests of what the stream relies on in a detector."""

import time

import pytest

from stream.detection import Detection, Detector, DetectorInput, load_detector

RESISTING = DetectorInput(
    "I don't want to quit. I like smoking, and honestly I'm fine the way I am.",
    "What would it take for you to think about stopping?",
)
NEUTRAL = DetectorInput("Yes, Tuesday at five.", "Is Tuesday still good for you?")

ODD_TEXTS = [
    "",
    " ",
    "\n\n",
    "?",
    "\u200b",
    "\U0001f600\U0001f44d\U0001f3fd",
    "I\u2019m not going to, end of.",
    "\u0130 don't want to quit",
    "\u042f \u043d\u0435 \u0445\u043e\u0447\u0443",
    "\u4e0d\u60f3",
    "a" * 10_000,
    "\x00",
    "\ud800",
    "((((((((((",
    "' ' ' '",
]


@pytest.fixture(scope="module")
def detector() -> Detector:
    """Return the detector that ships."""
    return load_detector()


def test_one_detection_per_input_in_order(detector: Detector) -> None:
    """A batch gives as many detections as inputs, each what the input gives alone."""
    batch = [RESISTING, NEUTRAL, RESISTING]
    assert detector.detect(batch) == [detector.detect([given])[0] for given in batch]


def test_an_empty_batch_gives_no_detections(detector: Detector) -> None:
    """An empty batch gives no detections."""
    assert detector.detect([]) == []


def test_scores_lie_between_0_and_1(detector: Detector) -> None:
    """The score lies between 0 and 1 for any text."""
    found = detector.detect([DetectorInput(text) for text in ODD_TEXTS] + [RESISTING, NEUTRAL])
    assert all(0 <= each.score <= 1 for each in found)


def test_resistance_scores_higher_than_an_appointment(detector: Detector) -> None:
    """A resisting message is flagged and scores higher than a message about an appointment, which is not flagged."""
    resisting, neutral = detector.detect([RESISTING, NEUTRAL])
    assert resisting.score > neutral.score
    assert resisting.flagged
    assert not neutral.flagged


@pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
@pytest.mark.parametrize("previous", [None, "", "How was it?", "\ud800"])
def test_no_text_raises(detector: Detector, text: str, previous: str | None) -> None:
    """No text makes a detector raise, since chat text is untrusted input."""
    (found,) = detector.detect([DetectorInput(text, previous)])
    assert isinstance(found, Detection)


@pytest.mark.parametrize(
    "text",
    [RESISTING.text, "\U0001f600 " * 3 + RESISTING.text, RESISTING.text.replace("'", "\u2019"), *ODD_TEXTS],
)
def test_cues_are_sorted_spans_inside_the_text(detector: Detector, text: str) -> None:
    """Cues are spans in code points of the text as typed, sorted, not empty and without overlap."""
    (found,) = detector.detect([DetectorInput(text, RESISTING.previous_text)])
    ends = [0]
    for cue in found.cues:
        assert ends[-1] <= cue.start < cue.end <= len(text)
        assert cue.weight > 0
        ends.append(cue.end)


def test_cues_are_whole_words(detector: Detector) -> None:
    """Cues begin and end at word boundaries, because a supervisor reads words."""
    (found,) = detector.detect([RESISTING])
    assert found.cues
    for cue in found.cues:
        before, after = RESISTING.text[: cue.start][-1:], RESISTING.text[cue.end :][:1]
        assert not before.isalnum()
        assert not after.isalnum()


def test_cues_move_with_the_text(detector: Detector) -> None:
    """Text before the words moves the cues by its length in code points."""
    shift = "\U0001f600\U0001f600 "
    (plain,) = detector.detect([RESISTING])
    (shifted,) = detector.detect([DetectorInput(shift + RESISTING.text, RESISTING.previous_text)])
    assert [(c.start + len(shift), c.end + len(shift)) for c in plain.cues] == [(c.start, c.end) for c in shifted.cues]


def test_a_message_that_is_not_flagged_has_no_cues(detector: Detector) -> None:
    """A message that is not flagged has no cues."""
    (found,) = detector.detect([NEUTRAL])
    assert found.cues == ()


def test_the_same_input_gives_the_same_answer(detector: Detector) -> None:
    """The same input gives the same detection, also from another instance.

    A record that is delivered again must not change.
    """
    again = load_detector()
    assert again.detect([RESISTING, NEUTRAL]) == detector.detect([RESISTING, NEUTRAL])
    assert again.version == detector.version


def test_a_detector_has_a_name_and_a_version(detector: Detector) -> None:
    """A detector has a name and a version, which are written into each record."""
    assert detector.name == "linear"
    assert len(detector.version) >= 8


def test_a_batch_of_chat_takes_milliseconds(detector: Detector) -> None:
    """A batch takes far less than a limit that even a slow machine keeps.

    The limit is far above the measured time, so that only a serious slowdown fails the test.
    """
    batch = [RESISTING, NEUTRAL] * 250
    start = time.perf_counter()
    detector.detect(batch)
    assert time.perf_counter() - start < 25


DANGER_SAID_INDIRECTLY = [
    ("i gave my cat to the neighbour last night. wont be needing the food", "What have you been up to?"),
    ("every time he comes home i check what mood the door makes. if it bangs i take the kids upstairs", "And at home?"),
    (
        "i havent slept since saturday and i dont need to, ive bought three cars for the company",
        "How are you sleeping?",
    ),
]


@pytest.mark.parametrize(("text", "previous"), DANGER_SAID_INDIRECTLY)
def test_danger_that_is_said_indirectly_is_flagged(detector: Detector, text: str, previous: str) -> None:
    """A message that may speak of danger without a word of it is flagged, since only flagged turns are read."""
    assert detector.detect([DetectorInput(text, previous)])[0].flagged


def test_message_text_is_in_no_repr() -> None:
    """The representation of an input, as in a log line or a traceback, shows no words of it."""
    shown = repr(RESISTING)
    assert "quit" not in shown
    assert "think about" not in shown

"""Tests of what the stream relies on, run for every detector at every operating point."""

import time
from collections.abc import Callable

import pytest

from stream.contracts.vocabulary import OperatingPoint
from stream.detection import DETECTORS, Detection, Detector, DetectorInput, SentenceModel, load_detector
from stream.runtime.triton import TritonAccess
from stream.workers.triton_sentence_model import TritonSentenceModel

EVERY_DETECTOR = [pytest.param((name, point), id=f"{name}-{point}") for name in DETECTORS for point in OperatingPoint]

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


Open = Callable[[str, OperatingPoint], Detector]


@pytest.fixture(scope="module")
def opened(request: pytest.FixtureRequest) -> Open:
    """Return a function that loads a detector; the one behind Triton gets a real server."""

    def opening(name: str, point: OperatingPoint) -> Detector:
        def connect() -> SentenceModel:
            return TritonSentenceModel(TritonAccess(request.getfixturevalue("triton").grpc_url))

        return load_detector(name, point, connect)

    return opening


@pytest.fixture(params=EVERY_DETECTOR)
def detector(request: pytest.FixtureRequest, opened: Open) -> Detector:
    """Return each detector at each operating point."""
    name, point = request.param
    return opened(name, point)


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


def test_the_same_input_gives_the_same_answer(detector: Detector, opened: Open) -> None:
    """The same input gives the same detection, also from another instance.

    A record that is delivered again must not change.
    """
    again = opened(detector.name, detector.operating_point)
    assert again.detect([RESISTING, NEUTRAL]) == detector.detect([RESISTING, NEUTRAL])
    assert again.version == detector.version


def test_a_detector_has_a_name_a_version_and_an_operating_point(detector: Detector) -> None:
    """A detector has a name, a version and an operating point, which are written into each record."""
    assert detector.name in DETECTORS
    assert len(detector.version) >= 8
    assert detector.operating_point in OperatingPoint


def test_a_batch_of_chat_takes_milliseconds(detector: Detector) -> None:
    """A batch takes far less than a limit that even a slow machine keeps.

    The limit is far above the measured time, so that only a serious slowdown fails the test.
    """
    batch = [RESISTING, NEUTRAL] * (250 if detector.name == "linear" else 10)
    start = time.perf_counter()
    detector.detect(batch)
    assert time.perf_counter() - start < 25


@pytest.mark.parametrize("name", DETECTORS)
def test_the_operating_point_gate_flags_all_that_alone_flags(name: str, opened: Open) -> None:
    """The operating point `gate` flags every message that `alone` flags, and both give the same scores."""
    batch = [RESISTING, NEUTRAL, *(DetectorInput(text) for text in ODD_TEXTS)]
    gate = opened(name, OperatingPoint.GATE).detect(batch)
    alone = opened(name, OperatingPoint.ALONE).detect(batch)
    for wide, narrow in zip(gate, alone, strict=True):
        assert wide.score == narrow.score
        assert wide.flagged or not narrow.flagged


def test_the_error_for_an_unknown_detector_lists_the_existing_ones() -> None:
    """The error for an unknown detector lists the existing ones."""
    with pytest.raises(ValueError, match="there is: encoder, linear, triton"):
        load_detector("crystal ball", OperatingPoint.GATE)


def test_an_unknown_operating_point_is_refused() -> None:
    """An unknown operating point is refused and named."""
    with pytest.raises(ValueError, match="sideways"):
        load_detector("linear", "sideways")


def test_the_detector_behind_triton_needs_a_server() -> None:
    """Without a way to connect, the detector `triton` is refused at the start."""
    with pytest.raises(ValueError, match="triton needs a Triton server"):
        load_detector("triton", OperatingPoint.GATE)


def test_an_operating_point_may_be_a_string() -> None:
    """The operating point may be a string, as it is in settings."""
    assert load_detector("linear", "gate").operating_point is OperatingPoint.GATE


def test_message_text_is_in_no_repr() -> None:
    """The representation of an input, as in a log line or a traceback, shows no words of it."""
    shown = repr(RESISTING)
    assert "quit" not in shown
    assert "think about" not in shown

"""What the stream may rely on, whatever detector stands behind the seam."""

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
    """Load a detector; the one behind Triton gets a real server."""

    def opening(name: str, point: OperatingPoint) -> Detector:
        def connect() -> SentenceModel:
            return TritonSentenceModel(TritonAccess(request.getfixturevalue("triton").grpc_url))

        return load_detector(name, point, connect)

    return opening


@pytest.fixture(params=EVERY_DETECTOR)
def detector(request: pytest.FixtureRequest, opened: Open) -> Detector:
    """Each detector at each operating point."""
    name, point = request.param
    return opened(name, point)


def test_one_detection_per_input_in_order(detector: Detector) -> None:
    """A batch gives as many detections as inputs, each what the input gives alone."""
    batch = [RESISTING, NEUTRAL, RESISTING]
    assert detector.detect(batch) == [detector.detect([given])[0] for given in batch]


def test_an_empty_batch_is_fine(detector: Detector) -> None:
    """No input, no detection."""
    assert detector.detect([]) == []


def test_scores_lie_between_0_and_1(detector: Detector) -> None:
    """Whatever the text."""
    found = detector.detect([DetectorInput(text) for text in ODD_TEXTS] + [RESISTING, NEUTRAL])
    assert all(0 <= each.score <= 1 for each in found)


def test_resistance_scores_higher_than_an_appointment(detector: Detector) -> None:
    """The least that a detector must do."""
    resisting, neutral = detector.detect([RESISTING, NEUTRAL])
    assert resisting.score > neutral.score
    assert resisting.flagged
    assert not neutral.flagged


@pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
@pytest.mark.parametrize("previous", [None, "", "How was it?", "\ud800"])
def test_no_text_raises(detector: Detector, text: str, previous: str | None) -> None:
    """Chat text is hostile input."""
    (found,) = detector.detect([DetectorInput(text, previous)])
    assert isinstance(found, Detection)


@pytest.mark.parametrize(
    "text",
    [RESISTING.text, "\U0001f600 " * 3 + RESISTING.text, RESISTING.text.replace("'", "\u2019"), *ODD_TEXTS],
)
def test_cues_are_sorted_spans_inside_the_text(detector: Detector, text: str) -> None:
    """Cues count code points of the text as typed, are not empty and do not overlap."""
    (found,) = detector.detect([DetectorInput(text, RESISTING.previous_text)])
    ends = [0]
    for cue in found.cues:
        assert ends[-1] <= cue.start < cue.end <= len(text)
        assert cue.weight > 0
        ends.append(cue.end)


def test_cues_are_whole_words(detector: Detector) -> None:
    """A supervisor reads words, not pieces of them."""
    (found,) = detector.detect([RESISTING])
    assert found.cues
    for cue in found.cues:
        before, after = RESISTING.text[: cue.start][-1:], RESISTING.text[cue.end :][:1]
        assert not before.isalnum()
        assert not after.isalnum()


def test_cues_move_with_the_text(detector: Detector) -> None:
    """What stands before the words shifts the cues by its length in code points."""
    shift = "\U0001f600\U0001f600 "
    (plain,) = detector.detect([RESISTING])
    (shifted,) = detector.detect([DetectorInput(shift + RESISTING.text, RESISTING.previous_text)])
    assert [(c.start + len(shift), c.end + len(shift)) for c in plain.cues] == [(c.start, c.end) for c in shifted.cues]


def test_what_is_not_flagged_has_no_cues(detector: Detector) -> None:
    """Evidence belongs to a finding."""
    (found,) = detector.detect([NEUTRAL])
    assert found.cues == ()


def test_the_same_input_gives_the_same_answer(detector: Detector, opened: Open) -> None:
    """Also from another instance: redelivery must not change a record."""
    again = opened(detector.name, detector.operating_point)
    assert again.detect([RESISTING, NEUTRAL]) == detector.detect([RESISTING, NEUTRAL])
    assert again.version == detector.version


def test_it_says_which_detector_answered(detector: Detector) -> None:
    """Name, version and operating point travel with each record."""
    assert detector.name in DETECTORS
    assert len(detector.version) >= 8
    assert detector.operating_point in OperatingPoint


def test_a_batch_of_chat_takes_milliseconds(detector: Detector) -> None:
    """A floor far under the measured speed, so that a slow machine passes and a blow-up does not."""
    batch = [RESISTING, NEUTRAL] * (250 if detector.name == "linear" else 10)
    start = time.perf_counter()
    detector.detect(batch)
    assert time.perf_counter() - start < 25


@pytest.mark.parametrize("name", DETECTORS)
def test_the_gate_flags_all_that_the_precise_point_flags(name: str, opened: Open) -> None:
    """One ranking, two thresholds."""
    batch = [RESISTING, NEUTRAL, *(DetectorInput(text) for text in ODD_TEXTS)]
    gate = opened(name, OperatingPoint.GATE).detect(batch)
    alone = opened(name, OperatingPoint.ALONE).detect(batch)
    for wide, narrow in zip(gate, alone, strict=True):
        assert wide.score == narrow.score
        assert wide.flagged or not narrow.flagged


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    """A settings error must say how to mend it."""
    with pytest.raises(ValueError, match="there is: encoder, linear, triton"):
        load_detector("crystal ball", OperatingPoint.GATE)


def test_an_unknown_operating_point_is_refused() -> None:
    """The same for the operating point."""
    with pytest.raises(ValueError, match="sideways"):
        load_detector("linear", "sideways")


def test_the_detector_behind_triton_needs_a_server() -> None:
    """Without a way to connect, the detector `triton` is refused at the start."""
    with pytest.raises(ValueError, match="triton needs a Triton server"):
        load_detector("triton", OperatingPoint.GATE)


def test_an_operating_point_may_come_as_text() -> None:
    """Settings hold text."""
    assert load_detector("linear", "gate").operating_point is OperatingPoint.GATE


def test_message_text_is_in_no_repr() -> None:
    """A log line or a traceback that holds an input shows no words of it."""
    shown = repr(RESISTING)
    assert "quit" not in shown
    assert "think about" not in shown

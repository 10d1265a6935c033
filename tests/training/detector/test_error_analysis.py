"""Errors are counted by topic and by kind of message."""

from stream.contracts.vocabulary import OperatingPoint
from stream.detection import DetectorInput
from training.detector.corpora import LabelledTurn
from training.detector.crossval import OutOfFoldScore
from training.detector.error_analysis import MESSAGE_KINDS, metrics_by_topic, worst_kinds


def _turn(text: str, *, resists: bool, topic: str = "sleep") -> LabelledTurn:
    return LabelledTurn(DetectorInput(text, "How was it?"), resists, group="g", corpus="mibot", topic=topic)


def _found(*, flagged: bool) -> OutOfFoldScore:
    return OutOfFoldScore(0.9 if flagged else 0.1, {OperatingPoint.GATE: flagged, OperatingPoint.ALONE: False})


def test_topics_are_counted_apart_and_small_ones_left_out() -> None:
    """Each topic has its own row, and topics with fewer than twenty turns are left out."""
    turns = [_turn("no", resists=i < 5) for i in range(20)]
    turns += [_turn("no", resists=i < 5, topic="rare") for i in range(19)]
    (row,) = metrics_by_topic(turns, [_found(flagged=i < 10) for i in range(39)])
    assert (row.topic, row.turns, row.positive) == ("sleep", 20, 0.25)
    assert (row.recall, row.flagged, row.pr_auc) == (1, 0.5, 0.5)


def test_a_topic_without_resistance_has_no_figures() -> None:
    """A topic without resistance has no row, since recall is not defined for it."""
    assert metrics_by_topic([_turn("no", resists=False)] * 30, [_found(flagged=False)] * 30) == []


def test_the_kind_with_most_mistakes_comes_first() -> None:
    """The kind of message with most false flags beyond the usual rate comes first."""
    turns = [_turn("she told my cousin about the new flat", resists=False)] * 30
    turns += [_turn("I slept well and long in the new flat", resists=False)] * 30
    first, *_ = worst_kinds(turns, [_found(flagged=i < 30) for i in range(60)])
    assert first.kind == "speaks of somebody else (he, she, they)"
    assert first.way == "flagged, labelled otherwise"
    assert (first.turns, first.wrong, first.excess) == (30, 30, 15)


def test_misses_are_a_way_of_their_own() -> None:
    """Missed resistance is counted apart from false flags."""
    turns = [_turn("no way", resists=True)] * 25 + [_turn("well " * 50, resists=True)] * 25
    first, *_ = worst_kinds(turns, [_found(flagged=i >= 25) for i in range(50)])
    assert first.way == "labelled resistance, not flagged"
    assert first.kind in {"three words or fewer", "begins with no"}


def test_kinds_are_said_in_words_of_our_own() -> None:
    """Kinds of messages are named in our own words, and no message of a corpus is in a table."""
    assert len(MESSAGE_KINDS) >= 20
    assert all(len(kind) < 60 for kind in MESSAGE_KINDS)

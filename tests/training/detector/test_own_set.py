"""The test set written by us is complete and without duplicates, and apart from the lines to learn from."""

from collections import Counter
from collections.abc import Sequence

import pytest

from stream.contracts.vocabulary import ResistanceType
from stream.detection import Detection, DetectorInput, load_detector
from stream.detection.text import tokens
from training.detector import own_set

LINES = own_set.load()


@pytest.mark.parametrize("kind", ["resistance", "look_alike"])
@pytest.mark.parametrize("behaviour", ResistanceType)
def test_ten_lines_for_each_behaviour_and_ten_look_alikes(kind: str, behaviour: ResistanceType) -> None:
    """There are ten lines and ten look-alikes for each of the 13 behaviours."""
    assert sum(line.kind == kind and line.behaviour is behaviour for line in LINES) == 10


def test_no_line_stands_twice() -> None:
    """No line's id or text occurs twice."""
    assert max(Counter(line.id for line in LINES).values()) == 1
    said = Counter((" ".join(t.form for t in tokens(line.client))) for line in LINES)
    assert max(said.values()) == 1


def test_every_line_has_words_and_a_turn_before() -> None:
    """Every line has a client's message and a counsellor's turn before it, both with words."""
    for line in LINES:
        assert line.client.strip() == line.client
        assert tokens(line.client)
        assert tokens(line.counsellor)


def test_lengths_differ_as_in_chat() -> None:
    """Lengths range from one word to a long sentence, as in chat."""
    lengths = [len(tokens(line.client)) for line in LINES if line.kind == "resistance"]
    assert min(lengths) == 1
    assert max(lengths) >= 20


def test_ids_say_what_a_line_is() -> None:
    """An id consists of kind, behaviour and number."""
    for line in LINES:
        assert line.id.rsplit("-", 1)[0] == f"{line.kind}-{line.behaviour}"


def test_cues_lie_inside_every_line() -> None:
    """The cues that the detector finds lie inside the text of every line."""
    found = load_detector().detect([DetectorInput(line.client, line.counsellor) for line in LINES])
    for line, detection in zip(LINES, found, strict=True):
        assert all(0 <= cue.start < cue.end <= len(line.client) for cue in detection.cues)


class _FlagsShort:
    """A detector for tests that flags messages of one word."""

    name = "flags-short"
    version = "test"

    def detect(self, inputs: Sequence[DetectorInput]) -> list[Detection]:
        return [Detection(0.5, flagged=" " not in given.text) for given in inputs]


def test_shares_are_counted_by_kind_and_behaviour() -> None:
    """Shares are counted by kind and behaviour, and over each kind as a whole."""
    lines = [
        own_set.WrittenLine(
            id="1", kind="resistance", behaviour=ResistanceType.MINIMUM_TALK, counsellor="So?", client="ok"
        ),
        own_set.WrittenLine(
            id="2", kind="resistance", behaviour=ResistanceType.BLAMING, counsellor="So?", client="ask him"
        ),
        own_set.WrittenLine(id="3", kind="look_alike", behaviour=ResistanceType.BLAMING, counsellor="So?", client="no"),
    ]
    assert own_set.share_flagged(lines, _FlagsShort()) == {
        ("resistance", ResistanceType.MINIMUM_TALK): 1,
        ("resistance", ResistanceType.BLAMING): 0,
        ("resistance", None): 0.5,
        ("look_alike", ResistanceType.BLAMING): 1,
        ("look_alike", None): 1,
    }


def test_no_text_in_a_repr() -> None:
    """The repr of a line holds no text, as with messages."""
    assert LINES[0].client not in repr(LINES[0])


WRITTEN = own_set.load(own_set.WRITTEN)


def test_lines_to_learn_from_are_others_than_those_to_test_on() -> None:
    """Lines to learn from share no message and no five words in a row with lines to test on."""
    assert len(WRITTEN) > 200
    tested = [[token.form for token in tokens(line.client)] for line in LINES]
    learned = [[token.form for token in tokens(line.client)] for line in WRITTEN]
    assert not {tuple(words) for words in tested} & {tuple(words) for words in learned}
    assert not _runs(tested) & _runs(learned)


def _runs(texts: Sequence[Sequence[str]], length: int = 5) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + length]) for words in texts for i in range(len(words) - length + 1)}


def test_lines_to_learn_from_show_either_side_of_each_behaviour() -> None:
    """Lines to learn from have at least five of resistance and five look-alikes for each behaviour."""
    for behaviour in ResistanceType:
        kinds = Counter(line.kind for line in WRITTEN if line.behaviour is behaviour)
        assert min(kinds["resistance"], kinds["look_alike"]) >= 5


def test_the_area_says_how_often_resistance_stands_above() -> None:
    """The area is the share of resisting lines that score above a look-alike."""
    lines = [line for line in LINES if line.behaviour is ResistanceType.MINIMUM_TALK]
    found = own_set.roc_auc_of_lines(lines, _FlagsShort())
    assert found.low <= found.value <= found.high

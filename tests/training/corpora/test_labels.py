"""Labels of public transcripts are ids and labels alone, and doubt lowers their weight."""

from pathlib import Path

import pytest

from stream.contracts.vocabulary import Level, Mechanism, ResistanceType
from tests.training.corpora.samples import write_labels
from training.corpora.labels import BORDERLINE, PLAIN, SECOND_RATER, load_reply_labels, load_turn_labels
from training.errors import DataError

FIRST = "A1 C2 minimizing 2\nA1 C5 blaming 1\nA1 done\nA2 C1 blaming 2\n"


def test_a_turn_has_its_behaviour_or_does_not_resist(tmp_path: Path) -> None:
    """A labelled turn has its behaviour; another turn of a conversation that was read to its end does not resist."""
    labels = load_turn_labels(write_labels(tmp_path, FIRST))
    assert labels.of(("A1", 2)) == (ResistanceType.MINIMIZING, 1.0)
    assert labels.of(("A1", 3)) == (None, 1.0)


def test_a_borderline_label_weighs_less(tmp_path: Path) -> None:
    """A label that its coder called borderline weighs less."""
    assert load_turn_labels(write_labels(tmp_path, FIRST)).of(("A1", 5)) == (ResistanceType.BLAMING, BORDERLINE)


def test_only_conversations_read_to_their_end_are_read(tmp_path: Path) -> None:
    """A conversation without a last line says nothing of its other turns."""
    assert load_turn_labels(write_labels(tmp_path, FIRST)).read == {"A1"}


@pytest.mark.parametrize(
    ("second", "turn", "doubted"),
    [
        ("A1 C2 minimizing 1\nA1 C5 blaming 1\nA1 done", 2, False),
        ("A1 C2 excusing 2\nA1 C5 blaming 1\nA1 done", 2, True),
        ("A1 C5 blaming 2\nA1 done", 2, True),
        ("A1 C3 blaming 2\nA1 C2 minimizing 2\nA1 C5 blaming 1\nA1 done", 3, True),
        ("A1 C2 excusing 2", 2, False),
    ],
    ids=["agreed", "another behaviour", "not seen", "seen by the second alone", "not read to the end"],
)
def test_a_turn_on_which_the_second_coder_differed_is_doubted(
    tmp_path: Path, second: str, turn: int, doubted: bool
) -> None:
    """A label that two coders did not share weighs less, whichever of them gave it; the first coder's stands."""
    labels = load_turn_labels(write_labels(tmp_path, FIRST, second))
    plain = load_turn_labels(write_labels(tmp_path, FIRST))
    assert (("A1", turn) in labels.doubted) is doubted
    assert labels.of(("A1", turn)) == (plain.of(("A1", turn))[0], BORDERLINE if doubted else 1.0)


@pytest.mark.parametrize("line", ["A1", "A1 C2 blaming", "A1 C2 secret 1", "A1 Cx blaming 1", "A1 C2 blaming x"])
def test_a_line_of_another_shape_is_named(tmp_path: Path, line: str) -> None:
    """A line of another shape is named by file and number."""
    with pytest.raises(DataError, match=r"psyfire\.tsv, line 2: not "):
        load_turn_labels(write_labels(tmp_path, f"A1 done\n{line}"))


def test_a_reply_has_levels_technique_and_mistake(tmp_path: Path) -> None:
    """A rated reply has its levels, without those that could not be rated, its technique and its mistake."""
    labels = load_reply_labels(
        write_labels(tmp_path, levels="A1 C2 0 2 x 1 open_question -\nM1 C1 0 0 0 0 minimal collusion")
    )
    rated = labels["A1", 2]
    assert rated.levels == {
        Mechanism.RESPECT_FOR_AUTONOMY: Level.NONE,
        Mechanism.STANCE_ALIGNMENT: Level.STRONG,
        Mechanism.CONVERSATIONAL_ORIENTATION: Level.WEAK,
    }
    assert (rated.technique, rated.mistake) == ("open_question", None)
    assert labels["M1", 1].mistake == "collusion"


@pytest.mark.parametrize(
    "line",
    [
        "A1 C2 0 0 0 0 minimal",
        "A1 C2 0 0 0 3 minimal -",
        "A1 C2 0 0 0 0 secret -",
        "A1 C2 0 0 0 0 minimal secret",
        "A1 C2 0 0 0 minimal -",
    ],
)
def test_a_rating_of_another_shape_is_named(tmp_path: Path, line: str) -> None:
    """A rating with another number of levels, or with a name nobody knows, is named by file and number."""
    with pytest.raises(DataError, match=r"reply-levels\.tsv, line 1: not a turn"):
        load_reply_labels(write_labels(tmp_path, levels=line))


def test_no_reply_is_rated_as_one_to_resistance_and_as_another() -> None:
    """A reply stands in one of the two files: turns of the first resist, and those of the second do not."""
    resisting, others = load_turn_labels().resisting, load_reply_labels(name=PLAIN)
    assert set(load_reply_labels()) <= set(resisting)
    assert len(others) == 1710
    assert not set(others) & set(resisting)


def test_second_raters_read_replies_that_a_first_one_had_read() -> None:
    """Each reply of a second rater has a first rating, and there are 180 of them."""
    second = load_reply_labels(name=SECOND_RATER)
    assert len(second) == 180
    assert set(second) <= {*load_reply_labels(), *load_reply_labels(name=PLAIN)}


def test_the_shipped_labels_are_complete() -> None:
    """The shipped labels cover both corpora, every behaviour and some 500 replies."""
    turns, replies = load_turn_labels(), load_reply_labels()
    assert {conversation[0] for conversation in turns.read} == {"A", "M"}
    assert {kind for kind, _ in turns.resisting.values()} == set(ResistanceType)
    assert len(turns.read) > 150
    assert turns.doubted
    assert len(replies) > 450
    assert {conversation for conversation, _ in replies} <= turns.read

"""The answers of the reader have names and places, which recipe and served model share."""

import pytest

from stream.contracts.rubric import MISTAKES, Technique
from stream.contracts.vocabulary import Concern, Level, Mechanism, ResistanceType
from training.reader.targets import (
    CRITICAL,
    MISTAKE_CODES,
    REPLY_HEADS,
    RESISTANCE,
    TECHNIQUES,
    TURN_HEADS,
    Head,
    as_json,
    width,
)


def test_every_answer_of_the_vocabulary_is_a_target() -> None:
    """Behaviours, concerns, techniques and mistakes are targets, and none of them where there may be none."""
    assert ("none", *ResistanceType) == RESISTANCE
    assert ("none", *Concern) == CRITICAL
    assert tuple(Technique) == TECHNIQUES
    assert ("none", *(mistake.code for mistake in MISTAKES)) == MISTAKE_CODES


@pytest.mark.parametrize("heads", [TURN_HEADS, REPLY_HEADS], ids=["turn", "reply"])
def test_heads_stand_side_by_side(heads: dict[str, Head]) -> None:
    """Each head begins where the one before it ends, and all of them make the width."""
    ends = [0, *(head.end for head in heads.values())]
    assert [head.start for head in heads.values()] == ends[:-1]
    assert width(heads) == ends[-1]
    assert all(name == head.name for name, head in heads.items())


def test_each_head_is_as_wide_as_its_answers() -> None:
    """A head has a logit for each of its answers, and planted text has one."""
    sizes = {name: head.end - head.start for name, head in (TURN_HEADS | REPLY_HEADS).items()}
    assert sizes == {
        "resistance": 14,
        "critical": 9,
        **{mechanism.value: len(Level) for mechanism in Mechanism},
        "technique": 17,
        "mistake": 8,
        "planted": 1,
    }
    assert (width(TURN_HEADS), width(REPLY_HEADS)) == (24, 38)


def test_the_served_model_gets_names_and_places() -> None:
    """The served model reads the same lists and places."""
    told = as_json()
    assert told["resistance"] == RESISTANCE
    assert told["reply"] == {name: (head.start, head.end) for name, head in REPLY_HEADS.items()}
    assert set(told) == {"resistance", "critical", "technique", "mistake", "level_from", "turn", "reply"}

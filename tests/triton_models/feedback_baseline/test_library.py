"""A suggestion is the reply with the highest score among those written in similar moments of the same type, or none."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stream.contracts.rubric import RUBRIC
from stream.contracts.vocabulary import Mechanism, ResistanceType
from stream.feedback.gate.blame import contains_blame
from stream.feedback.gate.suggestions import find_fault
from stream.feedback.models.answer import MAX_SENTENCE
from tests.triton_models.feedback_baseline.loading import VERSION_FOLDER, part
from training.corpora.written import load_written

library = part("library")
NOTHING = dict.fromkeys(Mechanism, 0.0)
EAST, NORTH = np.array([1.0, 0.0]), np.array([0.0, 1.0])


def entry(name: str, kind: str = "blaming", levels: tuple[float, ...] = (2.0, 1.0, 1.0, 1.0)) -> dict[str, Any]:
    """Return a reply of the library."""
    return {
        "id": name,
        "type": kind,
        "client": f"Client of {name}.",
        "text": f"Text of {name}?",
        "levels": list(levels),
    }


def made(*entries: tuple[dict[str, Any], Any]) -> Any:
    """Return a library of replies with the directions of their moments, in which eastern replies are preferred."""
    head = part("reward").Reward(2 * EAST)
    return library.Library([each for each, _ in entries], np.stack([where for _, where in entries]), 0.6, head)


def near(*entries: tuple[dict[str, Any], Any], vector: Any = EAST, **levels: float) -> list[Any]:
    """Return the candidates of a library for a moment of blaming."""
    found: list[Any] = made(*entries).near("blaming", vector, NOTHING | levels)
    return found


def test_candidates_are_near_moments_of_the_type_nearest_first() -> None:
    """Moments of the type that are near enough are candidates, the nearest first, and one of another type never."""
    nearer, further = np.array([0.9, 0.436]), np.array([0.7, 0.714])
    found = near(
        (entry("further"), further), (entry("nearer"), nearer), (entry("other", "excusing"), EAST), (entry("x"), NORTH)
    )
    assert [(each.written_id, each.written_for, each.text) for each in found] == [
        ("nearer", "Client of nearer.", "Text of nearer?"),
        ("further", "Client of further.", "Text of further?"),
    ]


def test_nothing_is_near_enough() -> None:
    """Where the nearest moment of the type is not near there is no candidate."""
    assert near((entry("far"), NORTH)) == []
    assert near((entry("other", "excusing"), EAST)) == []


def test_a_suggestion_is_for_the_mechanism_it_would_express_most_more() -> None:
    """A candidate names the mechanism in which it is furthest above the reply that was given."""
    (found,) = near((entry("a", levels=(2.0, 1.9, 0.0, 0.0)), EAST), respect_for_autonomy=1.5)
    assert found.mechanism == Mechanism.STANCE_ALIGNMENT


def test_a_reply_that_would_express_no_more_is_no_candidate() -> None:
    """A near moment whose reply is no better in any mechanism is passed over."""
    alike, better = entry("alike", levels=(0.4, 0.4, 0.4, 0.4)), entry("better")
    found = near((alike, EAST), (better, np.array([0.8, 0.6])))
    assert [each.written_id for each in found] == ["better"]


def test_candidates_are_few() -> None:
    """No more candidates are read than a fixed number."""
    assert len(near(*((entry(str(number)), EAST) for number in range(9)))) == library.MOST_CANDIDATES


def test_the_length_of_a_vector_changes_nothing() -> None:
    """Only the direction of a moment's vector counts."""
    assert near((entry("a"), EAST), vector=100 * EAST) == near((entry("a"), EAST))


def test_the_candidate_with_the_highest_score_is_offered() -> None:
    """Not the nearest moment but the highest score decides, and the score is the probability of being preferred."""
    one = made((entry("a"), EAST), (entry("b"), EAST))
    found = one.suggest(one.near("blaming", EAST, NOTHING), [NORTH, EAST], NORTH)
    assert (found["written_id"], found["written_for"], found["score"]) == ("b", "Client of b.", 0.88)


def test_nothing_is_offered_that_scores_no_higher_than_the_reply_that_was_given() -> None:
    """A candidate that scores as the reply that was given or below it is not offered."""
    one = made((entry("a"), EAST))
    candidates = one.near("blaming", EAST, NOTHING)
    assert one.suggest(candidates, [NORTH], NORTH) is None
    assert one.suggest(candidates, [NORTH], EAST) is None
    assert one.suggest([], [], EAST) is None


def test_a_library_is_read_from_its_files(tmp_path: Path) -> None:
    """Texts, 8-bit directions and the reward head are read from the folder, and directions get the length 1."""
    (tmp_path / "library.json").write_text(json.dumps({"nearest": 0.7, "entries": [entry("a")]}))
    np.save(tmp_path / "library.npy", np.array([[127, 0]], dtype=np.int8))
    np.save(tmp_path / "reward.npy", np.array([1.0, 0.0], dtype=np.float32))
    read = library.Library.read(tmp_path)
    assert read.nearest == 0.7
    assert read.directions.tolist() == [[1.0, 0.0]]
    assert read.near("blaming", EAST, NOTHING)[0].written_id == "a"
    assert read.reward.weights.tolist() == [1.0, 0.0]


SHIPPED = library.Library.read(VERSION_FOLDER)


def test_the_shipped_library_has_a_direction_for_each_reply() -> None:
    """The shipped library has a direction for each reply, as wide as the reader's vector, and a bound."""
    assert SHIPPED.directions.shape == (len(SHIPPED.entries), 384)
    assert np.isfinite(SHIPPED.directions).all()
    assert 0 < SHIPPED.nearest < 1


def test_the_shipped_replies_were_written_for_such_moments() -> None:
    """Each shipped reply stands word for word under its id in the corpora, for a turn of its type without danger."""
    written = {exchange.id: exchange for exchange in load_written()}
    for each in SHIPPED.entries:
        source = written[each["id"]]
        assert (source.client_text, source.better) == (each["client"], each["text"])
        assert (source.label, source.critical) == (ResistanceType(each["type"]), None)
    assert len({each["id"] for each in SHIPPED.entries}) == len(SHIPPED.entries)


def test_every_shipped_reply_could_be_shown() -> None:
    """No shipped reply is too long, blames, claims, promises, diagnoses or presses: the gate would drop it."""
    for each in SHIPPED.entries:
        assert len(each["text"]) <= MAX_SENTENCE, each["id"]
        assert find_fault(each["text"]) is None, each["id"]
        assert not contains_blame(each["text"], ""), each["id"]


@pytest.mark.parametrize("kind", list(ResistanceType))
def test_every_type_has_replies(kind: ResistanceType) -> None:
    """Every type of resistance has several replies to choose from."""
    assert sum(each["type"] == kind for each in SHIPPED.entries) >= 10


def test_shipped_levels_are_expected_levels_of_the_four_mechanisms() -> None:
    """Each shipped reply has four levels between 0 and 2, in the order of the rubric."""
    assert list(RUBRIC) == list(Mechanism)
    for each in SHIPPED.entries:
        assert len(each["levels"]) == len(Mechanism)
        assert all(0 <= level <= 2 for level in each["levels"])

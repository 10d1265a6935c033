"""Suggestions are portable replies of the type that are preferred to the reply that was given, or none."""

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
from training.corpora.written import PORTABLE, load_written

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
    return library.Library([each for each, _ in entries], np.stack([where for _, where in entries]), head)


def candidates(*entries: tuple[dict[str, Any], Any], vector: Any = EAST, **levels: float) -> list[Any]:
    """Return the candidates of a library for a moment of blaming."""
    found: list[Any] = made(*entries).candidates("blaming", vector, NOTHING | levels)
    return found


def test_candidates_are_of_the_type_nearest_first() -> None:
    """Replies to the type are candidates, those to the most similar words first, and one to another type never."""
    nearer, further = np.array([0.9, 0.436]), np.array([0.7, 0.714])
    found = candidates(
        (entry("further"), further), (entry("nearer"), nearer), (entry("other", "excusing"), EAST), (entry("x"), NORTH)
    )
    assert [(each.written_id, each.written_for, each.text) for each in found] == [
        ("nearer", "Client of nearer.", "Text of nearer?"),
        ("further", "Client of further.", "Text of further?"),
        ("x", "Client of x.", "Text of x?"),
    ]


def test_a_suggestion_is_for_the_mechanism_it_would_express_most_more() -> None:
    """A candidate names the mechanism in which it is furthest above the reply that was given."""
    (found,) = candidates((entry("a", levels=(2.0, 1.9, 0.0, 0.0)), EAST), respect_for_autonomy=1.5)
    assert found.mechanism == Mechanism.STANCE_ALIGNMENT


def test_a_reply_that_would_express_no_more_is_no_candidate() -> None:
    """A reply that is no better in any mechanism is passed over."""
    alike, better = entry("alike", levels=(0.4, 0.4, 0.4, 0.4)), entry("better")
    found = candidates((alike, EAST), (better, np.array([0.8, 0.6])))
    assert [each.written_id for each in found] == ["better"]


def test_candidates_are_few() -> None:
    """No more candidates are read than a fixed number."""
    assert len(candidates(*((entry(str(number)), EAST) for number in range(9)))) == library.MOST_CANDIDATES


def test_the_length_of_a_vector_changes_nothing() -> None:
    """Only the direction of a moment's vector counts."""
    assert candidates((entry("a"), EAST), vector=100 * EAST) == candidates((entry("a"), EAST))


def suggested(*vectors: Any, given: Any) -> list[tuple[str, float]]:
    """Return ids and scores of what is suggested, of replies with these vectors after the client's turn."""
    one = made(*((entry(name), EAST) for name in "abc"[: len(vectors)]))
    found = one.suggest(one.candidates("blaming", EAST, NOTHING), vectors, given)
    return [(each["written_id"], each["score"]) for each in found]


def test_what_is_preferred_clearly_less_than_the_best_is_not_suggested() -> None:
    """The score is the probability of being preferred, and a candidate far below the best is left out."""
    assert suggested(0.5 * EAST, EAST, given=NORTH) == [("b", 0.88)]


def test_of_those_that_are_as_good_the_nearest_comes_first() -> None:
    """Candidates whose scores hardly differ stay in the order of nearness."""
    assert suggested(0.95 * EAST, 0.5 * EAST, EAST, given=NORTH) == [("a", 0.87), ("c", 0.88)]


def test_nothing_is_suggested_that_scores_no_higher_than_the_reply_that_was_given() -> None:
    """A candidate that scores as the reply that was given or below it is not suggested."""
    assert suggested(NORTH, given=NORTH) == []
    assert suggested(NORTH, given=EAST) == []
    assert made((entry("a"), EAST)).suggest([], [], EAST) == []


def test_a_library_is_read_from_its_files(tmp_path: Path) -> None:
    """Texts, 8-bit directions and the reward head are read from the folder, and directions get the length 1."""
    (tmp_path / "library.json").write_text(json.dumps({"entries": [entry("a")]}))
    np.save(tmp_path / "library.npy", np.array([[127, 0]], dtype=np.int8))
    np.save(tmp_path / "reward.npy", np.array([1.0, 0.0], dtype=np.float32))
    read = library.Library.read(tmp_path)
    assert read.directions.tolist() == [[1.0, 0.0]]
    assert read.candidates("blaming", EAST, NOTHING)[0].written_id == "a"
    assert read.reward.weights.tolist() == [1.0, 0.0]


SHIPPED = library.Library.read(VERSION_FOLDER)


def test_the_shipped_library_has_a_direction_for_each_reply() -> None:
    """The shipped library has a direction for each reply, as wide as the reader's vector."""
    assert SHIPPED.directions.shape == (len(SHIPPED.entries), 384)
    assert np.isfinite(SHIPPED.directions).all()


def test_the_shipped_replies_are_the_portable_ones() -> None:
    """Each shipped reply stands word for word under its id among the portable replies, and all of these are shipped."""
    written = {
        each.id: (each.label, each.client_text, " ".join(each.replies[0].text)) for each in load_written(PORTABLE)
    }
    assert written == {each["id"]: (each["type"], each["client"], each["text"]) for each in SHIPPED.entries}


def test_every_shipped_reply_could_be_shown() -> None:
    """No shipped reply is too long, blames, claims, promises, diagnoses or presses: the gate would drop it."""
    for each in SHIPPED.entries:
        assert len(each["text"]) <= MAX_SENTENCE, each["id"]
        assert find_fault(each["text"]) is None, each["id"]
        assert not contains_blame(each["text"], ""), each["id"]


@pytest.mark.parametrize("kind", list(ResistanceType))
def test_every_type_has_replies(kind: ResistanceType) -> None:
    """Every type of resistance has six to eight replies to choose from."""
    assert sum(each["type"] == kind for each in SHIPPED.entries) in range(6, 9)


def test_shipped_levels_are_expected_levels_of_the_four_mechanisms() -> None:
    """Each shipped reply has four levels between 0 and 2, in the order of the rubric."""
    assert list(RUBRIC) == list(Mechanism)
    for each in SHIPPED.entries:
        assert len(each["levels"]) == len(Mechanism)
        assert all(0 <= level <= 2 for level in each["levels"])

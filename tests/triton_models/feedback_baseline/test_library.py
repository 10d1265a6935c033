"""A suggestion is a reply that somebody wrote in a similar moment of the same type, or nothing."""

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
    return {"id": name, "type": kind, "text": f"Text of {name}?", "levels": list(levels)}


def suggest(entries: list[tuple[dict[str, Any], Any]], vector: Any = EAST, **levels: float) -> dict[str, Any] | None:
    """Return the suggestion of a library for a moment of blaming."""
    made = library.Library([each for each, _ in entries], np.stack([where for _, where in entries]), 0.6)
    found: dict[str, Any] | None = made.suggest("blaming", vector, NOTHING | levels)
    return found


def test_the_nearest_moment_of_the_type_is_used() -> None:
    """Of two moments of the type the nearer one is used, and one of another type never."""
    near, far = np.array([0.9, 0.436]), np.array([0.7, 0.714])
    found = suggest([(entry("far"), far), (entry("near"), near), (entry("other", "excusing"), EAST)])
    assert found is not None
    assert (found["written_id"], found["text"]) == ("near", "Text of near?")


def test_nothing_is_near_enough() -> None:
    """Where the nearest moment of the type is not near there is no suggestion."""
    assert suggest([(entry("far"), NORTH)]) is None
    assert suggest([(entry("other", "excusing"), EAST)]) is None


def test_a_suggestion_is_for_the_mechanism_it_would_express_most_more() -> None:
    """A suggestion names the mechanism in which it is furthest above the reply that was given."""
    found = suggest([(entry("a", levels=(2.0, 1.9, 0.0, 0.0)), EAST)], respect_for_autonomy=1.5)
    assert found is not None
    assert found["mechanism"] == Mechanism.STANCE_ALIGNMENT


def test_a_reply_that_would_express_no_more_makes_room_for_the_next() -> None:
    """A near moment whose reply is no better is passed over for the next one that is near enough."""
    alike, better = entry("alike", levels=(0.4, 0.4, 0.4, 0.4)), entry("better")
    near = np.array([0.8, 0.6])
    found = suggest([(alike, EAST), (better, near)])
    assert found is not None
    assert found["written_id"] == "better"
    assert suggest([(alike, EAST)]) is None


def test_the_length_of_a_vector_changes_nothing() -> None:
    """Only the direction of a vector counts."""
    assert suggest([(entry("a"), EAST)], 100 * EAST) == suggest([(entry("a"), EAST)])


def test_a_library_is_read_from_its_two_files(tmp_path: Path) -> None:
    """Texts and 8-bit directions are read from the folder, and directions get the length 1."""
    (tmp_path / "library.json").write_text(json.dumps({"nearest": 0.7, "entries": [entry("a")]}))
    np.save(tmp_path / "library.npy", np.array([[127, 0]], dtype=np.int8))
    read = library.Library.read(tmp_path)
    assert read.nearest == 0.7
    assert read.directions.tolist() == [[1.0, 0.0]]
    assert read.suggest("blaming", EAST, NOTHING)["written_id"] == "a"


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
        assert (source.better, source.label, source.critical) == (each["text"], ResistanceType(each["type"]), None)
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

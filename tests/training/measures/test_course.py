"""Tests of the comparisons of whole sessions."""

import numpy as np
import pytest

from tests.training.measures.samples import conversation, heard_talk
from training.measures.course import culture, own_agenda_nearer, side_by_side, trajectories, uptake, wordings
from training.measures.dynamics import RatedRow

pytestmark = pytest.mark.usefixtures("few_resamples")

PEOPLE = [conversation(f"A{n}", "hi", "Okay.", "so", "What helps?") for n in range(4)]
MACHINES = [
    conversation(f"M{n}", "hi", "I'm glad that you came. What helps?", "tea", "May I ask?", corpus="mibot")
    for n in range(4)
]


def test_people_and_machine_stand_side_by_side() -> None:
    """Each number has a mean of either corpus and the difference, which here nobody can miss."""
    rows = {row.name: row for row in side_by_side([heard_talk(talk) for talk in (*PEOPLE, *MACHINES)])}
    feeling = rows["claims_feeling"]
    assert (feeling.human.value, feeling.machine.value, feeling.difference.value) == (0, 0.5, 0.5)
    assert feeling.difference.low == 0.5
    assert {"counsellor_words", "mean empathy", "mean exploration"} <= rows.keys()
    assert "agenda_drift" not in rows


def test_wordings_are_counted_by_turn_and_by_word() -> None:
    """Claims of feeling are counted against turns, and against words, since one side writes longer turns."""
    rows = {row.name: row for row in wordings([*PEOPLE, *MACHINES])}
    assert rows["claims_feeling of turns"].machine.value == 0.5
    assert rows["claims_feeling of 1,000 words"].machine.value == pytest.approx(1_000 / 11)
    assert rows["claims_experience of turns"].difference.value == 0


def test_uptake_stands_beside_that_of_another_sessions_words() -> None:
    """Replies that repeat their own client's words do so more than a stranger's; what fits everybody does not."""
    matters = ["cigarettes", "whiskey", "sleeping", "gambling"]
    close = [conversation(f"A{n}", *[matter, f"So it is {matter}."] * 3) for n, matter in enumerate(matters)]
    vague = [conversation(f"A{n}", *[matter, "So it is."] * 3) for n, matter in enumerate(matters)]
    found = uptake(close, "annomi")
    assert (found.own.value, found.other.value, found.difference.value) == (1, 0, 1)
    assert uptake(vague, "annomi").difference.value == 0


def test_culture_is_counted_with_the_replies_to_it() -> None:
    """Client turns with a wording of culture are counted, and replies to them apart from all others."""
    talks = [
        conversation("A1", "I pray a lot.", "What does praying give you?", "so", "Okay."),
        conversation("A2", "At church they know.", "Okay.", "hm", "Is it your faith?"),
    ]
    found = culture(talks, "annomi")
    assert (found.client_turns, found.spoken_of, found.sessions) == (4, 2, 2)
    assert (found.replies, found.taken_up, found.elsewhere) == (2, 1, 0.5)


def test_an_own_agenda_is_nearer_where_sessions_differ() -> None:
    """Sessions about different matters end nearer to their own beginning; sessions about one matter do not."""
    matters = ["smoking cigarettes", "drinking whiskey", "sleeping badly"]
    apart = [conversation(f"A{n}", *[matter, "What about it?"] * 8) for n, matter in enumerate(matters)]
    alike = [conversation(f"A{n}", *["smoking cigarettes", "What about it?"] * 8) for n in range(3)]
    assert own_agenda_nearer(apart, "annomi").value == 1
    assert own_agenda_nearer(alike, "annomi").value == 0.5


def row(talk: str, rating: float) -> RatedRow:
    """Return a rated client turn of a session."""
    return RatedRow(talk, f"video of {talk}", {}, rating)


def test_trajectories_are_compared_within_sessions() -> None:
    """A course that is right has no error; one that is a turn late is near by warping and far turn by turn."""
    ratings = [1.0, 1.0, 3.0, 1.0, 1.0, 1.0]
    rows = [row("A1", rating) for rating in ratings]
    right, late = trajectories(rows, np.array(ratings)), trajectories(rows, np.array([1.0, 1, 1, 3, 1, 1]))
    assert (right.sessions, right.with_correlation, right.rmse) == (1, 1, 0)
    assert right.correlation == pytest.approx(1)
    assert late.correlation < 0
    assert late.dtw == 0 < late.rmse


def test_sessions_with_few_rated_turns_are_left_out() -> None:
    """A session with fewer than six rated turns is not compared, and a flat one has no correlation."""
    rows = [*(row("A1", 2.0) for _ in range(5)), *(row("A2", 1.0) for _ in range(6))]
    found = trajectories(rows, np.full(len(rows), 1.5))
    assert (found.sessions, found.with_correlation, found.rmse) == (1, 0, 0.5)

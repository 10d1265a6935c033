"""Pairs of turns: a counsellor's turn with the client's turns around it, within one session."""

import pandas as pd
import pytest

from plugin.studies.turn_pairs import turn_pairs, within_sessions
from stream.contracts.errors import Misconfigured
from tests.plugin.studies.simulated import table


def said(*turns: tuple[str, int, str, float]) -> pd.DataFrame:
    """Return turns as session, number, role and measure: of a client `words`, of a counsellor `asks`."""
    return pd.DataFrame(
        [
            {"session": session, "turn": turn, "role": role, ("words" if role == "client" else "asks"): measure}
            for session, turn, role, measure in turns
        ]
    )


TWO = said(
    ("a", 1, "client", 10), ("a", 2, "counsellor", 1), ("a", 3, "client", 20), ("a", 4, "counsellor", 2),
    ("a", 5, "client", 30), ("b", 1, "counsellor", 3), ("b", 2, "client", 40), ("b", 3, "counsellor", 4),
    ("b", 4, "client", 50), ("b", 5, "counsellor", 5),
)  # fmt: skip


def test_a_pair_has_both_client_turns_of_its_session() -> None:
    """A counsellor turn without a client turn before or after it in its session is no pair."""
    pairs = turn_pairs(table(TWO, "turns.csv"), ["words"], ["asks"])
    assert pairs[["session", "asks", "words_before", "words"]].to_numpy().tolist() == [
        ["a", 1, 10, 20], ["a", 2, 20, 30], ["b", 4, 40, 50],
    ]  # fmt: skip
    assert pairs["asks_own_before"].isna().tolist() == [True, False, False]
    assert pairs["place"].tolist() == [0.25, 0.75, 0.5]


def test_the_order_of_rows_does_not_matter() -> None:
    """Turns are put in their order, however the file has them; a tenth turn follows the ninth."""
    many = said(*[("a", turn, "client" if turn % 2 else "counsellor", turn) for turn in range(1, 14)])
    shuffled = table(many.sample(frac=1, random_state=1).reset_index(drop=True), "turns.csv")
    assert turn_pairs(shuffled, ["words"], ["asks"])["asks"].tolist() == [2, 4, 6, 8, 10, 12]


def test_groups_are_sessions_unless_the_table_says_otherwise() -> None:
    """Without a column `group` each session is one; with it, sessions of one source are one."""
    assert turn_pairs(table(TWO), ["words"], ["asks"])["group"].tolist() == ["a", "a", "b"]
    assert turn_pairs(table(TWO.assign(group="v")), ["words"], ["asks"])["group"].tolist() == ["v"] * 3


def test_turns_that_do_not_alternate_are_refused() -> None:
    """Two turns of one role in a row are no turns, and a system is nobody's turn."""
    with pytest.raises(Misconfigured, match="in session a one role has two turns in a row"):
        turn_pairs(table(said(("a", 1, "client", 1), ("a", 2, "client", 2))), ["words"], [])
    with pytest.raises(Misconfigured, match="neither client nor counsellor"):
        turn_pairs(table(said(("a", 1, "client", 1), ("a", 2, "system", 2))), ["words"], [])


def test_distances_are_from_the_mean_of_the_session() -> None:
    """Distances within a session sum to nothing, and session means are told from the mean of all."""
    pairs = turn_pairs(table(TWO), ["words"], ["asks"])
    distance, mean = within_sessions(pairs, "asks")
    assert distance.tolist() == [-0.5, 0.5, 0]
    assert (distance + mean + pairs["asks"].mean()).tolist() == pairs["asks"].tolist()

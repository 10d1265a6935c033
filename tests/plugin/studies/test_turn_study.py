"""From turn to turn: a known effect within sessions is found, one between sessions is not. All is simulated."""

import pandas as pd
import pytest

from plugin.studies.turn_study import Equation, run_turn_study
from stream.contracts.errors import Misconfigured
from tests.plugin.studies.simulated import table, turns, turns_question


def equation(frame: pd.DataFrame, **changes: object) -> Equation:
    """Return the first equation of a study of these turns."""
    return run_turn_study(turns_question(**changes), table(frame, "turns.csv")).equations[0]


def test_a_known_effect_and_its_moderator_are_found() -> None:
    """An effect of 0.5 and how rapport changes it lie in their intervals; what has no effect is not told apart."""
    found = equation(turns(60, 21, 0.5, moderated=0.3))
    asks, tells = found.effects
    assert asks.says(0.05) == "higher, as expected"
    assert tells.says(0.05) == "not told apart from no effect"
    assert found.moderated[0].says(0.05) == "higher"
    assert found.moderated[1].says(0.05) == "not told apart from no effect"
    assert (found.pairs, found.sessions, found.groups) == (600, 60, 60)


def test_what_differs_between_sessions_is_no_effect() -> None:
    """Clients who say much are asked much in these sessions, and still no effect of one turn is found."""
    found = equation(turns(60, 21, 0.0), moderator=None)
    assert [each.says(0.05) for each in found.effects] == ["not told apart from no effect"] * 2
    assert found.moderated == found.moderator == ()


def test_a_binary_outcome_gives_odds() -> None:
    """Of an outcome of 0 and 1 the effect is a ratio of odds, below 1 where there is less of it."""
    found = equation(turns(60, 21, 0.8), outcomes=[{"column": "resists", "binary": True}])
    assert found.effects[0].none == 1
    assert found.effects[0].value is not None
    assert 0 < found.effects[0].value < 1
    assert found.effects[0].says(0.05) == "lower, against what was expected"


def test_an_outcome_that_is_not_binary_is_not_called_so() -> None:
    """A column with other numbers than 0 and 1 is refused as binary."""
    with pytest.raises(Misconfigured, match="calls words binary"):
        equation(turns(30, 11, 0.5), outcomes=[{"column": "words", "binary": True}])


@pytest.mark.parametrize(
    ("frame", "said"),
    [(turns(30, 5, 0.5), "60 pairs known, 100 needed"), (turns(19, 21, 0.5), "19 groups, 20 needed")],
)
def test_too_little_is_said_and_not_estimated(frame: pd.DataFrame, said: str) -> None:
    """With too few pairs or groups there is a reason instead of a figure."""
    found = equation(frame)
    assert {each.says(0.05) for each in found.effects} == {said}
    assert all(each.value is None for each in found.effects)


def test_what_does_not_vary_within_sessions_is_not_estimated() -> None:
    """A measure that is the same in all turns of a session cannot go with what differs between them."""
    found = equation(turns(30, 21, 0.5).assign(tells=lambda given: given["session"]))
    assert {each.says(0.05) for each in found.effects} == {"tells does not vary within sessions"}


def test_what_is_rare_is_not_estimated() -> None:
    """A binary outcome that hardly ever happens has no figure."""
    frame = turns(30, 21, 0.5)
    frame.loc[frame["resists"] == 1, "resists"] = 0
    found = equation(frame, outcomes=[{"column": "resists", "binary": True}])
    assert found.effects[0].says(0.05) == "too rare: 20 turns with 1 and with 0 are needed"


def test_missing_and_excluded_pairs_are_counted() -> None:
    """A pair that lacks a value is left out and counted; a rule may use a column that nothing else does."""
    frame = turns(40, 21, 0.5)
    frame["length"] = [
        float(turn) if role == "counsellor" else None for turn, role in zip(frame["turn"], frame["role"], strict=True)
    ]
    frame.loc[(frame["turn"] == 10), "tells"] = None
    rule = {"column": "length", "below": 4, "because": "too short"}
    result = run_turn_study(turns_question(exclude=[rule]), table(frame, "turns.csv"))
    assert result.left_out == {"too short": 40}
    assert result.missing == {"tells": 40}
    assert result.equations[0].pairs == 40 * (10 - 2)


def test_the_way_back_is_described_and_not_tested() -> None:
    """What the client did before, and what the counsellor does then, is described without a corrected p-value."""
    frame = turns(40, 21, 0.5)
    back = run_turn_study(turns_question(), table(frame, "turns.csv")).back
    assert [(each.predictor, each.outcome) for each in back] == [("words", "asks"), ("words", "tells")]
    assert {each.says(0.05) for each in back} == {"described only"}

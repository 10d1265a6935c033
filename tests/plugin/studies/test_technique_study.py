"""Techniques against outcomes: a known effect is found with its size, none where there is none. All is simulated."""

import numpy as np
import pandas as pd
import pytest

from plugin.studies.effects import Effect
from plugin.studies.technique_study import LEAST_WITH, run_technique_study
from stream.contracts.errors import Misconfigured
from tests.plugin.studies.simulated import sessions, table, techniques_question


def effects(frame: pd.DataFrame, **changes: object) -> dict[str, Effect]:
    """Return the effects of a study of these sessions, by predictor."""
    found = run_technique_study(techniques_question(**changes), table(frame), None)
    return {each.predictor: each for each in found.effects}


def test_a_known_effect_is_found_with_its_size_and_nothing_besides() -> None:
    """An effect of 0.5 lies in its interval and is told apart from none; a predictor without effect is not."""
    frame = sessions(300, 0.5)
    found = effects(frame)
    asked, other = found["reflection"], found["question"]
    truth = 0.5 * frame["reflection"].std() / frame["outcome"].std()
    assert asked.low is not None
    assert asked.high is not None
    assert asked.low < truth < asked.high
    assert asked.says(0.05) == "higher, as expected"
    assert asked.per_unit == pytest.approx(0.5, abs=0.15)
    assert other.says(0.05) == "not told apart from no effect"


def test_no_effect_is_found_where_there_is_none_as_often_as_was_promised() -> None:
    """Of twenty simulated studies without any effect at most three find one: one is what 5 % leads to expect."""
    found = [effects(sessions(75, 0.0, seed)) for seed in range(20)]
    assert sum(any(each.is_told_apart(0.05) for each in one.values()) for one in found) <= 3


def test_people_with_several_sessions_are_modelled() -> None:
    """With counsellors who differ the interval holds the effect, and it is the mixed model that gives it."""
    frame = sessions(200, 0.4, counsellor=(12, 1.5))
    asked = techniques_question(no_counsellors_because=None)
    result = run_technique_study(asked, table(frame), None)
    assert [each.problem for each in result.groupings] == [None]
    effect = result.effects[0]
    alone = effects(frame.drop(columns="counsellor"))["reflection"]
    assert effect.per_unit == pytest.approx(0.4, abs=0.15)
    assert effect.low is not None and effect.high is not None  # noqa: PT018
    assert alone.low is not None and alone.high is not None  # noqa: PT018
    assert effect.high - effect.low < alone.high - alone.low


def test_clients_are_modelled_within_their_counsellors() -> None:
    """With clients and counsellors who come several times both are in the model."""
    frame = sessions(120, 0.5, counsellor=(8, 0.5))
    frame["client"] = [f"{name}-{place % 7}" for place, name in enumerate(frame["counsellor"])]
    result = run_technique_study(techniques_question(no_counsellors_because=None), table(frame), None)
    assert [each.problem for each in result.groupings] == [None, None]
    assert result.effects[0].says(0.05) == "higher, as expected"


def test_what_is_too_rare_or_too_little_is_not_estimated() -> None:
    """A technique in fewer than ten sessions, or fewer than twenty sessions in all, give no figure but a reason."""
    frame = sessions(60, 0.5)
    frame["question"] = np.where(frame.index < LEAST_WITH - 1, 1.0, 0.0)
    assert effects(frame)["question"].says(0.05) == "too rare: 9 sessions have any, 10 needed"
    assert effects(sessions(19, 0.5))["reflection"].says(0.05) == "19 sessions known, 20 needed"


def test_what_does_not_vary_is_not_estimated() -> None:
    """A measure that is the same in every session explains nothing and is explained by nothing."""
    assert effects(sessions(40, 0.5).assign(question=1.0))["question"].says(0.05) == "question does not vary"
    assert effects(sessions(40, 0.5).assign(before=3))["reflection"].says(0.05) == "before does not vary"


def test_exclusions_are_counted_by_their_reason() -> None:
    """Each rule says how many sessions it left out; a session counts for the first rule that does."""
    rules = [
        {"column": "before", "below": -1, "because": "low"},
        {"column": "reflection", "above": 1, "because": "high"},
    ]
    frame = sessions(100, 0.5)
    result = run_technique_study(techniques_question(exclude=rules), table(frame), None)
    low = int((frame["before"] < -1).sum())
    high = int(((frame["before"] >= -1) & (frame["reflection"] > 1)).sum())
    assert result.left_out == {"low": low, "high": high}
    assert result.effects[0].rows == 100 - low - high


def test_missing_values_are_counted_left_out_and_drawn() -> None:
    """Sessions that lack a value are left out and counted, and the effect is given again with values drawn."""
    frame = sessions(200, 0.5)
    frame.loc[frame.index % 4 == 0, "before"] = np.nan
    result = run_technique_study(techniques_question(), table(frame), None)
    assert result.missing == {"before": 50}
    assert {each.rows for each in result.effects} == {150}
    assert {each.rows for each in result.imputed} == {200}
    assert result.imputed[0].says(0.05) == "higher, as expected"
    again = run_technique_study(techniques_question(), table(frame), None)
    assert again.imputed == result.imputed, "the same seed draws the same values"


def test_shares_come_from_the_codes_of_counsellor_turns() -> None:
    """A share is that of the coded counsellor turns; turns of clients and turns without a code do not count."""
    frame = sessions(40, 0.5)
    codes = ["affirmation", "information", None, "affirmation"]
    turns = pd.DataFrame(
        [
            {"session": session, "turn": turn, "role": "counsellor", "code": codes[(session + turn) % 4]}
            for session in range(40)
            for turn in range(session % 3 + 2)
        ]
        + [{"session": session, "turn": 99, "role": "client", "code": "affirmation"} for session in range(40)]
    )
    asked = techniques_question(predictors=[{"name": "kind", "share_of": ["affirmation", "emphasize_autonomy"]}])
    coded = turns[(turns["role"] == "counsellor") & turns["code"].notna()]
    shares = coded.assign(hit=coded["code"] == "affirmation").groupby("session")["hit"].mean()
    result = run_technique_study(asked, table(frame), table(turns, "turns.csv"))
    assert result.effects[0].rows == len(shares)
    with pytest.raises(Misconfigured, match="need a table of turns"):
        run_technique_study(asked, table(frame), None)


def test_the_change_from_before_is_reported() -> None:
    """The mean change has its interval, its unit and its size by the spread before."""
    frame = sessions(100, 0.0).assign(outcome=lambda given: given["before"] + 1)
    frame.loc[0, "outcome"] += 0.5
    (change,) = run_technique_study(techniques_question(), table(frame), None).changes
    assert change.mean == pytest.approx(1.005)
    assert change.low < change.mean < change.high
    assert change.standardized == pytest.approx(1.005 / frame["before"].std())


def test_a_session_there_twice_is_refused() -> None:
    """A session that is there twice would count twice, so it is refused."""
    frame = sessions(30, 0.5)
    frame.loc[1, "session"] = 0
    with pytest.raises(Misconfigured, match="line 3: session is missing or there twice"):
        run_technique_study(techniques_question(), table(frame), None)

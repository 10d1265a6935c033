"""Precision and recall of what is shown, from the answers of blind looks."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from plugin.queue.look_views import LookAnswer, MachineOpinion, TurnAnswers
from plugin.queue.sample_estimates import LookedAt, VersionName, estimates

YES, NO, UNSURE = LookAnswer.YES, LookAnswer.NO, LookAnswer.UNSURE
VERSION = VersionName("CPU baseline", "baseline|0.1", "linear 0.1 (gate)")
answers = st.sampled_from(LookAnswer)


def turn(
    session: int,
    said: LookAnswer,
    *,
    shown: bool,
    critical: LookAnswer = NO,
    sign: bool = False,
    possible: bool = False,
) -> LookedAt:
    """Return one turn of a look."""
    verdict = "confirmed" if shown else None
    opinion = MachineOpinion(shown, verdict, needs_human=None, critical=sign, possible_critical=possible)
    return LookedAt(session, VERSION, TurnAnswers(said, critical), opinion)


turns = st.builds(turn, st.integers(0, 30), answers, shown=st.booleans(), critical=answers, sign=st.booleans())


def test_precision_and_recall_are_of_the_turns_shown_and_of_those_called_resistance() -> None:
    """30 of 40 shown turns are called resistance, and 30 of 60 turns that are called so were shown."""
    looked_at = [turn(n, YES, shown=True) for n in range(30)] + [turn(n, NO, shown=True) for n in range(10)]
    looked_at += [turn(n, YES, shown=False) for n in range(30)] + [turn(n, NO, shown=False) for n in range(30)]
    (found,) = estimates(looked_at)
    assert (found.precision.value, found.precision.turns, found.precision.sessions) == (0.75, 40, 30)
    assert (found.recall.value, found.recall.turns) == (0.5, 60)
    assert (found.sessions, found.turns, found.unsure) == (30, 100, 0)


def test_critical_content_is_estimated_likewise() -> None:
    """20 of 25 signs are right, and 20 of 40 turns that speak of critical content have one."""
    looked_at = [turn(n, NO, shown=False, critical=YES, sign=True) for n in range(20)]
    looked_at += [turn(n, NO, shown=False, critical=NO, sign=True) for n in range(5)]
    looked_at += [turn(n, NO, shown=False, critical=YES) for n in range(20)]
    (found,) = estimates(looked_at)
    assert (found.critical_precision.value, found.critical_recall.value) == (0.8, 0.5)


def test_a_possible_sign_counts_for_recall_and_has_a_precision_of_its_own() -> None:
    """Of 40 critical turns 30 have a sign; 18 of 20 sure signs are right, and 12 of 30 possible ones."""
    looked_at = [turn(n, NO, shown=False, critical=YES, sign=True) for n in range(18)]
    looked_at += [turn(n, NO, shown=False, critical=NO, sign=True) for n in range(2)]
    looked_at += [turn(n, NO, shown=False, critical=YES, possible=True) for n in range(12)]
    looked_at += [turn(n, NO, shown=False, critical=NO, possible=True) for n in range(18)]
    looked_at += [turn(n, NO, shown=False, critical=YES) for n in range(10)]
    (found,) = estimates(looked_at)
    assert (found.critical_precision.value, found.possible_precision.value) == (0.9, 0.4)
    assert found.critical_recall.value == 0.75


@given(st.lists(turns, min_size=1, max_size=120), st.integers(0, 30))
def test_a_turn_of_which_she_is_unsure_counts_for_nothing_but_itself(looked_at: list[LookedAt], session: int) -> None:
    """An unsure turn is counted as such and changes no estimate of resistance."""
    (before,) = estimates(looked_at)
    (after,) = estimates([*looked_at, turn(session, UNSURE, shown=True)])
    assert (after.precision, after.recall) == (before.precision, before.recall)
    assert (after.unsure, after.turns) == (before.unsure + 1, before.turns + 1)


@given(st.lists(turns, min_size=1, max_size=60), st.lists(turns, min_size=1, max_size=60))
def test_versions_are_never_mixed(ours: list[LookedAt], theirs: list[LookedAt]) -> None:
    """Each version has the estimate that it has alone, whether model or detector differ."""
    for other in (replace(VERSION, version="baseline|0.2"), replace(VERSION, detector="linear 0.2 (gate)")):
        of_others = [replace(each, version=other) for each in theirs]
        assert estimates([*ours, *of_others]) == (*estimates(ours), *estimates(of_others))


def test_no_look_gives_no_estimate() -> None:
    """Without a look nothing is said."""
    assert estimates([]) == ()


def test_only_turns_without_signs_make_recall_zero_and_no_precision() -> None:
    """A machine that shows nothing has a recall of 0 and no precision at all."""
    (found,) = estimates([turn(n, YES, shown=False) for n in range(25)])
    assert found.recall.value == 0
    assert (found.precision.value, found.precision.turns) == (None, 0)

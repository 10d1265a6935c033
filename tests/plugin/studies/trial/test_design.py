"""The design of a trial: enough people, and assignment by chance that is fair and can be checked."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.studies.question import TrialQuestion
from plugin.studies.trial.design import assign, people_needed, shuffled, smallest_effect_of
from plugin.studies.trial.items import items_of, load_items
from plugin.studies.trial.report import plan_lines
from stream.detection.lexicons import find_concerns

NAMES = st.sets(st.text("abcdef0123", min_size=1, max_size=6), min_size=1, max_size=60)


def trial_question(**changes: object) -> TrialQuestion:
    """Return the question of a trial."""
    asked = {
        "study": "trial",
        "title": "A trial",
        "question": "Does it help?",
        "written_on": "2026-11-30",
        "seed": 3,
        "smallest_effect": 0.6,
    }
    return TrialQuestion.model_validate(asked | changes)


@given(names=NAMES, seed=st.integers(0, 10_000), strata=st.integers(1, 3))
def test_groups_and_forms_are_alike_in_every_stratum(names: set[str], seed: int, strata: int) -> None:
    """In each stratum the four combinations of group and form differ by at most one, whoever takes part."""
    participants = {name: str(place % strata) for place, name in enumerate(sorted(names))}
    made = assign(participants, seed)
    assert [each.participant for each in made] == sorted(names)
    for stratum in set(participants.values()):
        own = [each for each in made if participants[each.participant] == stratum]
        counts = Counter((each.group, each.first_form) for each in own)
        assert max(counts.values()) - (min(counts.values()) if len(counts) == 4 else 0) <= 1


@given(names=NAMES, seed=st.integers(0, 10_000))
def test_the_same_people_and_seed_give_the_same_assignment(names: set[str], seed: int) -> None:
    """Anybody can repeat the assignment, in whatever order the list is."""
    ordered = dict.fromkeys(sorted(names), "")
    turned = dict.fromkeys(sorted(names, reverse=True), "")
    assert assign(ordered, seed) == assign(turned, seed)


def test_chance_decides_who_gets_feedback() -> None:
    """Over many seeds each of eight people is in either group about as often."""
    made = [assign(dict.fromkeys("abcdefgh", ""), seed) for seed in range(400)]
    with_feedback = Counter(each.participant for one in made for each in one if each.group == "feedback")
    assert all(160 < count < 240 for count in with_feedback.values())


def test_the_second_form_is_the_other_one() -> None:
    """Nobody replies to the same turn twice."""
    (one,) = assign({"a": ""}, 1)
    assert {one.form("before"), one.form("after")} == {"A", "B"}


def test_more_people_find_smaller_effects() -> None:
    """The number of people that a plan asks for finds its effect, and is the textbook's without extras."""
    question = trial_question()
    needed = people_needed(question)
    assert smallest_effect_of(2 * needed, question) <= 0.6 < smallest_effect_of(2 * needed - 2, question)
    plain = trial_question(smallest_effect=0.5, before_after_correlation=0, alpha=0.2)  # a quarter of it is 5 %
    assert people_needed(plain) == 64


def test_a_plan_says_how_many_and_what_fewer_find() -> None:
    """The plan names the people of each group, a start that allows for loss, and what 43 people could find."""
    said = " ".join(plan_lines(trial_question()))
    assert f"Each group needs {people_needed(trial_question())} people" in said
    assert "43 people in all find a difference of" in said


def test_orders_of_one_seed_are_independent() -> None:
    """Two raters see the replies in different orders of chance, each of which can be repeated."""
    names = [str(number) for number in range(50)]
    one, other = (shuffled(names, 1, rater) for rater in ("rater-1", "rater-2"))
    assert sorted(one) == sorted(names)
    assert one != other != names
    assert one == shuffled(names, 1, "rater-1")


def test_the_forms_are_alike() -> None:
    """Each item of form A has one of form B with the same kind of resistance, and no item speaks of danger."""
    first, second = items_of("A"), items_of("B")
    assert [item.resistance for item in first] == [item.resistance for item in second]
    assert len({item.id for item in load_items()}) == len(first) + len(second) == 12
    assert not any(find_concerns(item.client) for item in load_items())


@pytest.mark.parametrize("change", [{"smallest_effect": 0}, {"power": 0.4}, {"before_after_correlation": 1}])
def test_a_plan_without_sense_is_refused(change: dict[str, float]) -> None:
    """An effect of nothing, a power below a half and scores that never change are refused."""
    with pytest.raises(ValueError):
        trial_question(**change)

"""The proportion of turns with its interval, as properties that hold for any answers."""

from hypothesis import given
from hypothesis import strategies as st

from plugin.queue.proportion import FEW_TURNS, MIN_SESSIONS, MIN_TURNS, Proportion, proportion

Clusters = list[tuple[int, int]]
cluster = st.sampled_from([(hits, turns) for turns in range(1, 7) for hits in range(turns + 1)])
enough = st.lists(cluster, min_size=MIN_TURNS, max_size=60)


def width(found: Proportion) -> float:
    """Return the width of an interval."""
    assert found.low is not None
    assert found.high is not None
    return found.high - found.low


@given(enough)
def test_the_value_lies_in_its_interval_and_the_interval_between_0_and_1(clusters: Clusters) -> None:
    """The value is the share of hits, and the interval holds it and is never a point."""
    found = proportion(clusters)
    assert found.value == sum(hits for hits, _ in clusters) / sum(turns for _, turns in clusters)
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert width(found) > 0


@given(enough, st.randoms(use_true_random=False))
def test_the_order_of_the_sessions_does_not_matter(clusters: Clusters, random: object) -> None:
    """Sessions in another order give the same number."""
    shuffled = list(clusters)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = proportion(clusters), proportion(shuffled)
    assert (one.turns, one.sessions, one.value) == (other.turns, other.sessions, other.value)
    assert abs(width(one) - width(other)) < 1e-9


@given(enough)
def test_the_same_turn_said_twice_in_its_session_tells_nothing_more(clusters: Clusters) -> None:
    """Turns that are alike within their session do not make the interval narrower, however many there are."""
    once = [(int(2 * hits > turns), 1) for hits, turns in clusters]
    assert width(proportion([(3 * hits, 3 * turns) for hits, turns in once])) >= width(proportion(once)) - 1e-9


@given(enough)
def test_four_times_the_sessions_make_the_interval_narrower(clusters: Clusters) -> None:
    """More sessions of the same kind tell more."""
    assert width(proportion(clusters * 4)) < width(proportion(clusters))


@given(enough)
def test_what_is_no_hit_has_the_mirrored_interval(clusters: Clusters) -> None:
    """The share of misses is one less the share of hits, with the interval turned round."""
    hits, misses = proportion(clusters), proportion([(turns - hits, turns) for hits, turns in clusters])
    assert hits.low is not None
    assert misses.high is not None
    assert abs(hits.low - (1 - misses.high)) < 1e-9


@given(enough)
def test_sessions_without_such_a_turn_change_nothing(clusters: Clusters) -> None:
    """A session in which nothing was shown says nothing of precision."""
    assert proportion([*clusters, (0, 0), (0, 0)]) == proportion(clusters)


def test_all_hits_count_each_session_once() -> None:
    """Where every turn answers alike the interval is that of as many turns as there are sessions, and no point."""
    many, few = proportion([(10, 10)] * 20), proportion([(1, 1)] * 20)
    assert many.value == few.value == 1
    assert (many.low, many.high) == (few.low, few.high)
    assert many.low is not None
    assert 0.8 < many.low < 0.9


def test_it_agrees_with_wilson_for_single_turns() -> None:
    """With one turn a session the interval is nearly Wilson's for independent turns: 60 of 100 gives 50 % to 69 %."""
    found = proportion([(1, 1)] * 60 + [(0, 1)] * 40)
    assert found.low is not None
    assert found.high is not None
    assert abs(found.low - 0.502) < 0.005
    assert abs(found.high - 0.691) < 0.005


def test_nothing_is_estimated_from_too_little() -> None:
    """Below the least number of turns or of sessions there are counts, and no value and no interval."""
    assert proportion([]) == Proportion(0, 0)
    assert proportion([(1, 1)] * (MIN_TURNS - 1)) == Proportion(MIN_TURNS - 1, MIN_TURNS - 1)
    assert proportion([(5, 10)] * (MIN_SESSIONS - 1)) == Proportion(10 * (MIN_SESSIONS - 1), MIN_SESSIONS - 1)
    assert proportion([(1, 2)] * MIN_SESSIONS).value == 0.5


def test_few_turns_are_called_few() -> None:
    """An estimate says whether it rests on few turns."""
    assert proportion([(1, 2)] * (FEW_TURNS // 2 - 1)).is_few
    assert not proportion([(1, 2)] * (FEW_TURNS // 2)).is_few

"""Tests of how far reviews have come, against what the labels of random reviews say one by one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.queue.review_states import NOT_BEGUN, _Moment, _state
from plugin.queue.review_views import Judgement, ReviewProgress
from plugin.queue.statements import MOMENT

WHOLE, OTHER = str(MOMENT), "rating:stance_alignment"
SAID = st.dictionaries(st.sampled_from([WHOLE, OTHER, "verdict"]), st.sampled_from(Judgement))
MOMENTS = st.lists(st.builds(_Moment, shown=st.booleans(), is_answered=st.booleans(), said=SAID), max_size=4)


@settings(max_examples=200)
@given(MOMENTS)
def test_a_state_says_what_the_labels_say(moments: list[_Moment]) -> None:
    """Moments that are shown are counted, and done where the moment as a whole was judged and that was not undone."""
    for each in moments:
        each.said = each.said if each.is_answered else {}  # a label belongs to an answer
    found = _state(moments)
    shown = [each for each in moments if each.shown]
    given_ = [(name, said) for each in shown for name, said in each.said.items() if said is not Judgement.UNDONE]
    whole = [name for name, _ in given_ if name == WHOLE]
    assert found.moments == len(shown)
    assert (found.progress is None) == (not given_)
    if given_:
        assert found.progress == ReviewProgress(len(whole), len(given_) - len(whole))
    answered = [each for each in shown if each.is_answered]
    assert found.is_reviewed == (bool(answered) and len(whole) == len(answered))
    changes = {Judgement.WITHHELD, Judgement.CORRECTED}
    assert found.is_changed == any(said in changes for each in moments for said in each.said.values())


def test_nothing_is_not_begun() -> None:
    """A session without a moment has the state of one that nobody has begun."""
    assert _state([]) == NOT_BEGUN

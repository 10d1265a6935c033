"""The words for a refused step."""

from plugin.queue.refusals import REFUSED
from plugin.queue.views import DecisionOutcome


def test_every_refusal_of_one_step_has_words() -> None:
    """Each outcome of a single step that is neither done nor a 404 has a title and a sentence."""
    of_several = {DecisionOutcome.NOT_READ}  # named beside each session, where several are released
    silent = {DecisionOutcome.DONE, DecisionOutcome.NOT_FOUND} | of_several
    assert set(REFUSED) == set(DecisionOutcome) - silent
    assert all(title and sentence.endswith(".") for title, sentence in REFUSED.values())

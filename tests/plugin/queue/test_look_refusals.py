"""The words for a refused blind look."""

from plugin.queue.look_refusals import LOOK_REFUSED
from plugin.queue.look_views import LookOutcome


def test_every_refusal_of_a_look_has_words() -> None:
    """Each outcome that is neither done nor a 404 has a title and a sentence."""
    assert set(LOOK_REFUSED) == set(LookOutcome) - {LookOutcome.DONE, LookOutcome.NOT_FOUND}
    assert all(title and sentence.endswith(".") for title, sentence in LOOK_REFUSED.values())

"""A therapist's evening: they read what was released, practise another reply beside it, and remove it again."""

from collections.abc import Callable

import pytest

from tests.browser.visitor import Visitor
from tests.plugin.web.conftest import RELEASED, SUPERVISOR, THERAPIST, address
from tests.plugin.web.test_practice_pages import REPLY

Visit = Callable[..., Visitor]


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_therapist_practises_alone(visit: Visit, *, javascript: bool) -> None:
    """A rewritten reply is rated at once and stands beside the original, for its author alone, who removes it."""
    # given: a therapist before a moment of his own
    jonas = visit(checked=javascript, javascript=javascript)
    jonas.log_in(THERAPIST)
    jonas.open(address(RELEASED.session_id))
    # when: he writes what he would say today
    jonas.unfold("Practise: what would you write now?")
    jonas.fill("Your reply, rewritten", REPLY, jonas.part("practice1"))
    jonas.press("Have it rated", jonas.part("practice1"))
    # then: both replies stand beside each other, and nobody else sees his
    jonas.sees(REPLY)
    maria = visit(checked=False, javascript=javascript)
    maria.log_in(SUPERVISOR)
    maria.open(address(RELEASED.session_id))
    maria.does_not_see(REPLY)
    # and: he removes it
    jonas.press("Remove this attempt", jonas.part("practice1"))
    jonas.does_not_see(REPLY)

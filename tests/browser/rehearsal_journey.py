"""A therapist rehearses with a written client: they choose who it is, reply until it opens up, and delete it again."""

from collections.abc import Callable

import pytest

from tests.browser.keyboard_journey import Keyboard
from tests.browser.visitor import Visitor
from tests.plugin.web.conftest import SUPERVISOR, THERAPIST

Visit = Callable[..., Visitor]
REPLY = "It is up to you. What would help today?"


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_therapist_rehearses_alone(visit: Visit, *, javascript: bool) -> None:
    """Each reply is rated at once and the client goes on, until it opens up; nobody else sees it, and it is deleted."""
    # given: a therapist who chooses a client
    jonas = visit(checked=javascript, javascript=javascript)
    jonas.log_in(THERAPIST)
    jonas.follow("Practise")
    jonas.page.get_by_label("Who writes").select_option("new-widow")
    jonas.page.get_by_label("How the client resists").select_option("minimizing")
    jonas.page.get_by_label("mildly", exact=True).check()
    jonas.press("Begin")
    jonas.sees("A widow with a quiet house", "Resists mildly: minimizing")
    address = jonas.page.url
    # when: they reply, and half of it is heard in each reply
    for number in (1, 2, 3):
        jonas.fill("Your reply", f"{REPLY} {number}")
        jonas.press("Send")
        jonas.sees(f"Your reply {number}", f"{REPLY} {number}", "An example, not the answer.")
    # then: the client has opened up, and nobody else sees any of it
    jonas.sees("The client opened up.")
    maria = visit(checked=False, javascript=javascript)
    maria.log_in(SUPERVISOR)
    maria.open(address)
    maria.does_not_see(REPLY)
    # and: they delete it
    jonas.unfold("Delete this rehearsal")
    jonas.press("Delete it")
    jonas.is_at("/rehearsals")
    jonas.does_not_see("Your rehearsals")


def test_a_reply_is_sent_by_keyboard(visit: Visit) -> None:
    """The box and its button are reached by the tabulator, and after a reply the focus stays at the end of the talk."""
    jonas = visit(checked=False)
    jonas.log_in(THERAPIST)
    jonas.open("/rehearsals")
    jonas.press("Begin")
    keys = Keyboard(jonas.page)
    keys.tab_to("Your reply")
    jonas.page.keyboard.type(REPLY)
    keys.enter("Send")
    jonas.sees("Your reply 1", REPLY)
    assert jonas.page.evaluate("document.activeElement.id") == "send"

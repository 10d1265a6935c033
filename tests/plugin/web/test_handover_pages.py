"""Tests of hand-overs on the pages: what each person reads, the forms, and what a refusal says."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import create_engine

from plugin.database.engine import transaction
from plugin.database.viewer import AccountRole
from plugin.queue.accounts import NewAccount, insert_account
from plugin.queue.handover_views import MAX_REASON
from plugin.queue.passwords import hash_password
from stream.contracts.feedback import FeedbackRecord
from tests.plugin.samples import NOW
from tests.plugin.web.conftest import PASSWORD, RELEASED, WAITING, Browser, address
from tests.plugin.web.samples import record
from tests.plugin.web.test_pages import HOSTILE, words_of

PAGE = address(WAITING.session_id)
REASON = "I am away until Monday."


@pytest.fixture
async def nele(browsers: Callable[[], Browser], page_database: str) -> Browser:
    """Return the browser of a second supervisor of the same team."""
    engine = create_engine(page_database)
    person = NewAccount("nele", PASSWORD, AccountRole.SUPERVISOR, "Nele Roth", teams=["North"])
    with transaction(engine) as session:
        insert_account(session, person, hash_password(PASSWORD), now=NOW)
    engine.dispose()
    browser = browsers()
    await browser.log_in("nele")
    return browser


async def hand_over(browser: Browser, to: str = "Nele Roth", reason: str = REASON) -> int:
    """Fill in the form that hands the session over, and return the status of the answer."""
    page = (await browser.get(PAGE)).text
    (colleague,) = re.findall(rf'<option value="([^"]+)">{to}', page)
    answer = await browser.post(f"{PAGE}/hand-over", seen=seen(page), colleague=colleague, reason=reason)
    return answer.status_code


def seen(page: str) -> str:
    """Return the number of hand-overs that the forms of a page carry."""
    (number,) = set(re.findall(r'name="seen" value="(\d+)"', page))
    return str(number)


def forms(page: str) -> set[str]:
    """Return the steps that a page has forms for."""
    return set(re.findall(r'action="/sessions/[^"/]+/(hand-over|send-back|take-over|claim|release|withhold)"', page))


async def test_each_person_reads_with_whom_a_session_is(supervisor: Browser, nele: Browser, lead: Browser) -> None:
    """The one who gets a session finds it first with the reason; others read with whom it is, and may take it over."""
    assert await hand_over(supervisor) == 303
    start = words_of((await nele.get("/")).text)
    assert "Handed over to you A colleague asks you to take these" in start
    assert "handed to you by Maria Keller" in start
    page = (await nele.get(PAGE)).text
    assert f"Handed to you by Maria Keller {REASON}" in words_of(page)
    assert forms(page) == {"hand-over", "send-back", "claim", "release", "withhold"}
    for browser, by in ((supervisor, "you"), (lead, "Maria Keller")):
        assert f"handed to Nele Roth by {by}" in words_of((await browser.get("/")).text)
        page = (await browser.get(PAGE)).text
        assert f"Handed to Nele Roth by {by} {REASON} Nele Roth reviews it and decides." in words_of(page)
        assert forms(page) == {"take-over"}


async def test_a_list_is_filtered_by_it(supervisor: Browser, nele: Browser) -> None:
    """The filter leaves what is with the reader, and says so."""
    await hand_over(supervisor)
    for browser, handed, found in ((nele, "me", True), (nele, "others", False), (supervisor, "others", True)):
        page = (await browser.get(f"/?handed={handed}")).text
        assert (address(WAITING.session_id) in page) is found
    assert "Filtered by handed over to you." in words_of((await nele.get("/?handed=me")).text)


async def test_it_is_sent_back_and_taken_over(supervisor: Browser, nele: Browser) -> None:
    """Nele sends it back to Maria, who sends it to the queue; each page leads back to the place of the hand-overs."""
    await hand_over(supervisor)
    page = (await nele.get(PAGE)).text
    answer = await nele.post(f"{PAGE}/send-back", seen=seen(page), to="sender", reason="So am I.")
    assert answer.headers["location"] == f"{PAGE}#handovers"
    page = (await supervisor.get(PAGE)).text
    assert "Sent back to you by Nele Roth So am I." in words_of(page)
    await supervisor.post(f"{PAGE}/send-back", seen=seen(page), to="queue", reason="Whoever comes first.")
    said = words_of((await nele.get(PAGE)).text)
    assert "Hand it over to a colleague" in said
    assert "3 hand-overs so far Maria Keller handed it over to Nele Roth on" in said
    assert "Maria Keller sent it back to the queue on" in said
    await hand_over(supervisor)
    page = (await supervisor.get(PAGE)).text
    await supervisor.post(f"{PAGE}/take-over", seen=seen(page), reason="It cannot wait.")
    assert "Taken over by you It cannot wait." in words_of((await supervisor.get(PAGE)).text)


@pytest.mark.usefixtures("nele")
async def test_a_step_on_an_old_page_is_refused_in_words(supervisor: Browser, lead: Browser) -> None:
    """Who acts on a page that has changed since, or on what is with another, reads why nothing was stored."""
    old = seen((await lead.get(PAGE)).text)
    await hand_over(supervisor)
    refused = await lead.post(f"{PAGE}/take-over", seen=old, reason=REASON)
    assert (refused.status_code, "It changed while you were reading" in refused.text) == (409, True)
    for form in ("claim", "release"):
        refused = await supervisor.post(f"{PAGE}/{form}", revision="1")
        assert (refused.status_code, "This session is with somebody else" in refused.text) == (409, True)


async def test_the_one_who_has_it_decides_and_it_is_over(
    supervisor: Browser, nele: Browser, therapist: Browser
) -> None:
    """After the release the hand-over stands on no list, its history stays, and the therapist reads nothing."""
    await hand_over(supervisor)
    await nele.get(PAGE)
    assert (await nele.post(f"{PAGE}/release", revision="1")).status_code == 303
    assert "handed to" not in words_of((await supervisor.get("/decided")).text)
    page = (await supervisor.get(PAGE)).text
    assert "1 hand-over so far" in words_of(page)
    assert forms(page) == {"withhold"}
    own = (await therapist.get(PAGE)).text
    for word in (REASON, "hand-over", "Handed"):
        assert word not in own, word


async def test_a_session_that_is_decided_has_no_forms(supervisor: Browser) -> None:
    """A released session cannot be handed over."""
    assert not forms((await supervisor.get(address(RELEASED.session_id))).text) & {"hand-over", "take-over"}


@pytest.mark.parametrize("reason", ["", " \r\n ", "x" * (MAX_REASON + 1)])
async def test_a_reason_is_required_and_has_a_limit(supervisor: Browser, nele: Browser, reason: str) -> None:
    """Nothing is handed over without a reason, or with one that is too long."""
    await nele.get("/")
    assert await hand_over(supervisor, reason=reason) == 400
    assert "Hand it over to a colleague" in words_of((await supervisor.get(PAGE)).text)


async def test_a_hostile_reason_is_text(supervisor: Browser, nele: Browser) -> None:
    """A reason is shown as text, at the top and in the history."""
    await hand_over(supervisor, reason=HOSTILE)
    page = (await nele.get(PAGE)).text
    assert page.count("&lt;script&gt;alert(1)") == 2
    assert "<script>" not in page


async def test_several_are_not_released_over_a_colleagues_head(
    supervisor: Browser, nele: Browser, put: Callable[[FeedbackRecord], None]
) -> None:
    """What was handed to a colleague meanwhile is named among several as not released."""
    put(other := record("other", "counsellor-1"))
    page = address(other.session_id)
    await supervisor.post(f"{page}/claim")
    await supervisor.get(page)
    await hand_over(supervisor)
    chosen = [f"{each.session_id}.1" for each in (WAITING, other)]
    answer = await supervisor.client.post("/release", data={"csrf": supervisor.token, "chosen": chosen})
    said = words_of(answer.text)
    assert "Not released: it was handed over to another supervisor." in said
    assert "Released. Its counsellor can read it." in said
    assert (await nele.get(PAGE)).status_code == 200

"""Tests of what the lead finds on the pages: every team's sessions, what was escalated, and decisions as the lead's."""

import pytest

from tests.plugin.web.conftest import ELSEWHERE, RELEASED, WAITING, Browser, address
from tests.plugin.web.test_dispute_pages import PAGE, colleague, dispute, forms_of, read, resolve
from tests.plugin.web.test_pages import sessions_on, words_of

__all__ = ["colleague"]


async def test_the_start_has_the_waiting_sessions_of_every_team(lead: Browser) -> None:
    """The lead's start page lists the sessions of both teams, says whose work it is, and that nobody is ranked."""
    page = (await lead.get("/")).text
    assert set(sessions_on(page)) == {str(WAITING.session_id), str(ELSEWHERE.session_id)}
    said = words_of(page)
    assert "2 sessions wait in all teams" in said
    assert "the page then says that the lead decided" in said
    assert "people are never ranked" in said
    assert "Lena Okafor · lead" in said


async def test_the_filter_has_the_counsellors_of_every_team(lead: Browser) -> None:
    """The lead filters by counsellors of both teams, opens their trends, and finds the sample of both."""
    start = await read(lead, "/")
    assert "Amara Diallo" in start
    assert "Jonas Weber" in start
    trends = await read(lead, "/trends")
    assert trends.index("Amara Diallo") < trends.index("Jonas Weber")
    assert "1 session waits for a look" in await read(lead, "/sample")


async def test_a_decision_of_the_lead_is_called_so(lead: Browser, supervisor: Browser) -> None:
    """The lead releases in a supervisor's place; the lists and the session's page say that it was the lead."""
    page = address(WAITING.session_id)
    await lead.get(page)
    await lead.post(f"{page}/release", revision="1", stands="none")
    assert "released by Lena Okafor, lead" in await read(supervisor, "/decided")
    assert "Released by Lena Okafor, lead on" in await read(supervisor, page)
    assert "released by Maria Keller · " not in await read(supervisor, page)


async def test_an_escalated_dispute_stands_first_on_the_leads_page(
    lead: Browser, therapist: Browser, supervisor: Browser, colleague: Browser
) -> None:
    """A dispute for which somebody else is asked goes to the lead, who decides it; supervisors read that it does."""
    await dispute(therapist)
    assert "Escalated to you" not in await read(lead, "/")
    await resolve(supervisor, "agreed")
    (form,) = forms_of((await therapist.get(PAGE)).text, "/escalate")
    await therapist.client.post(form.action, data=form.fields)
    start = (await lead.get("/")).text
    assert "Escalated to you" in words_of(start)
    assert sessions_on(start)[0] == str(RELEASED.session_id)
    assert "Lena Okafor can decide." in await read(therapist)
    assert "This was escalated, so the lead decides. Lena Okafor can decide." in await read(colleague)
    assert "This waits for somebody else" in await read(supervisor)
    assert forms_of((await colleague.get(PAGE)).text, "/resolve") == []
    await resolve(lead, "strong")
    assert "Lena Okafor : comes through clearly" in await read(therapist)
    assert "Escalated to you" not in await read(lead, "/")


async def test_the_therapist_is_told_of_the_lead(therapist: Browser, lead: Browser) -> None:
    """The form says that the lead may read a dispute and decide it, and the page names the lead among its readers."""
    await lead.get(PAGE)
    said = await read(therapist)
    assert "The supervisors of your team read this, and the lead may." in said
    assert "Somebody else than Maria Keller should decide: the lead, or else another supervisor" in said
    assert "Lena Okafor, lead" in said


async def test_the_leads_news_open_no_session(lead: Browser) -> None:
    """The page of news opens no session for the lead because it is new, and says what will appear there."""
    page = (await lead.get("/digest")).text
    assert sessions_on(page) == []
    assert "What was escalated" in words_of(page)
    assert "Disputes for which a counsellor asks for somebody else appear here, and what is handed to you." in words_of(
        page
    )


@pytest.mark.parametrize("page", ["/accounts", "/health", "/trail", "/trend"])
async def test_the_lead_has_no_page_of_another_role(lead: Browser, page: str) -> None:
    """Accounts, numbers of the machine, the trail and an own trend are not the lead's."""
    assert (await lead.get(page)).status_code == 404

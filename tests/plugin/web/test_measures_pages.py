"""Tests of measures on the pages: who reads them, of which revision, and that each is called unvalidated."""

from collections.abc import Callable

import pytest

from plugin.queue.store import Store
from plugin.queue.views import DecisionKind
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.measures import Absent
from stream.contracts.vocabulary import SessionState
from tests.plugin.samples import without_content
from tests.plugin.web.conftest import RELEASED, SUPERVISOR, WAITING, Browser, address
from tests.plugin.web.measured import measured
from tests.plugin.web.samples import record
from tests.plugin.web.test_pages import words_of

Put = Callable[..., None]
TITLE = "Measures of the whole session, unvalidated"


async def page_of(browser: Browser, stored: FeedbackRecord) -> str:
    """Return the page of a session."""
    return (await browser.get(address(stored.session_id))).text


async def test_without_measures_a_page_says_nothing_of_them(supervisor: Browser, therapist: Browser) -> None:
    """Where no session is measured no page has a part of it."""
    assert 'class="measures"' not in await page_of(supervisor, WAITING)
    assert 'class="measures"' not in await page_of(therapist, RELEASED)


async def test_a_supervisor_reads_what_the_cards_show(supervisor: Browser, put: Put) -> None:
    """A supervisor reads shares, a chart and a line for each turn, each with the word beside it, and nothing else."""
    put(measured(WAITING))
    page = await page_of(supervisor, WAITING)
    said = words_of(page)
    assert TITLE in said
    assert "Open question unvalidated 50 %" in said
    assert "Empathy from 1 to 5, over the turns of the session unvalidated" in said
    assert "Main technique unvalidated Empathy unvalidated" in said
    assert "<svg" in page
    assert "critical content" in said
    for hidden in ("Rapport", "3.3", "Peak", "4.4", "Apology"):
        assert hidden not in said.split(TITLE)[1]


async def test_a_therapist_reads_them_after_the_release(therapist: Browser, put: Put) -> None:
    """The therapist of a released session reads the same, and that it is no grade; of another there is no page."""
    put(measured(RELEASED))
    put(measured(WAITING))
    said = words_of(await page_of(therapist, RELEASED))
    assert TITLE in said
    assert "It is no grade of anybody" in said
    assert "Empathy unvalidated" in said
    assert (await therapist.get(address(WAITING.session_id))).status_code == 404


async def test_where_several_counsellors_wrote_no_therapist_reads_them(
    supervisor: Browser, therapist: Browser, put: Put, store: Store
) -> None:
    """In a session of two counsellors the mix is nobody's: the supervisor reads it, and neither of them does."""
    both = record("both", "counsellor-1", counsellors=("counsellor-1", "counsellor-2"))
    put(both)
    put(measured(both))
    maria = store.find_viewer(SUPERVISOR)
    assert maria is not None
    store.decide(maria, both.session_id, 1, DecisionKind.RELEASED)
    assert TITLE in words_of(await page_of(supervisor, both))
    page = await therapist.get(address(both.session_id))
    assert page.status_code == 200
    assert TITLE not in words_of(page.text)


async def test_only_the_revision_on_the_page_is_spoken_of(supervisor: Browser, put: Put) -> None:
    """What was said of another revision than the one that is read is not shown; a reopened session has no page."""
    put(measured(WAITING, revision=2))
    assert TITLE not in words_of(await page_of(supervisor, WAITING))
    put(without_content(record("waiting", "counsellor-1"), state=SessionState.REOPENED))
    assert (await supervisor.get(address(WAITING.session_id))).status_code == 404


@pytest.mark.parametrize("reason", [Absent.READER_FAILED, Absent.NAMES_NOT_TOLD])
async def test_why_nothing_is_said_is_said(supervisor: Browser, put: Put, reason: Absent) -> None:
    """Where nothing is said of a session the page says why, and shows no table."""
    put(measured(WAITING, absent=reason, measures=(), turns=()))
    part = (await page_of(supervisor, WAITING)).split('class="measures"')[1].split("</details>")[0]
    assert "read" in words_of(part)
    assert "<table" not in part


async def test_hostile_words_are_text(supervisor: Browser, put: Put) -> None:
    """The words that tell which turn a line is about are escaped as everywhere else."""
    put(measured(WAITING))
    part = (await page_of(supervisor, WAITING)).split('class="measures"')[1].split("</details>")[0]
    assert "&lt;b&gt;Nothing" in part
    assert "<b>Nothing" not in part

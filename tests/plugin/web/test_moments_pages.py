"""Tests of the page of moments across sessions: what it shows to whom, its filter, and the way through its pages."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from plugin.queue import moments_across
from plugin.queue.review_views import Judgement, Opinion
from plugin.queue.statements import level_of
from plugin.queue.store import Store
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.vocabulary import Level, Mechanism
from tests.plugin.web.conftest import ELSEWHERE, RELEASED, SUPERVISOR, WAITING, Browser, address
from tests.plugin.web.samples import START, record
from tests.plugin.web.test_queue_pages import links_of, words_of

Put = Callable[[FeedbackRecord], None]


async def test_a_supervisor_reads_levels_and_quotations_of_her_teams(supervisor: Browser) -> None:
    """Each moment has day, counsellor, behaviour, levels with quotations and its version, and links to its session."""
    page = (await supervisor.get("/moments")).text
    said = words_of(page)
    for words in (
        "Jonas Weber",
        "pessimism",
        "Stance Alignment",
        "you are worn out",
        "CPU baseline, rubric",
        "unvalidated",
    ):
        assert words in said
    assert "moments rated by" not in said  # a number about few counsellors
    for sent in (WAITING, RELEASED):
        assert f'href="{address(sent.session_id)}"' in page
    assert address(ELSEWHERE.session_id) not in page
    assert "don&#39;t see the point" not in page  # no message stands here, only what a level rests on


async def test_a_filter_stands_in_the_address_and_can_be_cleared(supervisor: Browser, store: Store) -> None:
    """A filtered page says by what, shows what is left with a supervisor's own level, and has a link to clear it."""
    maria = store.find_viewer(SUPERVISOR)
    assert maria is not None
    store.reviews.claim(maria, WAITING.session_id)
    answer, own = WAITING.assessments[0].assessment_id, Opinion(Judgement.CORRECTED, level=Level.STRONG)
    statement = level_of(Mechanism.STANCE_ALIGNMENT)
    store.reviews.judge(maria, WAITING.session_id, 1, answer, statement, own)
    page = (await supervisor.get("/moments?mechanism=stance_alignment&level=strong&own=differs")).text
    assert address(WAITING.session_id) in page
    assert address(RELEASED.session_id) not in page
    said = words_of(page)
    assert "Filtered by Stance Alignment: strong expression; a supervisor\u2019s own level is another" in said
    assert "Maria Keller:" in said
    assert links_of(page)["Clear the filter"] == "/moments"
    assert '<option value="strong" selected>' in page
    assert "No session has such a moment." in words_of((await supervisor.get("/moments?type=blaming")).text)


async def test_a_page_leads_to_older_moments_and_back(
    supervisor: Browser, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a page searched only the newest sessions it says so, and a link goes on with the same filter."""
    put(record("later", "counsellor-1", ended_at=START + timedelta(days=1)))
    monkeypatch.setattr(moments_across, "SEARCHED", 1)
    first = (await supervisor.get("/moments?type=pessimism")).text
    assert "The 1 newest sessions were searched" in words_of(first)
    onward = links_of(first)["Older moments \u2192"]
    assert onward.startswith("/moments?type=pessimism&after=")
    second = (await supervisor.get(onward)).text
    assert links_of(second)["\u2190 To the newest"] == "/moments?type=pessimism"
    assert "rated by" not in words_of(second).partition("Filter")[0]


async def test_each_reading_is_on_the_trail_and_its_therapist_sees_it(
    supervisor: Browser, therapist: Browser, store: Store
) -> None:
    """The page makes an entry for each session that it shows, and the therapist of a released one reads of it."""
    await supervisor.get("/moments")
    with store.engine.connect() as connection:
        found = connection.scalars(text("SELECT object_id FROM audit WHERE purpose = 'across sessions'")).all()
    assert set(found) == {str(WAITING.session_id), str(RELEASED.session_id)}
    page = (await therapist.get(address(RELEASED.session_id))).text
    assert "read quoted words of it among moments of several sessions" in words_of(page)


async def test_the_lead_finds_every_team_and_a_therapist_finds_no_such_page(lead: Browser, therapist: Browser) -> None:
    """The lead reads the moments of both teams; for a therapist the page does not exist."""
    page = (await lead.get("/moments")).text
    for sent in (WAITING, ELSEWHERE):
        assert address(sent.session_id) in page
    assert (await therapist.get("/moments")).status_code == 404


async def test_a_bad_address_gets_a_sentence_and_reads_nothing(supervisor: Browser, store: Store) -> None:
    """A hostile value is answered with a sentence that repeats nothing of it, and leaves no entry."""
    for query in ("level=weak", "type=%3Cscript%3E", "after=../../etc/passwd", "sort=counsellor", "therapist=1%27"):
        answer = await supervisor.get(f"/moments?{query}")
        assert answer.status_code == 400, query
        assert 'href="/moments"' in answer.text
        assert "<script>" not in answer.text
    with store.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM audit WHERE purpose = 'across sessions'")) == 0


async def test_a_shared_address_survives_the_login(browser: Browser) -> None:
    """Who opens a shared address logs in and gets the same moments."""
    await browser.get("/moments?type=pessimism")
    answer = await browser.log_in(SUPERVISOR)
    assert answer.headers["location"] == "/moments?type=pessimism"

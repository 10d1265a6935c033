"""Tests of the trend's pages: a therapist's own, and a supervisor's view of one therapist of her teams."""

import re
from collections.abc import Callable

from sqlalchemy import text

from plugin.queue.store import Store
from stream.contracts.vocabulary import Mechanism
from tests.plugin.samples import MODEL
from tests.plugin.web.conftest import OTHER_SUPERVISOR, OTHER_THERAPIST, THERAPIST, Browser
from tests.plugin.web.test_pages import HOSTILE, words_of

RATED_AGAIN = (
    "INSERT INTO reratings SELECT assessment_id, 'newer', false, session_id, CAST(:model AS jsonb), NULL, verdict,"
    " ratings, stored_at FROM answers"
)
NEWER = MODEL.model_copy(update={"weights": "0.2", "name": HOSTILE})


def link_to(page: str) -> str:
    """Return the address of the only therapist's trend on a page."""
    found: list[str] = re.findall(r'href="(/trends/[0-9a-f-]{36})"', page)
    (address,) = found
    return address


async def test_too_few_moments_have_a_sentence(therapist: Browser) -> None:
    """With one released moment a sentence says that it is too few, and no share is shown."""
    page = (await therapist.get("/trend")).text
    assert "1 moment so far." in words_of(page)
    assert "%" not in words_of(page).replace("95 %", "")
    assert "<svg" not in page


async def test_nothing_released_has_a_sentence(browser: Browser) -> None:
    """A therapist of whom nothing was released reads that."""
    await browser.log_in(OTHER_THERAPIST)
    assert "No moment has been released yet." in words_of((await browser.get("/trend")).text)


async def test_shares_stand_as_a_chart_and_as_a_table(therapist: Browser, release: Callable[..., None]) -> None:
    """Each mechanism has a chart and the same numbers as a table, with n and an interval beside each share."""
    release(11)
    page = (await therapist.get("/trend")).text
    assert page.count("<svg") == page.count("<table") == len(Mechanism)
    said = words_of(page)
    assert "3 Nov 2026 to 14 Nov 2026 12 100 % (76 to 100) 0 % (0 to 24) 0 % (0 to 24)" in said
    assert '<th scope="row">' in page
    assert page.count("<caption") == len(Mechanism)


async def test_a_new_version_begins_a_new_line(therapist: Browser, release: Callable[..., None]) -> None:
    """Moments of a newer version stand in a section of their own, and the page says so; its name is text."""
    release(11)
    release(3, begin=20, model=NEWER)
    said = words_of((await therapist.get("/trend")).text)
    assert "Another version of the model or the rubric began a new line." in said
    assert said.index("3 moments so far.") < said.index("100 % (76 to 100)")
    assert HOSTILE in said
    assert "15 moments" not in said


async def test_moments_that_were_rated_again_are_called_so(
    therapist: Browser, release: Callable[..., None], store: Store
) -> None:
    """The line of a later version says how many moments it rated again; the earlier line stands beside it without."""
    release(11)
    before = words_of((await therapist.get("/trend")).text)
    assert "rated by another version before" not in before
    with store._transaction() as session:
        session.execute(text(RATED_AGAIN), {"model": NEWER.model_dump_json()})
    said = words_of((await therapist.get("/trend")).text)
    assert said.count("12 of them were rated by another version before") == 1
    assert "began a new line" in said
    assert before.partition("Rated by")[2].partition(". ")[0] in said


async def test_a_supervisor_opens_one_therapist_at_a_time(
    supervisor: Browser, therapist: Browser, release: Callable[..., None]
) -> None:
    """A list names the therapists without a number, and each name opens the page that the therapist has too."""
    release(11)
    names = (await supervisor.get("/trends")).text
    assert "Jonas Weber" in names
    assert "Amara" not in names
    assert not re.search(r"\d+ %|\d+ moment", words_of(names))
    hers, own = (await supervisor.get(link_to(names))).text, (await therapist.get("/trend")).text
    assert "Trend of Jonas Weber" in words_of(hers)
    assert re.findall(r"<table>.*?</table>", hers, flags=re.DOTALL) == re.findall(
        r"<table>.*?</table>", own, flags=re.DOTALL
    )


async def test_another_teams_supervisor_gets_no_trend(supervisor: Browser, browsers: Callable[[], Browser]) -> None:
    """The address of a therapist of another team does not exist, nor does it for a therapist."""
    address = link_to((await supervisor.get("/trends")).text)
    for person in (OTHER_SUPERVISOR, OTHER_THERAPIST, THERAPIST, "otto"):
        browser = browsers()
        await browser.log_in(person)
        assert (await browser.get(address)).status_code == 404
    assert (await supervisor.get(address)).status_code == 200


async def test_the_trail_says_who_looked(supervisor: Browser, store: Store) -> None:
    """A supervisor's look has an entry about the therapist's account, which their own export shows."""
    address = link_to((await supervisor.get("/trends")).text)
    await supervisor.get(address)
    with store._transaction() as session:
        found = session.execute(text("SELECT object_id, role, outcome FROM audit WHERE purpose = 'trend'")).all()
    assert [tuple(row) for row in found] == [(address.removeprefix("/trends/"), "supervisor", "done")]

"""Tests of saved views on the pages: links above the list, the form that saves one, and the page that changes them."""

import re

import pytest

from plugin.queue.view_names import MAX_VIEW_NAME, MAX_VIEWS
from tests.plugin.web.conftest import Browser
from tests.plugin.web.test_pages import HOSTILE, words_of

FILTERED = "/?need=unanswered&sort=age"


async def save(browser: Browser, name: str, query: str = "need=unanswered&sort=age") -> int:
    """Save a view of the waiting list with a filter, and return the status of the answer."""
    await browser.get(f"/?{query}")
    return (await browser.post(f"/views?{query}", name=name)).status_code


def links(page: str) -> list[tuple[str, str]]:
    """Return the address and the name of each view above the list."""
    found = re.search(r'<nav class="views".*?</nav>', page, re.DOTALL)
    return [] if found is None else re.findall(r'<a href="([^"]+)"[^>]* dir="auto">([^<]*)</a>', found[0])


def actions(page: str, step: str) -> list[str]:
    """Return the addresses of the forms that rename or remove a view."""
    return re.findall(rf'action="(/views/[^"/]+/{step})"', page)


async def test_a_filter_is_saved_and_opened_again(supervisor: Browser) -> None:
    """The filter that stands in the address is saved under a name, whose link leads to the same list."""
    page = (await supervisor.get("/")).text
    assert "Save this view" not in page, "nothing is filtered"
    assert "Save this view" in (await supervisor.get(FILTERED)).text
    answer = await supervisor.post("/views?need=unanswered&sort=age", name="  Nobody   answered ")
    assert answer.headers["location"] == FILTERED
    page = (await supervisor.get(FILTERED)).text
    assert links(page) == [(FILTERED.replace("&", "&amp;"), "Nobody answered")]
    assert 'aria-current="page" dir="auto">Nobody answered' in page
    assert "Save this view" not in page, "it is saved already"
    assert links((await supervisor.get("/")).text) == links(page)


async def test_a_view_is_renamed_and_removed(supervisor: Browser) -> None:
    """On their page views say what they show, get another name, and are removed."""
    await save(supervisor, "First")
    page = (await supervisor.get("/views")).text
    assert "unanswered moments; in order of age, the oldest first." in words_of(page).lower()
    (rename,), (remove,) = actions(page, "rename"), actions(page, "remove")
    assert (await supervisor.post(rename, name="Second")).headers["location"] == "/views"
    assert [name for _, name in links((await supervisor.get("/")).text)] == ["Second"]
    assert (await supervisor.post(remove)).headers["location"] == "/views"
    assert "None yet." in words_of((await supervisor.get("/views")).text)
    assert (await supervisor.post(remove)).status_code == 404
    assert (await supervisor.post(rename, name="Third")).status_code == 404


async def test_what_cannot_be_saved_is_said_in_words(supervisor: Browser) -> None:
    """A taken name, one too many, no name and a filter that no list has are refused with a sentence."""
    assert await save(supervisor, "First") == 303
    refused = await supervisor.post("/views?need=risk", name="First")
    assert (refused.status_code, "You have a view of this name" in refused.text) == (409, True)
    for number in range(MAX_VIEWS - 1):
        assert await save(supervisor, f"View {number}") == 303
    refused = await supervisor.post("/views?need=risk", name="One more")
    assert (refused.status_code, f"You have {MAX_VIEWS} already" in refused.text) == (409, True)
    for name in (" ", "x" * (MAX_VIEW_NAME + 1), "a\u202eb", "a\x00b"):
        assert (await supervisor.post("/views", name=name)).status_code == 400, repr(name)
    assert (await supervisor.post("/views?need=nonsense", name="x")).status_code == 400


async def test_views_are_ones_own(supervisor: Browser, lead: Browser) -> None:
    """Nobody else has a link to a view, and its forms do not exist for them."""
    await save(supervisor, "Mine")
    page = (await supervisor.get("/views")).text
    assert links((await lead.get("/")).text) == []
    for step in ("rename", "remove"):
        (action,) = actions(page, step)
        assert (await lead.post(action, name="Hers")).status_code == 404


@pytest.mark.parametrize("path", ["/", "/views"])
async def test_a_hostile_name_is_text(supervisor: Browser, path: str) -> None:
    """A name is shown as text on a link and in a form."""
    assert await save(supervisor, HOSTILE.partition("\u202e")[0]) == 303
    page = (await supervisor.get(path)).text
    assert "&lt;script&gt;" in page
    assert not re.search(r"<script>|<img src=x", page)

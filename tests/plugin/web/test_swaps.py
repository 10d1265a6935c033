"""Tests of the forms that change one part of their page in place: the part is there, before and after."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest

from plugin.queue.store import Store
from tests.plugin.queue.criteria_samples import MOMENT, SESSION, TOLD, WARMTH, add
from tests.plugin.web.conftest import RELEASED, WAITING, Browser, address
from tests.plugin.web.test_dispute_pages import dispute
from tests.plugin.web.test_handover_pages import nele

__all__ = ["nele"]

PAGE = address(WAITING.session_id)


@dataclass
class Form:
    """A form that htmx sends: its attributes, and its hidden fields and buttons."""

    attributes: dict[str, str]
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def part(self) -> str:
        """The id of the part of the page that the answer changes."""
        return self.attributes["hx-target"].removeprefix("#")


class Page(HTMLParser):
    """What a page has to swap: the ids on it, and its forms."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note an id, a form, or a field of the form that is open."""
        found = {name: value or "" for name, value in attributes}
        self.ids.update({found["id"]} if "id" in found else ())
        if tag == "form" and "hx-post" in found:
            self._form = Form(found)
            self.forms.append(self._form)
        if self._form is not None and "name" in found:
            self._form.fields.setdefault(found["name"], found.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        """Close the form."""
        if tag == "form":
            self._form = None


@pytest.fixture
async def full(supervisor: Browser, store: Store, nele: Browser) -> Browser:  # noqa: ARG001 - a colleague to hand over to
    """Return the browser of a supervisor in the middle of a review, with notes, a comment, a day and criteria."""
    add(store, "told", SESSION, TOLD)
    add(store, "warmth", MOMENT, WARMTH)
    await supervisor.get(PAGE)
    await supervisor.post(f"{PAGE}/claim")
    day = {"follow_up": "2026-01-01"}
    await supervisor.post(f"{PAGE}/notes", text="On all of it.", place="notes", share="yes", **day)
    page = Page((await supervisor.get(PAGE)).text)
    (comment,) = [form for form in page.forms if form.attributes["action"].endswith("/comments")]
    await supervisor.post(comment.attributes["action"], text="And more.", place=comment.fields["place"])
    return supervisor


async def check(browser: Browser, path: str, *, at_least: int) -> list[Form]:
    """Check every form of a page that htmx sends, and return them."""
    page = Page((await browser.get(path)).text)
    assert len(page.forms) >= at_least
    assert [name for name, times in page.ids.items() if times > 1] == []
    for form in page.forms:
        given = form.attributes
        assert given["method"] == "post"
        assert given["action"] == given["hx-post"]
        assert given["hx-select"] == f"{given['hx-target']} > *"
        assert page.ids[form.part] == 1, form
        assert page.ids[given.get("hx-select-oob", "#main").removeprefix("#")] == 1
        assert form.part in {"main", "acknowledge", "follow-ups", form.fields.get("place")}
    return page.forms


async def test_every_part_of_a_review_is_on_its_page(full: Browser) -> None:
    """Each form of a review names a part that is on the page once, which is the place to which it leads back."""
    forms = await check(full, PAGE, at_least=20)
    actions = {form.attributes["action"].removeprefix(PAGE).rsplit("/", 1)[-1] for form in forms}
    assert actions >= {
        "judge",
        "give-back",
        "hand-over",
        "notes",
        "comments",
        "remove",
        "follow-up",
        "done",
        "criteria",
    }


async def test_the_notes_to_follow_up_are_on_the_start_page(full: Browser) -> None:
    """The button that a follow-up is done changes the list of those that are due."""
    (form,) = await check(full, "/", at_least=1)
    assert form.part == "follow-ups"


async def test_every_part_of_a_release_is_on_its_page(therapist: Browser, supervisor: Browser) -> None:
    """Each form of a therapist, and the supervisor's who decides a dispute, names a part that is on the page once."""
    await dispute(therapist)
    forms = await check(therapist, address(RELEASED.session_id), at_least=5)
    assert {form.attributes["action"].rsplit("/", 1)[-1] for form in forms} == {"acknowledge", "disputes", "withdraw"}
    await check(supervisor, address(RELEASED.session_id), at_least=1)


@pytest.mark.parametrize("path", ["/", "/decided", "/left-out", "/moments"])
async def test_every_filter_changes_the_part_that_holds_its_list(supervisor: Browser, path: str) -> None:
    """The one form that filters a list names the part that is changed, which holds the form and its button too."""
    page = (await supervisor.get(path)).text
    (form,) = re.findall(r"<form (hx-get[^>]*)>", page)
    assert f'hx-get="{path}" hx-target="#list" hx-select="#list &gt; *" method="get" action="{path}"' in form
    assert page.index('<div id="list">') < page.index(form) < page.index('id="filter-show"')
    assert Page(page).ids["list"] == 1


async def test_the_filter_of_the_trail_does_too(auditor: Browser) -> None:
    """The trail is filtered in the same way."""
    page = (await auditor.get("/trail")).text
    assert 'hx-get="/trail" hx-target="#list"' in page
    assert Page(page).ids["list"] == 1


async def test_a_judged_statement_is_on_the_page_that_answers(full: Browser) -> None:
    """The page to which a judgement leads has the part that it changes, and the button that was pressed."""
    forms = await check(full, PAGE, at_least=20)
    for form in [each for each in forms if each.attributes["action"].endswith("/judge")]:
        answer = await full.client.post(form.attributes["action"], data=form.fields)
        assert answer.headers["location"] == f"{PAGE}#{form.part}"
        after = Page((await full.get(PAGE)).text)
        assert after.ids[form.part] == 1
        own = "-own" if form.fields["statement"].startswith("level:") else ""
        assert after.ids[f"{form.part}{own}-{form.fields['say']}"] == 1


async def test_a_refusal_has_the_part_that_every_page_has(full: Browser, nele: Browser) -> None:
    """A page that refuses a step lacks the step's part, and is shown whole in place of the page's main part."""
    forms = await check(full, PAGE, at_least=20)
    form = next(each for each in forms if each.attributes["action"].endswith("/judge"))
    await full.post(f"{PAGE}/give-back")
    await nele.post(f"{PAGE}/claim")
    refused = await full.client.post(form.attributes["action"], data=form.fields)
    assert refused.status_code == 409
    assert refused.headers["cache-control"] == "no-store"
    ids = Page(refused.text).ids
    assert ids["main"] == 1
    assert ids[form.part] == 0

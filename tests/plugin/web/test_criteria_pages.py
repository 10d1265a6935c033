"""Tests of the pages on which an operator words, orders and retires a service's own criteria."""

import html
import re
from collections.abc import Callable

import pytest

from plugin.queue.criterion_views import CriterionAbout, CriterionScale
from plugin.queue.store import Store
from tests.plugin.queue.criteria_samples import MOMENT, PACING, PACING_WORDS, SESSION, TOLD, WARMTH, add
from tests.plugin.web.conftest import OPERATOR, SUPERVISOR, Browser
from tests.plugin.web.test_pages import words_of

STEPS = {f"word_{number}": word for number, word in enumerate(PACING_WORDS)}


@pytest.fixture
async def operator(browsers: Callable[[], Browser]) -> Browser:
    """Return the browser of the operator."""
    opened = browsers()
    await opened.log_in(OPERATOR)
    await opened.get("/criteria")
    return opened


async def fill(operator: Browser, **more: str) -> int:
    """Fill in the form for another criterion; returns the status of the answer."""
    values = {"name": "told", "about": "session", "question": TOLD.question, "scale": "yes_no", **more}
    return (await operator.post("/criteria", **values)).status_code


def names_on(page: str) -> list[str]:
    """Return the names of the criteria on the list, in its order."""
    return re.findall(r'href="/criteria/[0-9a-f-]{36}">([^<]+)</a>', page)


async def test_the_page_says_what_criteria_are(operator: Browser) -> None:
    """Before anything is asked the page says what criteria are, and that no model answers them."""
    said = words_of((await operator.get("/criteria")).text)
    assert "no model is asked before one has been shown to agree with people" in said
    assert "Answers are never added up by person" in said
    assert "Nothing is asked yet" in said


async def test_an_operator_adds_a_criterion(operator: Browser, store: Store) -> None:
    """A criterion has what the form says; the list shows it with its question, place, scale and readers."""
    assert await fill(operator, shared="true") == 303
    assert await fill(operator, name="pacing", about="moment", question=" Pacing ", scale="steps", **STEPS) == 303
    told, pacing = store.criteria.entries()
    assert (told.name, told.about, told.wording) == ("told", SESSION, TOLD)
    assert (pacing.about, pacing.scale, pacing.words, pacing.shared) == (
        CriterionAbout.MOMENT,
        CriterionScale.STEPS,
        PACING_WORDS,
        False,
    )
    page = (await operator.get("/criteria")).text
    assert names_on(page) == ["told", "pacing"]
    assert f"told {TOLD.question} the session, once yes or no supervisors, and counsellors after" in words_of(page)
    assert "/sessions/" not in page


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"name": "Told it"}, "small letters"),
        ({"name": ""}, "small letters"),
        ({"question": " "}, "A question: 1 to 300 characters"),
        ({"question": "x" * 301}, "A question: 1 to 300 characters"),
        ({"scale": "steps"}, "each of its 4 steps"),
        ({"word_0": "rushed"}, "belong to a scale from 0 to 3"),
        ({"scale": "steps", **STEPS, "word_3": "x" * 61}, "A step&#39;s words"),
    ],
)
async def test_a_form_that_does_not_fit_says_why_and_keeps_what_was_typed(
    operator: Browser, store: Store, more: dict[str, str], sentence: str
) -> None:
    """A form with a mistake says what to do, still holds what was filled in, and adds nothing."""
    values = {"name": "told", "about": "session", "question": "Told?", "scale": "levels", "shared": "true", **more}
    answer = await operator.post("/criteria", **values)
    assert answer.status_code == 400
    assert re.search(rf'role="alert">[^<]*{sentence}', answer.text)
    assert f">{values['question']}</textarea>" in answer.text
    assert f'name="name" value="{values["name"]}"' in answer.text
    assert f'<option value="{values["scale"]}" selected>' in answer.text
    assert '<option value="session" selected>' in answer.text
    assert 'name="shared" value="true" checked' in answer.text
    assert store.criteria.entries() == ()


@pytest.mark.parametrize("more", [{"scale": "stars"}, {"about": "person"}, {"question": "x" * 2001}])
async def test_what_no_page_of_ours_sends_is_refused(operator: Browser, store: Store, more: dict[str, str]) -> None:
    """A form that none of our pages produces is refused, and adds nothing."""
    assert await fill(operator, **more) == 400
    assert store.criteria.entries() == ()


async def test_a_change_is_a_new_version(operator: Browser, store: Store) -> None:
    """The page of a criterion holds its wording; a change makes the next version, and earlier ones stay readable."""
    pacing = add(store, "pacing", MOMENT, PACING)
    path = f"/criteria/{pacing.criterion_id}"
    page = (await operator.get(path)).text
    assert [html.escape(word) for word in PACING_WORDS] == [
        word.replace("&#39;", "&#x27;") for word in re.findall(r'name="word_\d" value="([^"]*)"', page)
    ]
    assert "Store as version 2" in page
    form = {"version": "1", "question": "Tempo", "scale": "levels"}
    answer = await operator.post(f"{path}/versions", **form)
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    latest = store.criteria.named("pacing")
    assert (latest.version, latest.question, latest.scale, latest.words, latest.shared) == (
        *(2, "Tempo", CriterionScale.LEVELS, (), False),
    )
    said = words_of((await operator.get(path)).text)
    assert "version 2, by Otto Brandt" in said
    assert "Earlier versions Pacing (0 to 3, in words of your own: rushed, a little fast," in said
    assert "counsellors read the answers; by a command" in said


async def test_two_operators_do_not_overwrite_each_other(operator: Browser, store: Store) -> None:
    """A change of a version that is no longer the latest is refused, and the page keeps what was typed."""
    told = add(store, "told", SESSION, TOLD)
    store.criteria.change(told.criterion_id, 1, WARMTH)
    form = {"version": "1", "question": "My wording?", "scale": "yes_no"}
    answer = await operator.post(f"/criteria/{told.criterion_id}/versions", **form)
    assert answer.status_code == 400
    assert "Somebody has changed this criterion meanwhile" in answer.text
    assert ">My wording?</textarea>" in answer.text
    assert store.criteria.named("told").wording == WARMTH


async def test_an_operator_orders_criteria(operator: Browser, store: Store) -> None:
    """Buttons move a criterion earlier or later; the first has no button up and the last none down."""
    first, _, last = (add(store, name, MOMENT, WARMTH) for name in ("a", "b", "c"))
    page = (await operator.get("/criteria")).text
    assert len(re.findall(r'name="up" value="true"', page)) == len(re.findall(r'name="up" value="false"', page)) == 2
    assert (await operator.post(f"/criteria/{last.criterion_id}/move", up="true")).status_code == 303
    assert (await operator.post(f"/criteria/{first.criterion_id}/move", up="false")).status_code == 303
    assert names_on((await operator.get("/criteria")).text) == ["c", "a", "b"]


async def test_a_criterion_is_retired_and_asked_again(operator: Browser, store: Store) -> None:
    """A retired criterion stands under its own heading, cannot be moved, and is asked again by one button."""
    told = add(store, "told", SESSION, TOLD)
    path = f"/criteria/{told.criterion_id}"
    assert (await operator.post(f"{path}/retire")).headers["location"] == path
    said = words_of((await operator.get("/criteria")).text)
    assert f"Retired Asked no more; their answers stay. told : {TOLD.question}" in said
    assert (await operator.post(f"{path}/move", up="true")).status_code == 400
    assert "Ask it again" in (await operator.get(path)).text
    await operator.post(f"{path}/restore")
    assert not store.criteria.named("told").is_retired
    assert "Retire the criterion" in (await operator.get(path)).text


async def test_only_an_operator_comes_here(browsers: Callable[[], Browser], store: Store) -> None:
    """For a supervisor there is no such page, and her forms change nothing."""
    told = add(store, "told", SESSION, TOLD)
    supervisor = browsers()
    await supervisor.log_in(SUPERVISOR)
    path = f"/criteria/{told.criterion_id}"
    assert [(await supervisor.get(each)).status_code for each in ("/criteria", path)] == [404, 404]
    for action in ("/retire", "/move", "/versions"):
        form = {"up": "true", "version": "1", "question": "Q"}
        assert (await supervisor.post(path + action, **form)).status_code == 404
    assert store.criteria.entries() == (told,)


async def test_a_form_without_its_token_is_refused(operator: Browser, store: Store) -> None:
    """A form that another site made the browser send changes nothing."""
    assert await fill(operator, csrf="another") == 403
    assert store.criteria.entries() == ()


async def test_hostile_wordings_are_text(operator: Browser, store: Store) -> None:
    """What an operator typed is shown as text on the list, in the forms and among earlier versions."""
    hostile = "</textarea><script>alert(1)</script>"
    steps = {f"word_{number}": f'"><img src=x onerror=alert({number})>' for number in range(4)}
    assert await fill(operator, name="hostile", question=hostile, scale="steps", **steps) == 303
    added = store.criteria.named("hostile")
    store.criteria.change(added.criterion_id, 1, TOLD)
    store.criteria.change(added.criterion_id, 2, added.wording)
    bad = await operator.post("/criteria", name=hostile, question=hostile, scale="yes_no", **steps)
    pages = [await operator.get(path) for path in ("/criteria", f"/criteria/{added.criterion_id}")]
    for page in (bad.text, *(each.text for each in pages)):
        assert not re.search(r"<script>|<img src=x", page)
        assert "&lt;script&gt;alert(1)" in page

"""Tests of a service's own criteria on the pages of a session: answering them in a review, and who reads what."""

import html
import re

import pytest

from plugin.queue.criterion_views import MAX_ANSWER_NOTE, Criterion, CriterionScale, Wording, checked_wording
from plugin.queue.store import Store
from tests.plugin.queue.criteria_samples import MOMENT, PACING, SESSION, TOLD, WARMTH, add
from tests.plugin.web.conftest import RELEASED, WAITING, Browser, address
from tests.plugin.web.test_pages import HOSTILE, words_of

PAGE = address(WAITING.session_id)
EXCHANGE = str(WAITING.exchanges[0].exchange_id)
NOTE = "It came late, in the last reply."
HEADING = "Criteria of your service"


@pytest.fixture
def told(store: Store) -> Criterion:
    """Return a shared criterion about the session."""
    return add(store, "told", SESSION, TOLD)


@pytest.fixture
def warmth(store: Store) -> Criterion:
    """Return a criterion about moments, whose answers supervisors alone read."""
    return add(store, "warmth", MOMENT, WARMTH)


@pytest.fixture
async def reviewer(supervisor: Browser) -> Browser:
    """Return the browser of the supervisor, who has begun to review the waiting session."""
    await supervisor.get(PAGE)
    await supervisor.post(f"{PAGE}/claim")
    return supervisor


def form(criterion: Criterion, said: str, **more: str) -> dict[str, str]:
    """Return the fields of the form of a criterion."""
    place = "criteria1-1" if criterion.about is MOMENT else "criteria-1"
    values = {
        "revision": "1",
        "criterion": str(criterion.criterion_id),
        "version": str(criterion.version),
        "said": said,
        "place": place,
    }
    return {**values, **({"moment": EXCHANGE} if criterion.about is MOMENT else {}), **more}


def pressed(page: str) -> list[str]:
    """Return the answers whose buttons are pressed, in the order of the page."""
    return re.findall(r'name="said" value="(\w+)" aria-pressed="true"', page)


async def test_where_nothing_is_asked_nothing_stands(reviewer: Browser) -> None:
    """Without criteria no page speaks of them."""
    assert HEADING not in (await reviewer.get(PAGE)).text


async def test_a_review_asks_beside_each_moment_and_at_the_end(
    supervisor: Browser, told: Criterion, warmth: Criterion
) -> None:
    """A page asks nothing while it is only read; in a review each question stands in its place, with its choices."""
    page = (await supervisor.get(PAGE)).text
    assert HEADING not in page
    await supervisor.post(f"{PAGE}/claim")
    said = words_of((await supervisor.get(PAGE)).text)
    assert f"{HEADING} : Moment 1 People alone answer these; no model does. {warmth.question} for supervisors" in said
    assert f"Moment 1: {warmth.question} None Weak Strong Cannot say" in said
    assert f"{HEADING} : The session People alone" in said
    assert f"{told.question} counsellors read the answer" in said
    assert said.index(warmth.question) < said.index(told.question) < said.index("Notes on the session")


async def test_an_answer_is_stored_at_once_and_can_be_changed(reviewer: Browser, told: Criterion) -> None:
    """A button stores its answer, leads back to its place and is pressed; another takes its place; undo removes it."""
    answer = await reviewer.post(f"{PAGE}/criteria", **form(told, "no"))
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}#criteria-1")
    page = (await reviewer.get(PAGE)).text
    assert 'id="criteria-1"' in page
    assert pressed(page) == ["no"]
    assert "Maria Keller: No." in words_of(page)
    await reviewer.post(f"{PAGE}/criteria", **form(told, "cannot_say"))
    page = (await reviewer.get(PAGE)).text
    assert pressed(page) == ["cannot_say"]
    assert "Maria Keller: Cannot say." in words_of(page)
    await reviewer.post(f"{PAGE}/criteria", **form(told, "undone"))
    page = (await reviewer.get(PAGE)).text
    assert pressed(page) == []
    assert "Maria Keller: " not in words_of(page)


async def test_steps_stand_in_the_services_own_words(reviewer: Browser, store: Store) -> None:
    """A scale from 0 to 3 has the service's words on its buttons, and in the answer."""
    pacing = add(store, "pacing", MOMENT, PACING)
    assert "0 rushed 1 a little fast 2 at the client's pace 3 waited for the client" in words_of(
        (await reviewer.get(PAGE)).text
    )
    await reviewer.post(f"{PAGE}/criteria", **form(pacing, "2"))
    assert "Maria Keller: 2 at the client's pace." in words_of((await reviewer.get(PAGE)).text)


async def test_a_note_goes_with_its_answer(reviewer: Browser, told: Criterion) -> None:
    """The note is stored with the answer that is pressed, stands in its form for the next one, and is read below it."""
    await reviewer.post(f"{PAGE}/criteria", **form(told, "no", note=f" {NOTE}\r\nAsk. "))
    page = (await reviewer.get(PAGE)).text
    assert re.search(rf'<div class="words" dir="auto">{NOTE}\nAsk\.</div>', page)
    assert re.search(rf'name="note" rows="3" maxlength="{MAX_ANSWER_NOTE}">{NOTE}\nAsk\.</textarea>', page)
    assert "the counsellor reads it after the release" in page
    assert "Store the note" in page
    await reviewer.post(f"{PAGE}/criteria", **form(told, "yes", note=""))
    page = (await reviewer.get(PAGE)).text
    assert NOTE not in page
    assert pressed(page) == ["yes"]


@pytest.mark.parametrize("note", ["x" * (MAX_ANSWER_NOTE + 1), "x" * (3 * MAX_ANSWER_NOTE)])
async def test_a_note_has_a_limit(reviewer: Browser, told: Criterion, note: str) -> None:
    """A note that is too long is refused with its answer; one of the greatest length is taken whole."""
    assert (await reviewer.post(f"{PAGE}/criteria", **form(told, "no", note=note))).status_code == 400
    assert pressed((await reviewer.get(PAGE)).text) == []
    longest = "\U0001f331" * MAX_ANSWER_NOTE
    assert (await reviewer.post(f"{PAGE}/criteria", **form(told, "no", note=longest))).status_code == 303
    assert longest in (await reviewer.get(PAGE)).text


async def test_after_an_edit_the_new_question_is_asked_and_the_old_answer_kept(
    reviewer: Browser, store: Store, told: Criterion
) -> None:
    """Beside a question that was edited stands the former answer with its own question, and no button is pressed."""
    await reviewer.post(f"{PAGE}/criteria", **form(told, "no"))
    wording = Wording("Was it said clearly?", CriterionScale.LEVELS)
    store.criteria.change(told.criterion_id, 1, wording)
    page = (await reviewer.get(PAGE)).text
    assert f"Maria Keller: No. Said to an earlier wording: \u201c {TOLD.question} \u201d" in words_of(page)
    assert pressed(page) == []
    stale = await reviewer.post(f"{PAGE}/criteria", **form(told, "yes"))
    assert stale.status_code == 409
    await reviewer.get(PAGE)
    await reviewer.post(f"{PAGE}/criteria", **form(store.criteria.named("told"), "weak"))
    page = (await reviewer.get(PAGE)).text
    assert pressed(page) == ["weak"]
    assert TOLD.question not in page


async def test_a_retired_question_is_asked_no_more(reviewer: Browser, store: Store, told: Criterion) -> None:
    """The answer to a retired question stays on the page, and can be taken back."""
    await reviewer.post(f"{PAGE}/criteria", **form(told, "no"))
    store.criteria.retire(told.criterion_id)
    page = (await reviewer.get(PAGE)).text
    assert "Maria Keller: No. Asked no more." in words_of(page)
    assert 'name="said" value="yes"' not in page
    await reviewer.post(f"{PAGE}/criteria", **form(told, "undone"))
    assert HEADING not in (await reviewer.get(PAGE)).text


async def test_a_therapist_reads_what_is_shared_after_the_release(
    reviewer: Browser, therapist: Browser, store: Store, told: Criterion, warmth: Criterion
) -> None:
    """The therapist reads the shared answers with their notes and the supervisor's name, no other, and no form."""
    pacing = add(store, "pacing", MOMENT, PACING)
    await reviewer.post(f"{PAGE}/criteria", **form(told, "no", note=NOTE))
    await reviewer.post(f"{PAGE}/criteria", **form(warmth, "none", note="For us."))
    await reviewer.post(f"{PAGE}/criteria", **form(pacing, "3"))
    assert (await therapist.get(PAGE)).status_code == 404
    await reviewer.post(f"{PAGE}/release", revision="1")
    page = (await therapist.get(PAGE)).text
    said = words_of(page)
    assert f"A question of your service {TOLD.question} Maria Keller : No {NOTE}" in said
    assert "A question of your service Pacing Maria Keller : 3 waited for the client" in said
    assert said.index(TOLD.question) < said.index("Moment 1") < said.index("Pacing")
    for hidden in (WARMTH.question, "For us.", "/criteria", 'name="said"', HEADING):
        assert hidden not in page


async def test_a_released_session_is_read_and_not_answered(supervisor: Browser, told: Criterion) -> None:
    """A released session asks nothing, and an answer from an old page is refused in words."""
    page = address(RELEASED.session_id)
    assert HEADING not in (await supervisor.get(page)).text
    refused = await supervisor.post(f"{page}/criteria", **form(told, "no"))
    assert refused.status_code == 409
    assert "This session is released" in refused.text


@pytest.mark.parametrize(
    "more", [{"said": "x" * 21}, {"version": "0"}, {"criterion": "told"}, {"place": "<b>"}, {"revision": "x"}]
)
async def test_what_no_page_of_ours_sends_is_refused(reviewer: Browser, told: Criterion, more: dict[str, str]) -> None:
    """A form that none of our pages produces is refused, and nothing is stored."""
    answer = await reviewer.post(f"{PAGE}/criteria", **form(told, "no") | more)
    assert answer.status_code == 400
    assert pressed((await reviewer.get(PAGE)).text) == []


async def test_a_form_without_its_token_is_refused(reviewer: Browser, told: Criterion) -> None:
    """A form that another site made the browser send stores nothing."""
    answer = await reviewer.post(f"{PAGE}/criteria", **form(told, "no") | {"csrf": "another"})
    assert answer.status_code == 403
    assert pressed((await reviewer.get(PAGE)).text) == []


async def test_hostile_questions_and_notes_are_text(reviewer: Browser, therapist: Browser, store: Store) -> None:
    """Questions, words of steps and notes are shown as text, to supervisors and to the therapist."""
    step = "<img src=x onerror=alert(2)> {{ 7*11117 }}"
    steps = [step, *(f"</button>{number}" for number in range(3))]
    wording = checked_wording('"><script>alert(1)</script>', CriterionScale.STEPS, steps, shared=True)
    asked = [add(store, "hostile", MOMENT, wording), add(store, "hostile-too", SESSION, wording)]
    for criterion in asked:
        await reviewer.post(f"{PAGE}/criteria", **form(criterion, "0", note=HOSTILE))
    pages = [(await reviewer.get(PAGE)).text]
    await reviewer.post(f"{PAGE}/release", revision="1")
    pages += [(await browser.get(PAGE)).text for browser in (reviewer, therapist)]
    for page in pages:
        assert not re.search(r"<script>|<img src=x", page)
        assert html.escape(step) in page.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")
        assert "77819" not in words_of(page)  # no number that a time of day could hold
        assert page.count("&lt;script&gt;alert(1)") >= 4

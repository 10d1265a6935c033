"""Tests of the practice box on the pages: a reply rated by the baseline in this process, and a model that is away."""

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI

from plugin.practice.rater import open_rater
from plugin.queue.practice import MAX_REPLY
from plugin.queue.practice_views import PractisedReply, Rater, Unrated
from plugin.queue.store import Store
from plugin.web.app import create_app
from plugin.web.practice_limit import ATTEMPTS_AN_HOUR
from plugin.web.practice_words import UNRATED
from stream.contracts.feedback import Abstention, Assessment, FeedbackRecord
from stream.contracts.vocabulary import NeedsHuman
from stream.runtime.settings import FeedbackSettings, Settings
from tests.plugin.web.conftest import RELEASED, WAITING, Browser, Clock, address
from tests.plugin.web.samples import WORDS
from tests.plugin.web.test_pages import HOSTILE, words_of

PAGE = address(RELEASED.session_id)
(EXCHANGE,) = RELEASED.exchanges
MOMENT = str(EXCHANGE.exchange_id)
REPLY = "It is up to you whether we go on with it. It sounds as if you are worn out by it. What would help today?"


class Scripted:
    """A rater that gives one answer, or none while it is away; it keeps what it was asked."""

    def __init__(self, answer: Assessment | Abstention | None) -> None:
        self.answer = answer
        self.asked: list[PractisedReply] = []
        self.meanwhile: Callable[[], object] = lambda: None

    async def rate(self, practised: PractisedReply) -> Assessment | Abstention | None:
        """Return the answer, after what happens meanwhile."""
        self.asked.append(practised)
        self.meanwhile()
        return self.answer

    async def close(self) -> None:
        """Close nothing."""


@pytest.fixture
def rater() -> Rater:
    """Return what rates attempts in these tests: the original's own answer, unless a test says otherwise."""
    return Scripted(RELEASED.assessments[0])


@pytest.fixture
def app(settings: Settings, store: Store, clock: Clock, rater: Rater, kept_routes: None) -> FastAPI:  # noqa: ARG001 - its effect
    """Return the web application with a rater."""
    return create_app(settings, store, now=clock, rater=rater)


async def practise(browser: Browser, words: str = REPLY) -> str:
    """Have a rewritten reply rated, and return the page that follows."""
    await browser.get(PAGE)
    answer = await browser.post(f"{PAGE}/attempts", exchange=MOMENT, text=words, place="practice1")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}#practice1")
    return (await browser.get(PAGE)).text


def draft_in(page: str) -> str:
    """Return the words that stand in the practice box."""
    (found,) = re.findall(r'<textarea id="practice1-text"[^>]*>(.*?)</textarea>', page, flags=re.DOTALL)
    return html.unescape(found)


def removing(page: str) -> list[str]:
    """Return the addresses of the forms that remove an attempt."""
    return re.findall(r'action="(/sessions/[^"]+/attempts/[^"]+/remove)"', page)


async def test_a_moment_has_a_practice_box(therapist: Browser) -> None:
    """Beside an own moment stands an empty box, and a sentence that nobody else sees what is written there."""
    page = (await therapist.get(PAGE)).text
    assert draft_in(page) == ""
    assert f'maxlength="{MAX_REPLY}"' in page
    assert "Nobody but you sees what you write here" in words_of(page)


@pytest.mark.parametrize("rater", [open_rater(FeedbackSettings(triton_url="in-process"))])
async def test_the_baseline_rates_an_attempt_at_once(therapist: Browser, rater: Rater) -> None:
    """The baseline in this process rates the new reply, which stands beside the original with reasons and quotes."""
    page = await practise(therapist)
    said = words_of(page)
    assert f"Attempt 1 {datetime.now(UTC):%a}" in said
    assert REPLY in said
    both = re.findall(r'<section class="both".*?</section>', page, flags=re.DOTALL)
    assert len(both) == 4
    assert all("Your reply then" in words_of(each) and "This attempt" in words_of(each) for each in both)
    assert "It decides for the client" in words_of(both[0])  # the original's reason
    quoted = {html.unescape(quote) for quote in re.findall(r'<q dir="auto">(.*?)</q>', page)}
    assert "you should try it" in quoted
    assert any(quote in REPLY for quote in quoted)
    assert draft_in(page) == ""
    await rater.close()


async def test_several_attempts_are_kept_and_removed_one_by_one(therapist: Browser) -> None:
    """Attempts are numbered, the latest first; each has its own button that removes it alone."""
    for words in ("First try.", "Second try."):
        page = await practise(therapist, words)
    said = words_of(page)
    assert said.index("Attempt 2") < said.index("Second try.") < said.index("Attempt 1") < said.index("First try.")
    latest, _ = removing(page)
    answer = await therapist.post(latest, place="practice1")
    assert answer.headers["location"] == f"{PAGE}#practice1"
    page = (await therapist.get(PAGE)).text
    assert "Second try." not in page
    assert "First try." in page
    assert (await therapist.post(latest, place="practice1")).status_code == 303  # it is gone, as was wanted


@pytest.mark.parametrize("rater", [Scripted(None)])
async def test_while_the_model_is_away_the_words_stay(therapist: Browser, rater: Scripted) -> None:
    """A model that is away is told kindly, and the written words wait in the box until it is back."""
    page = await practise(therapist)
    assert html.unescape(UNRATED[Unrated.AWAY]) in words_of(page)
    assert draft_in(page) == REPLY
    assert "Attempt 1" not in page
    rater.answer = RELEASED.assessments[0]
    page = await practise(therapist, draft_in(page))
    assert UNRATED[Unrated.AWAY] not in words_of(page)
    assert "Attempt 1" in page
    assert draft_in(page) == ""


@pytest.mark.parametrize("rater", [open_rater(FeedbackSettings(triton_url="127.0.0.1:1", deadline_s=1))])
async def test_without_a_server_the_words_stay(therapist: Browser, rater: Rater) -> None:
    """Where no Triton answers, the page says so and keeps the words."""
    page = await practise(therapist)
    assert UNRATED[Unrated.AWAY] in words_of(page)
    assert draft_in(page) == REPLY
    await rater.close()


async def test_words_that_are_kept_can_be_removed(therapist: Browser, rater: Scripted) -> None:
    """A draft is removed like an attempt."""
    rater.answer = None
    (form,) = removing(await practise(therapist))
    await therapist.post(form, place="practice1")
    page = (await therapist.get(PAGE)).text
    assert draft_in(page) == ""
    assert removing(page) == []


async def test_an_abstention_says_why(therapist: Browser, rater: Scripted) -> None:
    """A model that abstains leaves the attempt with its reason and without levels."""
    original = RELEASED.assessments[0]
    rater.answer = Abstention(
        assessment_id=original.assessment_id,
        exchange_id=original.exchange_id,
        input_id=original.input_id,
        model=original.model,
        reason=NeedsHuman.MODEL_ABSTAINED,
    )
    page = await practise(therapist)
    assert f"{REPLY} The model was not sure and said so." in words_of(page)
    assert 'class="both"' not in page


async def test_nobody_occupies_the_model(therapist: Browser, rater: Scripted) -> None:
    """After so many attempts within an hour the model is not asked, the words are kept, and the page says why."""
    await therapist.get(PAGE)
    for number in range(ATTEMPTS_AN_HOUR):
        await therapist.post(f"{PAGE}/attempts", exchange=MOMENT, text=f"Try {number}.", place="practice1")
    page = await practise(therapist, "One too many.")
    assert len(rater.asked) == ATTEMPTS_AN_HOUR
    assert UNRATED[Unrated.TOO_MANY] in words_of(page)
    assert draft_in(page) == "One too many."


@pytest.mark.parametrize("words", ["", " \r\n ", "x" * (MAX_REPLY + 1), "x" * (3 * MAX_REPLY), "a\0b"])
async def test_a_reply_has_words_and_a_limit(therapist: Browser, rater: Scripted, words: str) -> None:
    """An empty reply, one that is too long and one that is no text are refused, and no model is asked."""
    await therapist.get(PAGE)
    answer = await therapist.post(f"{PAGE}/attempts", exchange=MOMENT, text=words, place="practice1")
    assert answer.status_code == 400
    assert rater.asked == []


async def test_the_longest_reply_fits_into_a_form(therapist: Browser) -> None:
    """A reply of the greatest length in the widest characters is taken whole."""
    longest = "\U0001f331" * MAX_REPLY
    assert longest in await practise(therapist, longest)


async def test_hostile_words_are_text(therapist: Browser, rater: Scripted) -> None:
    """What the therapist and the model write is shown as text, as an attempt and as a draft."""
    original = RELEASED.assessments[0]
    first, *others = original.ratings
    hostile = first.model_copy(update={"reason": HOSTILE})
    rater.answer = original.model_copy(update={"ratings": (hostile, *others)})
    page = await practise(therapist, HOSTILE)
    assert words_of(page).count(HOSTILE) == 2
    rater.answer = None
    page = await practise(therapist, f"</textarea>{HOSTILE}")
    assert draft_in(page) == f"</textarea>{HOSTILE}"
    assert "<script>" not in page


async def test_a_form_of_another_site_asks_nothing(therapist: Browser, rater: Scripted) -> None:
    """Without the page's token nothing is asked and nothing is kept."""
    await therapist.get(PAGE)
    answer = await therapist.client.post(
        f"{PAGE}/attempts", data={"exchange": MOMENT, "text": REPLY, "place": "practice1"}
    )
    assert answer.status_code == 403
    assert rater.asked == []


async def test_a_supervisor_never_sees_an_attempt(
    therapist: Browser, supervisor: Browser, browsers: Callable[[], Browser]
) -> None:
    """No page of the supervisor has the words, and the addresses do not exist for her; nor for an operator."""
    (form,) = removing(await practise(therapist))
    operator = browsers()
    await operator.log_in("otto")
    for browser in (supervisor, operator):
        for path in (PAGE, f"{PAGE}?further=yes", "/", "/decided"):
            assert REPLY not in words_of((await browser.get(path)).text)
        assert (await browser.post(f"{PAGE}/attempts", exchange=MOMENT, text="x", place="main")).status_code == 404
        assert (await browser.post(form, place="main")).status_code == 404
    assert REPLY in words_of((await therapist.get(PAGE)).text)


async def test_what_is_not_released_cannot_be_practised(therapist: Browser, rater: Scripted) -> None:
    """A moment of a session that waits, and one that is not in the session, ask no model."""
    await therapist.get(PAGE)
    waiting = address(WAITING.session_id, "/attempts")
    moment = str(WAITING.exchanges[0].exchange_id)
    assert (await therapist.post(waiting, exchange=moment, text=REPLY, place="main")).status_code == 404
    assert (await therapist.post(f"{PAGE}/attempts", exchange=moment, text=REPLY, place="main")).status_code == 409
    assert rater.asked == []


async def test_an_answer_to_a_session_that_changed_is_not_kept(
    therapist: Browser, rater: Scripted, put: Callable[[FeedbackRecord], None]
) -> None:
    """If a new revision comes while the model reads, nothing is kept: the session waits for a release again."""
    rater.meanwhile = lambda: put(RELEASED.model_copy(update={"revision": 2}))
    await therapist.get(PAGE)
    answer = await therapist.post(f"{PAGE}/attempts", exchange=MOMENT, text=REPLY, place="practice1")
    assert answer.status_code == 404


@pytest.mark.parametrize("rater", [None])
async def test_where_no_model_may_read_there_is_no_box(therapist: Browser) -> None:
    """A service without a rater shows no box."""
    page = (await therapist.get(PAGE)).text
    assert 'class="practice"' not in page
    assert WORDS[7][2].split(".", maxsplit=1)[0] in words_of(page)

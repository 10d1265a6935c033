"""Tests of rehearsals on the pages: begun by a form, rated by the baseline in this process, and private."""

import html
import re
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from fastapi import FastAPI

from plugin.practice.rater import open_rater
from plugin.queue.practice import MAX_REPLY
from plugin.queue.practice_views import PractisedReply, Rater, Unrated
from plugin.queue.store import Store
from plugin.web.app import create_app
from plugin.web.practice_limit import ATTEMPTS_AN_HOUR
from plugin.web.rehearsal_words import NOTHING_RATED, OURS, UNRATED
from plugin.written_client.client import ClientTurn, WrittenClient
from plugin.written_client.profiles import profiles
from stream.contracts.rubric import BEHAVIOURS
from stream.contracts.vocabulary import Level, Verdict
from stream.runtime.settings import FeedbackSettings, Settings
from tests.plugin.web.conftest import AUDITOR, LEAD, OPERATOR, OTHER_THERAPIST, RELEASED, SUPERVISOR, Browser, Clock
from tests.plugin.web.test_pages import HOSTILE, words_of
from tests.plugin.web.test_practice_pages import Scripted

REPLY = "It is up to you whether we go on with it. It sounds as if you are worn out by it. What would help today?"
ORIGINAL = RELEASED.assessments[0]
LIST = "/rehearsals"


def answer(level: Level) -> Scripted:
    """Return a rater that gives every mechanism this level."""
    ratings = tuple(rating.model_copy(update={"level": level, "needs_human": None}) for rating in ORIGINAL.ratings)
    return Scripted(ORIGINAL.model_copy(update={"ratings": ratings}))


@pytest.fixture
def rater() -> Rater:
    """Return what rates replies in these tests: everything is strong, unless a test says otherwise."""
    return answer(Level.STRONG)


@pytest.fixture
def app(settings: Settings, store: Store, clock: Clock, rater: Rater, kept_routes: None) -> FastAPI:  # noqa: ARG001 - its effect
    """Return the web application with a rater."""
    return create_app(settings, store, now=clock, rater=rater)


async def begin(
    browser: Browser, *, profile: str = "site-builder", behaviour: str = "excusing", force: str = "2"
) -> str:
    """Begin a rehearsal and return its address."""
    await browser.get(LIST)
    begun = await browser.post(LIST, profile=profile, behaviour=behaviour, force=force)
    assert begun.status_code == 303
    return begun.headers["location"]


async def reply(browser: Browser, address: str, number: int = 1, words: str = REPLY) -> str:
    """Send a reply, and return the page that follows."""
    await browser.get(address)
    sent = await browser.post(f"{address}/replies", number=str(number), text=words)
    assert (sent.status_code, sent.headers["location"]) == (303, f"{address}#latest")
    return (await browser.get(address)).text


def draft_in(page: str) -> str:
    """Return the words that stand in the box for the next reply."""
    (found,) = re.findall(r'<textarea id="text"[^>]*>(.*?)</textarea>', page, flags=re.DOTALL)
    return html.unescape(found)


def client_turns(page: str) -> list[str]:
    """Return what the client says on a page, in order."""
    said = re.findall(r'<li class="flagged">.*?<div class="words" dir="auto">(.*?)</div>', page, flags=re.DOTALL)
    return [html.unescape(each) for each in said]


async def test_a_therapist_chooses_who_resists_how_and_how_hard(therapist: Browser) -> None:
    """The form offers every profile, the 13 behaviours with their meaning, and three forces; the bar leads there."""
    page = (await therapist.get(LIST)).text
    assert re.findall(r'<option value="([a-z-]+)"', page)[:8] == list(profiles())
    assert re.findall(r'<option value="([a-z_]+)">', page)[-13:] == [each.value for each in BEHAVIOURS]
    assert html.escape(BEHAVIOURS[next(iter(BEHAVIOURS))].meaning, quote=True)[:20] in page
    assert re.findall(r'name="force" value="(\d)"', page) == ["1", "2", "3"]
    assert '<a href="/rehearsals" aria-current="page">Practise</a>' in page
    said = words_of(page)
    assert "The client is invented, and nobody is there" in said
    assert "Nobody but you sees any of this" in said


async def test_a_rehearsal_begins_with_a_client_who_resists(therapist: Browser) -> None:
    """The page says who the client is and how it resists, that it is invented, and has an empty box for a reply."""
    address = await begin(therapist)
    page = (await therapist.get(address)).text
    profile = profiles()["site-builder"]
    said = words_of(page)
    assert f"{profile.title} 41; {profile.setting}." in said
    assert "Resists firmly: excusing : the client justifies own behaviour" in said
    assert "Invented and written by us; nobody is there." in said
    assert len(client_turns(page)) == 1
    assert draft_in(page) == ""
    assert f'maxlength="{MAX_REPLY}"' in page


@pytest.mark.parametrize("rater", [open_rater(FeedbackSettings(triton_url="in-process"))])
async def test_the_baseline_rates_a_reply_at_once(
    therapist: Browser, rater: Rater, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The baseline rates a reply with reasons and quotes, an example stands beside it, and the client goes on."""
    # The id is the seed of the client's words, of which the baseline takes most for resistance, and not all.
    monkeypatch.setattr("plugin.queue.rehearsals.uuid4", lambda: UUID(int=1))
    page = await reply(therapist, await begin(therapist))
    article = re.findall(r'<article class="rehearsed" id="latest".*?</article>', page, flags=re.DOTALL)[0]
    said = words_of(article)
    assert REPLY in said
    for title in ("Respect for Autonomy", "Stance Alignment", "Emotional Resonance", "Conversational Orientation"):
        assert title in said
    quoted = [html.unescape(quote) for quote in re.findall(r'<q dir="auto">(.*?)</q>', article)]
    assert any(quote in REPLY for quote in quoted)
    assert "An example, not the answer." in said
    assert "unvalidated" in said
    assert len(client_turns(page)) == 2
    assert draft_in(page) == ""
    await rater.close()


async def test_the_client_opens_up_and_the_rehearsal_is_over(therapist: Browser) -> None:
    """After replies in which everything is heard the client opens up, and the page has no box any more."""
    address = await begin(therapist)
    for number in (1, 2, 3):
        page = await reply(therapist, address, number)
    assert "The client opened up." in words_of(page)
    assert 'name="text"' not in page
    assert client_turns(page)[-1] in profiles()["site-builder"].opens
    assert len(set(client_turns(page))) == 4
    listed = words_of((await therapist.get(LIST)).text)
    assert "Excusing, firmly 3 replies. The client opened up." in listed


@pytest.mark.parametrize("rater", [answer(Level.NONE)])
async def test_the_client_leaves(therapist: Browser) -> None:
    """A client who resists hard leaves after two replies in which nothing is heard."""
    address = await begin(therapist, force="3")
    await reply(therapist, address)
    assert "The client left." in words_of(await reply(therapist, address, 2))


async def test_an_example_is_the_models_or_ours(therapist: Browser, rater: Scripted) -> None:
    """What the model suggests is the example; where it suggests nothing, a reply that we wrote for the behaviour."""
    address = await begin(therapist)
    rater.answer = ORIGINAL
    said = words_of(await reply(therapist, address))
    assert ORIGINAL.alternatives[0].text in said
    assert OURS not in said
    said = words_of(await reply(therapist, address, 2))  # it suggests the same again
    assert (said.count(ORIGINAL.alternatives[0].text), said.count(OURS)) == (1, 1)
    rater.answer = ORIGINAL.model_copy(update={"alternatives": ()})
    assert words_of(await reply(therapist, address, 3)).count(OURS) == 2


async def test_where_nothing_is_rated_the_page_says_so(therapist: Browser, rater: Scripted) -> None:
    """A rejected verdict has no levels: the page says why, shows an example all the same, and the client goes on."""
    unrated = tuple(each.model_copy(update={"level": None, "needs_human": None}) for each in ORIGINAL.ratings)
    rater.answer = ORIGINAL.model_copy(
        update={"verdict": Verdict.REJECTED, "ratings": unrated, "alternatives": (), "strengths": ()}
    )
    page = await reply(therapist, await begin(therapist))
    said = words_of(page)
    assert NOTHING_RATED in said
    assert OURS in said
    assert len(client_turns(page)) == 2


async def test_the_client_waits_for_the_rating(therapist: Browser, rater: Scripted) -> None:
    """While the model is away the words are kept in the box, the client says nothing, and the next one counts."""
    address = await begin(therapist)
    was, rater.answer = rater.answer, None
    page = await reply(therapist, address)
    assert UNRATED[Unrated.AWAY] in words_of(page)
    assert draft_in(page) == REPLY
    assert len(client_turns(page)) == 1
    rater.answer = was
    page = await reply(therapist, address)
    assert UNRATED[Unrated.AWAY] not in words_of(page)
    assert len(client_turns(page)) == 2


async def test_nobody_occupies_the_model(therapist: Browser, rater: Scripted) -> None:
    """Replies of rehearsals count with those of the practice box; then the words are kept, and the page says why."""
    unrated = tuple(each.model_copy(update={"level": None, "needs_human": None}) for each in ORIGINAL.ratings)
    rater.answer = ORIGINAL.model_copy(update={"verdict": Verdict.REJECTED, "ratings": unrated})
    first, second = await begin(therapist), await begin(therapist)
    for number in range(1, ATTEMPTS_AN_HOUR // 2 + 1):
        for address in (first, second):
            await therapist.get(address)
            await therapist.post(f"{address}/replies", number=str(number), text=f"Try {number}.")
    page = await reply(therapist, first, ATTEMPTS_AN_HOUR // 2 + 1, "One too many.")
    assert len(rater.asked) == ATTEMPTS_AN_HOUR
    assert UNRATED[Unrated.TOO_MANY] in words_of(page)
    assert draft_in(page) == "One too many."


async def test_a_reply_to_an_earlier_turn_is_given_back(therapist: Browser, rater: Scripted) -> None:
    """A form of a page that is out of date asks no model and stores nothing, and what was typed is given back."""
    address = await begin(therapist)
    await reply(therapist, address)
    late = await therapist.post(f"{address}/replies", number="1", text="From the other window.")
    assert late.status_code == 409
    assert "From the other window." in late.text
    assert len(rater.asked) == 1


@pytest.mark.parametrize("words", ["", " \r\n ", "x" * (MAX_REPLY + 1), "x" * (3 * MAX_REPLY), "a\0b"])
async def test_a_reply_has_words_and_a_limit(therapist: Browser, rater: Scripted, words: str) -> None:
    """An empty reply, one that is too long and one that is no text are refused, and no model is asked."""
    address = await begin(therapist)
    await therapist.get(address)
    assert (await therapist.post(f"{address}/replies", number="1", text=words)).status_code == 400
    assert rater.asked == []


@pytest.mark.parametrize(
    "form",
    [
        {"profile": "nobody", "behaviour": "excusing", "force": "2"},
        {"profile": "new-widow", "behaviour": "kindness", "force": "2"},
        {"profile": "new-widow", "behaviour": "excusing", "force": "4"},
    ],
)
async def test_only_what_is_offered_can_be_chosen(therapist: Browser, form: dict[str, str]) -> None:
    """Another profile, behaviour or force begins nothing."""
    await therapist.get(LIST)
    assert (await therapist.post(LIST, **form)).status_code == 400
    assert "Your rehearsals" not in (await therapist.get(LIST)).text


async def test_hostile_words_are_text(therapist: Browser, rater: Scripted) -> None:
    """What the therapist and the model write is shown as text."""
    first, *others = ORIGINAL.ratings
    rater.answer = ORIGINAL.model_copy(
        update={"ratings": (first.model_copy(update={"reason": HOSTILE}), *others), "strengths": (HOSTILE,)}
    )
    page = await reply(therapist, await begin(therapist), words=HOSTILE)
    assert words_of(page).count(HOSTILE) == 3
    assert "<script>" not in page


async def test_a_rehearsal_is_deleted(therapist: Browser) -> None:
    """A deleted rehearsal is gone from the list, and its address does not exist any more."""
    address = await begin(therapist)
    await therapist.get(address)
    gone = await therapist.post(f"{address}/remove")
    assert (gone.status_code, gone.headers["location"]) == (303, LIST)
    assert "Your rehearsals" not in (await therapist.get(LIST)).text
    for path in (address, f"{address}/replies", f"{address}/remove"):
        sent = await (therapist.get(path) if path == address else therapist.post(path, number="1", text="x"))
        assert sent.status_code == 404


async def test_nobody_else_sees_a_rehearsal(therapist: Browser, browsers: Callable[[], Browser]) -> None:
    """For everybody else its address does not exist, nobody but a therapist has a list, and no page has its words."""
    address = await begin(therapist)
    await reply(therapist, address)
    for name in (OTHER_THERAPIST, SUPERVISOR, LEAD, OPERATOR, AUDITOR):
        browser = browsers()
        await browser.log_in(name)
        assert (await browser.get(address)).status_code == 404
        assert (await browser.post(f"{address}/replies", number="2", text="x")).status_code == 404
        assert (await browser.post(f"{address}/remove")).status_code == 404
        assert (await browser.get(LIST)).status_code == (200 if name == OTHER_THERAPIST else 404)
        for path in ("/", "/digest", "/decided", "/trail", "/health", LIST):
            page = (await browser.get(path)).text
            assert REPLY not in words_of(page)
            assert "site-builder" not in page or path == LIST
    assert REPLY in words_of((await therapist.get(address)).text)


async def test_a_form_of_another_site_does_nothing(therapist: Browser, rater: Scripted) -> None:
    """Without the page's token nothing is begun, asked or deleted."""
    address = await begin(therapist)
    for path, form in (
        (LIST, {"profile": "new-widow", "behaviour": "excusing", "force": "1"}),
        (f"{address}/replies", {"number": "1", "text": REPLY}),
        (f"{address}/remove", {}),
    ):
        assert (await therapist.client.post(path, data=form)).status_code == 403
    assert rater.asked == []
    assert len(client_turns((await therapist.get(address)).text)) == 1


class Parrot:
    """A speaker that says one thing."""

    async def word(self, practised: PractisedReply, client: WrittenClient, turn: ClientTurn) -> ClientTurn:
        """Return the turn in other words."""
        assert practised.reply
        assert client.profile.key == "site-builder"
        return replace(turn, text="Nothing doing, mate.", is_by_model=True)

    async def close(self) -> None:
        """Close nothing."""


async def test_a_model_may_word_what_the_client_says(
    app: FastAPI, therapist: Browser, rater: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a language model the turns are in its words, and the page says so; the last one stays as it was written."""
    monkeypatch.setattr(app.state, "services", replace(app.state.services, speaker=Parrot()))
    assert "a language model words them as an answer" in words_of((await therapist.get(LIST)).text)
    address = await begin(therapist)
    was, rater.answer = rater.answer, None
    assert "Nothing doing" not in await reply(therapist, address)  # it waits for the rating
    rater.answer = was
    assert "Client, worded by a model Nothing doing, mate." in words_of(await reply(therapist, address))
    for number in (2, 3):
        page = await reply(therapist, address, number)
    assert client_turns(page)[-1] in profiles()["site-builder"].opens


@pytest.mark.parametrize("rater", [None])
async def test_without_a_rating_there_is_no_rehearsal(therapist: Browser) -> None:
    """A service in which no model may rate offers none, and says why."""
    page = (await therapist.get(LIST)).text
    assert "practice without feedback may do harm" in words_of(page)
    assert "<select" not in page
    refused = await therapist.post(LIST, profile="new-widow", behaviour="excusing", force="1")
    assert refused.status_code == 400

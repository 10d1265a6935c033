"""Tests of a supervisor's lists on the pages: filter, pages, the next session, and the release of several."""

import html
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import create_engine

from plugin.database.engine import transaction
from plugin.database.viewer import AccountRole
from plugin.queue import paging
from plugin.queue.accounts import NewAccount, insert_account
from plugin.queue.filters import QueueOrder
from plugin.queue.passwords import hash_password
from plugin.queue.store import Store
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.sessions import Mark
from stream.contracts.vocabulary import Concern, MarkKind
from tests.plugin.samples import NOW
from tests.plugin.web.conftest import ELSEWHERE, LEFT_OUT, PASSWORD, RELEASED, SUPERVISOR, WAITING, Browser, address
from tests.plugin.web.samples import START, record

Put = Callable[[FeedbackRecord], None]


@pytest.fixture
async def colleague(browsers: Callable[[], Browser], page_database: str) -> Browser:
    """Return the browser of a second supervisor of the same team."""
    engine = create_engine(page_database)
    person = NewAccount("nele", PASSWORD, AccountRole.SUPERVISOR, "Nele Roth", teams=["North"])
    with transaction(engine) as session:
        insert_account(session, person, hash_password(PASSWORD), now=NOW)
    engine.dispose()
    browser = browsers()
    await browser.log_in("nele")
    return browser


RISK = record(
    "risk",
    "counsellor-1",
    marks=(Mark(kind=MarkKind.RISK_LANGUAGE, concerns=(Concern.SELF_HARM,), message_ids=("m1",)),),
)
LATER = record("later", "counsellor-1", ended_at=START + timedelta(days=1))


def words_of(page: str) -> str:
    """Return the visible text of a page on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def sessions_on(page: str) -> list[str]:
    """Return the ids of the sessions that a list links to, in its order."""
    return re.findall(r'<div class="name"><a href="/sessions/([0-9a-f-]{36})', page)


def links_of(page: str) -> dict[str, str]:
    """Return where the links of a page lead, by their words."""
    found = re.findall(r'<a href="([^"]+)"[^>]*>(.*?)</a>', page, flags=re.DOTALL)
    return {words_of(words): html.unescape(target) for target, words in found}


def ticks_of(page: str) -> list[str]:
    """Return the values of the checkboxes of a list."""
    return re.findall(r'<input type="checkbox"[^>]*value="([^"]+)"', page)


async def claim(browser: Browser, sent: FeedbackRecord) -> None:
    """Begin the review of a session as the button does, and open the page to which it leads."""
    await browser.get(address(sent.session_id))
    answer = await browser.post(address(sent.session_id, "/claim"))
    assert answer.status_code == 303
    await browser.get(answer.headers["location"].partition("#")[0])


# --- filter ---


async def test_a_list_says_what_the_filter_hides_and_has_one_link_to_clear_it(supervisor: Browser, put: Put) -> None:
    """A filtered list shows what matches, says what it is filtered by and how many it hides, and can be cleared."""
    put(RISK)
    page = (await supervisor.get("/?need=risk&state=new")).text
    assert sessions_on(page) == [str(RISK.session_id)]
    said = words_of(page)
    assert "2 sessions wait for you" in said
    assert "Filtered by need: Risk language; new. 1 session matches; the filter hides 1 of 2." in said
    assert links_of(page)["Clear the filter"] == "/"
    assert page.count("Clear the filter") == 1
    assert '<option value="risk" selected>' in page
    whole = (await supervisor.get("/")).text
    assert len(sessions_on(whole)) == 2
    assert "Filtered by" not in words_of(whole)


async def test_a_form_without_a_choice_shows_everything(supervisor: Browser) -> None:
    """The form sends its empty fields too, which filter nothing and are left out of the address that is kept."""
    for asked, kept in (("need=&state=&from=", ""), ("need=&state=new&sort=age", "?state=new&sort=age")):
        answer = await supervisor.get(f"/?{asked}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/{kept}")
        assert sessions_on((await supervisor.get(f"/{kept}")).text) == [str(WAITING.session_id)]
    assert (await supervisor.get("/decided?state=&need=")).headers["location"] == "/decided"
    assert (await supervisor.get("/moments?level=&own=differs")).headers["location"] == "/moments?own=differs"


async def test_a_filter_that_matches_nothing_says_so(supervisor: Browser) -> None:
    """An empty list says whether it is the filter that leaves it empty."""
    said = words_of((await supervisor.get("/?need=risk")).text)
    assert "Nothing matches the filter." in said
    assert "1 session waits for you" in said
    assert "Nothing matches the filter." in words_of((await supervisor.get("/decided?state=withheld")).text)
    assert "Nothing matches the filter." in words_of((await supervisor.get("/left-out?need=risk")).text)


async def test_the_counsellor_to_filter_by_is_of_her_team(supervisor: Browser) -> None:
    """A supervisor chooses among the counsellors of her teams, and of no others."""
    page = (await supervisor.get("/")).text
    assert "Amara Diallo" not in page
    (jonas,) = re.findall(r'<option value="([^"]+)">Jonas Weber</option>', page)
    filtered = (await supervisor.get(f"/?therapist={jonas}")).text
    assert sessions_on(filtered) == [str(WAITING.session_id)]
    assert "Filtered by counsellor Jonas Weber" in words_of(filtered)


HOSTILE = (
    "need=%3Cscript%3E",
    "state=%00",
    "therapist=1%27%20OR%201=1",
    "from=0000-00-00",
    "to=99999-01-01",
    "sort=score",
    "after=../../etc/passwd",
    "nonsense=1",
    f"need=risk&need={'9' * 4000}",
    "%F0%28%8C%28=%FF",
)


async def test_a_bad_address_gets_a_sentence(supervisor: Browser) -> None:
    """A hostile value in an address is answered on every page with a sentence that repeats nothing of it."""
    for path in ("/", "/decided", "/left-out", "/next", address(WAITING.session_id)):
        for query in HOSTILE:
            answer = await supervisor.get(f"{path}?list=waiting&{query}")
            assert (answer.status_code, "No list looks like that" in answer.text) == (400, True), (path, query)
            assert not re.search(r"<script>|passwd|nonsense|9999", answer.text)


async def test_a_bad_address_of_a_form_changes_nothing(supervisor: Browser, store: Store) -> None:
    """A form whose address names no list of ours is refused before anything is done."""
    path = address(WAITING.session_id)
    await supervisor.get(path)
    for action in ("/release", "/withhold", "/claim", "/give-back"):
        answer = await supervisor.post(f"{path}{action}?list=waiting&need=all", revision="1")
        assert answer.status_code == 400, action
    maria = store.find_viewer(SUPERVISOR)
    assert maria is not None
    (row,) = store.waiting(maria).rows
    assert (row.session_id, row.claim) == (WAITING.session_id, None)


async def test_a_shared_address_survives_the_login(browser: Browser) -> None:
    """A supervisor who opens a shared address logs in and gets the same list."""
    await browser.get("/?need=risk&sort=age")
    await browser.get("/login")
    answer = await browser.post("/login", username=SUPERVISOR, password=PASSWORD)
    assert answer.headers["location"] == "/?need=risk&sort=age"


# --- numbers and pages ---


async def test_the_page_says_what_is_overdue_and_claimed(supervisor: Browser) -> None:
    """The list of waiting sessions says how many are overdue and how many the supervisor holds."""
    await claim(supervisor, WAITING)
    said = words_of((await supervisor.get("/")).text)
    assert "ended more than 7 days ago; you hold 1 session claimed." in said


async def test_a_long_list_has_pages(supervisor: Browser, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that is longer than a page leads to the next one and back to the beginning, with its filter."""
    monkeypatch.setattr(paging, "PAGE", 1)
    put(LATER)
    first = (await supervisor.get("/?sort=age")).text
    assert sessions_on(first) == [str(WAITING.session_id)]
    onward = links_of(first)["The next 25 \u2192"]
    assert onward == f"/?sort=age&after={WAITING.session_id}"
    second = (await supervisor.get(onward)).text
    assert sessions_on(second) == [str(LATER.session_id)]
    assert "The next 25" not in second
    assert links_of(second)["\u2190 To the beginning"] == "/?sort=age"
    beyond = (await supervisor.get(f"/?sort=age&after={LATER.session_id}")).text
    assert "Nothing comes after this place." in words_of(beyond)


async def test_every_list_can_be_ordered(supervisor: Browser) -> None:
    """Every list opens in every order."""
    for path, expected in {"/": WAITING, "/decided": RELEASED, "/left-out": LEFT_OUT}.items():
        for order in QueueOrder:
            page = await supervisor.get(f"{path}?sort={order}")
            assert (page.status_code, sessions_on(page.text)) == (200, [str(expected.session_id)]), (path, order)


# --- the next session ---


async def test_a_decision_leads_to_the_next_session_of_the_list(supervisor: Browser, put: Put) -> None:
    """A decision on a session that was opened from a filtered list opens the next one of it, and at its end says so."""
    put(LATER)
    put(RISK)
    query = "?list=waiting&need=unanswered&sort=age"
    first, last = address(WAITING.session_id), address(LATER.session_id)
    page = (await supervisor.get(first + query)).text
    assert f'action="{html.escape(first + "/release" + query)}"' in page
    decided = await supervisor.post(f"{first}/release{query}", revision="1", stands="none")
    assert (decided.status_code, decided.headers["location"].partition("?")[0]) == (303, "/next")
    onward = await supervisor.get(decided.headers["location"])
    assert (onward.status_code, onward.headers["location"]) == (303, f"{last}{query}&after={WAITING.session_id}")
    page = (await supervisor.get(onward.headers["location"])).text
    assert links_of(page)["The one before"] == first + query
    decided = await supervisor.post(f"{last}/withhold{query}", revision="1", stands="none")
    end = await supervisor.get(decided.headers["location"])
    assert end.status_code == 200
    said = words_of(end.text)
    assert "This is the end of the list It is filtered. 0 sessions match; the filter hides 1 of 1." in said
    assert links_of(end.text)["To the beginning of the list"] == "/?need=unanswered&sort=age"


async def test_the_link_to_the_next_session_skips_what_others_have_claimed(
    supervisor: Browser, colleague: Browser, put: Put
) -> None:
    """The link on a session's page leads on without a decision, past a session that a colleague reviews."""
    put(LATER)
    third = record("third", "counsellor-1", ended_at=START + timedelta(days=2))
    put(third)
    await claim(colleague, LATER)
    page = (await supervisor.get(address(WAITING.session_id) + "?list=waiting")).text
    onward = await supervisor.get(links_of(page)["Next in this list \u2192"])
    assert onward.headers["location"].startswith(address(third.session_id))
    theirs = await colleague.get(f"/next?list=waiting&after={WAITING.session_id}")
    assert theirs.headers["location"].startswith(address(LATER.session_id))


async def test_the_steps_of_a_review_keep_the_list(supervisor: Browser) -> None:
    """The buttons of a review lead back to the session's page with the list from which it was opened."""
    path, query = address(WAITING.session_id), "?list=waiting&need=unanswered"
    await supervisor.get(path + query)
    begun = await supervisor.post(f"{path}/claim{query}")
    assert begun.headers["location"] == f"{path}{query}#review"
    page = (await supervisor.get(path + query)).text
    actions = [html.unescape(action) for action in re.findall(r'method="post" action="(/sessions/[^"]+)"', page)]
    assert len(actions) > 5
    assert all(action.endswith(query) for action in actions)
    stopped = await supervisor.post(f"{path}/give-back{query}")
    assert stopped.headers["location"] == path + query


async def test_a_decided_session_that_was_opened_from_the_decided_ones_stays_open(supervisor: Browser) -> None:
    """A changed decision leads back to its session, since the list of decided sessions is not worked through."""
    path = address(RELEASED.session_id)
    await supervisor.get(path)
    answer = await supervisor.post(f"{path}/withhold?list=decided", revision="1")
    assert answer.headers["location"] == f"{path}?list=decided"


# --- several at once ---


async def test_several_are_released_with_an_answer_for_each(supervisor: Browser, put: Put) -> None:
    """Of several ticked sessions each is released or refused by itself, and the page says what happened to each."""
    put(LATER)
    await claim(supervisor, WAITING)
    await claim(supervisor, LATER)
    page = (await supervisor.get("/?sort=age")).text
    assert ticks_of(page) == [f"{WAITING.session_id}.1", f"{LATER.session_id}.1"]
    put(record("later", "counsellor-1", ended_at=START + timedelta(days=1), revision=2))  # while she reads the list
    answer = await supervisor.client.post(
        "/release?sort=age",
        data={
            "csrf": supervisor.token,
            "chosen": [*ticks_of(page), *(f"{sent.session_id}.1" for sent in (ELSEWHERE, LEFT_OUT, WAITING))],
        },
    )
    assert answer.status_code == 200
    said = words_of(answer.text)
    assert "1 of 4 sessions released" in said
    assert said.count("Released. Its counsellor can read it.") == 1
    assert said.count("Not released: it changed") == 2  # the new revision, and what has no feedback
    assert "Unknown session Not released: there is no such session for you." in said
    assert "Amara" not in said
    assert links_of(answer.text)["\u2190 Waiting sessions"] == "/?sort=age"
    assert sessions_on((await supervisor.get("/decided")).text)[0] == str(WAITING.session_id)


async def test_nothing_can_be_ticked_that_was_not_claimed_and_opened(supervisor: Browser, put: Put) -> None:
    """A list has no tick for a session that is new or that another claims, and a forged one is refused."""
    put(LATER)
    page = (await supervisor.get("/")).text
    assert ticks_of(page) == []
    assert "Release the ticked sessions" not in page
    forged = await supervisor.post("/release", chosen=f"{WAITING.session_id}.1")
    assert "0 of 1 session released" in words_of(forged.text)
    assert "Not released: your claim is over, you have not opened it" in words_of(forged.text)


async def test_ticks_that_no_page_has_are_refused(supervisor: Browser) -> None:
    """A form without a tick, with one that no page of ours has, or with more than a page has sessions is refused."""
    await supervisor.get(address(WAITING.session_id))
    one = f"{WAITING.session_id}.1"
    for chosen in (
        [],
        [""],
        ["x"],
        ["x.1"],
        [str(WAITING.session_id)],
        [one.replace(".1", ".one")],
        ["\x00.1"],
        [one] * 26,
    ):
        answer = await supervisor.client.post("/release", data={"csrf": supervisor.token, "chosen": chosen})
        assert answer.status_code == 400, chosen


async def test_a_release_of_several_needs_the_token_of_the_form(supervisor: Browser) -> None:
    """A form of another site releases nothing."""
    answer = await supervisor.client.post("/release", data={"chosen": f"{WAITING.session_id}.1"})
    assert answer.status_code == 403


# --- keyboard and screen reader ---


async def test_every_control_has_a_label_and_every_key_one_place(supervisor: Browser) -> None:
    """Every field has a label, ids and keys are used once, and nothing on a key decides by itself."""
    await claim(supervisor, WAITING)
    for path in ("/", "/decided", "/left-out", address(WAITING.session_id) + "?list=waiting"):
        page = (await supervisor.get(path)).text
        ids = re.findall(r'\bid="([^"]+)"', page)
        assert len(ids) == len(set(ids)), path
        fields = re.findall(r'<(?:select|textarea|input(?! type="hidden"))[^>]*\bid="([^"]+)"', page)
        assert len(fields) == len(re.findall(r'<(?:select|textarea|input(?! type="hidden"))', page)), path
        assert all(f'<label for="{field}"' in page for field in fields), path
        keys = re.findall(r'accesskey="(.)"', page)
        assert len(keys) == len(set(keys)), path
        assert not re.search(r"<button[^>]*accesskey|tabindex=\"[1-9]", page)
        assert page.index('class="skip"') < page.index("<header")
        assert 'href="#main"' in page
        assert 'id="main"' in page


async def test_the_way_through_a_list_stands_before_the_session(supervisor: Browser) -> None:
    """The list, the next session and the decision are the first links of a session's page, each on a key."""
    page = (await supervisor.get(address(WAITING.session_id) + "?list=waiting")).text
    main = page[page.index('id="main"') :]
    assert re.findall(r'<a href="[^"]*"[^>]*accesskey="(.)"', main)[:3] == ["l", "n", "y"]
    assert main.index("accesskey") < main.index("<h1>")
    assert "No key releases or withholds by itself." in words_of(page)


# --- two supervisors ---


async def test_two_supervisors_with_the_same_list_do_not_decide_twice(supervisor: Browser, colleague: Browser) -> None:
    """Of two supervisors who work through the same list, the second is told that the session was decided or claimed."""
    query = "?list=waiting"
    path = address(WAITING.session_id)
    for browser in (supervisor, colleague):
        await browser.get(path + query)
    await claim(supervisor, WAITING)
    refused = await colleague.post(f"{path}/release{query}", revision="1", stands="none")
    assert refused.status_code == 409
    assert f'href="{path}{query}"' in refused.text
    page = (await supervisor.get("/")).text
    assert (await supervisor.post("/release", chosen=ticks_of(page)[0])).status_code == 200
    withheld = await colleague.post(f"{path}/withhold{query}", revision="1", stands="none")
    assert withheld.status_code == 409
    assert "released by Maria Keller" in words_of((await colleague.get("/decided")).text)

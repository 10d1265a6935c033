"""Tests of acknowledgements and disputes on the pages: what a therapist can answer, and what becomes of it."""

import html
import re
from collections.abc import Callable
from typing import NamedTuple

import pytest
from sqlalchemy import create_engine, text

from plugin.queue.disputes import MAX_COMMENT
from plugin.queue.store import Store
from plugin.web.dispute_words import GROUNDS
from plugin.web.review_words import REASONS
from tests.plugin.web.conftest import LEAD, OTHER_THERAPIST, RELEASED, Browser, address
from tests.plugin.web.samples import ALTERNATIVE, RATINGS
from tests.plugin.web.test_pages import HOSTILE, words_of
from tests.plugin.web.test_review_pages import colleague

__all__ = ["colleague"]

PAGE = address(RELEASED.session_id)
FIRST = RATINGS[0]
STATEMENTS = [f"rating:{rating.mechanism.value}" for rating in RATINGS]
COMMENT = "He had asked me to decide.\nThat was two messages earlier."
ANSWER = "Thank you, I had not seen that."


class Form(NamedTuple):
    """One form of a page: its address, hidden fields and everything inside it."""

    action: str
    fields: dict[str, str]
    content: str


def forms_of(page: str, action: str) -> list[Form]:
    """Return the forms of a page whose addresses end with an action."""
    found = re.findall(r'<form[^>]* action="([^"]+)">(.*?)</form>', page, flags=re.DOTALL)
    return [
        Form(
            html.unescape(at),
            {
                name: html.unescape(value)
                for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', content)
            },
            content,
        )
        for at, content in found
        if at.endswith(action)
    ]


async def form(browser: Browser, action: str, statement: str | None = None) -> Form:
    """Open the session's page and return its one form with an action, or the one for a statement."""
    forms = forms_of((await browser.get(PAGE)).text, action)
    (one,) = [each for each in forms if statement is None or each.fields["statement"] == statement]
    return one


async def send(browser: Browser, one: Form, **more: str) -> str:
    """Send a form as it was on the page, and return where it leads to."""
    answer = await browser.client.post(one.action, data={**one.fields, **more})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def dispute(browser: Browser, statement: str = STATEMENTS[0], **more: str) -> str:
    """Dispute a statement with the form beside it."""
    fields = {"ground": "missing_context", "text": COMMENT} | more
    return await send(browser, await form(browser, "/disputes", statement), **fields)


async def resolve(browser: Browser, say: str) -> str:
    """Resolve the one dispute with the form beside its statement."""
    return await send(browser, await form(browser, "/resolve"), say=say, text=ANSWER)


async def read(browser: Browser, page: str = PAGE) -> str:
    """Return what a person reads on a page."""
    return words_of((await browser.get(page)).text)


# --- the acknowledgement ---


async def test_a_therapist_says_that_they_have_read_it(therapist: Browser, supervisor: Browser) -> None:
    """A therapist acknowledges a release with one button; both pages and both lists then say so, with the time."""
    assert "acknowledged" not in await read(supervisor, "/decided")
    answer = await send(therapist, await form(therapist, "/acknowledge"))
    assert answer == f"{PAGE}#acknowledge"
    page = (await therapist.get(PAGE)).text
    assert forms_of(page, "/acknowledge") == []
    assert re.search(r"You acknowledged this on \w{3} \d+ \w{3} \d{4}, \d\d:\d\d UTC", words_of(page))
    assert "acknowledged" in await read(therapist, "/")
    assert "released by Maria Keller, acknowledged by Jonas Weber" in await read(supervisor, "/decided")
    assert re.search(r"Jonas Weber acknowledged it on \w{3} \d+", await read(supervisor))


async def test_an_acknowledgement_of_an_earlier_release_is_refused(therapist: Browser, supervisor: Browser) -> None:
    """A button from before another release is refused in words, and the new release is not acknowledged."""
    old = await form(therapist, "/acknowledge")
    await supervisor.get(PAGE)
    for action in ("withhold", "release"):
        await supervisor.post(f"{PAGE}/{action}", revision="1")
    answer = await therapist.client.post(old.action, data=old.fields)
    assert answer.status_code == 409
    assert "This session has changed" in answer.text
    assert len(forms_of((await therapist.get(PAGE)).text, "/acknowledge")) == 1


# --- the dispute ---


async def test_each_statement_has_a_form_of_its_own(therapist: Browser) -> None:
    """Each rating, the strengths and the suggestion have a form with every ground and a required comment."""
    forms = forms_of((await therapist.get(PAGE)).text, "/disputes")
    assert sorted(each.fields["statement"] for each in forms) == sorted([*STATEMENTS, "strengths", "suggestion:1"])
    for each in forms:
        offered = re.findall(r'<option value="([^"]+)">([^<]+)</option>', each.content)
        assert offered == [(ground.value, words) for ground, words in GROUNDS.items()]
        assert re.search(r"<textarea[^>]* required", each.content)
        assert f'maxlength="{MAX_COMMENT}"' in each.content
    labelled = re.findall(r'<label for="([^"]+)"', "".join(each.content for each in forms))
    assert len(set(labelled)) == 2 * len(forms)


async def test_a_dispute_is_read_by_both_sides(therapist: Browser, supervisor: Browser) -> None:
    """A dispute leads back to its statement; there its therapist and the supervisor read ground and comment."""
    assert await dispute(therapist) == f"{PAGE}#moment1-rating1"
    said = await read(therapist)
    assert "You disputed this on" in said
    assert "missing context. It is open. Maria Keller can decide." in said
    assert " ".join(COMMENT.split()) in said
    said = await read(supervisor)
    assert "Jonas Weber disputed this on" in said
    assert " ".join(COMMENT.split()) in said
    left = forms_of((await therapist.get(PAGE)).text, "/disputes")
    assert STATEMENTS[0] not in [each.fields["statement"] for each in left]


async def test_open_disputes_lead_the_queue(
    therapist: Browser, supervisor: Browser, browsers: Callable[[], Browser]
) -> None:
    """The start page of the team's supervisors has disputed sessions first, counted; nobody else's has them."""
    assert "Disputed points" not in await read(supervisor, "/")
    await dispute(therapist)
    await dispute(therapist, "strengths")
    page = (await supervisor.get("/")).text
    assert page.index("Disputed points") < page.index("Unanswered moments")
    said = words_of(page)
    assert "2 disputes are open." in said
    assert "2 open disputes" in said
    assert f'href="{PAGE}"' in page
    elsewhere = browsers()
    await elsewhere.log_in("nora")
    assert "Disputed points" not in await read(elsewhere, "/")


async def test_a_queue_with_a_dispute_alone_is_not_called_empty(therapist: Browser, supervisor: Browser) -> None:
    """Where everything is decided and a dispute is open, the page does not say that nothing waits."""
    await dispute(therapist)
    (waiting,) = set(re.findall(r"/sessions/[0-9a-f-]{36}", (await supervisor.get("/")).text)) - {PAGE}
    await supervisor.post(f"{waiting}/withhold", revision="1")
    said = await read(supervisor, "/")
    assert "1 dispute is open." in said
    assert "Nothing waits" not in said


async def test_a_dispute_is_taken_back(therapist: Browser, supervisor: Browser) -> None:
    """A dispute that is taken back is gone from the supervisor's pages, and the statement can be disputed again."""
    await dispute(therapist)
    assert await send(therapist, await form(therapist, "/withdraw")) == f"{PAGE}#moment1-rating1"
    page = (await therapist.get(PAGE)).text
    assert "You took it back on" in words_of(page)
    assert STATEMENTS[0] in [each.fields["statement"] for each in forms_of(page, "/disputes")]
    assert "disputed this" not in await read(supervisor)
    assert "Disputed points" not in await read(supervisor, "/")


@pytest.mark.parametrize("words", ["", "  \r\n ", "x" * (MAX_COMMENT + 1), "x" * (3 * MAX_COMMENT)])
async def test_a_comment_has_words_and_a_limit(therapist: Browser, supervisor: Browser, words: str) -> None:
    """An empty comment or one that is too long is refused, and so are such words with a resolution."""
    one = await form(therapist, "/disputes", "strengths")
    answer = await therapist.client.post(one.action, data={**one.fields, "ground": "other", "text": words})
    assert answer.status_code == 400
    assert "You disputed" not in await read(therapist)
    await dispute(therapist)
    one = await form(supervisor, "/resolve")
    answer = await supervisor.client.post(one.action, data={**one.fields, "say": "agreed", "text": words})
    assert answer.status_code == 400
    assert "decided on" not in await read(therapist)


async def test_the_longest_comment_fits_into_a_form(therapist: Browser) -> None:
    """A comment of the greatest length in the widest characters is taken whole."""
    longest = "\U0001f331" * MAX_COMMENT
    await dispute(therapist, text=longest)
    assert longest in (await therapist.get(PAGE)).text


@pytest.mark.parametrize(
    "change",
    [
        {"ground": "boredom"},
        {"ground": ""},
        {"statement": "mood"},
        {"statement": "x" * 100},
        {"released": "yesterday"},
        {"assessment": "1"},
        {"place": "a b"},
    ],
)
async def test_a_form_that_no_page_has_is_refused(therapist: Browser, change: dict[str, str]) -> None:
    """A form with an unknown ground, statement, time, answer or place is refused without repeating it."""
    one = await form(therapist, "/disputes", "strengths")
    fields = {**one.fields, "ground": "other", "text": COMMENT} | change
    answer = await therapist.client.post(one.action, data=fields)
    assert answer.status_code == 400
    assert "asked me to decide" not in answer.text


async def test_a_form_without_its_token_is_refused(therapist: Browser) -> None:
    """A dispute that another site makes the browser send is refused."""
    one = await form(therapist, "/disputes", "strengths")
    fields = {**one.fields, "csrf": "", "ground": "other", "text": COMMENT}
    assert (await therapist.client.post(one.action, data=fields)).status_code == 403


async def test_after_the_window_no_form_is_left(therapist: Browser, page_database: str) -> None:
    """When the time for it is over the page has no form, and one from before is refused in words."""
    one = await form(therapist, "/disputes", "strengths")
    engine = create_engine(page_database)
    with engine.begin() as connection:
        connection.execute(text("UPDATE decisions SET decided_at = decided_at - interval '15 days'"))
        decided = connection.execute(text("SELECT decided_at FROM decisions")).scalar_one()
    engine.dispose()
    assert forms_of((await therapist.get(PAGE)).text, "/disputes") == []
    fields = {**one.fields, "released": decided.isoformat(), "ground": "other", "text": COMMENT}
    answer = await therapist.client.post(one.action, data=fields)
    assert answer.status_code == 409
    assert "The time for this is over" in answer.text


async def test_hostile_words_are_text(therapist: Browser, supervisor: Browser) -> None:
    """What a therapist and a supervisor write in a dispute is shown as text to both."""
    await dispute(therapist, text=HOSTILE)
    one = await form(supervisor, "/resolve")
    await send(supervisor, one, say="agreed", text=HOSTILE)
    for browser in (therapist, supervisor):
        page = (await browser.get(PAGE)).text
        assert page.count("&lt;script&gt;alert(1)") == 2
        assert not re.search(r"<script>|<img src=x", page)


# --- the resolution ---


async def test_the_page_leads_to_each_open_dispute(therapist: Browser, supervisor: Browser) -> None:
    """On top of the supervisor's page each open dispute is named, with a link to its place, until it is resolved."""
    assert "open dispute" not in await read(supervisor)
    await dispute(therapist)
    page = (await supervisor.get(PAGE)).text
    assert "1 open dispute Jonas Weber: Respect for Autonomy" in words_of(page)
    (place,) = re.findall(r'<a href="#(dispute-[0-9a-f-]+)"', page)
    assert page.count(f'id="{place}"') == 1
    await resolve(supervisor, "agreed")
    assert "open dispute" not in await read(supervisor)


async def test_a_dispute_of_a_moment_that_is_not_shown_is_found(
    therapist: Browser, supervisor: Browser, page_database: str
) -> None:
    """A dispute of a moment that a later choice no longer shows at once is linked to where all moments are."""
    await dispute(therapist)
    engine = create_engine(page_database)
    with engine.begin() as connection:
        connection.execute(text("UPDATE exchanges SET shown = false"))
    engine.dispose()
    page = (await supervisor.get(PAGE)).text
    assert forms_of(page, "/resolve") == []
    found = re.search(rf'href="({PAGE}\?further=yes)#(dispute-[0-9a-f-]+)"', page)
    assert found is not None
    further = (await supervisor.get(found[1])).text
    assert f'id="{found[2]}"' in further
    (one,) = forms_of(further, "/resolve")
    assert (await send(supervisor, one, say="agreed", text=ANSWER)).startswith(f"{PAGE}?further=yes#")


async def test_a_resolution_offers_what_a_review_offers(therapist: Browser, supervisor: Browser) -> None:
    """Beside a disputed level a supervisor lets it stand, withholds it for a reason, or sets an own level."""
    await dispute(therapist)
    one = await form(supervisor, "/resolve")
    buttons = re.findall(r'name="say" value="([^"]+)"', one.content)
    assert buttons == ["agreed", *(reason.value for reason in REASONS), "none", "weak", "strong"]
    await dispute(therapist, "suggestion:1")
    (_, other) = forms_of((await supervisor.get(PAGE)).text, "/resolve")
    assert re.findall(r'name="say" value="([^"]+)"', other.content) == buttons[:-3]


async def test_a_statement_that_stands_comes_with_words(therapist: Browser, supervisor: Browser) -> None:
    """A resolution leads back to its statement; the therapist reads the result, the words and the name."""
    await dispute(therapist)
    assert await resolve(supervisor, "agreed") == f"{PAGE}#moment1-rating1"
    said = await read(therapist)
    assert re.search(rf"Maria Keller decided on \w{{3}} \d+ \w{{3}} \d{{4}}: the statement stands. {ANSWER}", said)
    assert FIRST.reason in said
    assert forms_of((await supervisor.get(PAGE)).text, "/resolve") == []


async def test_a_withheld_statement_leaves_its_outcome(therapist: Browser, supervisor: Browser) -> None:
    """A statement that is withheld is gone from the therapist's page, and the outcome stands at the moment's end."""
    await dispute(therapist)
    await resolve(supervisor, "wrong_quote")
    said = await read(therapist)
    assert FIRST.reason not in said
    assert "No longer passed on: Respect for Autonomy" in said
    assert f"the statement is withheld and no longer passed on. {ANSWER}" in said
    assert "Maria Keller withholds this: wrong quote." in await read(supervisor)


async def test_a_withheld_suggestion_leaves_its_outcome(therapist: Browser, supervisor: Browser) -> None:
    """A suggestion that is withheld after a dispute is gone, and its outcome is read."""
    await dispute(therapist, "suggestion:1")
    await resolve(supervisor, "unclear")
    said = await read(therapist)
    assert ALTERNATIVE.text not in said
    assert "No longer passed on: the suggestion" in said


async def test_an_own_level_is_read_beside_the_models(therapist: Browser, supervisor: Browser) -> None:
    """A corrected level is read with the supervisor's name beside the model's, with the outcome below it."""
    await dispute(therapist)
    await resolve(supervisor, "strong")
    said = await read(therapist)
    assert "Maria Keller : comes through clearly" in said
    assert "an own level, \u201ccomes through clearly\u201d, now stands beside the model\u2019s" in said


async def test_two_supervisors_do_not_both_resolve(therapist: Browser, supervisor: Browser, colleague: Browser) -> None:
    """A second supervisor with an older page is told that the session has changed, and nothing is stored."""
    await dispute(therapist)
    old = await form(colleague, "/resolve")
    await resolve(supervisor, "agreed")
    answer = await colleague.client.post(old.action, data={**old.fields, "say": "unclear", "text": ANSWER})
    assert answer.status_code == 409
    assert "This session has changed" in answer.text
    assert FIRST.reason in await read(therapist)


async def test_no_button_undoes(therapist: Browser, supervisor: Browser) -> None:
    """An undoing, which is no resolution, is refused, and the dispute stays open."""
    await dispute(therapist)
    one = await form(supervisor, "/resolve")
    answer = await supervisor.client.post(one.action, data={**one.fields, "say": "undone", "text": ANSWER})
    assert answer.status_code == 409
    assert len(forms_of((await supervisor.get(PAGE)).text, "/resolve")) == 1


# --- another pair of eyes, where there is no lead ---


@pytest.fixture
def _without_lead(store: Store) -> None:
    """Disable the lead, to whom an escalated dispute would go."""
    store.accounts.disable(store.accounts.named(LEAD).account_id)


@pytest.mark.usefixtures("_without_lead")
async def test_another_supervisor_decides_where_asked(
    therapist: Browser, supervisor: Browser, colleague: Browser
) -> None:
    """Where the therapist asks for another supervisor, the one who released reads who decides, and has no form."""
    await dispute(therapist, another="yes")
    assert "and waits for somebody else. Nele <b>Roth</b> can decide." in await read(therapist)
    page = (await supervisor.get(PAGE)).text
    assert forms_of(page, "/resolve") == []
    assert "This waits for somebody else" in words_of(page)
    assert "Nele &lt;b&gt;Roth&lt;/b&gt; can decide." in page
    await resolve(colleague, "agreed")
    assert "decided on" in await read(therapist)


@pytest.mark.usefixtures("_without_lead")
async def test_a_form_that_is_not_theirs_is_refused(
    therapist: Browser, supervisor: Browser, colleague: Browser
) -> None:
    """A form that the page does not offer to the supervisor who released is refused in words."""
    await dispute(therapist, another="yes")
    theirs = await form(colleague, "/resolve")
    await supervisor.get(PAGE)
    fields = {**theirs.fields, "csrf": supervisor.token, "say": "agreed", "text": ANSWER}
    answer = await supervisor.client.post(theirs.action, data=fields)
    assert answer.status_code == 409
    assert "Somebody else decides this" in answer.text


@pytest.mark.usefixtures("_without_lead")
async def test_a_resolution_is_escalated_once(therapist: Browser, supervisor: Browser, colleague: Browser) -> None:
    """After a resolution one button asks another supervisor; after theirs there is none."""
    await dispute(therapist)
    await resolve(supervisor, "agreed")
    assert await send(therapist, await form(therapist, "/escalate")) == f"{PAGE}#moment1-rating1"
    assert "You asked for somebody else on" in await read(therapist)
    assert "1 dispute is open." in await read(supervisor, "/")
    assert forms_of((await supervisor.get(PAGE)).text, "/resolve") == []
    await resolve(colleague, "weak")
    page = (await therapist.get(PAGE)).text
    assert forms_of(page, "/escalate") == []
    assert words_of(page).count("decided on") == 2


@pytest.mark.usefixtures("_without_lead")
async def test_a_level_that_stays_beside_a_withheld_statement(
    therapist: Browser, supervisor: Browser, colleague: Browser
) -> None:
    """Where the first supervisor's own level stays and the second withholds the model's, the dispute is read once."""
    await dispute(therapist)
    await resolve(supervisor, "strong")
    await send(therapist, await form(therapist, "/escalate"))
    await resolve(colleague, "unclear")
    said = await read(therapist)
    assert "Maria Keller : comes through clearly" in said
    assert FIRST.reason not in said
    assert said.count("You disputed this on") == 1


@pytest.mark.usefixtures("_without_lead")
async def test_where_nobody_else_is_the_page_says_what_to_do(therapist: Browser, supervisor: Browser) -> None:
    """Where the team has one supervisor, both pages say that nobody else can decide, and whom to ask."""
    await dispute(therapist, another="yes")
    for browser in (therapist, supervisor):
        said = await read(browser)
        assert "There is nobody else who may decide it." in said
        assert "ask an operator to add a lead, or another supervisor to the team" in said


# --- who has opened it ---


async def test_a_therapist_sees_who_opened_the_session(
    therapist: Browser, supervisor: Browser, browsers: Callable[[], Browser]
) -> None:
    """A therapist reads who of the service has opened the session, by role and day; a supervisor's page has no list."""
    await supervisor.get(PAGE)
    elsewhere = browsers()
    await elsewhere.log_in(OTHER_THERAPIST)
    assert (await elsewhere.get(PAGE)).status_code == 404
    await therapist.get(PAGE)
    said = await read(therapist)
    day = r"\w{3} \d+ \w{3} \d{4}, \d\d:\d\d UTC"
    assert re.search(rf"Who has read this session .*Maria Keller, supervisor {day} : opened its page", said)
    assert "Jonas Weber, therapist" in said
    assert "Amara" not in said
    assert "Who has read" not in await read(supervisor)

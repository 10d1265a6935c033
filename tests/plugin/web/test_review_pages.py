"""Tests of a review on the pages: the claim, the buttons of every statement, and what the therapist then reads."""

import html
import re
from collections.abc import Callable
from typing import NamedTuple

import pytest
from sqlalchemy import create_engine

from plugin.database.engine import transaction
from plugin.database.viewer import AccountRole
from plugin.queue.accounts import NewAccount, insert_account
from plugin.queue.passwords import hash_password
from plugin.queue.review_views import Judgement, Opinion, WithholdReason
from plugin.queue.statements import MOMENT, Statement
from plugin.queue.store import Store
from plugin.web.review_pages import Say
from plugin.web.review_words import REASONS
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.vocabulary import Verdict
from tests.plugin.samples import NOW, answered
from tests.plugin.web.conftest import PASSWORD, RELEASED, SUPERVISOR, WAITING, Browser, address
from tests.plugin.web.samples import ALTERNATIVE, RATINGS, record
from tests.plugin.web.test_pages import hostile_record, long_record, words_of
from tests.plugin.web.test_queue_pages import sessions_on

Put = Callable[[FeedbackRecord], None]
PAGE = address(WAITING.session_id)
FIRST = RATINGS[0]
OPENINGS = "Who has read this session"
"""The last part of a therapist's page, which each reading adds to."""


class Form(NamedTuple):
    """One form of a review: its address, hidden fields and buttons."""

    action: str
    fields: dict[str, str]
    buttons: tuple[str, ...]


def forms_of(page: str) -> list[Form]:
    """Return the forms with which a page judges statements."""
    found = re.findall(r'<form class="judge" [^>]*action="([^"]+)">(.*?)</form>', page, flags=re.DOTALL)
    return [
        Form(
            action,
            dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', content)),
            tuple(re.findall(r'name="say" value="([^"]+)"', content)),
        )
        for action, content in found
    ]


async def press(browser: Browser, page: str, statement: str, say: str, number: int = 0) -> str:
    """Open a page, press a button of a statement, and return where it leads to."""
    forms = [form for form in forms_of((await browser.get(page)).text) if form.fields["statement"] == statement]
    form = forms[number]
    assert say in form.buttons
    answer = await browser.client.post(form.action, data={**form.fields, "say": say})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


@pytest.fixture
async def reviewer(supervisor: Browser) -> Browser:
    """Return the browser of the supervisor, who has begun to review the waiting session."""
    await supervisor.get(PAGE)
    assert (await supervisor.post(f"{PAGE}/claim")).headers["location"] == f"{PAGE}#review"
    return supervisor


@pytest.fixture
async def colleague(browsers: Callable[[], Browser], page_database: str) -> Browser:
    """Return the browser of a second supervisor of the same team."""
    engine = create_engine(page_database)
    person = NewAccount("nele", PASSWORD, AccountRole.SUPERVISOR, "Nele <b>Roth</b>", teams=["North"])
    with transaction(engine) as session:
        insert_account(session, person, hash_password(PASSWORD), now=NOW)
    engine.dispose()
    browser = browsers()
    await browser.log_in("nele")
    return browser


# --- the claim ---


async def test_a_page_is_for_reading_until_a_review_begins(supervisor: Browser) -> None:
    """A session's page has no buttons of a review before it begins, and reading it claims nothing."""
    page = (await supervisor.get(PAGE)).text
    assert "Not reviewed yet" in page
    assert forms_of(page) == []
    assert "reviews it" not in words_of((await supervisor.get("/")).text)


async def test_a_review_begins_is_seen_and_ends(reviewer: Browser, colleague: Browser) -> None:
    """A colleague sees who reviews, in the list and on the page, has no buttons, and may review after it is over."""
    assert "You are reviewing this session" in (await reviewer.get(PAGE)).text
    listed = words_of((await colleague.get("/")).text)
    assert "Maria Keller reviews it, until" in listed
    page = (await colleague.get(PAGE)).text
    assert "Maria Keller is reviewing this session" in page
    assert forms_of(page) == []
    assert f'action="{PAGE}/release"' not in page
    await reviewer.post(f"{PAGE}/give-back")
    assert (await colleague.post(f"{PAGE}/claim")).status_code == 303
    assert "Nele &lt;b&gt;Roth&lt;/b&gt; is reviewing" in (await reviewer.get(PAGE)).text


@pytest.mark.parametrize("action", ["claim", "give-back", "judge", "release", "withhold"])
async def test_who_comes_second_is_told_and_changes_nothing(reviewer: Browser, colleague: Browser, action: str) -> None:
    """A second supervisor with an older page gets a sentence that somebody else reviews, and nothing is stored."""
    await colleague.get(PAGE)
    assessment = str(WAITING.assessments[0].assessment_id)
    form = {"revision": "1", "assessment": assessment, "statement": "verdict", "say": "agreed", "place": "main"}
    answer = await colleague.post(f"{PAGE}/{action}", **form)
    assert answer.status_code == 409
    assert "Somebody else is reviewing this session" in answer.text
    page = words_of((await reviewer.get(PAGE)).text)
    assert "You are reviewing this session" in page
    assert "agrees." not in page


async def test_two_decisions_from_two_pages_do_not_overwrite_each_other(
    supervisor: Browser, colleague: Browser
) -> None:
    """A release from a page that was opened before somebody withheld the session is refused with a sentence."""
    stands = re.compile(r'name="stands" value="([^"]*)"')
    seen = stands.findall((await colleague.get(PAGE)).text)[0]
    await supervisor.get(PAGE)
    assert (await supervisor.post(f"{PAGE}/withhold", revision="1", stands="none")).status_code == 303
    answer = await colleague.post(f"{PAGE}/release", revision="1", stands=seen)
    assert answer.status_code == 409
    assert "This session has changed" in answer.text
    assert "Withheld by Maria Keller" in words_of((await colleague.get(PAGE)).text)


# --- the statements ---


async def test_every_statement_has_its_buttons(reviewer: Browser) -> None:
    """The verdict, each rating and level, the strengths, each suggestion and the moment can be judged by one button."""
    forms = forms_of((await reviewer.get(PAGE)).text)
    ratings = [str(Statement.parse(f"{kind}:{rating.mechanism}")) for rating in RATINGS for kind in ("level", "rating")]
    assert [form.fields["statement"] for form in forms] == ["verdict", *ratings, "strengths", "suggestion:1", "moment"]
    for form in forms:
        if form.fields["statement"].startswith("level:"):
            assert form.buttons == ("none", "weak", "strong")
        else:
            assert form.buttons == ("agreed", *(reason.value for reason in WithholdReason))


async def test_one_button_stores_a_label_and_leads_back_to_its_place(reviewer: Browser) -> None:
    """A button is one step: the page opens at the same place again, with what was said and a way to undo it."""
    statement = f"rating:{FIRST.mechanism}"
    assert await press(reviewer, PAGE, statement, "unclear") == f"{PAGE}#moment1-rating1"
    page = (await reviewer.get(PAGE)).text
    assert "Maria Keller withholds this: unclear." in words_of(page)
    assert 'id="moment1-rating1"' in page
    assert page.count('aria-pressed="true"') == 1
    await press(reviewer, PAGE, statement, "undone")
    page = (await reviewer.get(PAGE)).text
    assert "withholds this" not in page
    assert 'aria-pressed="true"' not in page


@pytest.mark.parametrize("say", [Say.AGREED, *(Say(reason.value) for reason in WithholdReason)])
async def test_what_was_said_stands_in_words(reviewer: Browser, say: Say) -> None:
    """What a supervisor said of a statement and of a moment stands beside it, with her name, for all who review."""
    await press(reviewer, PAGE, "suggestion:1", say)
    await press(reviewer, PAGE, "moment", say)
    await reviewer.post(f"{PAGE}/give-back")
    said = words_of((await reviewer.get(PAGE)).text)
    if say is Say.AGREED:
        assert "Maria Keller agrees." in said
        assert "Maria Keller passes this moment on." in said
    else:
        words = REASONS[WithholdReason(say.value)]
        assert f"Maria Keller withholds this: {words}." in said
        assert f"Maria Keller keeps this moment back: {words}." in said


async def test_an_own_level_stands_beside_the_models(reviewer: Browser) -> None:
    """A supervisor's own level is shown with her name, and the model's level stays beside it."""
    await press(reviewer, PAGE, f"level:{FIRST.mechanism}", "weak")
    said = words_of((await reviewer.get(PAGE)).text)
    assert "no expression baseline unvalidated Maria Keller : \u25cf\u25cb weak expression" in said


async def test_a_review_of_further_moments_stays_on_their_page(reviewer: Browser) -> None:
    """A button on the page of all confirmed moments leads back to that page."""
    forms = forms_of((await reviewer.get(f"{PAGE}?further=yes")).text)
    answer = await reviewer.client.post(forms[0].action, data={**forms[0].fields, "say": "agreed"})
    assert answer.headers["location"] == f"{PAGE}?further=yes#verdict1"


@pytest.mark.parametrize(
    "change",
    [
        {"say": "fine"},
        {"say": ""},
        {"statement": "mood"},
        {"statement": "x" * 61},
        {"assessment": "none"},
        {"place": "//elsewhere.example"},
        {"place": "a\r\nSet-Cookie: a=b"},
        {"revision": "0"},
    ],
)
async def test_a_form_that_no_page_has_stores_nothing(reviewer: Browser, change: dict[str, str]) -> None:
    """A form with a value that none of our pages sends is refused and repeated nowhere."""
    form = forms_of((await reviewer.get(PAGE)).text)[0]
    answer = await reviewer.client.post(form.action, data={**form.fields, "say": "agreed", **change})
    assert answer.status_code == 400
    assert "elsewhere" not in answer.text
    assert "agrees." not in (await reviewer.get(PAGE)).text


async def test_a_label_of_an_older_revision_is_refused_in_words(reviewer: Browser, put: Put) -> None:
    """A step about a revision that was replaced meanwhile is refused with a sentence."""
    form = forms_of((await reviewer.get(PAGE)).text)[0]
    put(record("waiting", "counsellor-1", revision=2))
    answer = await reviewer.client.post(form.action, data={**form.fields, "say": "agreed"})
    assert answer.status_code == 409
    assert "This session has changed" in answer.text


# --- the release ---


async def test_a_session_is_new_claimed_reviewed_and_released(reviewer: Browser) -> None:
    """The list says who reviews a session, then that it is reviewed; its release puts it among the decided."""
    await press(reviewer, PAGE, "moment", "agreed")
    assert "Maria Keller reviews it" in words_of((await reviewer.get("/")).text)
    await reviewer.post(f"{PAGE}/give-back")
    assert "reviewed, waits for its release" in words_of((await reviewer.get("/")).text)
    assert "Reviewed, not released yet" in (await reviewer.get(PAGE)).text
    await reviewer.post(f"{PAGE}/release", revision="1", stands="none")
    assert str(WAITING.session_id) not in (await reviewer.get("/")).text
    assert str(WAITING.session_id) in (await reviewer.get("/decided")).text


async def test_what_is_withheld_is_in_no_byte_of_the_therapists_page(reviewer: Browser, therapist: Browser) -> None:
    """A therapist's page holds no word of a withheld rating, strength or suggestion, and all the others."""
    assert ALTERNATIVE.text in (await reviewer.get(PAGE)).text
    for statement in (f"rating:{FIRST.mechanism}", "strengths", "suggestion:1"):
        await press(reviewer, PAGE, statement, "wrong_quote")
    await reviewer.post(f"{PAGE}/release", revision="1")
    page = html.unescape((await therapist.get(PAGE)).text)
    for gone in (FIRST.reason, "It stays friendly.", ALTERNATIVE.text, "Respect for Autonomy", "withh", "wrong quote"):
        assert gone not in page, gone
    for rating in RATINGS[1:]:
        assert rating.reason in page


async def test_a_therapist_reads_both_levels_with_their_names(reviewer: Browser, therapist: Browser) -> None:
    """A therapist reads the supervisor's own level before the model's, each with its name and as a remark."""
    await press(reviewer, PAGE, f"level:{FIRST.mechanism}", "strong")
    await reviewer.post(f"{PAGE}/release", revision="1")
    said = words_of((await therapist.get(PAGE)).text)
    both = "Maria Keller : comes through clearly The model : not heard in this reply yet baseline unvalidated"
    assert both in said
    assert said.index(both) < said.index("Where there may be more room")


async def test_a_moment_that_is_kept_back_is_on_no_page_of_the_therapist(reviewer: Browser, therapist: Browser) -> None:
    """A released session whose only moment is kept back does not exist for its therapist."""
    await press(reviewer, PAGE, "moment", "not_resistance")
    await reviewer.post(f"{PAGE}/release", revision="1")
    assert (await therapist.get(PAGE)).status_code == 404
    assert str(WAITING.session_id) not in (await therapist.get("/")).text


async def test_a_released_session_is_not_reviewed(supervisor: Browser, therapist: Browser) -> None:
    """A released session has no buttons of a review, and a label from an older page is refused in words."""
    page = address(RELEASED.session_id)
    await supervisor.get(page)
    await supervisor.post(f"{page}/claim")
    opened = (await supervisor.get(page)).text
    assert forms_of(opened) == []
    assert "To change something, withhold it first." in words_of(opened)
    before, _, _ = (await therapist.get(page)).text.partition(OPENINGS)
    assessment = str(RELEASED.assessments[0].assessment_id)
    form = {"revision": "1", "assessment": assessment, "statement": "moment", "say": "unclear", "place": "main"}
    answer = await supervisor.post(f"{page}/judge", **form)
    assert answer.status_code == 409
    assert "This session is released" in answer.text
    assert (await therapist.get(page)).text.partition(OPENINGS)[0] == before


async def test_hostile_text_stays_text_in_a_review(supervisor: Browser, put: Put) -> None:
    """Hostile text of a conversation or a model is shown as text between the buttons of a review."""
    sent = hostile_record()
    put(sent)
    page = address(sent.session_id)
    await supervisor.get(page)
    await supervisor.post(f"{page}/claim")
    opened = (await supervisor.get(page)).text
    assert len(forms_of(opened)) == 12
    assert not re.search(r"<script>|<img src=x|\sstyle=", opened)


async def test_the_review_names_every_control(reviewer: Browser) -> None:
    """A page in review has unique ids, a named group for every form, and neither code nor styles in its markup."""
    page = (await reviewer.get(PAGE)).text
    found = re.findall(r'\bid="([^"]+)"', page)
    assert len(found) == len(set(found))
    legends = re.findall(r'<legend class="hidden">([^<]+)</legend>', page)
    assert len(legends) == len(set(legends)) == len(forms_of(page))
    for place in re.findall(r'name="place" value="([^"]+)"', page):
        assert place in found
    assert not re.search(r"<script>|\sstyle=|\son[a-z]+=", page)


async def test_an_answer_of_an_earlier_version_has_no_verdict_to_judge(supervisor: Browser, put: Put) -> None:
    """Of a moment without a verdict the ratings can be judged, and no verdict is asked about."""
    sent = answered(record("old", "counsellor-1"), {"verdict": Verdict.NOT_ASSESSED, "resistance_type": None})
    put(sent)
    page = address(sent.session_id)
    await supervisor.get(page)
    await supervisor.post(f"{page}/claim")
    statements = [form.fields["statement"] for form in forms_of((await supervisor.get(page)).text)]
    assert "verdict" not in statements
    assert statements[-1] == "moment"


async def test_what_was_begun_is_found_again_in_the_list(supervisor: Browser, store: Store, put: Put) -> None:
    """A session of which a part was judged says in its row how many moments are reviewed, and can be filtered by."""
    put(sent := long_record())
    maria = store.find_viewer(SUPERVISOR)
    assert maria is not None
    store.reviews.claim(maria, sent.session_id)
    answer = sent.assessments[0].assessment_id
    store.reviews.judge(maria, sent.session_id, 1, answer, MOMENT, Opinion(Judgement.AGREED))
    store.reviews.give_back(maria, sent.session_id)
    page = (await supervisor.get("/?state=begun")).text
    assert sessions_on(page) == [str(sent.session_id)]
    assert "reviewed in part: 1 of 3 moments reviewed" in page
    assert str(sent.session_id) not in sessions_on((await supervisor.get("/?state=new")).text)

"""Tests of the pages that people read: the supervisor's queue, a session with its evidence, the therapist's view."""

import html
import re
from collections.abc import Callable
from uuid import uuid5

import pytest

from plugin.web.labels import NAMES_NOT_TOLD, POSSIBLE_INJECTION, SCOPE
from stream.contracts import ids
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.sessions import Counts, Mark
from stream.contracts.vocabulary import Concern, LeftOut, MarkKind, Mechanism
from tests.plugin.samples import MODEL, PLANTED, REJECTED, answered, sure
from tests.plugin.web.conftest import (
    ELSEWHERE,
    LEFT_OUT,
    OPERATOR,
    OTHER_SUPERVISOR,
    RELEASED,
    THERAPIST,
    WAITING,
    Browser,
    address,
)
from tests.plugin.web.samples import ALTERNATIVE, RATINGS, TEXT, record

Put = Callable[[FeedbackRecord], None]


def words_of(page: str) -> str:
    """Return the visible text of a page on one line."""
    text = re.sub(r"<(sup|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def sessions_on(page: str) -> list[str]:
    """Return the ids of the sessions that a page links to, in its order."""
    return re.findall(r'href="/sessions/([0-9a-f-]{36})[?"]', page)


# --- a supervisor's lists ---


async def test_a_supervisor_sees_what_waits_with_the_reason(supervisor: Browser) -> None:
    """A supervisor sees the waiting sessions of their teams only, with the reasons for their places."""
    page = (await supervisor.get("/")).text
    assert sessions_on(page) == [str(WAITING.session_id)]
    said = words_of(page)
    assert "1 session waits for you" in said
    assert "Unanswered moments" in said
    assert "Jonas Weber" in said
    assert "1 unanswered moment \u00b7 No expression of Respect for Autonomy" in said


async def test_risk_comes_first_whatever_came_later(supervisor: Browser, put: Put) -> None:
    """A session with risk language is listed first even if it was left out, until it is put away."""
    risk = record(
        "risk",
        "counsellor-1",
        left_out=LeftOut.TOO_SHORT,
        exchanges=(),
        assessments=(),
        messages=WAITING.messages[:1],
        marks=(Mark(kind=MarkKind.RISK_LANGUAGE, concerns=(Concern.SELF_HARM,), message_ids=("m1",)),),
    )
    put(risk)
    page = (await supervisor.get("/")).text
    assert sessions_on(page) == [str(risk.session_id), str(WAITING.session_id)]
    assert "Words about self-harm" in words_of(page)
    opened = words_of((await supervisor.get(address(risk.session_id))).text)
    assert "Risk language: self-harm" in opened
    assert "protocol handles risk" in opened
    assert TEXT["m1"] in opened
    assert "Put away" in opened
    assert "Release" not in opened
    assert (await supervisor.post(address(risk.session_id, "/withhold"), revision="1")).status_code == 303
    assert sessions_on((await supervisor.get("/")).text) == [str(WAITING.session_id)]


async def test_what_was_left_out_is_listed_with_its_reason(supervisor: Browser) -> None:
    """A session that was left out is listed with its reason, which its own page shows too."""
    page = (await supervisor.get("/left-out")).text
    assert sessions_on(page) == [str(LEFT_OUT.session_id)]
    assert "Too short" in words_of(page)
    opened = words_of((await supervisor.get(address(LEFT_OUT.session_id))).text)
    assert "Left out of feedback: Too short." in opened


async def test_what_was_decided_is_listed(supervisor: Browser) -> None:
    """A decided session is listed with the decision and the person who made it."""
    page = (await supervisor.get("/decided")).text
    assert sessions_on(page) == [str(RELEASED.session_id)]
    assert "released by Maria Keller" in words_of(page)


async def test_empty_lists_say_so(browser: Browser) -> None:
    """Every empty list has a sentence that says so."""
    await browser.log_in(OTHER_SUPERVISOR)
    assert "Nothing has been decided yet." in (await browser.get("/decided")).text
    assert "No session was left out." in (await browser.get("/left-out")).text
    assert (await browser.post(address(ELSEWHERE.session_id, "/withhold"), revision="1")).status_code == 303
    assert "Nothing waits." in (await browser.get("/")).text


# --- one session ---


@pytest.mark.parametrize("names_told", [True, False])
async def test_a_page_says_where_nobody_told_the_names(supervisor: Browser, put: Put, names_told: bool) -> None:
    """A supervisor reads on the page that names may have reached the model, where nobody told them."""
    sent = record("names", "counsellor-1", names_told=names_told)
    put(sent)
    said = words_of((await supervisor.get(address(sent.session_id))).text)
    assert (NAMES_NOT_TOLD in said) is not names_told


async def test_a_session_shows_every_word_of_its_moment(supervisor: Browser) -> None:
    """A session's page shows the whole text of its moments and its unanswered moment."""
    said = words_of((await supervisor.get(address(WAITING.session_id))).text)
    for message_id, text in TEXT.items():
        assert " ".join(text.split()) in said.replace(" .", "."), message_id


async def test_an_unanswered_moment_says_that_the_model_confirmed_it(supervisor: Browser) -> None:
    """A session's page says of its unanswered moment what the model found, and what kind of model that is."""
    said = words_of((await supervisor.get(address(WAITING.session_id))).text)
    assert "Resistance, confirmed by the model: unwillingness. Nobody replied, so there is nothing to rate." in said
    assert "The model is CPU baseline, a baseline; its agreement with clinicians has not been measured" in said


async def test_quoted_words_are_highlighted_and_numbered(supervisor: Browser) -> None:
    """Quoted words are highlighted, and every link within the page has a target."""
    page = (await supervisor.get(address(WAITING.session_id))).text
    assert '<mark class="q4">two more weeks</mark>' in page
    assert '<mark class="q2 q3">worn out</mark>' in page
    for target in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{target}"' in page, target
    assert '<mark class="cue-only">don&#39;t see the point</mark>' in page


async def test_ids_on_a_page_are_unique(supervisor: Browser) -> None:
    """The ids on a page are unique, so that its links lead to the right place."""
    found = re.findall(r'\bid="([^"]+)"', (await supervisor.get(address(WAITING.session_id))).text)
    assert len(found) == len(set(found))


async def test_levels_are_shown_in_words_and_marked_unvalidated(supervisor: Browser) -> None:
    """Each level is shown in words, marked unvalidated and linked to the glossary."""
    page = (await supervisor.get(address(WAITING.session_id))).text
    said = words_of(page)
    assert "1 Respect for Autonomy \u25cb\u25cb no expression baseline unvalidated It decides for the client" in said
    assert "\u25cf\u25cb weak expression baseline unvalidated" in said
    assert "\u25cf\u25cf strong expression baseline unvalidated" in said
    glossary = (await supervisor.get("/glossary")).text
    links = re.findall(r'href="/glossary#([^"]+)"', page)
    assert len(links) == len(Mechanism)
    assert all(f'id="{link}"' in glossary for link in links)


async def test_a_quotation_is_a_link_to_its_message(supervisor: Browser, therapist: Browser) -> None:
    """Each quotation is a link to the message it is from, for the supervisor and the therapist."""
    for browser, session_id in ((supervisor, WAITING.session_id), (therapist, RELEASED.session_id)):
        page = (await browser.get(address(session_id))).text
        links = re.findall(r'<a href="#(moment1-line\d+)"><q>(.*?)</q></a>', page)
        assert {quote for _, quote in links} == {each.quote for rating in RATINGS for each in rating.evidence}
        assert all(f'<li class="reply" id="{anchor}">' in page for anchor, _ in links)


async def test_the_alternative_says_where_it_comes_from(supervisor: Browser) -> None:
    """An alternative is shown as an option, with the words that it answers and its source, not as an instruction."""
    said = words_of((await supervisor.get(address(WAITING.session_id))).text)
    assert (
        "What somebody wrote for moments of this kind An invented client had written:"
        f" {ALTERNATIVE.written_for} The answer to it: {ALTERNATIVE.text}"
    ) in said
    assert "An option, not an instruction" in said
    assert "From the invented exchange S-014." in said
    assert (
        "0.81 is the probability that this reply is preferred to the one that was given, as estimated by a model that"
        " wrote neither."
    ) in said


async def test_a_language_models_alternative_is_called_its_own_wording(supervisor: Browser, put: Put) -> None:
    """An alternative that a language model worded says so, that nothing scored it, and speaks of nobody's writing."""
    bare = ALTERNATIVE.model_copy(update={"written_id": None, "written_for": None, "score": None})
    model = MODEL.model_copy(update={"is_baseline": False})
    sent = answered(record("llm", "counsellor-1"), {"alternatives": (bare,), "model": model})
    put(sent)
    said = words_of((await supervisor.get(address(sent.session_id))).text)
    assert f"Worded by the model {ALTERNATIVE.text}" in said
    assert "Unscored: nothing has judged it yet." in said
    assert "invented" not in said
    assert "somebody wrote" not in said


async def test_provenance_names_model_rubric_and_detector(supervisor: Browser) -> None:
    """A session's page names the model, the rubric's version and the detector, and calls the finding possible."""
    said = words_of((await supervisor.get(address(WAITING.session_id))).text)
    assert "CPU baseline, a baseline" in said
    assert "not measured (unvalidated)" in said
    assert "version 0.1" in said
    assert "detector linear 0.1 at a high threshold, as in earlier versions" in said
    assert "resistance, confirmed by the model: pessimism" in said


async def test_three_moments_are_shown_and_the_further_ones_by_a_link(supervisor: Browser, put: Put) -> None:
    """A page shows the three surest moments, counts the others, and shows the further ones behind a plain link."""
    sent = answered(long_record(), *sure(0.9, 0.8, 0.5, 0.7), REJECTED, REJECTED)
    put(sent)
    path = address(sent.session_id)
    page = (await supervisor.get(path)).text
    assert [number for number in range(1, 7) if LINES[number] in words_of(page)] == [1, 2, 4]
    assert "Moment 3 of 3" in words_of(page)
    assert "1 further moment was confirmed, and 2 were looked at and not confirmed." in words_of(page)
    assert f'<a href="{path}?further=yes">' in page
    whole = (await supervisor.get(f"{path}?further=yes")).text
    assert [number for number in range(1, 7) if LINES[number] in words_of(whole)] == [1, 2, 3, 4]
    assert words_of(whole).index(LINES[4]) < words_of(whole).index(LINES[3])
    assert f'<a href="{path}">Show fewer</a>' in whole
    found = re.findall(r'\bid="([^"]+)"', whole)
    assert len(found) == len(set(found))


async def test_a_therapist_gets_no_further_moments(supervisor: Browser, therapist: Browser, put: Put) -> None:
    """A therapist reads the moments that the supervisor was shown at once, whatever the address asks for."""
    sent = answered(long_record(), *sure(0.9, 0.8, 0.5, 0.7), REJECTED, REJECTED)
    put(sent)
    path = address(sent.session_id)
    await supervisor.post(f"{path}/release", revision="1")
    for query in ("", "?further=yes"):
        said = words_of((await therapist.get(path + query)).text)
        assert [number for number in range(1, 7) if LINES[number] in said] == [1, 2, 4]
        assert "confirmed" not in said


async def test_planted_text_is_said_to_the_supervisor_alone(supervisor: Browser, therapist: Browser, put: Put) -> None:
    """The supervisor reads beside the moment, and in the list, that text may be planted; the therapist does not."""
    sent = answered(record("planted", "counsellor-1", marks=()), PLANTED)
    put(sent)
    path = address(sent.session_id)
    page = (await supervisor.get(path)).text
    assert f'<p class="notice care">{POSSIBLE_INJECTION}</p>' in page
    waiting = words_of((await supervisor.get("/")).text)
    assert "Possibly planted text" in waiting
    assert "Text that may be meant to steer the rating in 1 moment" in waiting
    assert POSSIBLE_INJECTION not in (await supervisor.get(address(WAITING.session_id))).text
    await supervisor.post(f"{path}/release", revision="1")
    own = (await therapist.get(path)).text
    assert "It names what the words suggest." in own
    assert "steer" not in own


async def test_a_rejected_moment_with_planted_text_is_shown_without_levels(supervisor: Browser, put: Put) -> None:
    """A rejected moment with planted text is shown with its words, and neither rated nor said to need a rating."""
    sent = answered(record("rejected", "counsellor-1", marks=()), REJECTED | PLANTED)
    put(sent)
    said = words_of((await supervisor.get(address(sent.session_id))).text)
    assert "possible resistance, looked at and not confirmed by the model" in said
    assert POSSIBLE_INJECTION in said
    assert "Respect for Autonomy" not in said
    assert "needs a person" not in said


async def test_a_session_in_which_nothing_was_confirmed_waits_for_nobody(supervisor: Browser, put: Put) -> None:
    """A session whose moments were all rejected is listed as left out, and its page says how many were looked at."""
    sent = answered(record("nothing", "counsellor-1", marks=()), REJECTED)
    put(sent.model_copy(update={"counts": Counts(messages=9, flagged_turns=1)}))
    assert str(sent.session_id) not in sessions_on((await supervisor.get("/")).text)
    listed = await supervisor.get("/left-out")
    assert str(sent.session_id) in sessions_on(listed.text)
    assert "No moment of resistance found" in words_of(listed.text)
    opened = words_of((await supervisor.get(address(sent.session_id))).text)
    assert "1 moment was looked at and not confirmed." in opened
    assert "Release" not in opened


LINES = {number: f"This is line {number} of somebody made up." for number in range(1, 7)}


def long_record() -> FeedbackRecord:
    """Return the sample with six moments, the client's line of each naming its number."""
    whole = record("long", "counsellor-1", marks=())
    said, reply = whole.messages[6:8]
    exchange, answer = whole.exchanges[0], whole.assessments[0]
    messages, exchanges, assessments = [], [], []
    for number, line in LINES.items():
        client, counsellor = f"c{number}", f"r{number}"
        messages += [said.model_copy(update={"message_id": client, "text": line})]
        messages += [reply.model_copy(update={"message_id": counsellor})]
        name = ids.exchange_id(whole.session_id, client)
        changes = {"exchange_id": name, "context": (), "client_turn": (client,), "reply": (counsellor,), "cues": ()}
        exchanges.append(exchange.model_copy(update=changes))
        key = {"exchange_id": name, "assessment_id": uuid5(answer.assessment_id, client)}
        assessments.append(answer.model_copy(update=key))
    parts = {"messages": tuple(messages), "exchanges": tuple(exchanges), "assessments": tuple(assessments)}
    return whole.model_copy(update=parts)


HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e&lt;b&gt;'


def hostile_record() -> FeedbackRecord:
    """Return the sample with hostile text wherever a platform or a model may put text."""
    messages = tuple(message.model_copy(update={"text": HOSTILE}) for message in WAITING.messages)
    whole = record("hostile", "counsellor-1", messages=messages)
    answer = whole.assessments[0]
    quote = RATINGS[0].evidence[0].model_copy(update={"quote": HOSTILE, "start": 0, "end": 12})
    rating = RATINGS[0].model_copy(update={"reason": HOSTILE, "evidence": (quote,)})
    changed = answer.model_copy(
        update={
            "ratings": (rating, *RATINGS[1:]),
            "strengths": (HOSTILE,),
            "alternatives": (
                ALTERNATIVE.model_copy(update={"text": HOSTILE, "written_id": HOSTILE, "written_for": HOSTILE}),
            ),
            "possible_injection": True,
            "model": answer.model.model_copy(update={"name": HOSTILE, "weights": HOSTILE}),
        }
    )
    return whole.model_copy(update={"assessments": (changed,)})


async def test_hostile_text_is_text(supervisor: Browser, therapist: Browser, put: Put) -> None:
    """Hostile text of clients, counsellors or models is shown as text and never executed."""
    hostile = hostile_record()
    put(hostile)
    path = address(hostile.session_id)
    for_supervisor = await supervisor.get(path)
    await supervisor.post(f"{path}/release", revision="1")
    for answer in (for_supervisor, await therapist.get(path)):
        assert answer.status_code == 200
        assert "<script>" not in answer.text
        assert "<img src=x" not in answer.text
        # The words of the context; those of the reason, the strength, the option, its source and the model's name.
        assert answer.text.count("&lt;img src=x onerror=alert(2)&gt;") >= len(WAITING.messages) - 3 + 5
        assert "&amp;lt;b&amp;gt;" in answer.text


async def test_a_name_is_text(browser: Browser) -> None:
    """A display name is escaped, since people may type anything."""
    await browser.log_in(OTHER_SUPERVISOR)
    assert "Nora &lt;i&gt;Lind&lt;/i&gt;" in (await browser.get("/")).text


# --- release ---


async def test_nothing_reaches_a_therapist_before_the_release(supervisor: Browser, therapist: Browser) -> None:
    """A therapist reads a session only between its release and a later withholding."""
    path = address(WAITING.session_id)
    assert (await therapist.get(path)).status_code == 404
    await supervisor.get(path)
    answer = await supervisor.post(f"{path}/release", revision="1")
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert "Released by Maria Keller" in words_of((await supervisor.get(path)).text)
    assert (await therapist.get(path)).status_code == 200
    assert sessions_on((await therapist.get("/")).text)[0] == str(WAITING.session_id)
    await supervisor.post(f"{path}/withhold", revision="1")
    assert (await therapist.get(path)).status_code == 404


async def test_a_session_that_changed_is_not_released_unseen(supervisor: Browser, therapist: Browser, put: Put) -> None:
    """A release of an outdated revision is answered with 409, and the therapist still sees nothing."""
    path = address(WAITING.session_id)
    await supervisor.get(path)
    put(record("waiting", "counsellor-1", revision=2))
    answer = await supervisor.post(f"{path}/release", revision="1")
    assert answer.status_code == 409
    assert f'href="{path}"' in answer.text
    assert (await therapist.get(path)).status_code == 404


async def test_a_new_revision_of_a_released_session_waits_again(
    supervisor: Browser, therapist: Browser, put: Put
) -> None:
    """A new revision of a released session waits for a decision again, hidden from the therapist."""
    put(record("released", "counsellor-1", revision=2))
    page = (await supervisor.get("/")).text
    assert str(RELEASED.session_id) in sessions_on(page)
    assert "changed since it was released" in page
    assert (await therapist.get(address(RELEASED.session_id))).status_code == 404


@pytest.mark.parametrize("revision", ["", "0", "-1", "one", "9" * 30])
async def test_a_decision_names_a_revision(supervisor: Browser, revision: str) -> None:
    """A release with an invalid revision decides nothing."""
    answer = await supervisor.post(address(WAITING.session_id, "/release"), revision=revision)
    assert answer.status_code in {400, 409}
    assert "No counsellor can read this yet." in (await supervisor.get(address(WAITING.session_id))).text


# --- a therapist's pages ---


async def test_a_therapist_sees_only_his_own_released_sessions(therapist: Browser) -> None:
    """A therapist sees only their own released sessions."""
    page = (await therapist.get("/")).text
    assert sessions_on(page) == [str(RELEASED.session_id)]
    assert "from Maria Keller" in words_of(page)


async def test_a_therapist_reads_remarks_and_never_a_grade(therapist: Browser) -> None:
    """A therapist reads strengths first, without levels, scores or marks of need, and sees the alternative."""
    said = words_of((await therapist.get(address(RELEASED.session_id))).text)
    assert "Your reply" in said
    assert said.index("comes through clearly") < said.index("not heard in this reply yet")
    assert "comes through in part baseline unvalidated" in said
    assert ALTERNATIVE.text in said
    assert "agreement with clinicians has not been measured" in said
    assert not re.search(r"[\u25cb\u25cf]|no expression|weak|strong|score|0\.93|Unanswered|needs a person", said)


async def test_a_therapist_may_disagree(therapist: Browser) -> None:
    """A therapist's page says that disagreement is welcome."""
    said = words_of((await therapist.get(address(RELEASED.session_id))).text)
    assert "You were there; the model was not." in said
    assert "say so to your supervisor" in said


# --- every page ---

EVERY = ("/", "/rubric", "/glossary", address(RELEASED.session_id))


@pytest.mark.parametrize("path", [*EVERY, "/decided", "/left-out", "/no-such-page"])
async def test_every_page_says_what_it_is_for_and_holds_no_script(supervisor: Browser, path: str) -> None:
    """Every page has the scope in its footer and no script, style or link but those to files of our own."""
    page = (await supervisor.get(path)).text
    assert SCOPE in html.unescape(page)
    assert page.startswith("<!doctype html>")
    assert '<html lang="en">' in page
    assert not re.search(r"<script(?! src=\"/static/)|\sstyle=|\shx-on[:-]|\son[a-z]+=|https?://", page)


@pytest.mark.parametrize("person", [THERAPIST, OPERATOR])
@pytest.mark.parametrize("path", ["/", "/rubric"])
async def test_the_scope_stands_on_everybodys_pages(browser: Browser, person: str, path: str) -> None:
    """Pages of therapists and operators show the scope too."""
    await browser.log_in(person)
    assert SCOPE in html.unescape((await browser.get(path)).text)

"""The pages of the random sample: the list, the blind look, and what stands beside the answers afterwards."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from plugin.web import look_pages
from stream.contracts.feedback import FeedbackRecord
from tests.plugin.web.conftest import ELSEWHERE, OTHER_SUPERVISOR, SUPERVISOR, WAITING, Browser, address
from tests.plugin.web.samples import record
from tests.plugin.web.test_pages import words_of

PAGE = address(ELSEWHERE.session_id, "/look")
TURNS = len(ELSEWHERE.sampled_turns)
ALL_NO = {f"{question}-{turn}": "no" for question in ("resistance", "critical") for turn in range(TURNS)}
ANSWERS = ALL_NO | {"resistance-3": "yes", "critical-3": "unsure", "revision": "1"}
HOSTILE = "<b>Nothing</b>"
"""What the client of the sample wrote."""


def later_by(hours: int) -> FeedbackRecord:
    """Return another session of the sample, which ended some hours later."""
    sent = record(f"later-{hours}", "counsellor-2", sampled_turns=ELSEWHERE.sampled_turns)
    return sent.model_copy(update={"ended_at": ELSEWHERE.ended_at + timedelta(hours=hours)})


@pytest.fixture
async def nora(browsers: Callable[[], Browser]) -> Browser:
    """Return the browser of the supervisor whose team's session is in the sample."""
    opened = browsers()
    await opened.log_in(OTHER_SUPERVISOR)
    return opened


async def test_the_list_says_when_and_how_long_and_nothing_of_machine_or_people(nora: Browser) -> None:
    """A sampled session is listed by its time and its client turns, with no name and no word about moments."""
    page = (await nora.get("/sample")).text
    said = words_of(page)
    assert "1 session waits for a look" in said
    assert "5 client turns" in said
    assert "Tue 3 November 2026" in said
    assert f'href="{PAGE}"' in page
    assert "Amara" not in page


async def test_an_empty_list_says_so(supervisor: Browser) -> None:
    """A supervisor without a sampled session reads that nothing waits."""
    assert "Nothing waits." in (await supervisor.get("/sample")).text


async def test_who_has_read_the_oldest_reaches_the_others(
    nora: Browser, put: Callable[[FeedbackRecord], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that is longer than a page leads on to later sessions and back, also where she has read every old one."""
    monkeypatch.setattr(look_pages, "PAGE", 1)
    later = [later_by(hours) for hours in (1, 2)]
    for sent in later:
        put(sent)
    await nora.get(address(ELSEWHERE.session_id))
    seen: list[str] = []
    path = "/sample"
    while path:
        page = (await nora.get(path)).text
        assert "3 sessions wait" in words_of(page)
        assert ("To the oldest" in page) == bool(seen)
        seen += re.findall(r'href="/sessions/([^/"]+)/look"', page) or [str(ELSEWHERE.session_id)]
        path = next(iter(re.findall(r'href="([^"]+)" rel="next"', page)), "")
    assert seen == [str(each.session_id) for each in (ELSEWHERE, *later)]


async def test_after_the_last_session_nothing_comes(nora: Browser) -> None:
    """The place after the last session says so and leads back; one that is no session's is refused."""
    beyond = (await nora.get(f"/sample?after={ELSEWHERE.session_id}")).text
    assert "Nothing comes after this place. To the oldest" in words_of(beyond)
    assert 'href="/sample"' in beyond
    assert (await nora.get("/sample?after=../../etc/passwd")).status_code == 400


async def test_the_conversation_stands_alone(nora: Browser) -> None:
    """The look shows every message, escaped, and neither name, level, verdict nor model."""
    page = (await nora.get(PAGE)).text
    said = words_of(page)
    for message in ELSEWHERE.messages:
        assert words_of(message.text.replace("<", "&lt;").replace(">", "&gt;")) in said
    assert HOSTILE not in page
    for told in ("Amara", "CPU baseline", "confirmed", "unvalidated", "Machine", "possible resistance"):
        assert told not in page


async def test_no_answer_is_the_default(nora: Browser) -> None:
    """Each client turn has two questions with three answers each, of which none is chosen and one is required."""
    page = (await nora.get(PAGE)).text
    radios = re.findall(r'<input type="radio"[^>]*>', page)
    assert len(radios) == TURNS * 2 * 3
    assert all("required" in radio and "checked" not in radio for radio in radios)


async def test_after_the_answers_the_machine_stands_beside_them(nora: Browser) -> None:
    """The stored answers are shown with what the machine says, its model and no form."""
    await nora.get(PAGE)
    answer = await nora.post(PAGE, **ANSWERS)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    page = (await nora.get(PAGE)).text
    said = words_of(page)
    assert "You resistance: yes; critical content: not sure Machine shown as a moment of resistance" in said
    assert said.count("not shown as resistance; no sign for critical content") == 3
    assert "CPU baseline, a baseline" in said
    assert "unvalidated" in said
    assert 'type="radio"' not in page
    assert "Nothing waits." in (await nora.get("/sample")).text


async def test_answers_cannot_be_changed(nora: Browser) -> None:
    """A second form leads back to the first answers."""
    await nora.get(PAGE)
    await nora.post(PAGE, **ANSWERS)
    answer = await nora.post(PAGE, **ANSWERS | {"resistance-0": "yes"})
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert words_of((await nora.get(PAGE)).text).count("resistance: yes") == 1


async def test_a_missing_answer_keeps_the_others(nora: Browser) -> None:
    """A form without an answer stores nothing, says so, marks the turn and keeps what was chosen."""
    await nora.get(PAGE)
    given = {name: value for name, value in ANSWERS.items() if name != "critical-4"}
    answer = await nora.post(PAGE, **given)
    assert answer.status_code == 400
    assert "Some questions have no answer yet" in answer.text
    assert answer.text.count("ask missing") == 1
    assert answer.text.count("checked") == 2 * TURNS - 1
    assert "1 session waits" in words_of((await nora.get("/sample")).text)


@pytest.mark.parametrize("name", ["resistance-x", "resistance-", "resistance-00", "resistance-99999", "other-1"])
async def test_a_field_that_is_no_question_is_no_answer(nora: Browser, name: str) -> None:
    """Fields that the page does not have are left out, and disturb nothing."""
    await nora.get(PAGE)
    assert (await nora.post(PAGE, **{"revision": "1", name: "yes"})).status_code == 400
    assert (await nora.post(PAGE, **ANSWERS, **{name: "yes"})).status_code == 303


async def test_who_has_read_the_session_is_told_so_kindly(nora: Browser) -> None:
    """A supervisor who has opened the session's own page reads why she cannot look, and the list says it too."""
    await nora.get(address(ELSEWHERE.session_id))
    page = await nora.get(PAGE)
    assert page.status_code == 409
    assert "You have read this session" in page.text
    listed = (await nora.get("/sample")).text
    assert "another supervisor has to look at it" in listed
    assert f'href="{PAGE}"' not in listed
    assert (await nora.post(PAGE, **ANSWERS)).status_code == 409


async def test_a_form_about_another_revision_is_refused(nora: Browser, put: Callable[[FeedbackRecord], None]) -> None:
    """When the session changes meanwhile, nothing is stored and the page says so."""
    await nora.get(PAGE)
    put(record("elsewhere", "counsellor-2", revision=2, sampled_turns=ELSEWHERE.sampled_turns))
    answer = await nora.post(PAGE, **ANSWERS)
    assert answer.status_code == 409
    assert "This session has changed" in answer.text


async def test_a_look_needs_the_page_that_it_came_from(nora: Browser) -> None:
    """A form without this visitor's token stores nothing."""
    await nora.get(PAGE)
    nora.token = "another"
    assert (await nora.post(PAGE, **ANSWERS)).status_code == 403


async def test_a_session_outside_the_sample_has_no_look(supervisor: Browser) -> None:
    """There is no look at a session that was not drawn, though she may read it."""
    assert (await supervisor.get(address(WAITING.session_id, "/look"))).status_code == 404


async def test_another_teams_sample_is_not_there(browsers: Callable[[], Browser]) -> None:
    """A supervisor of another team finds neither list entry nor look."""
    maria = browsers()
    await maria.log_in(SUPERVISOR)
    assert (await maria.get(PAGE)).status_code == 404
    assert (await maria.post(PAGE, **ANSWERS)).status_code == 404

"""Tests of the pages of what is new and of the preferences for digests, over a real database."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from plugin.database.engine import connect
from plugin.queue.digest_preferences import DigestPreferences, Way
from plugin.queue.dispute_views import Ground
from plugin.queue.receiver_views import ReceiverKind
from plugin.queue.statements import STRENGTHS
from plugin.queue.store import Store
from plugin.queue.views import DecisionOutcome
from stream.contracts.feedback import FeedbackRecord
from stream.runtime.settings import (
    DeliverySettings,
    MailSettings,
    Settings,
    WebSettings,
)
from tests.plugin.web.conftest import (
    ELSEWHERE,
    KEK,
    LEFT_OUT,
    OPERATOR,
    OTHER_SUPERVISOR,
    RELEASED,
    SUPERVISOR,
    THERAPIST,
    WAITING,
    Browser,
    address,
)
from tests.plugin.web.samples import record

LATER = timedelta(minutes=5)
GOOD = {"way": "mail", "mail": "maria@service.example", "days": "3", "hour": "17", "zone": "Europe/Berlin"}


@pytest.fixture
def store(page_database: str) -> Iterator[Store]:
    """Yield the store behind the pages, five minutes later than the sessions came."""
    with Store(connect(page_database), KEK, now=lambda: datetime.now(UTC) + LATER) as opened:
        yield opened


@pytest.fixture
def settings() -> Settings:
    """Return settings with a mail server."""
    return Settings(
        web=WebSettings(session_secret=SecretStr("not a secret outside of the tests")),
        delivery=DeliverySettings(mail=MailSettings(host="mail.example", sender="counterpoint@service.example")),
    )


def until_of(page: str) -> str:
    """Return the time that the form of a page would mark as read."""
    found = re.search(r'name="until" value="([^"]+)"', page)
    assert found is not None
    return found[1]


async def read(browser: Browser, page: str) -> None:
    """Press the button of a page."""
    answer = await browser.post("/digest/read", until=until_of(page))
    assert (answer.status_code, answer.headers["location"]) == (303, "/digest")


async def test_a_supervisor_reads_what_is_new_with_moments_and_strengths(supervisor: Browser) -> None:
    """A supervisor's page has the new sessions of her team with words, strengths and needs, and links to each."""
    page = (await supervisor.get("/digest")).text
    assert "2 new sessions" in page
    for stored in (WAITING, RELEASED):
        assert address(stored.session_id) in page
    for stored in (ELSEWHERE, LEFT_OUT):
        assert address(stored.session_id) not in page
    assert '<h2 id="therapist1">Jonas Weber</h2>' in page
    assert "It stays friendly." in page
    assert "Emotional Resonance comes through clearly" in page
    assert "Released by Maria Keller" in page


async def test_what_people_wrote_is_escaped(supervisor: Browser, browsers: Callable[[], Browser]) -> None:
    """Words of a client and names of people are text, never tags."""
    assert "&lt;b&gt;Nothing&lt;/b&gt;" in (await supervisor.get("/digest")).text
    nora = browsers()
    await nora.log_in(OTHER_SUPERVISOR)
    for path in ("/digest", "/preferences"):
        assert "<i>Lind</i>" not in (await nora.get(path)).text


async def test_no_place_on_the_page_is_there_twice(supervisor: Browser) -> None:
    """Each id is there once, though two sessions have a first moment, and every link within the page finds its id."""
    page = (await supervisor.get("/digest")).text
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


async def test_looking_again_loses_nothing(supervisor: Browser) -> None:
    """The page is the same however often it is opened, until the button is pressed."""
    for _ in range(3):
        page = (await supervisor.get("/digest")).text
        assert "2 new sessions" in page
    await read(supervisor, page)
    assert "Nothing new" in (await supervisor.get("/digest")).text


async def test_what_comes_after_the_page_stays_new(
    supervisor: Browser, store: Store, put: Callable[[FeedbackRecord], None], page_database: str
) -> None:
    """A session that came while the page was read is on the next page, alone."""
    page = (await supervisor.get("/digest")).text
    late = record("late", "counsellor-1")
    put(late)
    engine = connect(page_database)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE sessions SET stored_at = :at WHERE session_id = :id"),
            {"at": datetime.fromisoformat(until_of(page)) + timedelta(seconds=1), "id": late.session_id},
        )
    engine.dispose()
    await read(supervisor, page)
    maria = store.find_viewer(SUPERVISOR)
    assert maria is not None
    later = Store(store._engine, KEK, now=lambda: datetime.now(UTC) + 2 * LATER)
    assert later.digests.news(maria).sessions == (late.session_id,)


async def test_a_therapist_reads_what_was_passed_on_and_nothing_else(therapist: Browser) -> None:
    """A therapist's page has their released session without need, marks or another's name as a heading."""
    page = (await therapist.get("/digest")).text
    assert "1 session passed on to you" in page
    assert address(RELEASED.session_id) in page
    assert address(WAITING.session_id) not in page
    assert "from Maria Keller" in page
    assert "It stays friendly." in page
    for supervisors_own in ("In order of need", "in order of need", "Unanswered", "waiting for you", "therapist1"):
        assert supervisors_own not in page


async def test_what_others_did_stands_first(supervisor: Browser, store: Store) -> None:
    """A supervisor reads that a therapist acknowledged and disputed, with a link, and not the comment."""
    jonas = store.find_viewer(THERAPIST)
    assert jonas is not None
    (own,) = store.own_sessions(jonas)
    done = DecisionOutcome.DONE
    assert store.disputes.acknowledge(jonas, own.session_id, own.released_at) is done
    answer = RELEASED.assessments[0].assessment_id
    raised = store.disputes.dispute(
        jonas, own.session_id, own.released_at, answer, STRENGTHS, Ground.UNCLEAR, "A comment for her eyes."
    )
    assert raised is done
    late = Store(store._engine, KEK, now=lambda: datetime.now(UTC) + 2 * LATER)
    maria = store.find_viewer(SUPERVISOR)
    assert maria is not None
    assert [each.by for each in late.digests.news(maria).changes] == ["Jonas Weber", "Jonas Weber"]
    store._now = late._now
    page = (await supervisor.get("/digest")).text
    assert "<b>Jonas Weber</b> has read what was released" in page
    assert "<b>Jonas Weber</b> disputes a point" in page
    assert "A comment for her eyes." not in page


async def test_each_session_that_is_shown_is_on_the_trail(supervisor: Browser, page_database: str) -> None:
    """Opening the page is on the trail as the reading of each session that it shows."""
    await supervisor.get("/digest")
    engine = connect(page_database)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT object_id FROM audit WHERE purpose = 'digest' AND outcome = 'done'"))
        assert {each.object_id for each in found} == {str(WAITING.session_id), str(RELEASED.session_id)}
    engine.dispose()


@pytest.mark.parametrize("until", ["", "yesterday", "2026-11-30T08:00:00", "2026-11-30"])
async def test_a_mark_that_is_no_time_changes_nothing(supervisor: Browser, until: str) -> None:
    """A form that none of our pages sends is refused, and everything stays new."""
    await supervisor.get("/digest")
    assert (await supervisor.post("/digest/read", until=until)).status_code == 400
    assert "2 new sessions" in (await supervisor.get("/digest")).text


async def test_forms_need_the_token(supervisor: Browser) -> None:
    """Another site cannot move the mark or change an address."""
    await supervisor.get("/digest")
    supervisor.token = "another"
    for path, form in (("/digest/read", {"until": "2026-11-30T08:00:00Z"}), ("/preferences", GOOD)):
        assert (await supervisor.post(path, **form)).status_code == 403


async def test_preferences_are_stored_and_shown(supervisor: Browser, store: Store) -> None:
    """What is saved is on the page afterwards, and counts."""
    await supervisor.get("/preferences")
    answer = await supervisor.post("/preferences", **GOOD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/preferences?saved=yes")
    page = (await supervisor.get("/preferences?saved=yes")).text
    assert 'role="status">Saved.' in page
    assert 'value="maria@service.example"' in page
    assert re.search(r'name="days" value="3" checked', page)
    assert '<option value="17" selected>17:00' in page
    maria = store.find_viewer(SUPERVISOR)
    assert maria is not None
    wanted = DigestPreferences(Way.MAIL, "maria@service.example", frozenset({3}), 17, "Europe/Berlin")
    assert store.digests.preferences(maria) == wanted


async def test_a_webhook_is_chosen_by_its_name(supervisor: Browser, store: Store) -> None:
    """A person chooses among the stored receivers of digests, whose addresses and secrets no page shows."""
    for name, kind in (("chat", ReceiverKind.DIGESTS), ("board", ReceiverKind.RELEASES)):
        store.receivers.add(KEK, name, f"https://{name}.example/hook", {kind}, None)
    page = (await supervisor.get("/preferences")).text
    assert "By chat" in page
    assert "board" not in page
    assert "chat.example" not in page
    assert (await supervisor.post("/preferences", **{**GOOD, "way": "webhook:chat"})).status_code == 303
    maria = store.find_viewer(SUPERVISOR)
    assert maria is not None
    assert store.digests.preferences(maria).receiver == "chat"
    assert (await supervisor.post("/preferences", **{**GOOD, "way": "webhook:other"})).status_code == 400


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mail": ""}, "not a mail address"),
        ({"mail": "maria"}, "not a mail address"),
        ({"mail": "a@b.example, c@d.example"}, "not a mail address"),
        ({"mail": "a@b.example\nBcc: c@d.example"}, "not a mail address"),
        ({"mail": '"><script>x</script>@b.example'}, "not a mail address"),
        ({"zone": "Mars/Olympus"}, "no such time zone"),
        ({"zone": "../../etc/passwd"}, "no such time zone"),
        ({"days": ""}, ""),
        ({"hour": "24"}, ""),
        ({"days": "7"}, ""),
        ({"way": "pigeon"}, ""),
    ],
)
async def test_wrong_preferences_are_refused_with_a_reason(
    supervisor: Browser, store: Store, change: dict[str, str], said: str
) -> None:
    """What is wrong is said where a person could have typed it, nothing is stored, and nothing typed becomes a tag."""
    await supervisor.get("/preferences")
    answer = await supervisor.post("/preferences", **{**GOOD, **change})
    assert answer.status_code == 400
    assert said in answer.text
    assert "<script>" not in answer.text
    maria = store.find_viewer(SUPERVISOR)
    assert maria is not None
    assert store.digests.preferences(maria) == DigestPreferences()


async def test_without_a_day_nothing_is_stored(supervisor: Browser) -> None:
    """A digest needs a day, and the form keeps what was typed."""
    await supervisor.get("/preferences")
    without = {name: value for name, value in GOOD.items() if name != "days"}
    answer = await supervisor.post("/preferences", **without)
    assert answer.status_code == 400
    assert "at least one day" in answer.text
    assert 'value="maria@service.example"' in answer.text


async def test_no_digest_needs_nothing_and_forgets_the_address(supervisor: Browser, store: Store) -> None:
    """Whoever wants no digest any more leaves no address behind."""
    await supervisor.get("/preferences")
    await supervisor.post("/preferences", **GOOD)
    assert (await supervisor.post("/preferences", **{**GOOD, "way": "none"})).status_code == 303
    maria = store.find_viewer(SUPERVISOR)
    assert maria is not None
    assert store.digests.preferences(maria).receiver == ""


async def test_every_page_shows_times_on_the_readers_clocks(supervisor: Browser, therapist: Browser) -> None:
    """Whoever chose a zone reads days and times on its clocks, with its short name; everybody else in UTC."""
    page = address(RELEASED.session_id)
    for reader in (supervisor, therapist):
        assert ">14:26</time>" in (await reader.get(page)).text
    assert "14:02</time>\u201314:47 UTC" in (await supervisor.get("/decided")).text
    await supervisor.get("/preferences")
    await supervisor.post("/preferences", way="none", zone="Asia/Kolkata")
    assert ">19:56</time>" in (await supervisor.get(page)).text
    assert "19:32</time>\u201320:17 IST" in (await supervisor.get("/decided")).text
    assert ">14:26</time>" in (await therapist.get(page)).text


async def test_an_operator_has_a_clock_and_no_digest(browser: Browser) -> None:
    """Who reads no session chooses a time zone alone; whatever else a form says is not stored."""
    await browser.log_in(OPERATOR)
    page = (await browser.get("/preferences")).text
    assert "Your clock" in page
    assert "digest" not in page.partition("<main")[2].partition("</main>")[0].lower()
    assert (await browser.post("/preferences", **GOOD)).status_code == 303
    page = (await browser.get("/preferences")).text
    assert 'value="Europe/Berlin"' in page
    assert "maria@service.example" not in page


async def test_nobody_sees_anothers_preferences(supervisor: Browser, therapist: Browser) -> None:
    """The address of one person is on no other person's page."""
    await supervisor.get("/preferences")
    await supervisor.post("/preferences", **GOOD)
    assert "maria@service.example" not in (await therapist.get("/preferences")).text


async def test_what_is_of_no_use_on_paper_is_marked(supervisor: Browser) -> None:
    """The button and the way to the preferences are for the screen alone; sessions and moments are for paper too."""
    page = (await supervisor.get("/digest")).text.partition("<main")[2]
    left = re.sub(r'<(section|p|span) class="[^"]*\bscreen\b.*?</\1>', "", page, flags=re.DOTALL)
    assert "I have read this" not in left
    assert "/preferences" not in left
    assert "Jonas Weber" in left
    assert "you should try it for two more weeks" in left

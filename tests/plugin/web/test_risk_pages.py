"""Tests of the page of risk signals: what it shows, what it never shows, and how one is acknowledged."""

import re

from sqlalchemy import text

from plugin.database.engine import connect
from plugin.queue.risk_signals import RiskAction
from plugin.web.risk_words import ACTIONS, heard_by
from stream.contracts.vocabulary import HeardBy
from tests.plugin.web.conftest import Browser
from tests.plugin.web.risk_samples import RISK_OF_WAITING, RISK_OPEN, raise_signals
from tests.plugin.web.samples import record

PATH = "/risk-signals"
DONE = f"{PATH}?state=acknowledged"


def words(page: str) -> str:
    """Return the words of a page as a person reads them."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


async def test_it_says_where_to_look_and_what_it_is_not(supervisor: Browser, page_database: str) -> None:
    """The page names kind, platform, message and time of each open signal, and says that it is no crisis monitor."""
    raise_signals(page_database)
    page = (await supervisor.get(PATH)).text
    assert "2 risk signals are open" in page
    assert "This is no crisis monitor." in page
    assert "heard by a word list" in page
    assert f'<a href="/sessions/{RISK_OF_WAITING.session_id}">Suicide</a>' in page
    assert "&lt;i&gt;m-7&lt;/i&gt;" in page
    assert "<i>m-7" not in page
    assert f"/sessions/{RISK_OPEN.session_id}" not in page
    assert words(page).count("Its session is open: read it on your platform.") == 1


async def test_no_words_of_a_message_are_on_it(supervisor: Browser, page_database: str) -> None:
    """No text of any message of the session stands on the page, nor anybody's name but the reader's."""
    raise_signals(page_database)
    page = (await supervisor.get(PATH)).text
    assert not [message.text for message in record("waiting", "counsellor-1").messages if message.text in page]
    assert "Jonas" not in page


async def test_it_is_acknowledged_with_what_was_done(supervisor: Browser, page_database: str) -> None:
    """One of four buttons acknowledges a signal; it moves to the other list, where another one can be said."""
    raise_signals(page_database)
    await supervisor.get(PATH)
    answer = await supervisor.post(f"{PATH}/{RISK_OPEN.event_id}", action="protocol_started", state="open")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PATH}?state=open")
    assert "1 risk signal is open" in (await supervisor.get(PATH)).text
    page = words((await supervisor.get(DONE)).text)
    assert "Protocol started, first acknowledged" in page
    await supervisor.post(f"{PATH}/{RISK_OPEN.event_id}", action="no_danger", state="acknowledged")
    assert "Read it, no danger, first acknowledged" in words((await supervisor.get(DONE)).text)


async def test_an_escalated_signal_says_so(supervisor: Browser, page_database: str) -> None:
    """A signal that went out again because nobody had acknowledged it says when."""
    raise_signals(page_database)
    engine = connect(page_database)
    with engine.begin() as connection:
        connection.execute(text("UPDATE risk_signals SET escalated_at = '2026-11-03 14:12Z' WHERE message_id = 'm1'"))
    engine.dispose()
    page = words((await supervisor.get(PATH)).text)
    assert page.count("Escalated Tue 3 Nov 2026, 14:12 UTC, since nobody had acknowledged it") == 1


async def test_a_form_that_no_page_has_changes_nothing(supervisor: Browser, page_database: str) -> None:
    """An action that is none of the four, and one without the form's token, are refused."""
    raise_signals(page_database)
    await supervisor.get(PATH)
    address = f"{PATH}/{RISK_OPEN.event_id}"
    assert (await supervisor.post(address, action="called her mother")).status_code == 400
    assert (await supervisor.client.post(address, data={"action": "contacted"})).status_code == 403
    assert "2 risk signals are open" in (await supervisor.get(PATH)).text


async def test_a_place_that_was_acknowledged_meanwhile_leads_to_the_beginning(
    supervisor: Browser, page_database: str
) -> None:
    """A part after a signal that has left the list is the list from its beginning."""
    raise_signals(page_database)
    answer = await supervisor.get(f"{PATH}?after={RISK_OPEN.event_id}")
    assert answer.status_code == 200
    await supervisor.post(f"{PATH}/{RISK_OPEN.event_id}", action="other")
    answer = await supervisor.get(f"{PATH}?after={RISK_OPEN.event_id}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PATH}?state=open")


async def test_the_waiting_list_leads_to_open_signals(supervisor: Browser, page_database: str) -> None:
    """The start page says how many signals nobody has acknowledged, and nothing where there is none."""
    assert 'id="risk"' not in (await supervisor.get("/")).text
    raise_signals(page_database)
    assert "2 risk signals are not acknowledged." in (await supervisor.get("/")).text


async def test_without_signals_it_says_when_one_would_appear(supervisor: Browser) -> None:
    """An empty page says that signals appear where the platform takes them."""
    assert "Where your platform takes risk signals" in (await supervisor.get(PATH)).text
    assert "Nothing was acknowledged yet." in (await supervisor.get(DONE)).text


def test_every_action_and_every_ear_has_words() -> None:
    """Each action has a button, and each thing that hears a name; an unknown one stands as it is."""
    assert list(ACTIONS) == list(RiskAction)
    assert all(heard_by((each.value,)) != each.value for each in HeardBy)
    assert heard_by(("lexicon", "oracle")) == "a word list and oracle"

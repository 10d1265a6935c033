"""The pages of calibrations: from the form that opens one, through the ratings, to what is compared and settled."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from plugin.database.engine import connect, transaction, utc_now
from plugin.database.viewer import AccountRole
from plugin.queue.accounts import NewAccount
from plugin.queue.digest_preferences import DigestPreferences
from plugin.queue.store import Store
from stream.contracts.vocabulary import Mechanism
from tests.plugin.web.conftest import OPERATOR, PASSWORD, SUPERVISOR, WAITING, Browser, address
from tests.plugin.web.test_pages import words_of

AUTONOMY = Mechanism.RESPECT_FOR_AUTONOMY.value
ALL_WEAK = {f"level-{mechanism.value}": "weak" for mechanism in Mechanism}
NELE = "nele"


@pytest.fixture
def nele(store: Store) -> str:
    """Return the user name of a second supervisor of the team, with an account."""
    store.accounts.add(NewAccount(NELE, PASSWORD, AccountRole.SUPERVISOR, "Nele <i>Roth</i>", teams=["North"]))
    return NELE


@pytest.fixture
async def maria(browsers: Callable[[], Browser], nele: str) -> Browser:
    """Return the browser of the supervisor who opens calibrations; she has a colleague."""
    assert nele
    opened = browsers()
    await opened.log_in(SUPERVISOR)
    return opened


@pytest.fixture
async def colleague(browsers: Callable[[], Browser], nele: str) -> Browser:
    """Return the browser of the colleague."""
    opened = browsers()
    await opened.log_in(nele)
    return opened


async def filled(maria: Browser, **changes: str) -> dict[str, str]:
    """Return the form that opens a calibration as the page offers it, with the colleague ticked."""
    page = (await maria.get("/calibrations/new")).text
    found = dict(re.findall(r'name="(size|day)"[^>]*value="([^"]*)"', page))
    colleagues = re.findall(r'name="colleagues" value="([^"]+)"', page)
    return {**found, "colleagues": colleagues[0], **changes}


async def opened(maria: Browser, **changes: str) -> str:
    """Open a calibration and return its address."""
    answer = await maria.post("/calibrations", **await filled(maria, **changes))
    assert answer.status_code == 303, words_of(answer.text)
    return answer.headers["location"]


async def rate_all(browser: Browser, calibration: str, **changes: str) -> None:
    """Rate both moments and say that one is done; the changes are of the first."""
    for number, form in ((1, {**ALL_WEAK, **changes}), (2, ALL_WEAK)):
        await browser.get(f"{calibration}/moments/{number}")
        assert (await browser.post(f"{calibration}/moments/{number}", **form)).status_code == 303
    await browser.get(calibration)
    assert (await browser.post(f"{calibration}/done")).status_code == 303


async def compared(maria: Browser, colleague: Browser, **changes: str) -> str:
    """Return a calibration that both have rated; Maria says strong of autonomy in the first, Nele what is told."""
    calibration = await opened(maria)
    await rate_all(maria, calibration, **{f"level-{AUTONOMY}": "strong"})
    await rate_all(colleague, calibration, **changes)
    return calibration


async def test_the_form_offers_colleagues_and_a_week(maria: Browser) -> None:
    """The form names the other supervisors of the team, escaped, and proposes a number and a day a week ahead."""
    page = await maria.get("/calibrations/new")
    said = words_of(page.text)
    assert "Nele <i>Roth</i>" not in page.text
    assert "Nele &lt;i&gt;Roth&lt;/i&gt;" in page.text
    assert "Nora" not in said
    form = await filled(maria)
    assert (form["size"], form["day"]) == ("20", f"{utc_now().date() + timedelta(days=7)}")


async def test_without_a_colleague_nothing_can_be_opened(supervisor: Browser) -> None:
    """A supervisor who is alone in her teams reads why there is no form."""
    page = await supervisor.get("/calibrations/new")
    assert "needs two" in page.text
    assert 'name="size"' not in page.text


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"colleagues": "00000000-0000-4000-8000-000000000000"}, "Choose at least one other supervisor"),
        ({"day": "2020-01-01"}, "at most 31 days ahead"),
    ],
)
async def test_what_does_not_fit_is_said_on_the_form(maria: Browser, changes: dict[str, str], why: str) -> None:
    """A wrong day or colleague opens nothing, and the form keeps what was filled in."""
    answer = await maria.post("/calibrations", **{**await filled(maria, size="7"), **changes})
    assert answer.status_code == 400
    assert why in answer.text
    assert 'value="7"' in answer.text
    assert "There is none yet" in (await maria.get("/calibrations")).text


async def test_a_form_that_no_page_makes_is_refused(maria: Browser) -> None:
    """A number that is too large and a word for a day are a plain 400."""
    form = await filled(maria)
    for wrong in ({"size": "101"}, {"size": "0"}, {"day": "tomorrow"}):
        assert (await maria.post("/calibrations", **form | wrong)).status_code == 400


async def test_the_start_page_tells_what_is_left_and_until_when(maria: Browser, colleague: Browser) -> None:
    """An invited supervisor finds the calibration on her start page, and a mark at each session to rate first."""
    calibration = await opened(maria, day=f"{utc_now().date() + timedelta(days=3)}")
    for browser in (maria, colleague):
        page = (await browser.get("/")).text
        assert f'href="{calibration}"' in page
        assert "2 moments are left for you" in words_of(page)
        assert "the end of" in words_of(page)
        assert "rate it there before you open it" in words_of(page)
    await rate_all(colleague, calibration)
    page = (await colleague.get("/")).text
    assert f'href="{calibration}"' not in page
    assert "rate it there" not in page


async def test_the_deadline_is_told_on_the_readers_clocks(maria: Browser, store: Store) -> None:
    """Who chose a time zone reads the deadline in it, with the time where it is not the end of a day."""
    calibration = await opened(maria)
    viewer = store.find_viewer(SUPERVISOR)
    assert viewer is not None
    store.digests.set_preferences(viewer, DigestPreferences(zone="Asia/Kolkata"))
    assert "05:30 IST" in words_of((await maria.get(calibration)).text)


async def test_a_moment_stands_alone(colleague: Browser, maria: Browser) -> None:
    """A moment to rate shows context, client's words and reply, escaped, and neither name, level nor machine."""
    calibration = await opened(maria)
    page = (await colleague.get(f"{calibration}/moments/1")).text
    said = words_of(page)
    assert "Moment 1 of 2" in said
    assert "Still, you should try it for two more weeks." in said
    assert "<b>Nothing</b>" not in page
    for told in ("Jonas", "CPU baseline", "unvalidated", "The model", "It decides for the client"):
        assert told not in page
    radios = re.findall(r'<input type="radio"[^>]*>', page)
    assert len(radios) == 4 * 4
    assert all("required" in radio and "checked" not in radio for radio in radios)


async def test_ratings_are_kept_one_after_the_other(colleague: Browser, maria: Browser) -> None:
    """Each rating leads to the next moment, is there when its page is opened again, and can be changed."""
    calibration = await opened(maria)
    first = f"{calibration}/moments/1"
    await colleague.get(first)
    answer = await colleague.post(first, **ALL_WEAK, note="  Hard to say.  ")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{calibration}/moments/2")
    page = (await colleague.get(first)).text
    assert page.count("checked") == 4
    assert ">Hard to say.</textarea>" in page
    assert "Go on rating" in (await colleague.get(calibration)).text
    await colleague.get(first)
    answer = await colleague.post(first, **ALL_WEAK | {f"level-{AUTONOMY}": "cannot_say"})
    assert answer.headers["location"] == f"{calibration}/moments/2"
    page = (await colleague.get(first)).text
    assert re.search(r'value="cannot_say" required checked', page)
    assert "Hard to say." not in page


async def test_a_missing_choice_keeps_the_others(colleague: Browser, maria: Browser) -> None:
    """A form without a choice stores nothing, says so, marks the mechanism and keeps what was chosen and written."""
    calibration = await opened(maria)
    await colleague.get(f"{calibration}/moments/1")
    given = {name: value for name, value in ALL_WEAK.items() if AUTONOMY not in name}
    answer = await colleague.post(f"{calibration}/moments/1", **given, note="Mine.")
    assert answer.status_code == 400
    assert "cannot say” will do" in answer.text
    assert answer.text.count("ask missing") == 1
    assert answer.text.count("checked") == 3
    assert ">Mine.</textarea>" in answer.text
    assert "You have rated 0 of 2" in words_of((await colleague.get(calibration)).text)


async def test_a_field_that_is_none_of_ours_is_left_out(colleague: Browser, maria: Browser) -> None:
    """A level that the page does not offer is no choice."""
    calibration = await opened(maria)
    await colleague.get(f"{calibration}/moments/1")
    answer = await colleague.post(f"{calibration}/moments/1", **ALL_WEAK | {f"level-{AUTONOMY}": "superb"})
    assert answer.status_code == 400
    assert "superb" not in answer.text


async def test_done_comes_after_the_last_rating(colleague: Browser, maria: Browser) -> None:
    """The button stands there once everything is rated, and pressed before it stores nothing and says why."""
    calibration = await opened(maria)
    page = (await colleague.get(calibration)).text
    assert "I am done" not in page
    answer = await colleague.post(f"{calibration}/done")
    assert answer.status_code == 409
    assert "Some moments are left" in answer.text
    for number in (1, 2):
        await colleague.get(f"{calibration}/moments/{number}")
        answer = await colleague.post(f"{calibration}/moments/{number}", **ALL_WEAK)
    assert answer.headers["location"] == calibration
    assert "I am done" in (await colleague.get(calibration)).text


async def test_peers_are_hidden_until_ones_own_are_in(colleague: Browser, maria: Browser) -> None:
    """While she rates, a supervisor finds nothing of what others said; when done she finds those who are done too."""
    calibration = await opened(maria)
    await rate_all(maria, calibration, **{f"level-{AUTONOMY}": "strong", "note": "Peers wait."})
    for path in (calibration, f"{calibration}/moments/1"):
        page = (await colleague.get(path)).text
        assert "Peers wait." not in page
        assert "Weighted kappa" not in page
        assert "Side by side" not in page
    assert "Others are still rating" in (await maria.get(calibration)).text
    assert "Nele" not in words_of((await maria.get(f"{calibration}/moments/1")).text)


async def test_the_comparison_names_nobody_first(colleague: Browser, maria: Browser) -> None:
    """Agreement is told of pairs in the order of the alphabet, with intervals, and is said to be about the rubric."""
    calibration = await compared(maria, colleague)
    said = words_of((await maria.get(calibration)).text)
    assert said.index("Maria Keller and Nele") < said.index("Maria Keller and the model")
    assert "never about a person" in said
    assert "2 moments" in said
    assert "Maria Keller: strong; Nele <i>Roth</i>: weak" in said or "Maria Keller: strong" in said
    assert "1 moment on which you say the same" in said
    assert not re.search(r"\b(best|worst|rank|score)\b", said)


async def test_levels_stand_side_by_side_with_the_model(colleague: Browser, maria: Browser) -> None:
    """Where nobody is far apart the page of a moment shows everybody's levels, the notes, and the model's."""
    calibration = await compared(maria, colleague, note="She is asked.")
    page = (await maria.get(f"{calibration}/moments/1")).text
    said = words_of(page)
    assert "Side by side" in said
    assert "She is asked." in said
    assert "The model unvalidated" in said
    assert "Ask to settle this moment" in said
    assert 'type="radio"' not in page


async def test_far_apart_is_settled_before_the_model_is_shown(colleague: Browser, maria: Browser) -> None:
    """Raters two levels apart settle with a reason; only then the model's levels stand there."""
    calibration = await compared(maria, colleague, **{f"level-{AUTONOMY}": "none"})
    assert "two levels apart" in words_of((await maria.get(calibration)).text)
    moment = f"{calibration}/moments/1"
    page = (await maria.get(moment)).text
    assert "once this moment is settled" in words_of(page)
    assert "The model unvalidated" not in words_of(page)
    wrong = await maria.post(f"{moment}/settle", **{f"level-{AUTONOMY}": "weak", f"reason-{AUTONOMY}": " "})
    assert wrong.status_code == 400
    assert "Each level needs a reason" in wrong.text
    reason = {f"level-{AUTONOMY}": "weak", f"reason-{AUTONOMY}": "It asks, and then decides."}
    answer = await maria.post(f"{moment}/settle", **reason)
    assert (answer.status_code, answer.headers["location"]) == (303, moment)
    said = words_of((await colleague.get(moment)).text)
    assert "It asks, and then decides." in said
    assert "Maria Keller wrote it down" in said
    assert "The model unvalidated" in said
    assert "settled: weak" in words_of((await colleague.get(calibration)).text)
    again = await colleague.post(f"{moment}/settle", **reason)
    assert again.status_code == 409
    assert "There is nothing to settle here" in again.text


async def test_the_opener_asks_to_settle(colleague: Browser, maria: Browser) -> None:
    """Only who opened the calibration finds the button, and after it the moment is to be settled."""
    calibration = await compared(maria, colleague)
    moment = f"{calibration}/moments/2"
    assert "Ask to settle" not in (await colleague.get(moment)).text
    assert (await colleague.post(f"{moment}/ask")).status_code == 404
    await maria.get(moment)
    assert (await maria.post(f"{moment}/ask")).status_code == 303
    assert "Settle it together" in (await colleague.get(moment)).text


async def test_a_moment_that_dropped_out_is_said_and_counted(
    colleague: Browser, maria: Browser, page_database: str
) -> None:
    """When a session is withdrawn its moment has a page that says so, and the calibration counts it."""
    calibration = await opened(maria)
    engine = connect(page_database)
    with transaction(engine) as session:
        session.execute(text("DELETE FROM sessions WHERE session_id = :id"), {"id": WAITING.session_id})
        (number,) = session.scalars(text("SELECT number FROM calibration_moments"))
    engine.dispose()
    gone = await colleague.get(f"{calibration}/moments/{3 - number}")
    assert gone.status_code == 409
    assert "This moment has dropped out" in gone.text
    assert "1 moment has dropped out" in words_of((await colleague.get(calibration)).text)
    assert (await colleague.get(f"{calibration}/moments/3")).status_code == 404


async def test_what_is_over_takes_no_rating(colleague: Browser, maria: Browser, page_database: str) -> None:
    """After the deadline a form that was open before stores nothing, and says why."""
    calibration = await opened(maria)
    await colleague.get(f"{calibration}/moments/1")
    engine = connect(page_database)
    with transaction(engine) as session:
        session.execute(text("UPDATE calibrations SET deadline_at = now()"))
    engine.dispose()
    answer = await colleague.post(f"{calibration}/moments/1", **ALL_WEAK)
    assert answer.status_code == 409
    assert "Your ratings are in" in answer.text
    assert "Nobody has rated a moment" in (await colleague.get(calibration)).text


async def test_forms_need_the_page_that_they_came_from(maria: Browser) -> None:
    """A form without this visitor's token does nothing."""
    calibration, form = await opened(maria), await filled(maria)
    maria.token = "another"
    for path in ("/calibrations", f"{calibration}/done", f"{calibration}/moments/1", f"{calibration}/moments/1/ask"):
        assert (await maria.post(path, **form, **ALL_WEAK)).status_code == 403


async def test_an_operator_reads_numbers_alone(maria: Browser, browsers: Callable[[], Browser]) -> None:
    """An operator's page counts calibrations, and every page of one does not exist for him."""
    calibration = await opened(maria)
    otto = browsers()
    await otto.log_in(OPERATOR)
    assert "Calibrations of supervisors that are open 1" in words_of((await otto.get("/")).text)
    for path in ("/calibrations", calibration, f"{calibration}/moments/1"):
        assert (await otto.get(path)).status_code == 404


async def test_an_invitation_is_news(maria: Browser, colleague: Browser, page_database: str) -> None:
    """What is new names who invites and until when, to who is invited, until she has read it."""
    calibration = await opened(maria)
    engine = connect(page_database)
    with transaction(engine) as session:  # news end a little before the present
        session.execute(text("UPDATE calibrations SET opened_at = opened_at - interval '1 hour'"))
    engine.dispose()
    page = (await colleague.get("/digest")).text
    assert f'href="{calibration}"' in page
    assert "Maria Keller asks you to rate moments" in words_of(page)
    assert f'href="{calibration}"' not in (await maria.get("/digest")).text


async def test_nothing_of_it_is_on_the_sessions_page(maria: Browser, colleague: Browser) -> None:
    """Ratings of a calibration are no labels: the session's page and its review do not know them."""
    calibration = await compared(maria, colleague, **{f"level-{AUTONOMY}": "none"}, note="Only here.")
    page = (await maria.get(address(WAITING.session_id))).text
    assert "Only here." not in page
    assert page.count("Nele") == page.count(
        ">Nele &lt;i&gt;Roth&lt;/i&gt;</option>"
    )  # the session may be handed to her
    assert calibration not in page


async def test_who_opened_it_cancels_once_the_box_is_ticked(maria: Browser, colleague: Browser) -> None:
    """Without the tick nothing happens; then it has left the colleague's pages, and its own page says so to both."""
    calibration = await opened(maria)
    assert "Cancel the calibration" not in (await colleague.get(calibration)).text
    page = await maria.get(calibration)
    assert "Cancel the calibration" in page.text
    assert (await maria.post(f"{calibration}/cancel")).status_code == 400
    answer = await maria.post(f"{calibration}/cancel", confirmed="true")
    assert (answer.status_code, answer.headers["location"]) == (303, calibration)
    for browser, who in ((maria, "You have"), (colleague, "Maria Keller has")):
        said = words_of((await browser.get(calibration)).text)
        assert f"{who} cancelled this calibration" in said
        assert "dropped out" not in said
        assert "Cancel the calibration" not in said
        assert calibration not in (await browser.get("/")).text
    assert "cancelled on" in (await maria.get("/calibrations")).text
    assert "There is none yet" in (await colleague.get("/calibrations")).text
    await colleague.get(calibration)
    refused = await colleague.post(f"{calibration}/moments/1", **ALL_WEAK)
    assert (refused.status_code, "This calibration was cancelled" in refused.text) == (409, True)


async def test_what_is_settled_is_not_cancelled(maria: Browser, colleague: Browser) -> None:
    """Once a level is settled there is no such button, and a form that was open is refused."""
    calibration = await compared(maria, colleague, **{f"level-{AUTONOMY}": "none"})
    assert "Cancel the calibration" in (await maria.get(calibration)).text
    settled = {f"level-{AUTONOMY}": "weak", f"reason-{AUTONOMY}": "It asks, and then decides."}
    await colleague.get(f"{calibration}/moments/1")
    assert (await colleague.post(f"{calibration}/moments/1/settle", **settled)).status_code == 303
    refused = await maria.post(f"{calibration}/cancel", confirmed="true")
    assert (refused.status_code, "Something is settled already" in refused.text) == (409, True)
    assert "Cancel the calibration" not in (await maria.get(calibration)).text

"""Tests of rubric notes on the pages: beside their mechanism for everybody, with forms for a lead."""

import re
from collections.abc import Callable

import pytest

from plugin.queue.rubric_notes import MAX_RUBRIC_NOTE
from stream.contracts.rubric import RUBRIC, anchor
from stream.contracts.vocabulary import Mechanism
from tests.plugin.web.conftest import AUDITOR, OPERATOR, RELEASED, SUPERVISOR, THERAPIST, Browser, address
from tests.plugin.web.test_dispute_pages import dispute, resolve
from tests.plugin.web.test_pages import HOSTILE, words_of

AUTONOMY = Mechanism.RESPECT_FOR_AUTONOMY
MENU = "A menu of one's own plans is weak."
RULE = "Never words of a conversation"
NEW = "/rubric-notes/new"


async def write(lead: Browser, text: str = MENU, mechanism: Mechanism = AUTONOMY) -> str:
    """Write a note as the form does, and return the address of its page."""
    await lead.get(NEW)
    answer = await lead.post("/rubric-notes", mechanism=mechanism.value, text=text)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/glossary#{anchor(mechanism)}")
    (found,) = set(re.findall(r'href="(/rubric-notes/[0-9a-f-]{36})"', (await lead.get("/glossary")).text))
    return str(found)


def section_of(page: str, mechanism: Mechanism) -> str:
    """Return what a reader of the glossary sees about one mechanism."""
    (found,) = re.findall(rf'<section class="entry" id="{anchor(mechanism)}">(.*?)</section>', page, flags=re.DOTALL)
    return words_of(found)


# --- for everybody ---


@pytest.mark.parametrize("person", [SUPERVISOR, THERAPIST, OPERATOR])
async def test_a_note_stands_beside_its_mechanism(lead: Browser, browser: Browser, person: str) -> None:
    """Everybody reads a note in the glossary beside its mechanism and at no other, with its author and day."""
    page = await write(lead)
    await browser.log_in(person)
    glossary = (await browser.get("/glossary")).text
    said = section_of(glossary, AUTONOMY)
    assert "What disputes and reviews taught" in said
    assert f"{MENU} Lena Okafor," in said
    assert "1 version" in said
    assert words_of(glossary).count(MENU) == 1
    assert NEW not in glossary
    versions = (await browser.get(page)).text
    assert MENU in words_of(versions)
    assert "<textarea" not in versions


async def test_without_notes_nothing_is_said(supervisor: Browser, lead: Browser) -> None:
    """Where there is no note the glossary has no heading for them, but for the lead a link to the form of each."""
    assert "disputes and reviews taught" not in (await supervisor.get("/glossary")).text
    links = re.findall(rf'href="{NEW}\?mechanism=([a-z_]+)"', (await lead.get("/glossary")).text)
    assert links == [mechanism.value for mechanism in RUBRIC]


async def test_an_auditor_reads_no_note(lead: Browser, auditor: Browser) -> None:
    """The glossary and the page of a note do not exist for an auditor."""
    page = await write(lead)
    assert [(await auditor.get(at)).status_code for at in ("/glossary", page, NEW)] == [404] * 3


# --- for a lead ---


async def test_the_box_says_what_it_never_holds(lead: Browser) -> None:
    """Both forms say at the box, and to who cannot see it, that no words of a conversation belong in it."""
    for at in (NEW, await write(lead)):
        page = (await lead.get(at)).text
        assert RULE in words_of(page)
        (box,) = re.findall(r"<textarea[^>]*>", page)
        assert 'aria-describedby="text-rule"' in box
        assert f'maxlength="{MAX_RUBRIC_NOTE}"' in box
        (rule,) = re.findall(r'<p id="text-rule"[^>]*>(.*?)</p>', page, flags=re.DOTALL)
        assert RULE in words_of(rule)


async def test_an_edit_is_a_version_and_the_others_stay(lead: Browser, therapist: Browser) -> None:
    """After an edit the glossary has the new words, and the note's page both versions with who and when."""
    page = await write(lead)
    (seen,) = re.findall(r'name="seen" value="(\d+)"', (await lead.get(page)).text)[:1]
    answer = await lead.post(page, seen=seen, text="It depends on who began the menu.")
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    said = words_of((await therapist.get(page)).text)
    assert re.search(r"began the menu\. Version 2, as it is: Lena Okafor, .* UTC; on rubric version", said)
    assert re.search(rf"{MENU} Version 1: Lena Okafor, \w{{3}} \d", said)
    glossary = section_of((await therapist.get("/glossary")).text, AUTONOMY)
    assert "It depends on who began the menu." in glossary
    assert MENU not in glossary
    assert "2 versions" in glossary


async def test_a_form_from_before_another_version_is_refused(lead: Browser) -> None:
    """A form that shows an earlier version is answered with a sentence, and nothing is lost."""
    page = await write(lead)
    await lead.get(page)
    assert (await lead.post(page, seen="1", text="Second.")).status_code == 303
    for action, form in ((page, {"text": "Third."}), (f"{page}/remove", {"confirmed": "true"})):
        answer = await lead.post(action, seen="1", **form)
        assert answer.status_code == 409
        assert "This note has another version" in answer.text
        assert f'href="{page}"' in answer.text
    assert "Second." in (await lead.get("/glossary")).text


async def test_a_note_is_removed_once_the_box_is_ticked(lead: Browser) -> None:
    """A removal without the tick changes nothing; with it the note is gone from the glossary and has no page."""
    page = await write(lead)
    await lead.get(page)
    answer = await lead.post(f"{page}/remove", seen="1")
    assert answer.status_code == 400
    assert "Tick the box first" in answer.text
    assert MENU in words_of((await lead.get("/glossary")).text)
    answer = await lead.post(f"{page}/remove", seen="1", confirmed="true")
    assert (answer.status_code, answer.headers["location"]) == (303, "/glossary")
    assert (await lead.get(page)).status_code == 404
    assert MENU not in words_of((await lead.get("/glossary")).text)


@pytest.mark.parametrize(
    "form",
    [
        {"mechanism": "stance_alignment", "text": " \r\n "},
        {"mechanism": "stance_alignment", "text": "x" * (MAX_RUBRIC_NOTE + 1)},
        {"mechanism": "a fifth one", "text": MENU},
        {"mechanism": "", "text": MENU},
        {"text": MENU},
    ],
)
async def test_what_the_form_does_not_send_is_refused(lead: Browser, form: dict[str, str]) -> None:
    """A note without words, without a mechanism, or one over the limit is refused."""
    await lead.get(NEW)
    assert (await lead.post("/rubric-notes", **form)).status_code == 400
    assert MENU not in words_of((await lead.get("/glossary")).text)


async def test_an_unknown_mechanism_in_a_link_is_refused(lead: Browser) -> None:
    """A link with a mechanism that the rubric does not have opens no form."""
    assert (await lead.get(f"{NEW}?mechanism=a_fifth_one")).status_code == 400


async def test_words_are_escaped_and_keep_their_lines(lead: Browser, supervisor: Browser) -> None:
    """What a lead writes is shown as it was typed, and never as markup."""
    page = await write(lead, f"{HOSTILE}\r\nA second line.")
    for at in ("/glossary", page):
        shown = (await supervisor.get(at)).text
        assert HOSTILE not in shown
        assert HOSTILE in words_of(shown)
        assert "\nA second line." in shown


# --- from a dispute ---


async def test_a_decided_dispute_is_one_click_from_a_note(
    therapist: Browser, supervisor: Browser, lead: Browser
) -> None:
    """Beside a dispute's outcome the lead has a link to the form, with its mechanism chosen and no word taken along."""
    page = address(RELEASED.session_id)
    await dispute(therapist)
    assert NEW not in (await lead.get(page)).text
    await resolve(supervisor, "agreed")
    (link,) = re.findall(rf'href="({NEW}[^"]*)"', (await lead.get(page)).text)
    assert link == f"{NEW}?mechanism={AUTONOMY.value}"
    form = (await lead.get(link)).text
    assert f'<option value="{AUTONOMY.value}" selected>' in form
    assert re.search(r"<textarea[^>]*></textarea>", form)


@pytest.mark.parametrize(
    ("statement", "query"), [("strengths", ""), ("suggestion:1", "?mechanism=respect_for_autonomy")]
)
async def test_a_dispute_of_something_else_chooses_what_it_can(
    therapist: Browser, supervisor: Browser, lead: Browser, statement: str, query: str
) -> None:
    """A dispute of the strengths chooses no mechanism, and one of a suggestion that to which it would give room."""
    await dispute(therapist, statement)
    await resolve(supervisor, "agreed")
    (link,) = re.findall(rf'href="({NEW}[^"]*)"', (await lead.get(address(RELEASED.session_id))).text)
    assert link == f"{NEW}{query}"


async def test_nobody_else_has_the_link(
    therapist: Browser, supervisor: Browser, browsers: Callable[[], Browser]
) -> None:
    """Neither the supervisor nor the therapist is offered to make a note of an outcome."""
    await dispute(therapist)
    await resolve(supervisor, "agreed")
    for browser in (supervisor, therapist):
        assert "/rubric-notes" not in (await browser.get(address(RELEASED.session_id))).text
    auditor = browsers()
    await auditor.log_in(AUDITOR)
    assert (await auditor.get(address(RELEASED.session_id))).status_code == 404

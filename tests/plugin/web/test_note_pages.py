"""Tests of coaching notes on the pages: writing and removing one, and who reads it."""

import re

import pytest

from plugin.queue.note_threads import MAX_NOTE_COMMENT
from plugin.queue.notes import MAX_NOTE
from tests.plugin.web.conftest import RELEASED, WAITING, Browser, address
from tests.plugin.web.test_pages import HOSTILE, words_of

PAGE = address(WAITING.session_id)
MOMENT = str(WAITING.exchanges[0].exchange_id)
NOTE = "Let us look at the second sentence together."
OPENINGS = "Who has read this session"
"""The last part of a therapist's page, which each reading adds to."""


@pytest.fixture
async def reviewer(supervisor: Browser) -> Browser:
    """Return the browser of the supervisor, who has begun to review the waiting session."""
    await supervisor.get(PAGE)
    await supervisor.post(f"{PAGE}/claim")
    return supervisor


def remove_forms(page: str) -> list[str]:
    """Return the addresses of the forms that remove a note."""
    return re.findall(r'action="(/sessions/[^"]+/notes/[^"]+/remove)"', page)


async def test_a_note_for_oneself_needs_no_review(supervisor: Browser, therapist: Browser) -> None:
    """A supervisor writes a note for herself on a page that she only reads, and no release shows it."""
    page = (await supervisor.get(PAGE)).text
    assert "Keep it for yourself" in page
    assert "Share it at the release" not in page
    answer = await supervisor.post(f"{PAGE}/notes", text=NOTE, place="notes")
    assert answer.headers["location"] == f"{PAGE}#notes"
    said = words_of((await supervisor.get(PAGE)).text)
    assert "for your eyes only" in said
    assert NOTE in said
    await supervisor.post(f"{PAGE}/release", revision="1")
    assert NOTE in (await supervisor.get(PAGE)).text
    assert NOTE not in (await therapist.get(PAGE)).text


async def test_a_shared_note_is_read_after_the_release(reviewer: Browser, therapist: Browser) -> None:
    """Shared notes on the session and on a moment reach the therapist with the release, with the supervisor's name."""
    await reviewer.post(f"{PAGE}/notes", text=NOTE, place="notes", share="yes")
    await reviewer.post(f"{PAGE}/notes", text="On the moment.", place="notes1", share="yes", moment=MOMENT)
    assert (await therapist.get(PAGE)).status_code == 404
    await reviewer.post(f"{PAGE}/release", revision="1")
    said = words_of((await therapist.get(PAGE)).text)
    assert f"A note from Maria Keller {NOTE} Comment on this note" in said
    first, moment = said.split("Moment 1", 1)
    assert NOTE in first
    assert "A note from Maria Keller On the moment." in moment
    page = (await reviewer.get(PAGE)).text
    assert remove_forms(page) == []


async def test_a_note_can_be_removed(reviewer: Browser) -> None:
    """A note is removed by its author's button, and the page opens at the same place."""
    await reviewer.post(f"{PAGE}/notes", text=NOTE, place="notes1", moment=MOMENT)
    (form,) = remove_forms((await reviewer.get(PAGE)).text)
    answer = await reviewer.post(form, place="notes1")
    assert answer.headers["location"] == f"{PAGE}#notes1"
    page = (await reviewer.get(PAGE)).text
    assert NOTE not in page
    assert 'id="notes1"' in page


@pytest.mark.parametrize("words", ["", "  \r\n ", "x" * (MAX_NOTE + 1), "x" * (3 * MAX_NOTE)])
async def test_a_note_has_words_and_a_limit(supervisor: Browser, words: str) -> None:
    """An empty note or one that is too long is refused."""
    await supervisor.get(PAGE)
    assert (await supervisor.post(f"{PAGE}/notes", text=words, place="notes")).status_code == 400
    assert remove_forms((await supervisor.get(PAGE)).text) == []


async def test_the_longest_note_fits_into_a_form(supervisor: Browser) -> None:
    """A note of the greatest length in the widest characters is taken whole."""
    await supervisor.get(PAGE)
    longest = "\U0001f331" * MAX_NOTE
    assert (await supervisor.post(f"{PAGE}/notes", text=longest, place="notes")).status_code == 303
    assert longest in (await supervisor.get(PAGE)).text


async def test_hostile_notes_are_text(reviewer: Browser, therapist: Browser) -> None:
    """A note is shown as text, to supervisors and to the therapist."""
    await reviewer.post(f"{PAGE}/notes", text=HOSTILE, place="notes", share="yes")
    await reviewer.post(f"{PAGE}/release", revision="1")
    for browser in (reviewer, therapist):
        page = (await browser.get(PAGE)).text
        assert "&lt;script&gt;alert(1)" in page
        assert not re.search(r"<script>|<img src=x", page)


async def test_a_released_session_takes_private_notes_alone(supervisor: Browser, therapist: Browser) -> None:
    """On a released session a supervisor writes for herself, and a shared note is refused in words."""
    page = address(RELEASED.session_id)
    await supervisor.get(page)
    before, _, _ = (await therapist.get(page)).text.partition(OPENINGS)
    assert (await supervisor.post(f"{page}/notes", text=NOTE, place="notes")).status_code == 303
    refused = await supervisor.post(f"{page}/notes", text=NOTE, place="notes", share="yes")
    assert refused.status_code == 409
    assert "This session is released" in refused.text
    assert (await therapist.get(page)).text.partition(OPENINGS)[0] == before


# --- threads and follow-ups ---


def places(page: str, step: str) -> list[str]:
    """Return the addresses of the forms of a step about a note or a comment."""
    return re.findall(rf'action="(/sessions/[^"]+/notes/[^"]*{step})"', page)


async def test_a_note_is_talked_about_under_it(reviewer: Browser, therapist: Browser) -> None:
    """After the release the therapist comments under a shared note, and each reads who said what, as text."""
    await reviewer.post(f"{PAGE}/notes", text=NOTE, place="notes", share="yes")
    await reviewer.post(f"{PAGE}/release", revision="1")
    page = (await therapist.get(PAGE)).text
    (form,) = places(page, "/comments")
    assert "The supervisors of your team read this, and the lead may." in page
    answer = await therapist.post(form, text=HOSTILE, place="notes")
    assert answer.headers["location"] == f"{PAGE}#notes"
    for browser, name in ((therapist, "You"), (reviewer, "Jonas Weber")):
        page = (await browser.get(PAGE)).text
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>" not in page
        assert re.search(rf"{name}, \w+ \d+ \w+ \d+, [\d:]+ UTC", words_of(page))
    assert places((await reviewer.get(PAGE)).text, "/remove") == []
    (remove,) = places((await therapist.get(PAGE)).text, "/remove")
    for _ in range(2):
        assert (await therapist.post(remove, place="notes")).status_code == 303, "what is gone is gone"
    assert "&lt;script&gt;" not in (await reviewer.get(PAGE)).text


async def test_who_reads_a_comment_is_said_at_its_box(reviewer: Browser) -> None:
    """The box says whether the counsellor reads a comment, and when."""
    await reviewer.post(f"{PAGE}/notes", text=NOTE, place="notes")
    await reviewer.post(f"{PAGE}/notes", text="Shared.", place="notes", share="yes")
    said = words_of((await reviewer.get(PAGE)).text)
    assert "For your eyes only, like the note." in said
    assert "Supervisors of this session read it, and the counsellor after the release." in said
    await reviewer.post(f"{PAGE}/release", revision="1")
    assert "Supervisors of this session read it, and the counsellor, at once." in words_of(
        (await reviewer.get(PAGE)).text
    )


@pytest.mark.parametrize("words", ["", " \r\n ", "x" * (MAX_NOTE_COMMENT + 1)])
async def test_a_comment_has_words_and_a_limit(reviewer: Browser, words: str) -> None:
    """An empty comment or one that is too long is refused."""
    await reviewer.post(f"{PAGE}/notes", text=NOTE, place="notes")
    (form,) = places((await reviewer.get(PAGE)).text, "/comments")
    assert (await reviewer.post(form, text=words, place="notes")).status_code == 400


async def test_a_note_is_followed_up(supervisor: Browser, lead: Browser) -> None:
    """A note with a day stands on its author's start page and in what is new from that day on, until it is done."""
    await supervisor.get(PAGE)
    await supervisor.post(f"{PAGE}/notes", text=NOTE, place="notes", follow_up="2026-01-05")
    await supervisor.post(f"{PAGE}/notes", text="Later.", place="notes", follow_up="2999-01-05")
    await supervisor.post(f"{PAGE}/notes", text="Never.", place="notes", follow_up="")
    start = (await supervisor.get("/")).text
    assert "Follow up today 1 note of yours is due." in words_of(start)
    assert "Your note, for Mon 5 Jan 2026" in words_of(start)
    assert "Your note, for Mon 5 Jan 2026" in words_of((await supervisor.get("/digest")).text)
    assert NOTE not in start
    for path in ("/", "/digest"):
        assert "Follow up today" not in (await lead.get(path)).text
    (link,) = re.findall(r'href="/sessions/[^"]+(#note-[0-9a-f]+)"', start)
    page = (await supervisor.get(PAGE)).text
    assert f'id="{link[1:]}"' in page
    assert "Follow up on Mon 5 Jan 2026." in words_of(page)
    (done,) = places(start, "/follow-up/done")
    await supervisor.get("/")
    assert (await supervisor.post(done, place="main", start="yes")).headers["location"] == "/#follow-ups"
    assert "Follow up today" not in (await supervisor.get("/")).text
    assert "Followed up on" in words_of((await supervisor.get(PAGE)).text)
    (again, *_) = places((await supervisor.get(PAGE)).text, "/follow-up")
    assert (await supervisor.post(again, follow_up="2026-01-06", place="notes")).headers["location"] == f"{PAGE}#notes"
    assert "Follow up on Tue 6 Jan 2026." in words_of((await supervisor.get(PAGE)).text)
    assert (await supervisor.post(again, follow_up="", place="notes")).status_code == 400


async def test_a_list_is_filtered_by_follow_ups(supervisor: Browser) -> None:
    """The filter by follow-ups leaves sessions with a note of one's own that is due or open."""
    await supervisor.get(PAGE)
    await supervisor.post(f"{PAGE}/notes", text=NOTE, place="notes", follow_up="2999-01-05")
    for state, found in (("due", False), ("open", True)):
        page = (await supervisor.get(f"/?follow_up={state}")).text
        assert (PAGE in page) is found
        assert "Filtered by with a note of yours to follow up" in words_of(page)

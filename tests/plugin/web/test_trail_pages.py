"""Tests of an auditor's pages: the trail with its filter, its verification, and a file of it."""

import csv
import html
import io
import re
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, create_engine, text

from plugin.privacy.trail import PAGE
from plugin.queue.store import Store
from plugin.web.trail_words import KINDS, PURPOSES
from tests.plugin.privacy.trails import tamper, write_entries
from tests.plugin.web.conftest import AUDITOR, RELEASED, SUPERVISOR, THERAPIST, Browser, address
from tests.plugin.web.samples import RATINGS
from tests.plugin.web.test_pages import words_of

ANCHOR = re.compile(r'<code>(\{"seq".*?\})</code>')


@pytest.fixture
def owner(page_database: str) -> Iterator[Engine]:
    """Yield the engine of the owner of the tables."""
    engine = create_engine(page_database)
    yield engine
    engine.dispose()


def rows_of(page: str) -> list[list[str]]:
    """Return the cells of the table's rows as they are read."""
    (body,) = re.findall(r"<tbody>(.*?)</tbody>", page, flags=re.DOTALL) or [""]
    return [
        [words_of(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, flags=re.DOTALL)]
        for row in re.findall(r"<tr>(.*?)</tr>", body, flags=re.DOTALL)
    ]


# --- the start ---


async def test_the_trail_is_the_start_and_all_there_is(auditor: Browser) -> None:
    """An auditor's start page leads to the trail, which is the one page in the navigation."""
    answer = await auditor.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/trail")
    page = (await auditor.get("/trail")).text
    (navigation,) = re.findall(r"<nav aria-label=\"Pages\">(.*?)</nav>", page, flags=re.DOTALL)
    assert re.findall(r'href="([^"]+)"', navigation) == ["/trail"]


async def test_an_auditor_reads_no_words_of_a_session(auditor: Browser, supervisor: Browser) -> None:
    """A session that was opened is on the trail by its id, without a link, a word, or a counsellor's name."""
    await supervisor.get(address(RELEASED.session_id))
    page = (await auditor.get("/trail")).text
    assert f"session {RELEASED.session_id}" in words_of(page)
    assert "/sessions/" not in page
    assert RATINGS[0].reason not in page
    assert not any(message.text in html.unescape(page) for message in RELEASED.messages)


# --- the list ---


async def test_each_entry_says_who_did_what_to_which_object(
    auditor: Browser, supervisor: Browser, store: Store
) -> None:
    """A row has number, time, person and role, purpose, object, outcome and request; the newest is the first."""
    await supervisor.get(address(RELEASED.session_id))
    await auditor.get("/trail")
    rows = rows_of((await auditor.get("/trail")).text)
    assert [row[3] for row in rows[:2]] == ["read the trail", "review"]
    review = rows[1]
    maria = store.accounts.named(SUPERVISOR)
    assert review[2:6] == ["maria , supervisor", "review", f"session {RELEASED.session_id}", "done"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", review[1])
    assert int(rows[0][0]) == int(review[0]) + 1
    page = (await auditor.get("/trail")).text
    assert f'href="/trail?account={maria.account_id}"' in page


async def test_pages_lead_to_the_beginning_and_back(auditor: Browser, owner: Engine) -> None:
    """A long trail has pages, each with a way to older entries, and back to the newest."""
    write_entries(owner, PAGE + 5)
    first = (await auditor.get("/trail")).text
    assert len(rows_of(first)) == PAGE
    (older,) = re.findall(r'href="(/trail\?before=\d+)" rel="next"', first)
    second = (await auditor.get(older)).text
    assert rows_of(second)[-1][0] == "1"
    assert 'rel="next"' not in second
    assert 'href="/trail">← To the newest' in second


async def test_a_filter_narrows_the_list_down_and_says_so(auditor: Browser, supervisor: Browser, store: Store) -> None:
    """The filter shows entries of one kind, one account and some days, in words above the list."""
    await supervisor.get(address(RELEASED.session_id))
    maria = store.accounts.named(SUPERVISOR).account_id
    page = (await auditor.get(f"/trail?kind=reading&account={maria}&from=2020-01-01&to=2999-01-01")).text
    assert {row[3] for row in rows_of(page)} == {"review"}
    said = words_of(page)
    assert (
        "Filtered: reading of sessions; by or about maria; on Wed 1 Jan 2020 or later; on Tue 1 Jan 2999 or before."
    ) in said
    assert '<option value="reading" selected>' in page
    nothing = words_of((await auditor.get("/trail?kind=export")).text)
    assert "Nothing matches the filter." in nothing


async def test_the_filter_offers_every_kind_and_every_account(auditor: Browser, store: Store) -> None:
    """The form has each kind in words, and each account with its role."""
    page = (await auditor.get("/trail")).text
    for kind, words in KINDS.items():
        assert f'<option value="{kind.value}">{words}</option>' in page
    for entry in store.accounts.entries():
        assert f'<option value="{entry.account_id}">{entry.username} ({entry.role.value})</option>' in page


async def test_a_removed_account_can_still_be_chosen(auditor: Browser, supervisor: Browser, store: Store) -> None:
    """The entries of a removed account lead to all of its entries, though the form no longer lists it."""
    await supervisor.get("/digest")
    maria = store.accounts.named(SUPERVISOR).account_id
    store.accounts.remove(maria)
    page = (await auditor.get(f"/trail?account={maria}")).text
    assert "by or about an account that was removed" in words_of(page)
    assert f'<option value="{maria}" selected>' in page
    assert rows_of(page)


@pytest.mark.parametrize(
    "query", ["kind=gossip", "account=maria", "from=yesterday", "to=20261103x", "before=0", "before=x", "words=secret"]
)
async def test_an_address_that_is_no_part_of_the_trail_is_refused(auditor: Browser, query: str) -> None:
    """An unknown field or value is refused with a sentence that does not repeat it."""
    answer = await auditor.get(f"/trail?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[2] not in words_of(answer.text).replace("0", "") or query.endswith("0")
    assert "a field or a value that the trail has not" in answer.text


async def test_what_an_entry_holds_is_escaped(auditor: Browser, owner: Engine) -> None:
    """Whatever somebody with every right has written into an entry is shown as text."""
    write_entries(owner, 1)
    tamper(owner, "UPDATE audit SET purpose = '<b>bold</b>' WHERE seq = (SELECT max(seq) FROM audit)")
    page = (await auditor.get("/trail?kind=other")).text
    assert "<b>bold</b>" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


# --- verification ---


async def verify(auditor: Browser, anchors: str = "") -> tuple[int, str]:
    """Verify the trail with the form, and return the status and the page."""
    await auditor.get("/trail/verify")
    answer = await auditor.post("/trail/verify", anchors=anchors)
    return answer.status_code, answer.text


async def test_an_intact_trail_has_an_anchor(auditor: Browser) -> None:
    """The result names the entries, and gives an anchor that a later verification finds."""
    status, page = await verify(auditor)
    assert status == 200
    assert re.search(r"The trail is intact: \d+ entries, 1 to \d+\.", words_of(page))
    (anchor,) = ANCHOR.findall(html.unescape(page))
    _, page = await verify(auditor, f"\r\n{anchor}\r\n")
    assert "Anchors in it: 1; of entries that retention removed: 0." in words_of(page)


async def test_looking_at_the_form_verifies_nothing(auditor: Browser, owner: Engine) -> None:
    """Opening the form leaves no entry: only the button verifies."""
    with owner.connect() as connection:
        before = connection.scalar(text("SELECT count(*) FROM audit"))
        page = (await auditor.get("/trail/verify")).text
        assert connection.scalar(text("SELECT count(*) FROM audit")) == before
    assert "intact" not in words_of(page)


async def test_a_broken_trail_is_said_with_what_to_do(auditor: Browser, owner: Engine) -> None:
    """A trail that was changed is called broken, with the entry and whom to tell."""
    tamper(owner, "UPDATE audit SET outcome = 'x' WHERE seq = 2")
    _, page = await verify(auditor)
    said = words_of(page)
    assert "Broken Entry 2 was changed after it was written. Tell the operator" in said
    assert 'role="alert"' in page


async def test_an_anchor_of_another_trail_is_said(auditor: Browser) -> None:
    """An anchor that the trail does not hold makes it broken."""
    anchor = '{"seq": 1, "hash": "' + "ab" * 32 + '", "at": null}'
    assert "is not the one of its anchor" in words_of((await verify(auditor, anchor))[1])


async def test_what_is_no_anchor_is_named_by_its_line(auditor: Browser) -> None:
    """A line that is no anchor is named, stays in the box, and nothing is verified."""
    good = '{"seq": 1, "hash": "' + "ab" * 32 + '"}'
    status, page = await verify(auditor, f"{good}\n\n<i>hello</i>")
    assert status == 400
    assert "Line 3 is not an anchor: it is not JSON. Nothing was verified." in words_of(page)
    assert "&lt;i&gt;hello&lt;/i&gt;</textarea>" in page


# --- the file ---


async def test_a_file_is_sent_for_a_purpose(auditor: Browser, owner: Engine) -> None:
    """The file comes as an attachment in CSV; the trail has its purpose before the first row is read."""
    await auditor.get("/trail")
    answer = await auditor.post("/trail/download", purpose="data-protection")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="audit-trail.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["seq"] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
    with owner.connect() as connection:
        found = connection.execute(text("SELECT purpose, outcome, role FROM audit ORDER BY seq DESC LIMIT 2")).all()
    entry = "download the trail: data-protection"
    assert [tuple(row) for row in found] == [
        (entry, f"done {len(rows)} entries", "auditor"),
        (entry, "begun", "auditor"),
    ]


async def test_a_file_has_the_filter_of_its_page(auditor: Browser, supervisor: Browser) -> None:
    """The form of a filtered page asks for the entries of the filter, and gets these."""
    await supervisor.get(address(RELEASED.session_id))
    page = (await auditor.get("/trail?kind=reading&before=1000")).text
    (action,) = re.findall(r'action="(/trail/download[^"]*)"', page)
    assert action == "/trail/download?kind=reading"
    answer = await auditor.post(action, purpose="incident")
    assert {row["purpose"] for row in csv.DictReader(io.StringIO(answer.text))} == {"review"}


@pytest.mark.parametrize("form", [{}, {"purpose": ""}, {"purpose": "curiosity"}])
async def test_without_a_purpose_there_is_no_file(auditor: Browser, form: dict[str, str]) -> None:
    """A download without a purpose of the list is refused, and the form offers each purpose in words."""
    page = (await auditor.get("/trail")).text
    assert re.findall(r'<option value="([a-z-]+)">([^<]+)</option>', page)[-len(PURPOSES) :] == [
        (purpose.value, words) for purpose, words in PURPOSES.items()
    ]
    assert (await auditor.post("/trail/download", **form)).status_code == 400


async def test_an_address_of_another_file_is_refused(auditor: Browser) -> None:
    """A filter that the trail does not have makes no file."""
    await auditor.get("/trail")
    assert (await auditor.post("/trail/download?kind=gossip", purpose="incident")).status_code == 400


# --- nobody else ---


@pytest.mark.parametrize("person", [SUPERVISOR, THERAPIST, "lena", "otto"])
async def test_nobody_else_finds_the_trail(browsers: Callable[[], Browser], auditor: Browser, person: str) -> None:
    """For every other role the pages of the trail do not exist, with an auditor's form too."""
    assert AUDITOR not in person
    await auditor.get("/trail")
    browser = browsers()
    await browser.log_in(person)
    await browser.get("/use-policy")
    assert (await browser.get("/trail")).status_code == 404
    assert (await browser.get("/trail?kind=gossip")).status_code == 404
    assert (await browser.post("/trail/verify")).status_code == 404
    assert (await browser.post("/trail/download", purpose="incident")).status_code == 404

"""Tests of the audit trail in the API: parts, filters, verification and a file, each use of which is on it."""

import csv
import io
from typing import Any

import pytest
from sqlalchemy import create_engine

from plugin.privacy.trail import Trail
from plugin.queue.store import Store
from stream.contracts.errors import Unavailable
from tests.plugin.api.conftest import Program, Programs
from tests.plugin.api.test_app import raising
from tests.plugin.privacy.trails import tamper, write_entries
from tests.plugin.web.conftest import AUDITOR, RELEASED, SUPERVISOR


@pytest.fixture
def auditor(programs: Programs) -> Program:
    """Return a program of the auditor, with every scope."""
    return programs(AUDITOR)


async def trail(auditor: Program, **query: str) -> dict[str, Any]:
    """Return a part of the trail."""
    answer = await auditor.get("/trail", **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_parts_lead_to_the_first_entry(auditor: Program) -> None:
    """Parts follow each other by `next_before`, and together hold every entry once, each chained to the one before."""
    first = await trail(auditor, limit="2")
    entries = first["entries"]
    before = first["next_before"]
    while before is not None:
        part = await trail(auditor, limit="2", before=str(before))
        entries += part["entries"]
        before = part["next_before"]
    assert [entry["seq"] for entry in entries] == list(range(entries[0]["seq"], 0, -1))
    assert [entry["previous"] for entry in entries[:-1]] == [entry["hash"] for entry in entries[1:]]


async def test_reading_is_on_the_trail_with_the_token(auditor: Program, store: Store) -> None:
    """The next part holds an entry about the one before, in the auditor's name, with the id of the token."""
    await trail(auditor)
    entry = (await trail(auditor))["entries"][0]
    account = store.accounts.named(AUDITOR).account_id
    assert (entry["account_id"], entry["person"], entry["role"]) == (str(account), AUDITOR, "auditor")
    assert (entry["purpose"], entry["object_type"]) == ("read the trail", "trail")
    assert " token " in entry["request_id"]


async def test_a_filter_holds(auditor: Program, supervisor: Program, store: Store) -> None:
    """A kind, an account and days narrow the trail down, as they do on the page."""
    await supervisor.get("/sessions")
    maria = store.accounts.named(SUPERVISOR).account_id
    found = await trail(auditor, kind="account", account=str(maria), **{"from": "2020-01-01", "to": "2999-01-01"})
    assert [entry["purpose"] for entry in found["entries"]] == ["token created"]
    assert (await trail(auditor, to="2020-01-01"))["entries"] == []


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({"kind": "gossip"}, "query.kind"),
        ({"account": "maria"}, "query.account"),
        ({"from": "1772474400"}, "query.from"),
        ({"before": "0"}, "query.before"),
        ({"limit": "101"}, "query.limit"),
        ({"words": "secret"}, "query"),
    ],
)
async def test_what_is_not_described_is_refused(auditor: Program, query: dict[str, str], place: str) -> None:
    """An unknown field or value is refused by its place."""
    answer = await auditor.get("/trail", **query)
    assert (answer.status_code, answer.json()["places"]) == (400, [place])


async def verified(auditor: Program, body: object) -> dict[str, Any]:
    """Verify the trail."""
    answer = await auditor.post("/trail/verify", body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_verification_gives_an_anchor_for_the_next(auditor: Program) -> None:
    """An intact trail has no problem and an anchor, which a later verification finds."""
    first = await verified(auditor, {})
    assert (first["problem"], first["first"]) == (None, 1)
    assert first["anchor"]["seq"] == first["entries"]
    again = await verified(auditor, {"anchors": [first["anchor"]]})
    assert (again["problem"], again["anchors_found"], again["entries"]) == (None, 1, first["entries"] + 1)


async def test_a_broken_trail_is_a_result_and_no_failure(auditor: Program, page_database: str) -> None:
    """That the trail is broken is an answer with the sentence that the command prints."""
    engine = create_engine(page_database)
    write_entries(engine, 1)
    tamper(engine, "UPDATE audit SET outcome = 'x' WHERE seq = 1")
    engine.dispose()
    assert (await verified(auditor, {}))["problem"] == "Entry 1 was changed after it was written."


@pytest.mark.parametrize(
    "anchor", [{"seq": 1}, {"seq": -1, "hash": "ab" * 32}, {"seq": 1, "hash": "xy"}, {"seq": "1", "hash": "ab" * 32}]
)
async def test_what_is_no_anchor_is_refused(auditor: Program, anchor: dict[str, Any]) -> None:
    """An anchor without a number or a hash is refused, and nothing is verified."""
    answer = await auditor.post("/trail/verify", {"anchors": [anchor]})
    assert answer.status_code == 400
    assert (await trail(auditor, kind="trail"))["entries"] == []


# --- as a file ---


async def test_a_file_holds_the_whole_trail_and_is_on_it(auditor: Program) -> None:
    """A file has every entry, the oldest first, with its hashes; its purpose is an entry before it and one after it."""
    answer = await auditor.get("/trail/file", purpose="data-protection")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["seq"] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
    assert [row["previous"] for row in rows[1:]] == [row["hash"] for row in rows[:-1]]
    last, first = (await trail(auditor))["entries"][:2]
    for entry, outcome in ((first, "begun"), (last, f"done {len(rows)} entries")):
        assert (entry["purpose"], entry["outcome"]) == ("download the trail: data-protection", outcome)
        assert " token " in entry["request_id"]


async def test_a_file_has_the_filter_that_was_asked_for(auditor: Program, supervisor: Program) -> None:
    """A kind, an account and days narrow the file down, as they do the parts."""
    await supervisor.get(f"/sessions/{RELEASED.session_id}")
    answer = await auditor.get("/trail/file", purpose="incident", kind="reading")
    assert {row["purpose"] for row in csv.DictReader(io.StringIO(answer.text))} == {"review"}


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({}, "query.purpose"),
        ({"purpose": "curiosity"}, "query.purpose"),
        ({"purpose": "incident", "kind": "gossip"}, "query.kind"),
        ({"purpose": "incident", "before": "7"}, "query"),
    ],
)
async def test_without_a_purpose_there_is_no_file(auditor: Program, query: dict[str, str], place: str) -> None:
    """A file without a purpose of the list, or with a filter that the trail has not, is refused and read by nobody."""
    answer = await auditor.get("/trail/file", **query)
    assert (answer.status_code, answer.json()["places"]) == (400, [place])
    assert (await trail(auditor, kind="trail"))["entries"] == []


async def test_a_file_that_breaks_off_does_not_look_whole(auditor: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the database goes away in mid-file, the answer ends in a fault and not as a file does."""
    monkeypatch.setattr(Trail, "_batch", raising(Unavailable("the database")))
    with pytest.raises(Exception, match="response already started"):
        await auditor.get("/trail/file", purpose="incident")
    (entry,) = (await trail(auditor, kind="trail"))["entries"]
    assert entry["outcome"] == "begun"

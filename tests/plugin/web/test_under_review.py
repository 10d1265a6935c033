"""Tests of what happens to a session in the middle of its review: nothing is lost silently, and nobody overwrites."""

import html
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text

from plugin.database.engine import transaction
from plugin.queue.review_views import Judgement
from plugin.queue.statements import MOMENT
from plugin.queue.store import Store
from plugin.sink.apply import apply
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import ConsentWithdrawal, Erasure
from stream.contracts.vocabulary import SessionState
from tests.plugin.samples import without_content
from tests.plugin.web.conftest import KEK, SUPERVISOR, WAITING, Browser, address
from tests.plugin.web.samples import TENANT, record
from tests.plugin.web.test_handover_pages import nele
from tests.plugin.web.test_review_pages import press

__all__ = ["nele"]

PAGE = address(WAITING.session_id)
WORDS = 'What I wrote <b>for half an hour</b>\nabout "the client leaving".'


@pytest.fixture
async def reviewer(supervisor: Browser) -> Browser:
    """Return the browser of a supervisor who has claimed the session and passed its moment on."""
    await supervisor.get(PAGE)
    await supervisor.post(f"{PAGE}/claim")
    await press(supervisor, PAGE, str(MOMENT), "agreed")
    return supervisor


@pytest.fixture
def come(page_engine: Engine) -> Callable[[FeedbackRecord | ConsentWithdrawal | Erasure], None]:
    """Return a function that stores what the feedback topic brings."""

    def store_it(found: FeedbackRecord | ConsentWithdrawal | Erasure) -> None:
        with transaction(page_engine) as session:
            apply(session, KEK, found, datetime.now(UTC))

    return store_it


async def write(browser: Browser) -> tuple[int, str]:
    """Send a note that is a step of the review; return the status and the text of the answer."""
    answer = await browser.post(f"{PAGE}/notes", text=WORDS, place="notes", share="yes")
    return answer.status_code, answer.text


def passed_on(store: Store) -> bool:
    """Return whether the label that was given before is still there."""
    maria = store.find_viewer(SUPERVISOR)
    assert maria is not None
    opened = store.open(maria, WAITING.session_id)
    assert opened is not None
    label = opened.moments[0].labels.get(str(MOMENT))
    return label is not None and label.opinion.judgement is Judgement.AGREED


async def test_a_claim_that_ended_is_begun_anew_by_the_next_step(
    reviewer: Browser, page_engine: Engine, store: Store
) -> None:
    """Where nobody has come in between, a step after the claim's end is stored, and claims the session again."""
    expire(page_engine)
    assert (await write(reviewer))[0] == 303
    assert "You are reviewing this session" in (await reviewer.get(PAGE)).text
    assert passed_on(store)


async def test_who_comes_after_the_claims_end_is_not_overwritten(
    reviewer: Browser, nele: Browser, page_engine: Engine, store: Store
) -> None:
    """Where a colleague has begun since, a step is refused, what was written is given back, and her review stays."""
    expire(page_engine)
    assert (await nele.post(f"{PAGE}/claim")).status_code == 303
    await press(nele, PAGE, str(MOMENT), "agreed")
    status, page = await write(reviewer)
    assert status == 409
    assert "Somebody else is reviewing this session" in page
    assert html.escape(WORDS, quote=False).replace('"', "&#34;") in page
    assert "<b>for half" not in page
    assert WORDS not in html.unescape((await nele.get(PAGE)).text)
    assert passed_on(store)


async def test_a_session_that_goes_on_comes_back_with_its_review(
    reviewer: Browser, come: Callable[[FeedbackRecord], None], store: Store
) -> None:
    """While a reopened session is hidden, a step says that it comes back; after its next close the labels stand."""
    come(without_content(WAITING, state=SessionState.REOPENED))
    status, page = await write(reviewer)
    assert status == 404
    assert "it comes back when it has ended" in page
    assert "What I wrote" in page
    come(record("waiting", "counsellor-1", revision=2))
    assert passed_on(store)


@pytest.mark.parametrize(
    "removal",
    [
        ConsentWithdrawal(tenant=TENANT, conversation_id="waiting", withdrawn_at=datetime(2026, 11, 3, 15, tzinfo=UTC)),
        Erasure(
            tenant=TENANT,
            conversation_id="waiting",
            erasure_id="0" * 36,
            requested_at=datetime(2026, 11, 3, 15, tzinfo=UTC),
        ),
    ],
    ids=["withdrawal", "erasure"],
)
async def test_a_session_that_is_removed_takes_no_step(
    reviewer: Browser,
    come: Callable[[ConsentWithdrawal | Erasure], None],
    page_engine: Engine,
    removal: ConsentWithdrawal | Erasure,
) -> None:
    """After a withdrawal or an erasure a step says that nothing of the session may stay, and nothing is stored."""
    come(removal)
    status, page = await write(reviewer)
    assert status in {404, 409}
    assert "What I wrote" in page
    with page_engine.connect() as connection:
        for table in ("notes", "labels"):
            counted = text(f"SELECT count(*) FROM {table} WHERE session_id = :id")
            assert connection.scalar(counted, {"id": WAITING.session_id}) == 0


async def test_what_one_never_saw_is_answered_alike(therapist: Browser, supervisor: Browser) -> None:
    """A session that does not exist, and one of another team, have the same page as one that has gone."""
    for session_id in ("00000000-0000-4000-8000-000000000000", str(WAITING.session_id)):
        await therapist.get("/")
        assert (await therapist.post(f"/sessions/{session_id}/claim")).status_code == 404
    await supervisor.get("/")
    answer = await supervisor.post("/sessions/00000000-0000-4000-8000-000000000000/claim")
    assert "This session is not here" in answer.text


def expire(engine: Engine) -> None:
    """Let the session's claim end a minute ago."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE claims SET until = now() - interval '1 minute'"))

"""Fixtures of the page tests: the real pages over a real PostgreSQL with two teams and their sessions."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import Engine

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.engine import connect, transaction
from plugin.database.migrate import upgrade
from plugin.database.viewer import AccountRole
from plugin.queue import accounts
from plugin.queue.accounts import NewAccount
from plugin.queue.passwords import hash_password
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome
from plugin.sink.apply import SinkRecord, apply
from plugin.web.app import create_app
from stream.contracts.vocabulary import LeftOut
from stream.runtime.settings import Settings, WebSettings
from tests.fixtures.restored_database import RestoredDatabase
from tests.plugin.samples import MODEL
from tests.plugin.web.samples import START, TENANT, record

PASSWORD = "correct horse battery"
KEK = KeyEncryptionKey(bytes(range(32)))
SUPERVISOR, OTHER_SUPERVISOR, THERAPIST, OTHER_THERAPIST, OPERATOR = "maria", "nora", "jonas", "amara", "otto"
LEAD, AUDITOR = "lena", "aldo"

WAITING = record("waiting", "counsellor-1")
RELEASED = record("released", "counsellor-1")
LEFT_OUT = record(
    "left-out",
    "counsellor-1",
    left_out=LeftOut.TOO_SHORT,
    messages=(),
    exchanges=(),
    marks=(),
    assessments=(),
)
ELSEWHERE = record(
    "elsewhere",
    "counsellor-2",
    sampled_turns=(("m1",), ("m3",), ("m5",), ("m7",), ("m9",)),
    sampled_model=MODEL,
)

_PEOPLE = (
    NewAccount(SUPERVISOR, PASSWORD, AccountRole.SUPERVISOR, "Maria Keller", teams=["North"]),
    NewAccount(OTHER_SUPERVISOR, PASSWORD, AccountRole.SUPERVISOR, "Nora <i>Lind</i>", teams=["South"]),
    NewAccount(
        THERAPIST, PASSWORD, AccountRole.THERAPIST, "Jonas Weber", ["North"], tenant=TENANT, counsellor="counsellor-1"
    ),
    NewAccount(
        OTHER_THERAPIST,
        PASSWORD,
        AccountRole.THERAPIST,
        "Amara Diallo",
        ["South"],
        tenant=TENANT,
        counsellor="counsellor-2",
    ),
    NewAccount(OPERATOR, PASSWORD, AccountRole.OPERATOR, "Otto Brandt"),
    NewAccount(LEAD, PASSWORD, AccountRole.LEAD, "Lena Okafor"),
    NewAccount(AUDITOR, PASSWORD, AccountRole.AUDITOR, "Aldo Rossi"),
)


@dataclass
class Clock:
    """The clock of the pages, set by the test."""

    seconds: float = START.timestamp()

    def __call__(self) -> float:
        """Return the seconds since 1970."""
        return self.seconds


@dataclass
class Browser:
    """A browser that keeps cookies, follows no redirects and sends the CSRF token of the last page."""

    client: httpx.AsyncClient
    token: str = field(default="", repr=False)

    async def get(self, path: str) -> httpx.Response:
        """Open a page and keep the CSRF token of its forms."""
        answer = await self.client.get(path)
        if found := re.search(r'name="csrf" value="([^"]+)"', answer.text):
            self.token = found[1]
        return answer

    async def post(self, path: str, **form: str) -> httpx.Response:
        """Send a form with the CSRF token of the last page."""
        return await self.client.post(path, data={"csrf": self.token, **form})

    async def log_in(self, username: str, password: str = PASSWORD) -> httpx.Response:
        """Fill in the login page, then open a page that asks the database for little, for the token of its forms."""
        await self.get("/login")
        answer = await self.post("/login", username=username, password=password)
        await self.get("/password")
        return answer


@pytest.fixture(scope="session")
def filled_database(create_database: Callable[[str], str], quick_passwords: None) -> Iterator[RestoredDatabase]:  # noqa: ARG001 - it hashes
    """Yield a database with the accounts and sessions above, which each test finds as they were."""
    url = create_database("template0")
    upgrade(url)
    engine = connect(url)
    password_hash = hash_password(PASSWORD)
    with transaction(engine) as session:
        for person in _PEOPLE:
            accounts.insert_account(session, person, password_hash, now=datetime.now(UTC))
        for stored in (WAITING, RELEASED, LEFT_OUT, ELSEWHERE):
            apply(session, KEK, stored, datetime.now(UTC))
    with Store(engine, KEK, now=lambda: datetime.now(UTC)) as store:
        maria = store.find_viewer(SUPERVISOR)
        assert maria is not None
        assert store.decide(maria, RELEASED.session_id, 1, DecisionKind.RELEASED) is DecisionOutcome.DONE
    with RestoredDatabase(url) as restored:
        yield restored


@pytest.fixture
def page_database(filled_database: RestoredDatabase) -> str:
    """Return the URL of the filled database, in which nothing is left of an earlier test."""
    filled_database.restore()
    return filled_database.url


@pytest.fixture(scope="session")
def kept_engine(filled_database: RestoredDatabase) -> Iterator[Engine]:
    """Yield an engine for all of these tests, since each new one works out every statement anew."""
    engine = connect(filled_database.url_of_kept)
    yield engine
    engine.dispose()


@pytest.fixture
def page_engine(kept_engine: Engine, page_database: str) -> Engine:  # noqa: ARG001 - it puts the rows back
    """Return an engine for the filled database, in which nothing is left of an earlier test."""
    return kept_engine


@pytest.fixture
def store(page_engine: Engine) -> Iterator[Store]:
    """Yield the store behind the pages."""
    opened = Store(page_engine, KEK, now=lambda: datetime.now(UTC))
    yield opened
    opened.write_failed_logins(whole=True)


@pytest.fixture
def clock() -> Clock:
    """Return the clock of the pages."""
    return Clock()


@pytest.fixture
def settings() -> Settings:
    """Return settings as in production, with cookies over HTTPS only and without a broker."""
    return Settings(web=WebSettings(session_secret=SecretStr("not a secret outside of the tests")))


@pytest.fixture
def app(settings: Settings, store: Store, clock: Clock, kept_routes: None) -> FastAPI:  # noqa: ARG001 - its effect
    """Return the web application."""
    return create_app(settings, store, now=clock)


@pytest.fixture
async def browsers(app: FastAPI) -> AsyncIterator[Callable[[], Browser]]:
    """Yield a function that opens a browser without cookies and with an address of its own."""
    opened: list[httpx.AsyncClient] = []

    def browser() -> Browser:
        transport = httpx.ASGITransport(app, client=(f"192.0.2.{len(opened) + 1}", 40000))
        opened.append(httpx.AsyncClient(transport=transport, base_url="https://page.example"))
        return Browser(opened[-1])

    yield browser
    for client in opened:
        await client.aclose()


@pytest.fixture
async def browser(browsers: Callable[[], Browser]) -> Browser:
    """Return a browser in which nobody is logged in."""
    return browsers()


@pytest.fixture
async def supervisor(browsers: Callable[[], Browser]) -> Browser:
    """Return the browser of the supervisor of the team whose sessions these are."""
    opened = browsers()
    await opened.log_in(SUPERVISOR)
    return opened


@pytest.fixture
async def therapist(browsers: Callable[[], Browser]) -> Browser:
    """Return the browser of the therapist of these sessions."""
    opened = browsers()
    await opened.log_in(THERAPIST)
    return opened


@pytest.fixture
async def lead(browsers: Callable[[], Browser]) -> Browser:
    """Return the browser of the clinical lead."""
    opened = browsers()
    await opened.log_in(LEAD)
    return opened


@pytest.fixture
async def auditor(browsers: Callable[[], Browser]) -> Browser:
    """Return the browser of the auditor."""
    opened = browsers()
    await opened.log_in(AUDITOR)
    return opened


def address(session_id: UUID, action: str = "") -> str:
    """Return the path of a session's page, or of a decision about it."""
    return f"/sessions/{session_id}{action}"


@pytest.fixture
def put(page_engine: Engine) -> Callable[[SinkRecord], None]:
    """Return a function that stores one more record as the sink does."""

    def store_it(stored: SinkRecord) -> None:
        with transaction(page_engine) as session:
            apply(session, KEK, stored, datetime.now(UTC))

    return store_it


@pytest.fixture
def release(store: Store, put: Callable[[SinkRecord], None]) -> Callable[..., None]:
    """Return a function that stores and releases some further sessions of one moment each, a day apart."""

    def released(count: int, *, begin: int = 1, model: object = MODEL) -> None:
        maria = store.find_viewer(SUPERVISOR)
        assert maria is not None
        for day in range(begin, begin + count):
            sent = record(f"day{day}", "counsellor-1")
            (answer,) = sent.assessments
            at = sent.started_at + timedelta(days=day)
            put(
                sent.model_copy(update={"started_at": at, "assessments": (answer.model_copy(update={"model": model}),)})
            )
            store.decide(maria, sent.session_id, 1, DecisionKind.RELEASED)

    return released

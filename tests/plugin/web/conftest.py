"""Real pages over a real PostgreSQL: two teams, a session each, one of them released."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from psycopg import sql
from pydantic import SecretStr

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.engine import connect, transaction
from plugin.database.migrate import upgrade
from plugin.database.viewer import AccountRole
from plugin.local.postgres import PostgreSQL
from plugin.queue import accounts
from plugin.queue.accounts import NewAccount
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, Outcome
from plugin.sink.apply import apply
from plugin.web.app import create_app
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.vocabulary import LeftOut
from stream.runtime.settings import Settings, Web
from tests.plugin.web.samples import START, TENANT, record

PASSWORD = "correct horse battery"
KEK = KeyEncryptionKey(bytes(range(32)))
SUPERVISOR, OTHER_SUPERVISOR, THERAPIST, OTHER_THERAPIST, OPERATOR = "maria", "nora", "jonas", "amara", "otto"

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
ELSEWHERE = record("elsewhere", "counsellor-2")

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
)


@dataclass
class Clock:
    """The clock of the pages, set by the test."""

    seconds: float = START.timestamp()

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.seconds


@dataclass
class Browser:
    """Somebody's browser: keeps cookies, follows no redirect by itself, sends the token of the last page's forms."""

    client: httpx.AsyncClient
    token: str = field(default="", repr=False)

    async def get(self, path: str) -> httpx.Response:
        """Open a page."""
        answer = await self.client.get(path)
        if found := re.search(r'name="csrf" value="([^"]+)"', answer.text):
            self.token = found[1]
        return answer

    async def post(self, path: str, **form: str) -> httpx.Response:
        """Send a form with the token of the last page."""
        return await self.client.post(path, data={"csrf": self.token, **form})

    async def log_in(self, username: str, password: str = PASSWORD) -> httpx.Response:
        """Fill in the login page; then open the start page, as a browser would."""
        await self.get("/login")
        answer = await self.post("/login", username=username, password=password)
        await self.get("/")
        return answer


@pytest.fixture(scope="session")
def filled_database(create_database: Callable[[str], str]) -> str:
    """The URL of a database with the people and sessions above; tests get copies of it."""
    url = create_database("template0")
    upgrade(url)
    engine = connect(url)
    with transaction(engine) as session:
        for person in _PEOPLE:
            accounts.add(session, person, now=datetime.now(UTC))
        for stored in (WAITING, RELEASED, LEFT_OUT, ELSEWHERE):
            apply(session, KEK, stored, datetime.now(UTC))
    with Store(engine, KEK, now=lambda: datetime.now(UTC)) as store:
        maria = store.viewer_named(SUPERVISOR)
        assert maria is not None
        assert store.decide(maria, RELEASED.session_id, 1, DecisionKind.RELEASED) is Outcome.DONE
    return url


@pytest.fixture
def page_database(filled_database: str, create_database: Callable[[str], str], postgres: PostgreSQL) -> Iterator[str]:
    """The URL of this test's own copy."""
    url = create_database(filled_database.rpartition("/")[2])
    yield url
    with psycopg.connect(postgres.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(url.rpartition("/")[2])))


@pytest.fixture
def store(page_database: str) -> Iterator[Store]:
    """The queue behind the pages."""
    with Store(connect(page_database), KEK, now=lambda: datetime.now(UTC)) as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    """The pages' clock."""
    return Clock()


@pytest.fixture
def settings() -> Settings:
    """As in production, without a broker: cookies over HTTPS alone."""
    return Settings(web=Web(session_secret=SecretStr("not a secret outside of the tests")))


@pytest.fixture
def app(settings: Settings, store: Store, clock: Clock) -> FastAPI:
    """The pages."""
    return create_app(settings, store, now=clock)


@pytest.fixture
async def browsers(app: FastAPI) -> AsyncIterator[Callable[[], Browser]]:
    """Open a browser with nothing in it yet; each has an address of its own."""
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
    """One browser, nobody logged in."""
    return browsers()


@pytest.fixture
async def supervisor(browsers: Callable[[], Browser]) -> Browser:
    """The supervisor of the team whose sessions these are."""
    opened = browsers()
    await opened.log_in(SUPERVISOR)
    return opened


@pytest.fixture
async def therapist(browsers: Callable[[], Browser]) -> Browser:
    """The counsellor of these sessions."""
    opened = browsers()
    await opened.log_in(THERAPIST)
    return opened


def address(session_id: UUID, action: str = "") -> str:
    """The path of a session's page, or of a decision about it."""
    return f"/sessions/{session_id}{action}"


@pytest.fixture
def put(page_database: str) -> Iterator[Callable[[FeedbackRecord], None]]:
    """Store one more record, as the sink does."""
    engine = connect(page_database)

    def store_it(stored: FeedbackRecord) -> None:
        with transaction(engine) as session:
            apply(session, KEK, stored, datetime.now(UTC))

    yield store_it
    engine.dispose()

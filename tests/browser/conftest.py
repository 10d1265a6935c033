"""Fixtures of the browser tests: the web stage on loopback over a real PostgreSQL, and Chromium before it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from pydantic import SecretStr

from plugin.database.engine import connect, transaction
from plugin.database.viewer import AccountRole
from plugin.queue.accounts import NewAccount, insert_account
from plugin.queue.passwords import hash_password
from plugin.queue.store import Store
from plugin.sink.apply import apply
from plugin.web import app as web
from plugin.web.app import create_app
from scripts.chromium import ChromiumMissing, chromium
from stream.contracts.feedback import FeedbackRecord
from stream.runtime.settings import DeliverySettings, Settings, WebSettings
from tests.browser.looks import LAPTOP, Looks
from tests.browser.visitor import Visitor
from tests.fixtures.waiting import DEADLOCK_S, wait_until
from tests.plugin.conftest import quick_passwords
from tests.plugin.web.conftest import KEK, PASSWORD, RELEASED, filled_database, page_database
from tests.plugin.web.test_practice_pages import Scripted

__all__ = ["filled_database", "page_database", "quick_passwords"]

COLLEAGUE = "nele"
"""A second supervisor of the team."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that keeps a picture of every page in every look."""
    parser.addoption("--pictures", type=Path, help="a folder for a picture of every page in every look")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Yield the one Chromium of this run; without Chromium the run ends at once, with the sentence."""
    try:
        with chromium() as running:
            yield running
    except ChromiumMissing as error:
        pytest.exit(str(error), returncode=2)


@dataclass
class Clock:
    """The clock of the pages' database, which a test sets forward."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    """Return the clock of the pages' database."""
    return Clock()


@pytest.fixture
def put(page_database: str, clock: Clock) -> Iterator[Callable[..., None]]:
    """Yield a function that stores more records as the sink does."""
    engine = connect(page_database)

    def store_them(*records: FeedbackRecord) -> None:
        with transaction(engine) as session:
            for each in records:
                apply(session, KEK, each, clock())

    yield store_them
    engine.dispose()


@pytest.fixture
def delivery() -> DeliverySettings:
    """Return the settings of digests: none go out, unless a test says otherwise."""
    return DeliverySettings()


@pytest.fixture
def site(page_database: str, clock: Clock, delivery: DeliverySettings) -> Iterator[str]:
    """Yield the address of the web stage, served on loopback over a database of the test's own.

    Attempts are rated as the original was.
    """
    engine = connect(page_database)
    person = NewAccount(COLLEAGUE, PASSWORD, AccountRole.SUPERVISOR, "Nele Roth", teams=["North"])
    with transaction(engine) as session:
        insert_account(session, person, hash_password(PASSWORD), now=datetime.now(UTC))
    settings = Settings(
        web=WebSettings(session_secret=SecretStr("not a secret outside of the tests"), cookie_secure=False),
        delivery=delivery,
    )
    rater = Scripted(RELEASED.assessments[0])
    with Store(engine, KEK, now=clock) as store, socket.create_server(("127.0.0.1", 0)) as listener:
        server = web._server(create_app(settings, store, rater=rater))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wait_until(lambda: server.started, "the pages are served")
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(DEADLOCK_S)


@pytest.fixture(scope="session")
def looks(pytestconfig: pytest.Config) -> Looks:
    """Return the checks of how a page looks, with pictures where the command asks for them."""
    folder: Path | None = pytestconfig.getoption("--pictures")
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    return Looks(folder)


@pytest.fixture
def visit(browser: Browser, site: str, looks: Looks) -> Iterator[Callable[..., Visitor]]:
    """Yield a function that opens a window for one more person; every page in it is checked, unless told otherwise."""
    with ExitStack() as opened:

        def window(*, checked: bool = True, javascript: bool = True) -> Visitor:
            context = browser.new_context(base_url=site, viewport=LAPTOP, java_script_enabled=javascript)
            opened.callback(context.close)
            context.set_default_timeout(DEADLOCK_S * 1000)
            return Visitor(context.new_page(), looks if checked else None)

        yield window

"""The time that each list of the pages and of the digest takes over many stored sessions, with the database's roles."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, event

from bench.environment import LogLine, percentile
from bench.measures import Figures, Scale
from bench.stored_sessions import OPERATOR, SUPERVISOR, THERAPIST, fill
from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.engine import connect, temporary_engine, utc_now
from plugin.database.grants import GRANTS
from plugin.database.migrate import upgrade
from plugin.database.needs import Need
from plugin.database.roles import apply_roles, url_for_role
from plugin.database.viewer import Viewer
from plugin.local.postgres import PostgresServer
from plugin.queue.filters import EVERYTHING, QueueFilter, QueueList, QueueOrder, QueueState
from plugin.queue.moment_filter import MomentFilter
from plugin.queue.store import Store
from plugin.queue.views import SessionList
from stream.contracts.vocabulary import Level, Mechanism
from stream.runtime.process import reduce_garbage_collection

SESSIONS: Final = 50_000
RUNS: Final = 40
WARM_UPS: Final = 12
"""Runs of each list before those that count: the driver prepares a statement at its sixth use, and the server then
looks at five plans before it keeps one."""

Read = Callable[[], object]


def lists(folder: Path, scale: Scale, log: LogLine) -> Figures:
    """Measure the milliseconds of each list as the pages read it, with the role `web`, which row security restricts.

    With `scale.plans` the plan of each statement is logged too, as PostgreSQL executed it.
    """
    reduce_garbage_collection()  # as the web stage does
    figures: Figures = {}
    warm_ups, runs = scale.times(WARM_UPS), scale.times(RUNS)
    with filled_database(folder, scale.times(SESSIONS), log) as web, Store(web, _key(), now=utc_now) as store:
        for name, read in reads(store).items():
            log(name)
            took = [_milliseconds(read) for _ in range(warm_ups + runs)][warm_ups:]
            figures |= {f"{name}, p50, ms": percentile(took, 0.5), f"{name}, p95, ms": percentile(took, 0.95)}
            if scale.plans:
                for line in plans_of(web, read):
                    log(line)
    return figures


@contextmanager
def filled_database(folder: Path, sessions: int, log: LogLine) -> Iterator[Engine]:
    """Run a PostgreSQL server with that many sessions until the block ends; yield an engine of the role `web`."""
    with PostgresServer(folder / "postgres") as server:
        upgrade(server.url)
        password = secrets.token_hex()
        apply_roles(server.url, dict.fromkeys(GRANTS, password))
        log(f"{sessions} sessions are inserted")
        with temporary_engine(server.url) as owner:
            fill(owner, sessions)
        yield connect(url_for_role(server.url, "web", password))


def reads(store: Store) -> Mapping[str, Read]:
    """Return the reading of each list, by its name."""
    supervisor, therapist, operator = (_viewer(store, name) for name in (SUPERVISOR, THERAPIST, OPERATOR))
    now = utc_now()
    of_one = QueueFilter(therapist=store.therapists(supervisor)[0].account_id)
    of_days = QueueFilter(ended_from=(now - timedelta(days=60)).date(), ended_to=(now - timedelta(days=30)).date())
    filters = {
        "one therapist": of_one,
        "one need": QueueFilter(need=Need.CRITICAL),
        "one mechanism": QueueFilter(mechanism=Mechanism.STANCE_ALIGNMENT),
        "thirty days": of_days,
        "new": QueueFilter(state=QueueState.NEW),
        "claimed by you": QueueFilter(state=QueueState.MINE),
        "reviewed": QueueFilter(state=QueueState.REVIEWED),
        "by age": QueueFilter(order=QueueOrder.AGE),
        "by therapist": QueueFilter(order=QueueOrder.THERAPIST),
    }
    filters_of_decided = {
        "one therapist": of_one,
        "thirty days": of_days,
        "released": QueueFilter(state=QueueState.RELEASED),
        "by therapist": QueueFilter(order=QueueOrder.THERAPIST),
    }
    waiting, decided = partial(store.waiting, supervisor), partial(store.decided, supervisor)
    following = partial(store.next_session, supervisor, QueueList.WAITING)
    first_page, decided_page, page_of_one = waiting().rows, decided().rows, waiting(of_one).rows
    own_page = store.own_sessions(therapist)
    after_own = own_page[0].session_id if own_page else None
    weak = MomentFilter(mechanism=Mechanism.STANCE_ALIGNMENT, level=Level.WEAK)
    after = first_page[-1].session_id if first_page else None
    after_first_of_one = page_of_one[0].session_id if page_of_one else None
    after_decided = decided_page[-1].session_id if decided_page else None
    return {
        "waiting": waiting,
        "waiting, second page": partial(waiting, after=after),
        **{f"waiting, {name}": partial(waiting, chosen) for name, chosen in filters.items()},
        "next": partial(following, EVERYTHING, after),
        "next, one therapist": partial(following, of_one, after_first_of_one),
        "decided": decided,
        "decided, second page": partial(decided, after=after_decided),
        **{f"decided, {name}": partial(decided, chosen) for name, chosen in filters_of_decided.items()},
        "left out": partial(store.left_out, supervisor),
        "left out, one therapist": partial(store.left_out, supervisor, of_one),
        "disputed": partial(store.disputed, supervisor),
        "therapists to filter by": partial(store.therapists, supervisor),
        "own list": partial(store.own_sessions, therapist),
        "own list, after its first": partial(store.own_sessions, therapist, after_own),
        "trend of a therapist": partial(store.trends.own, therapist),
        "moments": partial(store.moments.read, supervisor),
        "moments, one mechanism": partial(store.moments.read, supervisor, weak),
        "moments, one therapist": partial(store.moments.read, supervisor, MomentFilter(therapist=of_one.therapist)),
        "start page": partial(_start_page, store, supervisor),
        "digest of a week": partial(store.new_since, supervisor, now - timedelta(days=7)),
        "digest of a year": partial(store.new_since, supervisor, now - timedelta(days=365)),
        "digest of a week, left out": partial(store.left_out_since, supervisor, now - timedelta(days=7)),
        "digest of a therapist's week": partial(store.new_since, therapist, now - timedelta(days=7)),
        "operator's numbers": partial(store.operator_counts, operator),
    }


def plans_of(engine: Engine, read: Read) -> list[str]:
    """Return the lines of the plan of each statement that a list takes, as PostgreSQL executes it."""
    lines: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if statement.startswith("SELECT") and "set_config" not in statement:
            with connection.connection.cursor() as another:
                another.execute(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", parameters)
                lines.extend((statement, *(row[0] for row in another.fetchall())))

    event.listen(engine, "before_cursor_execute", explain)
    read()
    event.remove(engine, "before_cursor_execute", explain)
    return lines


def _start_page(store: Store, supervisor: Viewer) -> SessionList:
    """Read all that the start page of a supervisor reads, beside who she is, and return what waits."""
    store.viewer(supervisor.user_id)
    waiting = store.waiting(supervisor)
    store.therapists(supervisor)
    store.disputed(supervisor)
    store.calibrations.waiting(supervisor)
    store.calibrations.to_rate_first(supervisor)
    store.saved_views.all(supervisor)
    store.follow_ups(supervisor)
    return waiting


def _viewer(store: Store, username: str) -> Viewer:
    viewer = store.find_viewer(username)
    assert viewer is not None, username  # noqa: S101 - the filled database has them
    return viewer


def _key() -> KeyEncryptionKey:
    return KeyEncryptionKey(secrets.token_bytes(32))


def _milliseconds(read: Read) -> float:
    began = time.monotonic()
    read()
    return (time.monotonic() - began) * 1000

"""Tests of what each database role may do with receivers and notices, even if a query forgets to ask."""

from collections.abc import Mapping
from uuid import uuid4

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from plugin.crypto.keys import KeyEncryptionKey
from plugin.database.engine import transaction
from plugin.privacy.rotation import rotate_receiver_secrets
from plugin.queue.account_changes import Actor
from plugin.queue.receiver_views import ReceiverKind
from plugin.queue.receivers import NoReceiver, Receivers
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind
from stream.contracts.errors import Misconfigured
from tests.plugin.conftest import People
from tests.plugin.samples import KEK, NOW, apply_records, record

KEY = KeyEncryptionKey(bytes(range(100, 132)))
URL = "https://board.example/"
NOTICE = (
    "INSERT INTO release_notices (notice_id, receiver_id, kind, release_id, session_id, content, made_at,"
    " waiting_since, state, attempts, next_try_at) SELECT :n, receiver_id, 'released', :n, :s, '{}', now(), now(),"
    " 'waiting', 0, now() FROM receivers"
)


@pytest.fixture
def board(engine: Engine, people: People) -> Receivers:
    """Return the receivers, of which there is one, with a notice of a release."""
    receivers = Receivers(engine, now=lambda: NOW)
    receivers.add(KEY, "board", URL, set(ReceiverKind), None)
    apply_records(engine, record(), record(conversation="c_south", counsellor="p_ben"))
    store = Store(engine, KEK, now=lambda: NOW)
    store.decide(people.supervisor, record().session_id, 1, DecisionKind.RELEASED)
    return receivers


def test_an_operator_alone_manages_them_by_the_page(
    role_engines: Mapping[str, Engine], board: Receivers, people: People
) -> None:
    """The page's role adds and changes receivers on behalf of an operator, and of nobody else."""
    web = Receivers(role_engines["web"], now=lambda: NOW)
    name = board.named("board")
    for viewer in (people.supervisor, people.ana, None):
        by = Actor(viewer)
        with pytest.raises((NoReceiver, Misconfigured)):
            web.add(KEY, f"other-{uuid4().hex[:8]}", URL, set(ReceiverKind), None, by)
        for change in (
            lambda by=by: web.rotate(KEY, name, by),
            lambda by=by: web.set_enabled(name, enabled=False, by=by),
            lambda by=by: web.remove(name, by),
        ):
            with pytest.raises((NoReceiver, Misconfigured)):
                change()
    by = Actor(people.operator)
    added, _ = web.add(KEY, "other", URL, set(ReceiverKind), None, by)
    web.rotate(KEY, added, by)
    web.set_enabled(added, enabled=False, by=by)
    assert web.replay(name, NOW, by) == 0
    assert [(each.name, each.waiting) for each in web.entries(by)] == [("board", 1), ("other", 0)]
    web.remove(added, by)


def test_everybody_finds_the_names_to_choose(role_engines: Mapping[str, Engine], board: Receivers) -> None:
    """The page offers the names of receivers of digests to whoever sets their preferences."""
    assert board.names(ReceiverKind.DIGESTS) == ("board",)
    assert Receivers(role_engines["web"], now=lambda: NOW).names(ReceiverKind.DIGESTS) == ("board",)


@pytest.mark.usefixtures("board")
def test_a_notice_is_made_by_who_reviews_its_session(role_engines: Mapping[str, Engine], people: People) -> None:
    """The page's role makes a notice of a session for who may see and review it; an operator reads it, and no other."""
    mine, theirs = record().session_id, record(conversation="c_south", counsellor="p_ben").session_id

    def may_make(viewer_id: object, session_id: object) -> bool:
        try:
            with transaction(role_engines["web"], viewer_id) as session:  # type: ignore[arg-type]
                session.execute(text(NOTICE), {"n": uuid4(), "s": session_id})
        except Misconfigured:
            return False
        return True

    assert may_make(people.supervisor.user_id, mine)
    assert not may_make(people.supervisor.user_id, theirs)
    assert not may_make(people.ana.user_id, mine)
    assert not may_make(people.operator.user_id, mine)
    seen = {}
    for viewer in (people.supervisor, people.ana, people.operator):
        with transaction(role_engines["web"], viewer.user_id) as session:
            seen[viewer.username] = session.scalar(text("SELECT count(*) FROM release_notices"))
    assert seen == {"mara": 0, "ana": 0, "otto": 2}


@pytest.mark.parametrize(
    ("stage", "statement"),
    [
        ("web", "UPDATE receivers SET name = 'x'"),
        ("web", "DELETE FROM receivers"),
        ("web", "UPDATE release_notices SET content = '{}'"),
        ("web", "DELETE FROM release_notices"),
        ("digest", "UPDATE receivers SET url = 'https://elsewhere.example/'"),
        ("digest", "UPDATE release_notices SET content = '{}'"),
        ("digest", "INSERT INTO receivers SELECT * FROM receivers"),
        ("privacy", "UPDATE receivers SET url = 'https://elsewhere.example/'"),
        ("privacy", "SELECT * FROM release_notices"),
        ("sink", "SELECT * FROM receivers"),
        ("sink", "SELECT * FROM release_notices"),
        ("rerate", "SELECT * FROM receivers"),
        ("sink", "SELECT counterpoint_end_releases(gen_random_uuid(), 'removed')"),
        ("web", "SELECT counterpoint_end_releases(gen_random_uuid(), 'removed')"),
    ],
)
def test_each_role_does_its_own_part_alone(role_engines: Mapping[str, Engine], stage: str, statement: str) -> None:
    """Who sends changes no receiver, who stores sessions sees none, and nobody ends a release but by its session."""
    with pytest.raises(ProgrammingError) as refused, role_engines[stage].begin() as connection:
        connection.execute(text(statement))
    assert isinstance(refused.value.orig, InsufficientPrivilege)


@pytest.mark.usefixtures("board")
def test_the_sink_ends_a_release_without_a_right_on_notices(engine: Engine, role_engines: Mapping[str, Engine]) -> None:
    """Another revision that the sink stores ends the release of the one before, by a trigger."""
    apply_records(role_engines["sink"], record(revision=2, moments=2))
    with engine.connect() as connection:
        kinds = connection.scalars(text("SELECT kind FROM release_notices ORDER BY number")).all()
    assert kinds == ["released", "withdrawn"]


@pytest.mark.usefixtures("board")
def test_the_role_of_keys_encrypts_secrets_anew(role_engines: Mapping[str, Engine]) -> None:
    """`counterpoint keys rotate` runs with the role of privacy, which may change the encryption of secrets."""
    assert rotate_receiver_secrets(role_engines["privacy"], KeyEncryptionKey(bytes(32), (KEY,))) == 1

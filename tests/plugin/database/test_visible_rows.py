"""Tests of row-level security on random accounts and sessions: everybody sees what they saw before migration 0017."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, text

from plugin.database.engine import transaction
from tests.plugin.database import former_rules
from tests.plugin.samples import NOW

PLATFORMS: Final = ("east", "west")
PSEUDONYMS: Final = tuple(f"p_{number}" for number in range(6))
"""The same on both platforms, so that only the platform tells two counsellors apart."""
TEAMS: Final = tuple(UUID(int=number + 1) for number in range(3))
ACCOUNTS: Final = 24
SESSIONS: Final = 40
LISTED: Final = ("sessions", "session_counsellors", "decisions", "claims")
READ: Final = ("messages", "exchanges", "answers")


@dataclass(frozen=True)
class World:
    """A database full of random people and sessions."""

    owner: Engine
    web: Engine
    accounts: list[UUID]
    chance: random.Random

    def visible(self, account: UUID | None, table: str) -> set[UUID]:
        """Return the sessions of the rows of a table that the role `web` sees on behalf of an account."""
        with transaction(self.web, account) as session:
            return set(session.scalars(text(f"SELECT session_id FROM {table}")))

    def check(self) -> None:
        """Assert that everybody, and nobody, sees what the former rules show."""
        with self.owner.connect() as connection:
            of_table = {
                table: set(connection.scalars(text(f"SELECT session_id FROM {table}"))) for table in (*LISTED, *READ)
            }
        for account in (*self.accounts, UUID(int=999_999), None):
            listed, read = former_rules.listed(self.owner, account), former_rules.read(self.owner, account)
            for table, sessions in of_table.items():
                expected = sessions & (listed if table in LISTED else read)
                assert self.visible(account, table) == expected, (account, table)


@pytest.fixture(params=range(4))
def world(request: pytest.FixtureRequest, engine: Engine, role_engines: Mapping[str, Engine]) -> World:
    """Return a random world; each number gives another one, the same each time."""
    chance = random.Random(request.param)
    with engine.begin() as connection:
        accounts = add_people(connection, chance)
        add_sessions(connection, chance, accounts)
    return World(engine, role_engines["web"], accounts, chance)


def add_people(connection: Connection, chance: random.Random) -> list[UUID]:
    """Add accounts of every role, some disabled, some without a platform, in none, one or several teams."""
    for team in TEAMS:
        connection.execute(text("INSERT INTO teams VALUES (:team, :name)"), {"team": team, "name": str(team)})
    free = [(platform, pseudonym) for platform in PLATFORMS for pseudonym in PSEUDONYMS[:-1]]
    chance.shuffle(free)
    accounts = [UUID(int=number + 1) for number in range(ACCOUNTS)]
    for account in accounts:
        role = chance.choice(("therapist", "therapist", "supervisor", "supervisor", "operator"))
        platform, pseudonym = None, None
        if role == "therapist" and free:
            platform, pseudonym = free.pop()
        elif role == "supervisor":
            platform = chance.choice((*PLATFORMS, None))
        connection.execute(
            text(
                "INSERT INTO accounts (account_id, username, password_hash, role, display_name, tenant, counsellor,"
                " created_at, disabled_at) VALUES (:id, :name, '', :role, :name, :tenant, :counsellor, :at, :disabled)"
            ),
            {
                "id": account,
                "name": str(account),
                "role": role,
                "tenant": platform,
                "counsellor": pseudonym,
                "at": NOW,
                "disabled": NOW if chance.random() < 0.1 else None,
            },
        )
        for team in chance.sample(TEAMS, chance.choice((0, 1, 1, 2))):
            connection.execute(text("INSERT INTO memberships VALUES (:t, :a)"), {"t": team, "a": account})
    return accounts


def add_sessions(connection: Connection, chance: random.Random, accounts: list[UUID]) -> None:
    """Add sessions in every state, with none to three counsellors, some restricted, some decided, some claimed."""
    for number in range(SESSIONS):
        values = {
            "id": UUID(int=number + 1),
            "tenant": chance.choice(PLATFORMS),
            "revision": chance.choice((1, 2)),
            "state": chance.choice(("closed", "closed", "reopened", "erased")),
            "restricted": chance.random() < 0.1,
            "at": NOW,
            "account": chance.choice(accounts),
        }
        for statement in (
            (
                "INSERT INTO sessions (session_id, tenant, conversation_id, revision, state, started_at, ended_at,"
                " closed_at, first_appended_at, last_appended_at, stored_at, end_reason, consent, counts, marks, need,"
                " facts, restricted) VALUES (:id, :tenant, 'c', :revision, :state, :at, :at, :at, :at, :at, :at,"
                " 'idle', '{}', '{}', '[]', 6, '{}', :restricted)"
            ),
            (
                "INSERT INTO messages (session_id, message_id, position, revision, role, author, sent_at, text)"
                " VALUES (:id, 'm', 0, 0, 'client', 'p', :at, '')"
            ),
            (
                "INSERT INTO exchanges (exchange_id, session_id, position, context, client_turn, reply, score, cues)"
                " VALUES (:id, :id, 0, '[]', '[]', '[]', 0.5, '[]')"
            ),
            (
                "INSERT INTO answers (assessment_id, session_id, exchange_id, input_id, model, ratings, revision,"
                " stored_at) VALUES (:id, :id, :id, :id, '{}', '[]', 1, :at)"
            ),
        ):
            connection.execute(text(statement), values)
        for position, pseudonym in enumerate(chance.sample(PSEUDONYMS, chance.choice((0, 1, 1, 1, 2, 3)))):
            connection.execute(
                text(
                    "INSERT INTO session_counsellors (session_id, counsellor, tenant, position)"
                    " VALUES (:id, :p, :t, :n)"
                ),
                {"id": values["id"], "p": pseudonym, "t": values["tenant"], "n": position},
            )
        for revision in chance.sample((1, 2), chance.choice((0, 1, 2))):
            if revision <= values["revision"]:  # type: ignore[operator]
                decision = "INSERT INTO decisions VALUES (:id, :number, 'released', :account, :at)"
                connection.execute(text(decision), {**values, "number": revision})
        if chance.random() < 0.3:
            connection.execute(text("INSERT INTO claims VALUES (:id, :account, :at)"), values)


def change_much(connection: Connection) -> None:
    """Change teams, accounts, counsellors, decisions and revisions, as operators, the sink and erasure do."""
    for statement in (
        "DELETE FROM memberships WHERE hashtext(team_id::text || account_id) % 4 = 0",
        "UPDATE accounts SET tenant = NULL, counsellor = NULL WHERE role = 'therapist' AND hashtext(username) % 5 = 0",
        "UPDATE accounts SET disabled_at = now() WHERE hashtext(username) % 7 = 0",
        "UPDATE sessions SET restricted = NOT restricted WHERE hashtext(session_id::text) % 5 = 0",
        "DELETE FROM session_counsellors WHERE hashtext(session_id::text || counsellor) % 3 = 0",
        "UPDATE session_counsellors SET counsellor = 'p_other' WHERE counsellor = 'p_1'",
        (
            "INSERT INTO session_counsellors SELECT session_id, 'p_0', tenant, 9 FROM sessions WHERE revision = 1"
            " ON CONFLICT DO NOTHING"
        ),
        "DELETE FROM decisions WHERE hashtext(session_id::text || revision) % 3 = 0",
        (
            "INSERT INTO decisions SELECT session_id, revision, 'withheld', (SELECT min(account_id::text)::uuid FROM"
            " accounts), now() FROM sessions WHERE hashtext(session_id::text) % 4 = 1"
            " ON CONFLICT (session_id, revision) DO UPDATE SET kind = 'withheld'"
        ),
        "UPDATE sessions SET revision = revision + 1 WHERE hashtext(session_id::text) % 6 = 2",
        "DELETE FROM sessions WHERE hashtext(session_id::text) % 9 = 3",
    ):
        connection.execute(text(statement))


def test_everybody_sees_what_they_saw_before(world: World) -> None:
    """Every account sees the rows that the former rules show, in each table, before and after much has changed."""
    world.check()
    with world.owner.begin() as connection:
        change_much(connection)
    world.check()


def test_a_sessions_row_says_who_wrote_in_it_and_what_was_decided(world: World) -> None:
    """The database keeps counsellors and decisions in the session's row, whatever is added, changed or removed."""
    for change in (False, True):
        with world.owner.begin() as connection:
            if change:
                change_much(connection)
            wrong = connection.execute(
                text(
                    "SELECT s.session_id FROM sessions s WHERE s.counsellor_keys <> ARRAY("
                    " SELECT c.tenant || '/' || c.counsellor FROM session_counsellors c"
                    " WHERE c.session_id = s.session_id ORDER BY c.position, c.counsellor)"
                    " OR s.decided IS DISTINCT FROM EXISTS (SELECT FROM decisions d"
                    " WHERE d.session_id = s.session_id AND d.revision = s.revision)"
                    " OR s.decided_revision IS DISTINCT FROM (SELECT max(d.revision) FROM decisions d"
                    " WHERE d.session_id = s.session_id)"
                    " OR s.decided_revision IS NOT NULL AND NOT EXISTS (SELECT FROM decisions d"
                    " WHERE d.session_id = s.session_id AND d.revision = s.decided_revision"
                    " AND d.kind = s.decided_as AND d.decided_at = s.decided_at)"
                    " OR s.decided_revision IS NULL AND (s.decided_as IS NOT NULL OR s.decided_at IS NOT NULL)"
                )
            ).all()
            assert wrong == []


def test_a_role_cannot_write_who_wrote_in_a_session(world: World) -> None:
    """The role of the pages, which row security restricts by these columns, has no right to change them."""
    for column in ("counsellor_keys = '{}'", "decided_revision = 1", "decided_as = 'released'"):
        with pytest.raises(Exception, match="permission denied"), world.web.begin() as connection:
            connection.execute(text(f"UPDATE sessions SET {column}"))

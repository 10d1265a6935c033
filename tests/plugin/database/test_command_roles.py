"""Each command runs under its own role of the database, as migrated, and is refused under every other one."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import typer
import typer.core
from kafka import KafkaProducer
from sqlalchemy import Engine, text
from sqlmodel import Session
from typer.testing import CliRunner

from plugin.cli import app
from plugin.crypto.pseudonyms import Pseudonyms
from plugin.database.engine import connect, transaction
from plugin.database.grants import GRANTS
from plugin.database.roles import url_for_role
from plugin.database.tables import (
    ApiToken,
    StoredCalibration,
    StoredCalibrationMoment,
    StoredCalibrationRating,
    TombstoneKind,
)
from plugin.database.tombstones import Subject
from plugin.database.viewer import AccountRole
from plugin.local.database_roles import role_passwords
from plugin.local.kafka import KafkaBroker
from plugin.privacy.audit_trail import verify_chain
from plugin.privacy.holds import add_hold
from plugin.queue.criterion_views import CriterionAbout, CriterionScale, Said, Wording
from plugin.queue.review_views import Judgement, Opinion
from plugin.queue.statements import MOMENT, rating_of
from plugin.queue.store import Store
from stream.contracts.errors import CounterpointError, Poison
from stream.contracts.feedback import FeedbackRecord
from stream.contracts.messages import Consent, Message
from stream.contracts.rubric import RUBRIC_VERSION
from stream.contracts.topics import DEAD_LETTERS, MESSAGES
from stream.contracts.vocabulary import DeadLetterReason, Mechanism, Role
from stream.runtime.codec import RawRecord, encode
from stream.runtime.dead_letters import dead_letter
from stream.runtime.settings import KafkaSettings
from stream.runtime.topics import create_missing_topics
from tests.fixtures.waiting import DEADLOCK_S
from tests.plugin.privacy.stored_sessions import count_rows
from tests.plugin.samples import KEK, PASSWORD, SAID, START, TENANT, add_person, apply_records, left_out, record
from tests.plugin.sink.test_outcomes import outcome

KEY = base64.b64encode(KEK.secret).decode()
NEW_KEY = base64.b64encode(bytes(range(50, 82))).decode()
PSEUDONYMS = Pseudonyms(KEK.secret)
PARTITIONS = 1
OWNER = "owner"
TOKEN = UUID("6d0f9a52-6a41-4c06-9a55-0f7f4b0a3c11")
CALIBRATION = UUID("c0000000-0000-4000-8000-000000000001")
ROLES = (OWNER, *GRANTS)
READERS = frozenset({OWNER, "web", "digest"})
"""Roles with the right to read text, each only for the person whose password the command asks for."""


@dataclass(frozen=True)
class Case:
    """A command, the role that it runs under, and what it prints when it has done its work."""

    role: str
    arguments: tuple[str, ...]
    says: str
    also: frozenset[str] = frozenset({OWNER})
    """Roles under which it works as well; the owner of the tables may do everything."""
    typed: str = ""
    env: dict[str, str] = field(default_factory=dict)
    refused: str = "may not"
    """What another role is told; row security shows the page's role no receiver, since no operator asks."""


ROOM = ("--tenant", TENANT, "--conversation", "room-2")
NEW_KEYS = {
    "COUNTERPOINT_DATABASE__KEY_ENCRYPTION_KEY": NEW_KEY,
    "COUNTERPOINT_DATABASE__PREVIOUS_KEY_ENCRYPTION_KEYS": json.dumps([KEY]),
}
KEPT_LONG = {f"COUNTERPOINT_RETENTION__{part}_DAYS": "36500" for part in ("TEXT", "QUOTES", "ASSESSMENTS")}
"""The sample's session is of another year, and what has had its time is not rated again."""
NO_RECEIVER = "may not|There is no such receiver"
RECEIVER = ("--url", "https://board.example/hook", "--gets", "releases")
CASES: dict[str, Case] = {
    "migrate": Case(OWNER, (), "up to date"),
    "database roles": Case(OWNER, ("--apply",), "counterpoint_sink: rights granted"),
    "check": Case("privacy", (), "key encryption key is the one", also=frozenset(ROLES)),
    "status": Case("privacy", ("--json",), '"waiting_for_release": [1-9]', also=frozenset({OWNER, "sink"})),
    "users add": Case(OWNER, ("zoe", "--role", "operator"), "zoe may log in", typed=PASSWORD),
    "users list": Case(OWNER, (), "mara .* may log in", also=READERS),
    "users team": Case(OWNER, ("mara", "--add", "south"), "south"),
    "users disable": Case(OWNER, ("otto",), "cannot log in"),
    "users enable": Case(OWNER, ("otto",), "may log in"),
    "users password": Case(OWNER, ("otto",), "another password", typed=PASSWORD),
    "users remove": Case(OWNER, ("otto", "--yes"), "is removed"),
    "people plan": Case(OWNER, ("{folder}/people.csv",), "This is the plan [0-9a-f]{16}"),
    "people apply": Case(OWNER, ("{folder}/people.csv",), "Added: 1", typed="y"),
    "criteria add": Case(
        OWNER,
        ("pacing", "--question", "Pacing?", "--about", "moment", "--scale", "levels"),
        "pacing is asked of each moment",
    ),
    "criteria list": Case(OWNER, (), "told .* asked", also=READERS),
    "criteria change": Case(OWNER, ("told", "--shared"), "told is asked as its version 2"),
    "criteria move": Case(OWNER, ("told", "later"), "Asked in this order"),
    "criteria retire": Case(OWNER, ("told",), "told is asked no more"),
    "criteria restore": Case(OWNER, ("told",), "told is asked again"),
    "tokens create": Case(OWNER, ("mara", "--scope", "sessions.read"), "cp_[0-9a-f]{64}"),
    "tokens list": Case(OWNER, (), "mara .* valid"),
    "tokens revoke": Case(OWNER, (str(TOKEN),), "is revoked"),
    "receivers add": Case(OWNER, ("desk", *RECEIVER), "whsec_"),
    "receivers rotate": Case(OWNER, ("board",), "whsec_", refused=NO_RECEIVER),
    "receivers disable": Case(OWNER, ("board",), "board is disabled", refused=NO_RECEIVER),
    "receivers enable": Case(
        OWNER, ("board",), "board is enabled", also=frozenset({OWNER, "privacy", "digest"}), refused=NO_RECEIVER
    ),  # it is enabled already, which these may see
    "receivers replay": Case(OWNER, ("board", "--since", "2026-11-01"), "0 notices for board", refused=NO_RECEIVER),
    "receivers remove": Case(OWNER, ("board",), "board is removed", refused=NO_RECEIVER),
    "digest": Case("digest", ("--for", "mara", "--since", "2020-01-01"), re.escape(SAID[0]), READERS, PASSWORD),
    "model sample": Case(
        OWNER,
        ("--for", "mara", "--sheet", "{folder}/s.csv", "--key", "{folder}/k.json"),
        "1 exchanges",
        READERS,
        PASSWORD,
    ),
    "model agreement": Case(
        OWNER,
        ("--calibration", str(CALIBRATION), "--for", "mara", "--report", "{folder}/{role}", "--no-plot"),
        "stays unvalidated",
        READERS,
        PASSWORD,
    ),
    "export reviews": Case(
        "digest",
        ("--by", "mara", "--purpose", "model-quality", "--out", "{folder}/{role}.csv", "--with-text"),
        "[1-9][0-9]* rows are in",
        READERS,
        PASSWORD,
    ),
    "export training": Case(
        "digest",
        ("--by", "mara", "--purpose", "research", "--out", "{folder}/{role}.jsonl", "--arm", "labels"),
        "1 exchanges are in",
        READERS,
        PASSWORD,
    ),
    "export criteria": Case(
        "digest",
        ("--by", "mara", "--purpose", "agreement", "--out", "{folder}/{role}-criteria.csv"),
        "1 rows are in",
        READERS,
        PASSWORD,
    ),
    "export outcomes": Case(
        "digest",
        ("--by", "mara", "--purpose", "research", "--out", "{folder}/{role}-outcomes.csv"),
        "sessions? (is|are) in",
        READERS,
        PASSWORD,
    ),
    "study tables": Case(
        "digest",
        ("--by", "mara", "--purpose", "research", "--out", "{folder}/{role}-tables"),
        "[1-9] sessions and [1-9][0-9]* turns are in",
        READERS,
        PASSWORD,
    ),
    "export person": Case(
        "digest",
        ("--person", "ana", "--by", "ana", "--purpose", "own-data", "--out", "{folder}/{role}.json"),
        "1 sessions are in",
        typed=PASSWORD,
    ),
    "dead-letters list": Case(
        "privacy", ("--json",), '"handled": [0-9]', also=frozenset({OWNER, "web"})
    ),  # the operator's page counts what waits
    "dead-letters show": Case(
        OWNER, ("0:0", "--text", "--reason", "fault", "--user", "mara"), re.escape(SAID[1]), typed=PASSWORD
    ),
    "dead-letters replay": Case("privacy", ("0:0",), "1 replayed|replayed 1"),
    "dead-letters drop": Case("privacy", ("0:1",), "1 dropped|dropped 1"),
    "hold add": Case("privacy", (*ROOM, "--reason", "file 7"), "Held: conversation"),
    "hold list": Case("privacy", (), "file 7", also=frozenset({OWNER, "sink", "rerate"})),
    "hold remove": Case("privacy", ROOM, "has ended"),
    "rerate": Case("rerate", ("--yes",), "Rated: 1 exchange", env=KEPT_LONG),
    "model compare": Case("privacy", (), "in shadow yet"),
    "retention": Case("privacy", (), '"seq": [0-9]+, "hash"'),
    "audit anchor": Case("privacy", (), '{"seq": [1-9]'),
    "audit verify": Case("privacy", (), "The trail holds"),
    "erase": Case("privacy", ("--tenant", TENANT, "--therapist", "ana", "--yes"), "Removed: [1-9]"),
    "keys rotate": Case("privacy", (), "wrapped again", env=NEW_KEYS),
}
STAGES = {"gateway", "stream", "feedback", "measures", "sink", "web", "hear", "deliver", "reconcile", "up", "demo"}
"""Processes: each as its own role, if any, in `test_roles.py` and, as Compose has it, in `tests/test_compose.py`."""
WITHOUT_DATABASE = {
    "topics",
    "acls",
    "kafka secrets",
    "kafka users",
    "matrix registration",
    "replay",
    "model check",
    "model activate",
    "model package",
    "receivers list",  # of those of the settings; of stored ones where it may
    "receivers test",
    "corpora list",
    "corpora show",
    "corpora check",
    "outcomes import",
    "study run",
    "study trial plan",
    "study trial assign",
    "study trial blind",
    "study trial simulate",
    "practice check",
    "practice synthesise",
}


@dataclass(frozen=True)
class Deployment:
    """A database, migrated and with its roles by our own commands, and a broker with two dead letters."""

    owner: Engine
    env: dict[str, str]
    folder: Path

    def run(self, command: str, case: Case, role: str) -> str | CounterpointError:
        """Run a command under a role and return what it printed, or the error with which it ended."""
        url = self.owner.url.render_as_string(hide_password=False)
        mine = url if role == OWNER else url_for_role(url, role, role_passwords(url)[role])
        arguments = [part.format(folder=self.folder, role=role) for part in case.arguments]
        result = CliRunner().invoke(
            app,
            [*command.split(), *arguments],
            input=case.typed + "\n",
            env={**self.env, "COUNTERPOINT_DATABASE__URL": mine, **case.env},
        )
        if isinstance(result.exception, CounterpointError):
            return result.exception
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.output


@pytest.fixture(scope="module")
def servers(fresh_kafka: Callable[[], KafkaBroker]) -> str:
    """Return the address of a broker with topics, a dead letter to replay and one to drop."""
    address = fresh_kafka().bootstrap_servers
    create_missing_topics(KafkaSettings(bootstrap_servers=address, partitions=PARTITIONS))
    write_dead_letters(address)
    return address


@pytest.fixture(scope="module")
def deployment(
    create_database: Callable[..., str], servers: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """Yield a deployment that no test changes."""
    with deployed(create_database(), servers, tmp_path_factory.mktemp("commands")) as made:
        yield made


@contextmanager
def deployed(url: str, servers: str, folder: Path) -> Iterator[Deployment]:
    """Yield a database, migrated and with its roles, with people, a stored session and a legal hold."""
    engine = connect(url)
    env = {
        "COUNTERPOINT_DATABASE__KEY_ENCRYPTION_KEY": KEY,
        "COUNTERPOINT_DATABASE__ROLE_PASSWORDS": json.dumps(role_passwords(url)),
        "COUNTERPOINT_TENANTS": json.dumps({TENANT: {"pseudonym_key": KEY}}),
        "COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS": servers,
        "COUNTERPOINT_KAFKA__PARTITIONS": str(PARTITIONS),
        "COUNTERPOINT_FEEDBACK__TRITON_URL": "in-process",
        "COUNTERPOINT_DELIVERY__RECEIVERS_KEY": KEY,
        "COLUMNS": "300",
        "NO_COLOR": "1",
    }
    made = Deployment(engine, env, folder)
    (folder / "people.csv").write_text("username,role,counsellor,supervisor\nben,therapist,ben,nele\n")
    assert "migrations applied" in str(made.run("migrate", Case(OWNER, (), ""), OWNER))
    assert "rights granted" in str(made.run("database roles", CASES["database roles"], OWNER))
    assert "whsec_" in str(made.run("receivers add", Case(OWNER, ("board", *RECEIVER), ""), OWNER))
    counsellor = PSEUDONYMS.person("ana")
    mara = add_person(engine, "mara", AccountRole.SUPERVISOR, teams=("north",), tenant=TENANT)
    nele = add_person(engine, "nele", AccountRole.SUPERVISOR, teams=("north",))
    add_person(engine, "otto", AccountRole.OPERATOR)
    add_person(engine, "ana", AccountRole.THERAPIST, teams=("north",), tenant=TENANT, counsellor=counsellor)
    sent = record(
        conversation=PSEUDONYMS.conversation("room-1"),
        counsellor=counsellor,
        consent=Consent(processing=True, secondary_use=True),
    )
    scored = outcome(conversation_id=sent.conversation_id, consent=sent.consent)
    # Tables for a study are about five counsellors or more; nothing else needs this session.
    many = left_out(
        conversation=PSEUDONYMS.conversation("room-3"),
        counsellors=tuple(PSEUDONYMS.person(f"other-{number}") for number in range(5)),
        consent=sent.consent,
    )
    apply_records(engine, sent, scored, many, outcome(conversation_id=many.conversation_id, consent=sent.consent))
    reviews, answer = Store(engine, KEK, now=lambda: START).reviews, sent.assessments[0].assessment_id
    for statement in (MOMENT, *(rating_of(mechanism) for mechanism in Mechanism)):
        reviews.judge(mara, sent.session_id, 1, answer, statement, Opinion(Judgement.AGREED))
    store = Store(engine, KEK, now=lambda: START)
    told = store.criteria.add("told", CriterionAbout.SESSION, Wording("Told?", CriterionScale.YES_NO))
    reviews.answer_criterion(mara, sent.session_id, 1, Said(told, 1, None, "no"))
    with transaction(engine) as session:
        session.add(
            ApiToken(
                token_id=TOKEN,
                account_id=mara.user_id,
                secret_hash=b"",
                scopes=["sessions.read"],
                generation=0,
                created_at=START,
                expires_at=START,
            )
        )
        add_calibration(session, sent, mara.user_id, nele.user_id)
        add_hold(session, Subject(TombstoneKind.ERASURE, TENANT, PSEUDONYMS.conversation("room-2")), "file 7", START)
    yield made
    engine.dispose()


def add_calibration(session: Session, sent: FeedbackRecord, *raters: UUID) -> None:
    """Add a calibration of one moment, which is over and which all raters have rated alike."""
    answer = sent.assessments[0]
    session.add(
        StoredCalibration(
            calibration_id=CALIBRATION,
            account_id=raters[0],
            raters=list(raters),
            drawn=1,
            model=answer.model.model_dump(mode="json"),
            rubric=RUBRIC_VERSION,
            opened_at=START,
            deadline_at=START,
        )
    )
    session.flush()
    moment: dict[str, Any] = {"calibration_id": CALIBRATION, "number": 1, "session_id": sent.session_id}
    session.add(
        StoredCalibrationMoment(
            **moment, exchange_id=answer.exchange_id, assessment_id=answer.assessment_id, reply_words=9
        )
    )
    session.flush()
    levels = dict.fromkeys(Mechanism, 1)
    session.add_all(
        StoredCalibrationRating(**moment, account_id=rater, levels=levels, blind=True, said_at=START)
        for rater in raters
    )
    session.flush()


def write_dead_letters(servers: str) -> None:
    """Write two dead letters of one conversation, as a stage does."""
    producer = KafkaProducer(bootstrap_servers=servers)
    for number in range(2):
        message = Message(
            tenant=TENANT,
            conversation_id="c_other",
            message_id=f"m-{number}",
            role=Role.CLIENT,
            author="p_client",
            text=SAID[1],
            sent_at=START,
            consent=Consent(processing=True),
        )
        sent = encode(message)
        raw = RawRecord(MESSAGES, 0, number, int(START.timestamp() * 1000), sent.key, sent.value, sent.headers)
        letter = dead_letter(raw, Poison(DeadLetterReason.BAD_SCHEMA, "sent_at"), stage="stream")
        producer.send(DEAD_LETTERS, value=letter.value, key=letter.key, headers=letter.headers).get(DEADLOCK_S)
    producer.close()


def leaf_commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield each command that does something, with the names before it."""
    if isinstance(command, typer.core.TyperGroup):
        for name, child in command.commands.items():
            yield from leaf_commands(child, (*path, name))
    else:
        yield " ".join(path)


def test_every_command_has_a_role_or_needs_none() -> None:
    """Every command is in one of the tables of this file, so that a new command is tried under a role as well."""
    assert set(leaf_commands(typer.main.get_command(app))) == set(CASES) | STAGES | WITHOUT_DATABASE


@pytest.mark.parametrize("command", CASES)
def test_a_command_is_refused_under_every_other_role(deployment: Deployment, command: str) -> None:
    """Under a role that is not its own a command ends with a sentence and changes nothing."""
    case = CASES[command]
    before = content(deployment.owner)
    for role in set(GRANTS) - case.also - {case.role}:
        answer = deployment.run(command, case, role)
        assert not re.search(case.says, str(answer)), f"{command} works as {role}"
        assert re.search(case.refused, str(answer)), f"{command} as {role}: {answer}"
    assert content(deployment.owner) == before


def content(engine: Engine) -> dict[str, int]:
    """Return the number of rows of the tables that commands change."""
    return count_rows(engine, "sessions", "messages", "answers", "accounts", "memberships", "holds", "erasures")


READING = (
    *("digest", "model sample", "model agreement", "dead-letters show"),
    *("export reviews", "export training", "export criteria", "export outcomes", "study tables", "export person"),
)


@pytest.mark.parametrize("command", READING)
@pytest.mark.parametrize("role", ROLES)
def test_no_role_reads_for_a_person_without_their_password(deployment: Deployment, command: str, role: str) -> None:
    """A command that shows text asks for the person's password, of the owner of the tables too."""
    case = CASES[command]
    for typed in ("", "wrong password", PASSWORD[:-1]):
        wrong = Case(case.role, case.arguments, case.says, typed=typed)
        answer = deployment.run(command, wrong, role)
        assert isinstance(answer, CounterpointError), f"{command} as {role} shows text to somebody"
        assert SAID[0] not in str(answer)


def test_commands_work_under_their_own_roles(database_url: str, servers: str, tmp_path: Path) -> None:
    """Every command does its work under its own role, one after the other in the order of the table."""
    with deployed(database_url, servers, tmp_path) as deployment:
        for command, case in CASES.items():
            answer = deployment.run(command, case, case.role)
            assert not isinstance(answer, CounterpointError), f"{command} as {case.role}: {answer}"
            assert re.search(case.says, answer), f"{command} as {case.role}: {answer}"
        with transaction(deployment.owner) as session:
            assert verify_chain(session).problem is None
            removed = text("SELECT count(*) FROM accounts WHERE counsellor IS NULL AND role = 'therapist'")
            assert session.scalar(removed) == 1
            query = text("SELECT purpose, request_id FROM audit WHERE request_id LIKE 'digest, uid %'")
            assert {row.purpose for row in session.execute(query)} >= {"digest", "login"}

"""The rights on measures: who may open a session reads them, and those who work on rows read no finding."""

from uuid import UUID

import pytest
from sqlalchemy import text

from plugin.database.engine import transaction
from plugin.privacy.erasure import Eraser
from plugin.privacy.retention import RetentionCutoffs, RetentionRunner
from plugin.sink.writer import Writer
from stream.contracts.topics import MEASURES
from stream.runtime.settings import RetentionSettings
from tests.plugin.conftest import People
from tests.plugin.database.test_roles import Roles, roles
from tests.plugin.privacy.stored_sessions import RecordingAnnouncer, client_subject
from tests.plugin.samples import KEK, NOW, apply_records, record
from tests.plugin.sink.test_measures import PARTITIONS, measures, of_conversation, raw

__all__ = ["roles"]


def count(roles: Roles, stage: str, account: UUID | None) -> int:
    """Return how many rows a role sees on behalf of an account."""
    with transaction(roles.by_stage[stage], account) as session:
        return int(session.scalar(text("SELECT count(*) FROM measures")) or 0)


@pytest.mark.parametrize("stage", ["web", "digest"])
def test_it_is_read_with_its_session_alone(roles: Roles, people: People, stage: str) -> None:
    """Whoever sees the session sees it, an operator does not, and what came before its session nobody does."""
    apply_records(roles.owner, record(), measures(), of_conversation("c_before"))
    seen = {viewer.username: count(roles, stage, viewer.user_id) for viewer in (people.supervisor, people.ana)}
    assert set(seen.values()) == {1}
    for viewer in (people.other_supervisor, people.ben, people.operator):
        assert count(roles, stage, viewer.user_id) == 0


@pytest.mark.parametrize("stage", ["sink", "privacy"])
def test_who_stores_and_removes_reads_no_finding(roles: Roles, stage: str) -> None:
    """The roles that work on rows find them, and have no right to what was said."""
    for column in ("measures", "absent", "reader"):
        assert roles.refuses(stage, f"SELECT {column} FROM measures"), column
    assert count_places(roles, stage) == 0


def count_places(roles: Roles, stage: str) -> int:
    """Return how many rows a role finds."""
    with transaction(roles.by_stage[stage], None) as session:
        return int(session.scalar(text("SELECT count(session_id) FROM measures")) or 0)


def test_sink_and_retention_work_under_their_own_roles(roles: Roles) -> None:
    """The sink's role stores and replaces it, and that of privacy removes it when its time is over."""
    writer = Writer(roles.by_stage["sink"], KEK, PARTITIONS, lambda: NOW)
    writer.write(raw(MEASURES))
    writer.write(raw(MEASURES))
    apply_records(roles.by_stage["sink"], record())
    assert count_places(roles, "privacy") == 1
    later = NOW.replace(year=NOW.year + 3)
    RetentionRunner(roles.by_stage["privacy"], RetentionCutoffs.at(later, RetentionSettings()), now=lambda: later).run()
    assert count_places(roles, "sink") == 0


def test_an_erasure_works_under_its_own_role(roles: Roles) -> None:
    """The role of privacy finds by who wrote what is said of a session that is not stored yet."""
    Writer(roles.by_stage["sink"], KEK, PARTITIONS, lambda: NOW).write(raw(MEASURES))
    eraser = Eraser(roles.by_stage["privacy"], KEK, RecordingAnnouncer(), now=lambda: NOW)
    eraser.erase(client_subject("p_somebody"))
    assert count_places(roles, "privacy") == 1
    eraser.erase(client_subject("p_client"))
    assert count_places(roles, "privacy") == 0


def test_rerate_has_no_right_at_all(roles: Roles) -> None:
    """The role that asks models anew reads none of it."""
    assert roles.refuses("rerate", "SELECT session_id FROM measures")

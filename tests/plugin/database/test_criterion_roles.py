"""Tests of the rights on criteria on a real PostgreSQL: who defines them, who answers, and what a therapist reads."""

from uuid import UUID

import pytest
from sqlalchemy import text

from plugin.database.engine import transaction
from plugin.database.grants import GRANTS
from plugin.database.viewer import AccountRole
from plugin.queue.account_changes import Actor
from plugin.queue.criterion_views import Said, Wording
from plugin.queue.store import Store
from plugin.queue.views import DecisionKind, DecisionOutcome
from stream.contracts.errors import Misconfigured
from tests.plugin.conftest import People
from tests.plugin.database.test_roles import CRITERION_ANSWER, CRITERION_ID, Roles, roles
from tests.plugin.queue.criteria_samples import MOMENT, SESSION, TOLD, UNDONE, WARMTH, add, read, say
from tests.plugin.samples import KEK, NOW, add_person, apply_records, record

__all__ = ["roles"]

DONE = DecisionOutcome.DONE


def store_of(roles: Roles, stage: str) -> Store:
    """Return a store under the role of a stage."""
    return Store(roles.by_stage[stage], KEK, now=lambda: NOW)


def seen(roles: Roles, stage: str, account: UUID | None) -> list[str]:
    """Return what was said in the answers that a role sees on behalf of an account, in order."""
    with transaction(roles.by_stage[stage], account) as session:
        return list(session.scalars(text("SELECT said FROM criterion_answers ORDER BY number")))


def test_an_operator_defines_criteria_on_the_page_and_nobody_else(roles: Roles, people: People) -> None:
    """The web role changes criteria on behalf of an enabled operator alone, and the database refuses everybody else."""
    criteria = store_of(roles, "web").criteria
    told = criteria.add("told", SESSION, TOLD, Actor(people.operator))
    criteria.add("warmth", MOMENT, WARMTH, Actor(people.operator))
    criteria.move(told, up=False, by=Actor(people.operator))
    criteria.change(told, 1, Wording("Told clearly?", TOLD.scale), Actor(people.operator))
    criteria.retire(told, Actor(people.operator))
    criteria.restore(told, Actor(people.operator))
    before = criteria.entries()
    assert [each.name for each in before] == ["warmth", "told"]
    for person in (people.supervisor, people.ana, None):
        by = Actor(person)
        for change in (
            lambda by=by: criteria.add("more", SESSION, TOLD, by),
            lambda by=by: criteria.change(told, 2, WARMTH, by),
            lambda by=by: criteria.move(told, up=True, by=by),
            lambda by=by: criteria.retire(told, by),
        ):
            with pytest.raises(Misconfigured):
                change()
    assert criteria.entries() == before


@pytest.mark.parametrize("stage", sorted(set(GRANTS) - {"web"}))
def test_no_stage_but_the_page_answers_a_criterion(roles: Roles, people: People, stage: str) -> None:
    """No other stage adds an answer, on whose behalf ever: no model answers, since what stores its records cannot."""
    apply_records(roles.owner, record())
    statement = CRITERION_ANSWER.replace(":a", f"'{people.supervisor.user_id}'")
    assert roles.refuses(stage, statement)
    for table in ("criteria", "criterion_versions"):
        assert roles.refuses(stage, f"INSERT INTO {table} DEFAULT VALUES")


def test_an_answer_is_given_in_ones_own_name_by_a_supervisor(roles: Roles, people: People) -> None:
    """The database refuses an answer in another's name, and one by a therapist or an operator."""
    apply_records(roles.owner, record())
    told = add(Store(roles.owner, KEK, now=lambda: NOW), "told", SESSION, TOLD)
    statement = CRITERION_ANSWER.replace(CRITERION_ID, str(told.criterion_id))
    for person, named in (
        (people.supervisor, people.other_supervisor),
        (people.other_supervisor, people.other_supervisor),
        (people.ana, people.ana),
        (people.ana, people.supervisor),
    ):
        with transaction(roles.owner) as session:
            session.execute(text("DELETE FROM criterion_answers"))
        try:
            with transaction(roles.by_stage["web"], person.user_id) as session:
                session.execute(text(statement), {"a": named.user_id})
        except Misconfigured:
            pass
        assert seen(roles, "web", people.supervisor.user_id) == [], person.username


def test_answers_are_given_changed_and_undone_under_the_pages_role(roles: Roles, people: People) -> None:
    """Under the role of the page a supervisor answers, a colleague's answer takes its place, and is undone."""
    sent = record()
    apply_records(roles.owner, sent)
    second = add_person(roles.owner, "nele", AccountRole.SUPERVISOR, teams=("north",))
    web = store_of(roles, "web")
    web.criteria.add("told", SESSION, TOLD, Actor(people.operator))
    told = web.criteria.named("told")
    assert say(web, people.supervisor, sent, told, "no", "A note.") is DONE
    assert say(web, people.supervisor, sent, told, "yes", "Another note.") is DONE
    assert web.reviews.give_back(people.supervisor, sent.session_id) is DONE
    assert say(web, second, sent, told, "no") is DONE
    assert [answer.by for answer in read(web, people.supervisor, sent)] == ["Nele"]
    assert say(web, second, sent, told, UNDONE) is DONE
    assert seen(roles, "web", second.user_id) == ["no", "yes", "no", "undone"]
    with transaction(roles.owner) as session:
        assert session.scalar(text("SELECT count(*) FROM criterion_answers WHERE has_words")) == 0
        assert session.scalar(text("SELECT count(*) FROM criterion_answers WHERE stands")) == 1


def test_nobody_puts_words_into_anothers_answer(roles: Roles, people: People) -> None:
    """The database lets a supervisor end a colleague's answer with its note, and neither write a note nor revive it."""
    sent = record()
    apply_records(roles.owner, sent)
    second = add_person(roles.owner, "nele", AccountRole.SUPERVISOR, teams=("north",))
    web = store_of(roles, "web")
    web.criteria.add("told", SESSION, TOLD, Actor(people.operator))
    say(web, people.supervisor, sent, web.criteria.named("told"), "no", "A note.")
    for change in ("words = 'x'", "words = NULL", "stands = false"):
        with pytest.raises(Misconfigured), transaction(roles.by_stage["web"], second.user_id) as session:
            session.execute(text(f"UPDATE criterion_answers SET {change}"))
    for person in (people.ana, people.other_supervisor, people.operator):
        with transaction(roles.by_stage["web"], person.user_id) as session:
            changed = session.execute(text("UPDATE criterion_answers SET words = NULL, stands = false RETURNING 1"))
            assert changed.all() == [], person.username


@pytest.mark.parametrize("stage", ["web", "digest"])
def test_the_database_shows_a_therapist_what_is_shared_and_released(roles: Roles, people: People, stage: str) -> None:
    """To a therapist the database shows what stands, is shared and was released as it is now, and nothing else."""
    sent = record()
    apply_records(roles.owner, sent)
    web = store_of(roles, "web")
    for name, about, wording in (("told", SESSION, TOLD), ("warmth", MOMENT, WARMTH)):
        web.criteria.add(name, about, wording, Actor(people.operator))
    told, warmth = web.criteria.named("told"), web.criteria.named("warmth")
    say(web, people.supervisor, sent, told, "no")
    say(web, people.supervisor, sent, told, "yes")
    say(web, people.supervisor, sent, warmth, "weak")
    assert seen(roles, stage, people.supervisor.user_id) == ["no", "yes", "weak"]
    assert seen(roles, stage, people.ana.user_id) == []
    assert web.decide(people.supervisor, sent.session_id, 1, DecisionKind.RELEASED) is DONE
    assert seen(roles, stage, people.ana.user_id) == ["yes"]
    assert [answer.said for answer in read(web, people.ana, sent)] == ["yes"]
    for person in (people.ben, people.other_supervisor, people.operator):
        assert seen(roles, stage, person.user_id) == [], person.username
    assert seen(roles, stage, None) == []
    apply_records(roles.owner, record(revision=2, moments=2))
    assert seen(roles, stage, people.ana.user_id) == []


def test_what_stands_is_one_answer(roles: Roles, people: People) -> None:
    """The database keeps two answers to one criterion about one session from standing side by side."""
    sent = record()
    apply_records(roles.owner, sent)
    owner = Store(roles.owner, KEK, now=lambda: NOW)
    told = add(owner, "told", SESSION, TOLD)
    assert say(owner, people.supervisor, sent, told, "no") is DONE
    statement = CRITERION_ANSWER.replace(CRITERION_ID, str(told.criterion_id))
    with pytest.raises(Exception, match="ix_criterion_answers_standing"), transaction(roles.owner) as session:
        session.execute(text(statement), {"a": people.supervisor.user_id})


def test_an_answer_needs_a_version_that_exists(roles: Roles, people: People) -> None:
    """The database refuses an answer to a version that nobody wrote, so that no answer loses its question."""
    sent = record()
    apply_records(roles.owner, sent)
    told = add(Store(roles.owner, KEK, now=lambda: NOW), "told", SESSION, TOLD)
    said = Said(told.criterion_id, 2, None, "no")
    reviews = Store(roles.owner, KEK, now=lambda: NOW).reviews
    assert reviews.answer_criterion(people.supervisor, sent.session_id, 1, said) is DecisionOutcome.CHANGED
    with pytest.raises(Exception, match="fk_criterion_answers_version"), transaction(roles.owner) as session:
        session.execute(text(CRITERION_ANSWER), {"a": people.supervisor.user_id})

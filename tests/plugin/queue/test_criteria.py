"""Tests of criteria on a real database: who defines them, how they are worded, ordered and retired."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from plugin.database.tables import AuditEntry
from plugin.queue.account_changes import Actor
from plugin.queue.criteria import Criteria
from plugin.queue.criterion_views import MAX_ASKED, CriterionScale, Wording
from plugin.queue.store import Store
from stream.contracts.errors import Misconfigured
from tests.plugin.conftest import People
from tests.plugin.privacy.stored_sessions import count_rows
from tests.plugin.queue.criteria_samples import MOMENT, PACING, SESSION, TOLD, WARMTH, add
from tests.plugin.samples import NOW


@pytest.fixture
def criteria(store: Store) -> Criteria:
    """Return the criteria of the shared database."""
    return store.criteria


def names(criteria: Criteria) -> list[str]:
    """Return the names of the criteria that are asked, in their order."""
    return [each.name for each in criteria.entries() if not each.is_retired]


def test_a_criterion_has_what_the_operator_wrote(criteria: Criteria, store: Store) -> None:
    """A criterion has its name, what it is asked of, its question, scale and words, and begins with version 1."""
    added = add(store, "pacing", MOMENT, PACING)
    assert (added.name, added.about, added.version, added.wording) == ("pacing", MOMENT, 1, PACING)
    assert criteria.entries() == (added,)


def test_an_edited_question_is_a_new_version(criteria: Criteria, people: People, store: Store) -> None:
    """A change adds a version, with who wrote it and when; earlier versions stay as they were."""
    first = add(store, "told", SESSION, TOLD)
    other = Wording("Did the client hear what stays private?", CriterionScale.LEVELS)
    criteria.change(first.criterion_id, 1, other, Actor(people.operator))
    (latest,) = criteria.entries()
    assert (latest.version, latest.wording, latest.about) == (2, other, SESSION)
    second, earlier = criteria.versions(first.criterion_id)
    assert (second.criterion, second.by, second.at) == (latest, "Otto", NOW)
    assert (earlier.criterion, earlier.by) == (first, None)


def test_a_change_of_what_was_not_read_is_refused(criteria: Criteria, store: Store) -> None:
    """Of two operators who change the same version one is told to look again, and no version is lost."""
    first = add(store, "told", SESSION, TOLD)
    criteria.change(first.criterion_id, 1, WARMTH)
    with pytest.raises(Misconfigured, match="meanwhile"):
        criteria.change(first.criterion_id, 1, PACING)
    assert [each.criterion.wording for each in criteria.versions(first.criterion_id)] == [WARMTH, TOLD]


def test_the_same_wording_is_no_version(criteria: Criteria, store: Store) -> None:
    """A change that changes nothing is said to be none, and adds no version."""
    first = add(store, "told", SESSION, TOLD)
    with pytest.raises(Misconfigured, match="already"):
        criteria.change(first.criterion_id, 1, TOLD)
    assert len(criteria.versions(first.criterion_id)) == 1


def test_criteria_are_asked_in_the_operators_order(criteria: Criteria, store: Store) -> None:
    """A criterion changes places with the one before or after it; the first goes no higher, the last no lower."""
    first, second, third = (add(store, name, MOMENT, WARMTH) for name in ("a", "b", "c"))
    criteria.move(third.criterion_id, up=True)
    assert names(criteria) == ["a", "c", "b"]
    criteria.move(first.criterion_id, up=False)
    assert names(criteria) == ["c", "a", "b"]
    criteria.move(third.criterion_id, up=True)
    criteria.move(second.criterion_id, up=False)
    assert names(criteria) == ["c", "a", "b"]


def test_a_retired_criterion_is_asked_no_more(criteria: Criteria, store: Store) -> None:
    """A retired criterion is listed last, is skipped when others move, and can be asked again after the others."""
    first, second, _ = (add(store, name, MOMENT, WARMTH) for name in ("a", "b", "c"))
    criteria.retire(second.criterion_id)
    criteria.retire(second.criterion_id)
    assert [(each.name, each.is_retired) for each in criteria.entries()] == [("a", False), ("c", False), ("b", True)]
    criteria.move(first.criterion_id, up=False)
    assert names(criteria) == ["c", "a"]
    with pytest.raises(Misconfigured, match="Ask it again first"):
        criteria.move(second.criterion_id, up=True)
    criteria.restore(second.criterion_id)
    criteria.restore(second.criterion_id)
    assert names(criteria) == ["c", "a", "b"]


def test_a_name_is_used_once(criteria: Criteria, store: Store) -> None:
    """A name is taken for good, by a retired criterion too, since exports call answers by it."""
    criteria.retire(add(store, "told", SESSION, TOLD).criterion_id)
    with pytest.raises(Misconfigured, match="of this name already"):
        criteria.add("told", MOMENT, WARMTH)
    assert len(criteria.entries()) == 1


def test_no_more_are_asked_than_a_review_can_hold(criteria: Criteria, store: Store) -> None:
    """Beyond the limit nothing is added or asked again before another one is retired."""
    added = [add(store, f"c-{number}", MOMENT, WARMTH) for number in range(MAX_ASKED)]
    with pytest.raises(Misconfigured, match="Retire one first"):
        criteria.add("more", MOMENT, WARMTH)
    criteria.retire(added[0].criterion_id)
    criteria.add("more", MOMENT, WARMTH)
    with pytest.raises(Misconfigured, match="Retire one first"):
        criteria.restore(added[0].criterion_id)


def test_what_is_not_there_is_said(criteria: Criteria) -> None:
    """A change of a criterion that does not exist is refused, and so is a name that nobody gave."""
    changes: tuple[Callable[[], None], ...] = (
        lambda: criteria.change(uuid4(), 1, TOLD),
        lambda: criteria.move(uuid4(), up=True),
        lambda: criteria.retire(uuid4()),
        lambda: criteria.restore(uuid4()),
    )
    for change in changes:
        with pytest.raises(Misconfigured, match="no such criterion"):
            change()
    with pytest.raises(Misconfigured, match="criteria list"):
        criteria.named("told")
    assert criteria.versions(uuid4()) == ()


def test_each_change_is_on_the_trail_without_its_words(
    criteria: Criteria, engine: Engine, people: People, store: Store
) -> None:
    """The trail says who added, changed, moved, retired and restored which criterion, and repeats nothing typed."""
    added = add(store, "told", SESSION, TOLD)
    by = Actor(people.operator, "r-1")
    criteria.change(added.criterion_id, 1, WARMTH, by)
    criteria.move(added.criterion_id, up=True, by=by)
    criteria.retire(added.criterion_id, by)
    criteria.restore(added.criterion_id, by)
    with Session(engine) as session:
        entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.seq))).all()
    done = [f"criterion {what}" for what in ("added", "changed", "moved", "retired", "restored")]
    assert [entry.purpose for entry in entries] == done
    assert {(entry.object_type, entry.object_id) for entry in entries} == {("criterion", str(added.criterion_id))}
    assert [entry.account_id for entry in entries] == [None, *[people.operator.user_id] * 4]
    for typed in ("told", "confidentiality", "warm"):
        assert typed not in repr(entries)


def test_a_refused_change_leaves_nothing(criteria: Criteria, engine: Engine, store: Store) -> None:
    """A change that is refused is undone whole, with its entry on the trail."""
    add(store, "told", SESSION, TOLD)
    before = count_rows(engine, "criteria", "criterion_versions", "audit")
    with pytest.raises(Misconfigured):
        criteria.add("told", SESSION, WARMTH)
    assert count_rows(engine, "criteria", "criterion_versions", "audit") == before

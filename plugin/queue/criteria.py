"""A service's own criteria: an operator adds, words, orders and retires them; each change is on the audit trail.

People alone answer them (`plugin.queue.criterion_answers`). No model is asked before one has been shown to agree with
people.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from plugin.database.audit import add_audit_entry
from plugin.database.engine import Database, transaction
from plugin.database.locks import lock_criteria
from plugin.database.tables import StoredCriterion, StoredCriterionVersion
from plugin.queue.account_changes import COMMAND, Actor
from plugin.queue.criterion_reading import asked_criteria, latest_versions, versions_of
from plugin.queue.criterion_views import (
    MAX_ASKED,
    Criterion,
    CriterionAbout,
    CriterionVersion,
    Wording,
    checked_name,
)
from stream.contracts.errors import Misconfigured

_CHANGED: Final = "Somebody has changed this criterion meanwhile. Nothing was stored; please look at it again."
_RETIRED: Final = "This criterion is retired and has no place among the others. Ask it again first."
_TAKEN: Final = "There is a criterion of this name already; if it is retired, it can be asked again."
_FULL: Final = f"{MAX_ASKED} criteria are asked already, which is as many as a review can hold. Retire one first."


class NoCriterion(Misconfigured):
    """The error for a criterion that is not there."""

    def __init__(self) -> None:
        super().__init__("There is no such criterion, or the user of database.url may not change it.")


class Criteria:
    """The criteria of a database.

    Every method may raise `Unavailable`, and `Misconfigured` with a sentence for the person who asked for the change.
    """

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def entries(self) -> tuple[Criterion, ...]:
        """Return the latest version of every criterion: those that are asked in their order, then the retired ones."""
        with transaction(self._database) as session:
            return latest_versions(session)

    def versions(self, criterion_id: UUID) -> tuple[CriterionVersion, ...]:
        """Return every version of a criterion, the latest first; empty if there is no such criterion."""
        with transaction(self._database) as session:
            return versions_of(session, criterion_id)

    def named(self, name: str) -> Criterion:
        """Return the latest version of the criterion with this name.

        Raises:
            Misconfigured: there is none.
        """
        found = next((each for each in self.entries() if each.name == name.strip()), None)
        if found is None:
            raise Misconfigured("There is no criterion of this name. `counterpoint criteria list` shows them.")
        return found

    def add(self, name: str, about: CriterionAbout, wording: Wording, by: Actor = COMMAND) -> UUID:
        """Add a criterion, which is asked after the others; returns its id."""
        known, criterion_id = checked_name(name), uuid4()
        with self._change(by, "criterion added", criterion_id) as session:
            if session.exec(select(StoredCriterion).where(col(StoredCriterion.name) == known)).first() is not None:
                raise Misconfigured(_TAKEN)
            _check_room(session)
            position = _next_position(session)
            session.add(StoredCriterion(criterion_id=criterion_id, name=known, about=about.value, position=position))
            session.flush()
            self._add_version(session, criterion_id, 1, wording, by)
        return criterion_id

    def change(self, criterion_id: UUID, read_version: int, wording: Wording, by: Actor = COMMAND) -> None:
        """Add another version of a criterion; `read_version` is the one that was read.

        Answers that were given keep the version to which they were given.
        """
        with self._change(by, "criterion changed", criterion_id) as session:
            latest = _one(latest_versions(session), criterion_id)
            if latest.version != read_version:
                raise Misconfigured(_CHANGED)
            if latest.wording == wording:
                raise Misconfigured("That is how the criterion is worded already. Nothing was stored.")
            self._add_version(session, criterion_id, read_version + 1, wording, by)

    def move(self, criterion_id: UUID, *, up: bool, by: Actor = COMMAND) -> None:
        """Let a criterion change places with the one before it, or after it; the first and the last one stay."""
        with self._change(by, "criterion moved", criterion_id) as session:
            latest = latest_versions(session)
            moved = _one(latest, criterion_id)
            if moved.is_retired:
                raise Misconfigured(_RETIRED)
            order = [each for each in latest if not each.is_retired]
            at = order.index(moved)
            beside = min(max(at - 1 if up else at + 1, 0), len(order) - 1)
            first, second = (session.get_one(StoredCriterion, order[each].criterion_id) for each in (at, beside))
            places = first.position, second.position
            _update(session, first.criterion_id, position=places[1])
            _update(session, second.criterion_id, position=places[0])

    def retire(self, criterion_id: UUID, by: Actor = COMMAND) -> None:
        """Ask a criterion no more; its answers stay."""
        with self._change(by, "criterion retired", criterion_id) as session:
            _update(session, criterion_id, retired_at=self._now())

    def restore(self, criterion_id: UUID, by: Actor = COMMAND) -> None:
        """Ask a retired criterion again, after the others."""
        with self._change(by, "criterion restored", criterion_id) as session:
            last = {}
            if _one(latest_versions(session), criterion_id).is_retired:
                _check_room(session)
                last = {"position": _next_position(session)}
            _update(session, criterion_id, retired_at=None, **last)

    def _add_version(self, session: Session, criterion_id: UUID, version: int, wording: Wording, by: Actor) -> None:
        session.add(
            StoredCriterionVersion(
                criterion_id=criterion_id,
                version=version,
                question=wording.question,
                scale=wording.scale.value,
                words=list(wording.words) or None,
                shared=wording.shared,
                account_id=None if by.viewer is None else by.viewer.user_id,
                written_at=self._now(),
            )
        )
        session.flush()

    @contextmanager
    def _change(self, by: Actor, purpose: str, criterion_id: UUID) -> Iterator[Session]:
        """Run the block after all other changes, and write its entry, which names the criterion by its id alone."""
        with transaction(self._database, None if by.viewer is None else by.viewer.user_id) as session:
            lock_criteria(session)
            yield session
            session.flush()
            add_audit_entry(
                session,
                by.viewer,
                purpose=purpose,
                object_type="criterion",
                object_id=criterion_id,
                outcome="done",
                request_id=by.request_id,
            )


def _one(criteria: tuple[Criterion, ...], criterion_id: UUID) -> Criterion:
    found = next((each for each in criteria if each.criterion_id == criterion_id), None)
    if found is None:
        raise NoCriterion
    return found


def _check_room(session: Session) -> None:
    if len(asked_criteria(session)) >= MAX_ASKED:
        raise Misconfigured(_FULL)


def _next_position(session: Session) -> int:
    return (session.exec(select(func.max(StoredCriterion.position))).one() or 0) + 1


def _update(session: Session, criterion_id: UUID, **changes: object) -> None:
    """Change a row; where row security hides it from a role, nothing would happen and nobody would know."""
    changed = session.exec(
        update(StoredCriterion).where(col(StoredCriterion.criterion_id) == criterion_id).values(**changes)
    )
    if changed.rowcount != 1:
        raise NoCriterion

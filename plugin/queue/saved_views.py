"""Saved views: filters of the waiting list that a supervisor keeps under names of her own, and nobody else sees.

Each method is one transaction on the person's behalf; every change has its entry in the audit trail, without the name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import Session, col, func, select

from plugin.database.audit import add_audit_entry
from plugin.database.engine import Database, transaction
from plugin.database.locks import lock_saved_views
from plugin.database.tables import StoredView
from plugin.database.viewer import Viewer
from plugin.queue.filter_form import filter_of, form_of
from plugin.queue.filters import QueueFilter, QueueList
from plugin.queue.view_names import MAX_VIEWS
from plugin.queue.views import DecisionOutcome


@dataclass(frozen=True)
class SavedView:
    """A saved view of the waiting list."""

    view_id: UUID
    name: str
    chosen: QueueFilter | None
    """The filter and the order; None if this version has no such filter."""


class SavedViews:
    """The saved views of a database. Every method may raise `Unavailable` when the database is away."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def all(self, viewer: Viewer) -> tuple[SavedView, ...]:
        """Return a supervisor's views in the order in which she saved them; empty for any other role."""
        if not viewer.role.reviews:
            return ()
        own = col(StoredView.account_id) == viewer.user_id
        in_order = col(StoredView.saved_at), col(StoredView.view_id)
        with transaction(self._database, viewer.user_id) as session:
            found = session.exec(select(StoredView).where(own).order_by(*in_order))
            return tuple(SavedView(row.view_id, row.name, filter_of(QueueList.WAITING, row.chosen)) for row in found)

    def save(self, viewer: Viewer, name: str, chosen: QueueFilter, *, request_id: str = "") -> DecisionOutcome:
        """Save a filter of the waiting list under a name that `checked_view_name` has returned."""

        def act(session: Session, view_id: UUID) -> DecisionOutcome:
            own = select(func.count()).select_from(StoredView).where(col(StoredView.account_id) == viewer.user_id)
            if session.exec(own).one() >= MAX_VIEWS:
                return DecisionOutcome.FULL
            if _named(session, viewer, name) is not None:
                return DecisionOutcome.NAME_TAKEN
            session.add(
                StoredView(
                    view_id=view_id,
                    account_id=viewer.user_id,
                    name=name,
                    chosen=form_of(chosen),
                    saved_at=self._now(),
                )
            )
            return DecisionOutcome.DONE

        return self._act(viewer, uuid4(), act, "added", request_id)

    def rename(self, viewer: Viewer, view_id: UUID, name: str, *, request_id: str = "") -> DecisionOutcome:
        """Give one of her views another name, which `checked_view_name` has returned."""

        def act(session: Session, view_id: UUID) -> DecisionOutcome:
            row, taken = _find(session, viewer, view_id), _named(session, viewer, name)
            if row is None:
                return DecisionOutcome.NOT_FOUND
            if taken is not None and taken.view_id != view_id:
                return DecisionOutcome.NAME_TAKEN
            row.name = name
            return DecisionOutcome.DONE

        return self._act(viewer, view_id, act, "renamed", request_id)

    def remove(self, viewer: Viewer, view_id: UUID, *, request_id: str = "") -> DecisionOutcome:
        """Remove one of her views."""

        def act(session: Session, view_id: UUID) -> DecisionOutcome:
            row = _find(session, viewer, view_id)
            if row is None:
                return DecisionOutcome.NOT_FOUND
            session.delete(row)
            return DecisionOutcome.DONE

        return self._act(viewer, view_id, act, "removed", request_id)

    def _act(
        self,
        viewer: Viewer,
        view_id: UUID,
        act: Callable[[Session, UUID], DecisionOutcome],
        what: str,
        request_id: str,
    ) -> DecisionOutcome:
        """Do one act about the views of a supervisor, one after the other, and write its entry with the outcome."""
        with transaction(self._database, viewer.user_id) as session:
            lock_saved_views(session, viewer.user_id)
            outcome = act(session, view_id) if viewer.role.reviews else DecisionOutcome.NOT_FOUND
            session.flush()
            add_audit_entry(
                session,
                viewer,
                purpose=f"saved view {what}",
                object_type="saved_view",
                object_id=view_id,
                outcome=outcome.value,
                request_id=request_id,
            )
        return outcome


def _find(session: Session, viewer: Viewer, view_id: UUID) -> StoredView | None:
    row = session.get(StoredView, view_id)
    return row if row is not None and row.account_id == viewer.user_id else None


def _named(session: Session, viewer: Viewer, name: str) -> StoredView | None:
    own = col(StoredView.account_id) == viewer.user_id, col(StoredView.name) == name
    return session.exec(select(StoredView).where(*own)).first()

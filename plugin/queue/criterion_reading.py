"""Reading of criteria: which version is asked now, in which order."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from plugin.database.tables import Account, StoredCriterion, StoredCriterionVersion
from plugin.queue.criterion_views import Criterion, CriterionAbout, CriterionScale, CriterionVersion, Wording


def latest_versions(session: Session) -> tuple[Criterion, ...]:
    """Return the latest version of every criterion: those that are asked in their order, then the retired ones."""
    other = aliased(StoredCriterionVersion)
    highest = (
        select(func.max(other.version))
        .where(col(other.criterion_id) == col(StoredCriterion.criterion_id))
        .correlate(StoredCriterion)
        .scalar_subquery()
    )
    found = session.exec(
        select(StoredCriterion, StoredCriterionVersion)
        .join(StoredCriterionVersion, col(StoredCriterionVersion.criterion_id) == col(StoredCriterion.criterion_id))
        .where(col(StoredCriterionVersion.version) == highest)
        .order_by(col(StoredCriterion.retired_at).is_not(None), col(StoredCriterion.position))
    )
    return tuple(criterion_of(row, version) for row, version in found)


def asked_criteria(session: Session) -> tuple[Criterion, ...]:
    """Return the criteria that are asked now, in their order."""
    return tuple(each for each in latest_versions(session) if not each.is_retired)


def versions_of(session: Session, criterion_id: UUID) -> tuple[CriterionVersion, ...]:
    """Return every version of a criterion, the latest first; empty if there is no such criterion."""
    found = session.exec(
        select(StoredCriterion, StoredCriterionVersion, Account.display_name)
        .join(StoredCriterionVersion, col(StoredCriterionVersion.criterion_id) == col(StoredCriterion.criterion_id))
        .outerjoin(Account, col(Account.account_id) == col(StoredCriterionVersion.account_id))
        .where(col(StoredCriterion.criterion_id) == criterion_id)
        .order_by(col(StoredCriterionVersion.version).desc())
    )
    return tuple(CriterionVersion(criterion_of(row, version), by, version.written_at) for row, version, by in found)


def criterion_of(row: StoredCriterion, version: StoredCriterionVersion) -> Criterion:
    """Return one version of a criterion."""
    wording = wording_of(version)
    return Criterion(
        criterion_id=row.criterion_id,
        name=row.name,
        about=CriterionAbout(row.about),
        version=version.version,
        question=wording.question,
        scale=wording.scale,
        words=wording.words,
        shared=wording.shared,
        is_retired=row.retired_at is not None,
    )


def wording_of(version: StoredCriterionVersion) -> Wording:
    """Return what a version asks."""
    words: Sequence[str] = version.words or ()
    return Wording(version.question, CriterionScale(version.scale), tuple(words), version.shared)

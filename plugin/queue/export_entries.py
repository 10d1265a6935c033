"""The entries of the audit trail about exports, and what a therapist sees of them: who exported what, when and why."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import text
from sqlmodel import Session


class ExportKind(StrEnum):
    """The kind of data that an export holds; the values are stored."""

    REVIEWS = "reviews"
    REVIEWS_WITH_TEXT = "reviews with text"
    TRAINING = "training"
    CRITERIA = "criteria"
    OUTCOMES = "outcomes"
    STUDY_TABLES = "study tables"
    PERSON = "person"


class ExportPurpose(StrEnum):
    """The purpose of an export: a closed list, since the trail holds nothing typed. The values are stored."""

    MODEL_QUALITY = "model-quality"
    """To measure how good the model's ratings are."""
    AGREEMENT = "agreement"
    """To measure how far people agree about the service's own criteria."""
    RESEARCH = "research"
    MODEL_TRAINING = "model-training"
    OWN_DATA = "own-data"
    """A person asks for what is stored about them."""


OWN_WORDS = "own words"
"""The purpose of reading, for an export of one's own data, what one wrote oneself about a session or the rubric: it is
no reading of the session."""
BEGUN = "begun"
"""The outcome of the entries that are written before anything is read, and that the therapist sees."""


@dataclass(frozen=True)
class ExportLine:
    """One export of data about a therapist's sessions."""

    at: datetime
    by: str
    """The display name of whoever exported."""
    kind: ExportKind
    purpose: ExportPurpose


def export_entry(kind: ExportKind, purpose: ExportPurpose) -> str:
    """Return the purpose of an entry of the trail about an export, such as "export reviews: research"."""
    return f"export {kind}: {purpose}"


def parse_export_entry(written: str) -> tuple[ExportKind, ExportPurpose]:
    """Return the kind and the purpose that `export_entry` wrote.

    Raises:
        ValueError: it is not such a purpose.
    """
    kind, _, purpose = written.removeprefix("export ").partition(": ")
    return ExportKind(kind), ExportPurpose(purpose)


def exports_about_account(session: Session) -> tuple[ExportLine, ...]:
    """Return the exports that concern the therapist for whom the transaction runs, the latest first."""
    found = session.execute(text("SELECT at, person, purpose FROM public.counterpoint_exports_about_account()"))
    return tuple(ExportLine(row.at, row.person or "", *parse_export_entry(row.purpose)) for row in found)

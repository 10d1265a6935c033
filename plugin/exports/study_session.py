"""A session as the tables for studies read it, and what counts of what a model and supervisors said of its moments."""

from collections.abc import Sequence
from dataclasses import dataclass

from plugin.database.tables import StoredAnswer, StoredExchange, StoredOutcome, StoredSession
from plugin.exports.pseudonyms import Pseudonym
from plugin.exports.review_rows import Cell
from plugin.queue.judgements import Labels, is_called_no_resistance, withheld_in
from plugin.queue.measures import MeasuresView
from plugin.queue.statements import level_of, rating_of
from plugin.queue.views import MessageView
from plugin.study_columns import DETECTOR_VERSION, MODEL_VERSION
from stream.contracts.sessions import DetectorVersion, Mark, ModelVersion
from stream.contracts.vocabulary import Mechanism, Verdict

Row = dict[str, Cell]


@dataclass(frozen=True)
class StudyMoment:
    """A moment with its valid answer, and what counts of what supervisors said of it."""

    exchange: StoredExchange
    answer: StoredAnswer
    labels: Labels


@dataclass(frozen=True)
class StudySession:
    """A session with its moments in order, its messages without their words, its outcomes, and its measures."""

    row: StoredSession
    moments: Sequence[StudyMoment]
    messages: Sequence[MessageView]
    clients: frozenset[str]
    """The clients who wrote its stored messages, as their platform's pseudonyms."""
    outcomes: Sequence[StoredOutcome]
    measures: MeasuresView | None = None
    """What measures say of it that people may be shown; None where they say nothing of this revision."""


def feedback_versions(each: StudySession) -> Row:
    """Return which detector flagged the turns of a session and which model answered; empty where none did."""
    row = each.row
    marks = (Mark.model_validate(mark).model for mark in row.marks)
    models = {ModelVersion.model_validate(moment.answer.model) for moment in each.moments}
    said = sorted(map(_model_words, models | {model for model in marks if model is not None}))
    detector = None if row.detector is None else _detector_words(DetectorVersion.model_validate(row.detector))
    return {DETECTOR_VERSION: detector, MODEL_VERSION: "; ".join(said) or None}


def _model_words(model: ModelVersion) -> str:
    parts = f"weights {model.weights}, prompt {model.prompt}, rubric {model.rubric}, schema {model.schema_version}"
    return f"{model.name} ({parts})"


def _detector_words(detector: DetectorVersion) -> str:
    return f"{detector.name} {detector.version} ({detector.operating_point})"


def counsellor_of(row: StoredSession, pseudonym: Pseudonym) -> str | None:
    """Return the counsellor of a session; None where several wrote."""
    return pseudonym("counsellor", row.counsellor_keys[0]) if len(row.counsellor_keys) == 1 else None


def resists(moment: StudyMoment) -> int | None:
    """Return whether a client turn resists, by the model and, where a supervisor says that it does not, by them."""
    if is_called_no_resistance(moment.labels) or moment.answer.verdict == Verdict.REJECTED:
        return 0
    return 1 if moment.answer.verdict == Verdict.CONFIRMED else None


def levels(moment: StudyMoment) -> dict[Mechanism, int]:
    """Return the levels of a reply to a turn that resists: a supervisor's own, or the model's where not withheld."""
    found: dict[Mechanism, int] = {}
    if resists(moment) != 1:
        return found
    withheld = withheld_in(moment.labels)
    for rating in moment.answer.ratings:
        mechanism = Mechanism(rating["mechanism"])
        own = moment.labels.get(str(level_of(mechanism)))
        if own is not None and own.opinion.level is not None:
            found[mechanism] = own.opinion.level.value
        elif rating["level"] is not None and str(rating_of(mechanism)) not in withheld:
            found[mechanism] = rating["level"]
    return found

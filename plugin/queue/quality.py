"""The quality of the machine in numbers, from what supervisors and therapists said; nothing in it is about a person.

The database gives codes without authors, to an operator or to a role that works on every row.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isnan
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from plugin.least_people import LEAST_COUNSELLORS
from plugin.queue.comparison import LevelComparison, ModelComparison, read_comparison
from plugin.queue.look_views import LookAnswer, TurnAnswers
from plugin.queue.machine_opinion import opinion_from_json
from plugin.queue.review_views import Judgement
from plugin.queue.sample_estimates import LookedAt, SampleEstimate, VersionName, estimates
from plugin.queue.statements import Statement, StatementKind
from plugin.weighted_kappa import kappa_of_tables, table_of_counts, weighted_kappa
from stream.contracts.sessions import DetectorVersion, ModelVersion
from stream.contracts.vocabulary import Mechanism

MIN_LEVELS: Final = 50
"""Levels that supervisors agreed with or corrected; with fewer the interval of a kappa is wider than what matters."""
DISPUTES_OVER: Final = timedelta(days=90)
"""The time over which disputes are counted: a quarter of a year, in which a change of the model shows."""
MIN_RELEASED: Final = 20
"""Released sessions; with fewer, one dispute moves the rate by more than five points."""
_UNKNOWN: Final = "not known"


@dataclass(frozen=True)
class LevelAgreement:
    """The agreement of one model with supervisors on one mechanism."""

    model: str
    """The model's name and version."""
    mechanism: Mechanism
    levels: int
    """The number of levels that a supervisor agreed with or set beside the model's."""
    kappa: float | None
    """Weighted kappa; None where they are too few, or all alike."""


@dataclass(frozen=True)
class DisputeRate:
    """How many of the sessions that were released lately are disputed."""

    released: int
    disputed: int | None
    """None where counsellors are too few, of whom each would know who disputes."""
    rate: float | None
    """None where sessions or counsellors are too few."""


@dataclass(frozen=True)
class Quality:
    """What people's answers say of the machine."""

    sampled: int
    """The number of stored sessions in the random sample."""
    looked_at: int
    """How many of them a supervisor has looked at."""
    estimates: tuple[SampleEstimate, ...]
    agreement: tuple[LevelAgreement, ...]
    disputes: DisputeRate
    shadow: ModelComparison | None = None
    """The model in shadow beside the active one; None where nothing was rated in shadow."""


def read_quality(session: Session, now: datetime) -> Quality:
    """Return the numbers of all platforms; all zero for somebody who is no operator."""
    sampled, looked_at = session.execute(text("SELECT * FROM public.counterpoint_sample_counts()")).one()
    answers = session.execute(text("SELECT * FROM public.counterpoint_look_answers()"))
    labels = session.execute(text("SELECT * FROM public.counterpoint_labelled_levels()"))
    disputes = session.execute(
        text("SELECT released, disputed, counsellors FROM public.counterpoint_dispute_counts(:since)"),
        {"since": now - DISPUTES_OVER},
    ).one()
    return Quality(
        sampled=sampled,
        looked_at=looked_at,
        estimates=estimates(
            LookedAt(
                session=row.session,
                version=_version(row.model, row.detector),
                said=TurnAnswers(LookAnswer(row.resistance), LookAnswer(row.critical)),
                machine=opinion_from_json(row.machine),
            )
            for row in answers
        ),
        agreement=agreement(
            LevelLabel(
                assessment=row.assessment,
                statement=Statement.parse(row.statement),
                judgement=Judgement(row.judgement),
                own=row.level,
                machine=row.machine["level"],
                model=_model_name(ModelVersion.model_validate(row.model)),
            )
            for row in labels
        ),
        disputes=dispute_rate(*disputes),
        shadow=read_comparison(session),
    )


@dataclass(frozen=True)
class LevelLabel:
    """The latest label of a statement about a level, without its author."""

    assessment: UUID
    statement: Statement
    judgement: Judgement
    own: int | None
    machine: int | None
    model: str


def agreement(labels: Iterable[LevelLabel]) -> tuple[LevelAgreement, ...]:
    """Return the agreement for each model and mechanism. An own level counts before a word of agreement.

    These labels were given with the model's level in view, so they agree more than blind ratings would.
    """
    own: dict[tuple[str, Mechanism], dict[UUID, tuple[int, int]]] = defaultdict(dict)
    agreed: dict[tuple[str, Mechanism], dict[UUID, tuple[int, int]]] = defaultdict(dict)
    for label in labels:
        if label.machine is None:
            continue
        key = label.model, Mechanism(label.statement.part)
        if label.judgement is Judgement.CORRECTED and label.own is not None:
            own[key][label.assessment] = label.machine, label.own
        elif label.judgement is Judgement.AGREED and label.statement.kind is StatementKind.RATING:
            agreed[key][label.assessment] = label.machine, label.machine
    order = list(Mechanism)
    keys = sorted({*own, *agreed}, key=lambda key: (key[0], order.index(key[1])))
    return tuple(_agreement(*key, list((agreed[key] | own[key]).values())) for key in keys)


def dispute_rate(released: int, disputed: int, counsellors: int) -> DisputeRate:
    """Return the rate of disputed sessions; none where they, or the counsellors in them, are too few."""
    if counsellors < LEAST_COUNSELLORS:
        return DisputeRate(released, None, None)
    return DisputeRate(released, disputed, disputed / released if released >= MIN_RELEASED else None)


def shadow_kappa(levels: LevelComparison) -> float | None:
    """Return how far the model in shadow agrees with the active one; None where levels are too few, or all alike."""
    table = table_of_counts(levels.models)
    kappa = float(kappa_of_tables(table))
    return None if table.sum() < MIN_LEVELS or isnan(kappa) else kappa


def _agreement(model: str, mechanism: Mechanism, pairs: list[tuple[int, int]]) -> LevelAgreement:
    kappa = weighted_kappa([machine for machine, _ in pairs], [own for _, own in pairs])
    is_defined = len(pairs) >= MIN_LEVELS and not isnan(kappa)
    return LevelAgreement(model, mechanism, len(pairs), kappa if is_defined else None)


def _version(model: object, detector: object) -> VersionName:
    found = None if model is None else ModelVersion.model_validate(model)
    finder = None if detector is None else DetectorVersion.model_validate(detector)
    return VersionName(
        name=_UNKNOWN if found is None else found.name,
        version=_UNKNOWN if found is None else found.key,
        detector=_UNKNOWN if finder is None else f"{finder.name} {finder.version} ({finder.operating_point.value})",
    )


def _model_name(model: ModelVersion) -> str:
    return f"{model.name}, {model.key}"

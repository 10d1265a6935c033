"""The lines of the operator's page and of `counterpoint status`: each number with its state, and what to do about it.

Only a number that is not as it should be, or not known, says what to do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from plugin.operations.quality_words import (
    agreement_words,
    dispute_words,
    proportion_words,
    sample_words,
    shadow_words,
    version_words,
)
from plugin.operations.status import BREAKER_STATES, LagStatus, StageStatus, Status
from plugin.plain_text import age_words, counted
from plugin.queue.filters import OVERDUE_AFTER
from plugin.queue.proportion import Proportion
from plugin.queue.quality import Quality
from stream.contracts.rubric import RUBRIC
from stream.runtime.stages import DELIVER, FEEDBACK, STAGES

MAX_LAG_S: Final = 300
"""Longer than a stage needs to start again, so that its records really wait."""
MAX_UNSCORED_S: Final = 3600
"""A supervisor who opens the queue an hour after a session expects it there."""
MAX_UNREVIEWED_S: Final = OVERDUE_AFTER.total_seconds()
"""What the supervisors' own list calls overdue."""
MIN_KAPPA: Final = 0.4
"""Below, agreement is called fair at best (Landis and Koch, 1977), even though the level was in view."""
MAX_DISPUTE_RATE: Final = 0.2
"""More than every fifth released session: then counsellors tell of more than a point here and there."""
MIN_PRECISION: Final = 0.5
"""Below, more of what is shown as resistance is none than is."""
MIN_RECALL: Final = 0.3
"""Three moments of a session are shown at once, so not all can be; below a third, most of what matters is missed."""

_ASK_BROKER: Final = "See that the broker answers; `counterpoint status` has this where the broker can be reached."
_ASK_DATABASE: Final = "See that the database answers."
_MORE_REVIEWS: Final = (
    "It comes with more reviews: supervisors agree with levels or set their own on a session\u2019s page."
)


class HealthState(Enum):
    """The state of a line, in the words that the page shows."""

    FINE = "as it should be"
    LOOK_AT = "needs somebody"
    NOT_KNOWN = "not known"


@dataclass(frozen=True)
class HealthLine:
    """One number of the page."""

    title: str
    value: str
    state: HealthState
    remedy: str = ""
    """What to do, in a sentence; empty when it is as it should be."""


@dataclass(frozen=True)
class HealthGroup:
    """Lines under one heading."""

    title: str
    lines: tuple[HealthLine, ...]


def health_groups(status: Status) -> tuple[HealthGroup, ...]:
    """Return everything that the page shows, in the order of a morning."""
    return (
        HealthGroup(
            "Stages",
            tuple(_stage_line(status, stage.name) for stage in STAGES if stage.name in status.stages),
        ),
        HealthGroup("What waits", tuple(_waiting_lines(status))),
        HealthGroup("Model", tuple(_model_lines(status))),
        HealthGroup("Agreement and disputes", tuple(_said_lines(status))),
        HealthGroup("Random sample", tuple(_sample_lines(status))),
    )


def lines_to_look_at(status: Status) -> Iterator[HealthLine]:
    """Yield the lines that need somebody, in the order of the page."""
    for group in health_groups(status):
        yield from (line for line in group.lines if line.state is HealthState.LOOK_AT)


def _line(title: str, value: str, state: HealthState, remedy: str, *, unknown: str) -> HealthLine:
    """Return a line; `remedy` says what to do when it needs somebody, `unknown` what when it is not known."""
    said = {HealthState.FINE: "", HealthState.LOOK_AT: remedy, HealthState.NOT_KNOWN: unknown}
    return HealthLine(title, value, state, said[state])


def _stage_line(status: Status, name: str) -> HealthLine:
    stage = status.stages[name]
    lag = (status.lag or {}).get(name)
    said = [_ready_words(status, name, stage)]
    if stage.reads:
        said.append(_lag_words(lag) if lag is not None else f"its lag is not known: {_why(status, 'broker')}")
    is_late = lag is not None and (lag.oldest_s or 0) > MAX_LAG_S
    is_unknown = stage.ready is None or (stage.reads and lag is None)
    state = _state(stage.ready is False or is_late, is_unknown=is_unknown)
    remedy = (
        f"Read the log of `counterpoint {name}`; `counterpoint check` names what it lacks. If it is ready and records"
        " wait for more than five minutes, start a second one."
    )
    unknown = _ASK_BROKER if stage.ready is not None else _ask_stage(name)
    return _line(name, "; ".join(said), state, remedy, unknown=unknown)


def _waiting_lines(status: Status) -> Iterator[HealthLine]:
    letters = status.dead_letters_24_h
    yield _line(
        "Dead letters of the last 24 hours",
        _why(status, "broker")
        if letters is None
        else ", ".join(f"{reason} {count}" for reason, count in letters.items()) or "none",
        _state(bool(letters), is_unknown=letters is None),
        "Run `counterpoint dead-letters list`: it says what each reason means; then correct the cause and replay them.",
        unknown=_ASK_BROKER,
    )
    yield _line(
        "Oldest unscored session",
        _why(status, "broker") if status.lag is None else age_words(status.oldest_unscored_s),
        _state((status.oldest_unscored_s or 0) > MAX_UNSCORED_S, is_unknown=status.lag is None),
        "See whether the feedback stage or the sink is late, and whether the model answers.",
        unknown=_ASK_BROKER,
    )
    waiting = status.waiting_for_release
    yield _line(
        "Oldest unreviewed session",
        _why(status, "database")
        if waiting is None
        else f"{age_words(status.oldest_unreleased_s)}; {counted(waiting, 'session waits', 'sessions wait')}",
        _state((status.oldest_unreleased_s or 0) > MAX_UNREVIEWED_S, is_unknown=waiting is None),
        "Ask whether the supervisors have time enough, and see on the start page whether counsellors are in no team.",
        unknown=_ASK_DATABASE,
    )
    if DELIVER.name in status.stages:
        yield _line(
            "Oldest digest that is due",
            _why(status, "database") if waiting is None else age_words(status.digest_due_s),
            _state(status.digest_is_late, is_unknown=waiting is None),
            "See that `counterpoint deliver` runs, and read in its log why the mail server or the receiver takes none.",
            unknown=_ASK_DATABASE,
        )
    if status.risk_unacknowledged is not None:
        yield _line(
            "Risk signals that nobody acknowledged in time",
            str(status.risk_unacknowledged or "none"),
            _state(status.risk_unacknowledged > 0, is_unknown=False),
            "Call the platform: its protocol must look. docs/risk-signal.md says how it acknowledges one.",
            unknown="",
        )


def _model_lines(status: Status) -> Iterator[HealthLine]:
    model = status.model
    why = _why(status, "feedback")
    yield _line(
        "Circuit breaker",
        why if model is None else model.breaker,
        _state(model is not None and model.breaker != BREAKER_STATES[0], is_unknown=model is None),
        "Sessions are held until it is closed, none is lost: see that Triton runs and answers at feedback.triton_url.",
        unknown=_ask_stage(FEEDBACK.name),
    )
    version = {} if model is None else model.version
    name = f"{version.get('model', '')}, weights {version.get('weights', '')}, prompt {version.get('prompt', '')}"
    is_validated = version.get("validated") == "true"
    said = "its agreement with clinicians has been measured" if is_validated else "unvalidated"
    yield _line(
        "Active model",
        f"{name}; {said}" if version else why,
        _state(needs_somebody=False, is_unknown=not version),
        "",
        unknown=_ask_stage(FEEDBACK.name),
    )
    if status.quality is not None and status.quality.shadow is not None:
        yield HealthLine("Model in shadow", shadow_words(status.quality.shadow), HealthState.FINE)


def _said_lines(status: Status) -> Iterator[HealthLine]:
    quality = status.quality
    if quality is None:
        yield _unread("Agreement and disputes", status)
        return
    if not quality.agreement:
        said = "nobody has agreed with a level or set one yet"
        yield HealthLine("Agreement with supervisors", said, HealthState.NOT_KNOWN, _MORE_REVIEWS)
    for each in quality.agreement:
        yield _line(
            f"{RUBRIC[each.mechanism].title}, {each.model}",
            agreement_words(each),
            _state(each.kappa is not None and each.kappa < MIN_KAPPA, is_unknown=each.kappa is None),
            "They had the model\u2019s level in view, so blind ratings would agree less. Let"
            " clinicians rate a sample (`counterpoint model sample`) before anybody relies on these levels.",
            unknown=_MORE_REVIEWS,
        )
    rate = quality.disputes.rate
    yield _line(
        "Disputed sessions",
        dispute_words(quality.disputes),
        _state(rate is not None and rate > MAX_DISPUTE_RATE, is_unknown=rate is None),
        "Ask the supervisors which statements are disputed and on what grounds, and whether to withhold such ones.",
        unknown="It comes with more released sessions.",
    )


def _sample_lines(status: Status) -> Iterator[HealthLine]:
    quality = status.quality
    if quality is None:
        yield _unread("Random sample", status)
        return
    state = _state(needs_somebody=False, is_unknown=not quality.sampled)
    yield _line("Looks", sample_words(quality), state, "", unknown="No session is sampled before `sample.key` is set.")
    yield from _estimate_lines(quality)


def _estimate_lines(quality: Quality) -> Iterator[HealthLine]:
    for found in quality.estimates:
        version = version_words(found.version)
        for title, estimate, least, remedy in (
            ("Precision of what is shown", found.precision, MIN_PRECISION, "Too much is shown that is no resistance"),
            ("Recall of what is shown", found.recall, MIN_RECALL, "Too much resistance is missed"),
            ("Precision of signs for critical content", found.critical_precision, 0, "Signs are often wrong"),
            ("Precision of possible signs", found.possible_precision, 0, "Possible signs are often wrong"),
            ("Recall of critical content", found.critical_recall, 0, "No number is good enough to rely on"),
        ):
            yield _line(
                f"{title}, {version}",
                proportion_words(estimate),
                _state(_is_surely_below(estimate, least), is_unknown=estimate.value is None),
                f"{remedy}: tell the supervisors, and report it to whoever makes the model. The platform\u2019s own"
                " protocol handles risk, whatever is found here.",
                unknown="It comes with more looks: ask supervisors to take one of the sample a week.",
            )


def _is_surely_below(estimate: Proportion, least: float) -> bool:
    """Return whether the whole interval lies below: a wide interval alone alarms nobody."""
    return estimate.high is not None and estimate.high < least


def _unread(title: str, status: Status) -> HealthLine:
    return HealthLine(title, _why(status, "database"), HealthState.NOT_KNOWN, _ASK_DATABASE)


def _ask_stage(name: str) -> str:
    return f"See that `counterpoint {name}` runs, and that `health.urls` names its address."


def _state(needs_somebody: bool, *, is_unknown: bool) -> HealthState:
    if needs_somebody:
        return HealthState.LOOK_AT
    return HealthState.NOT_KNOWN if is_unknown else HealthState.FINE


def _why(status: Status, part: str) -> str:
    return f"could not be asked: {status.not_asked.get(part, 'It says nothing about this.')}"


def _ready_words(status: Status, name: str, stage: StageStatus) -> str:
    if stage.ready is None:
        return _why(status, name)
    troubles = "; ".join(f"{part}: {trouble}" for part, trouble in stage.troubles.items())
    return "ready" if stage.ready else f"not ready ({troubles})"


def _lag_words(lag: LagStatus) -> str:
    waits = counted(lag.records, "record waits", "records wait")
    return waits if lag.oldest_s is None else f"{waits}, the oldest for {age_words(lag.oldest_s)}"

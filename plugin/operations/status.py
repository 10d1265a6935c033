"""`counterpoint status`: everything an operator asks at night, from whatever can be asked."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from plugin.database.engine import connect, transaction
from plugin.operations.consumer_lag import Lag, lags
from plugin.operations.dead_letter import UNKNOWN
from plugin.operations.dead_letter_topic import letters
from plugin.operations.handled import Handled, place_of
from plugin.operations.stage_probe import Answer, addresses, ask
from plugin.queue.lists import waiting_of_all
from stream.contracts.errors import CounterpointError, Unavailable
from stream.runtime.settings import Settings, required

DAY: Final = timedelta(hours=24)
BREAKER_STATES: Final = {0: "closed", 1: "half-open", 2: "open"}


@dataclass(frozen=True)
class StageStatus:
    """One stage. `ready` is None when it did not answer."""

    ready: bool | None
    troubles: dict[str, str]
    version: str | None = None
    oldest_held_s: float | None = None


@dataclass(frozen=True)
class LagStatus:
    """What waits for one stage."""

    records: int
    oldest_s: float | None
    """Seconds since the broker took the first of them; None when none waits."""


@dataclass(frozen=True)
class ModelStatus:
    """The feedback model as the feedback stage sees it."""

    breaker: str
    """closed, half-open (one request at a time) or open (it is away, sessions are held)."""
    version: dict[str, str]


@dataclass
class Status:
    """What is known now. A part that could not be asked is None, and `not_asked` says why."""

    at: str
    stages: dict[str, StageStatus] = field(default_factory=dict)
    lag: dict[str, LagStatus] | None = None
    dead_letters_24_h: dict[str, int] | None = None
    """By reason, those that nobody has replayed or dropped."""
    model: ModelStatus | None = None
    oldest_unscored_s: float | None = None
    """Seconds since the close of the session that has waited longest to reach the queue; None when none waits."""
    waiting_for_release: int | None = None
    oldest_unreleased_s: float | None = None
    """Seconds since the end of the session that has waited longest for a supervisor; None when none waits."""
    not_asked: dict[str, str] = field(default_factory=dict)

    @property
    def troubles(self) -> list[str]:
        """What a person should look at, a sentence each; empty when all is well."""
        said = [f"{part}: could not be asked: {why}" for part, why in self.not_asked.items()]
        said += [
            f"{name}: not ready ({part}: {trouble})"
            for name, stage in self.stages.items()
            for part, trouble in stage.troubles.items()
        ]
        if self.model is not None and self.model.breaker != BREAKER_STATES[0]:
            said.append(f"model: its breaker is {self.model.breaker}; sessions are held until it is closed")
        return said

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {"well": not self.troubles, "troubles": self.troubles} | asdict(self)


def status(settings: Settings, *, now: datetime) -> Status:
    """Ask stages, broker and database side by side; what is away is named and hides nothing else."""
    found = Status(now.isoformat(timespec="seconds"))
    urls = addresses(settings)
    with ThreadPoolExecutor() as pool:
        stages = {name: pool.submit(_try, partial(ask, url)) for name, url in urls.items()}
        lag = pool.submit(_try, lambda: lags(settings.kafka))
        queue = pool.submit(_try, lambda: _queue(settings))
        dead = pool.submit(_try, lambda: _dead_letters(settings, now - DAY))
    answers: dict[str, Answer] = {}
    for name, asked in stages.items():
        answer, why = asked.result()
        if answer is None:
            found.not_asked[name] = why
            found.stages[name] = StageStatus(ready=None, troubles={})
        else:
            answers[name] = answer
            found.stages[name] = _stage(name, answer)
    _set_lag(found, *lag.result(), now)
    found.dead_letters_24_h, why = dead.result()
    if found.dead_letters_24_h is None:
        found.not_asked.setdefault("broker", why)
    counts, why = queue.result()
    if counts is None:
        found.not_asked["database"] = why
    else:
        found.waiting_for_release, oldest = counts
        found.oldest_unreleased_s = None if oldest is None else _age(oldest, now)
    if "feedback" in answers:
        found.model = _model(answers["feedback"])
    return found


def _try(work: Callable[[], Any]) -> tuple[Any, str]:
    try:
        return work(), ""
    except Unavailable as error:
        return None, f"{error.what} does not answer."
    except CounterpointError as error:
        return None, str(error)


def _stage(name: str, answer: Answer) -> StageStatus:
    builds = [labels.get("version") for labels, _ in answer.samples.get("counterpoint_build_info", [])]
    held = [
        value for labels, value in answer.samples.get("counterpoint_oldest_held_seconds", []) if labels["stage"] == name
    ]
    return StageStatus(
        ready=not answer.troubles,
        troubles=dict(answer.troubles),
        version=builds[0] if builds else None,
        oldest_held_s=round(held[0], 1) if held else None,
    )


def _model(answer: Answer) -> ModelStatus:
    named = [labels for labels, value in answer.samples.get("counterpoint_model_info", []) if value]
    breaker = answer.value("counterpoint_breaker_state")
    return ModelStatus(
        breaker=UNKNOWN if breaker is None else BREAKER_STATES.get(int(breaker), UNKNOWN),
        version=dict(named[0]) if named else {},
    )


def _set_lag(found: Status, lag: dict[str, Lag] | None, why: str, now: datetime) -> None:
    if lag is None:
        found.not_asked["broker"] = why
        return
    found.lag = {stage: LagStatus(each.records, _age_ms(each.oldest_ms, now)) for stage, each in lag.items()}
    # A closed session is on its way to the queue as long as feedback or sink have not finished with its record.
    ages = [found.lag[stage].oldest_s for stage in ("feedback", "sink")]
    found.oldest_unscored_s = max((age for age in ages if age is not None), default=None)


def _queue(settings: Settings) -> Any:
    engine = connect(required(settings.database.url, "database.url"))
    try:
        with transaction(engine) as session:
            return waiting_of_all(session)
    finally:
        engine.dispose()


def _dead_letters(settings: Settings, since: datetime) -> dict[str, int]:
    """By reason. Without the database those that were replayed or dropped count too; it is named as not asked."""
    done, _ = _try(lambda: _handled(settings))
    counts = Counter(each.reason for each in letters(settings.kafka, since) if place_of(each) not in (done or set()))
    return dict(counts.most_common())


def _handled(settings: Settings) -> Any:
    engine = connect(required(settings.database.url, "database.url"))
    try:
        return Handled(engine).places()
    finally:
        engine.dispose()


def _age_ms(then_ms: int | None, now: datetime) -> float | None:
    return None if then_ms is None else _age(datetime.fromtimestamp(then_ms / 1000, UTC), now)


def _age(then: datetime, now: datetime) -> float:
    return round(max(0.0, (now - then).total_seconds()), 1)

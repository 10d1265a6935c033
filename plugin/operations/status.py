"""Collect the state of stages, broker, database and model, from what answers: for `counterpoint status` and a page."""

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from plugin.database.engine import temporary_engine, transaction
from plugin.database.roles import sees_every_session
from plugin.operations.consumer_lag import ConsumerLag, read_consumer_lags
from plugin.operations.dead_letter import UNKNOWN, DeadLetter
from plugin.operations.dead_letter_topic import read_dead_letters
from plugin.operations.handled import Position, handled_positions, position_of
from plugin.operations.stage_probe import ProbeAnswer, probe_stage, probe_urls
from plugin.operations.unknown_tenants import DAY, REMEDY, unknown_tenants
from plugin.plain_text import age_words
from plugin.queue.due_digests import due_since
from plugin.queue.lists import waiting_on_all_platforms
from plugin.queue.quality import Quality, read_quality
from stream.contracts import topics
from stream.contracts.errors import CounterpointError, Misconfigured, Unavailable
from stream.runtime.settings import Settings, required_secret
from stream.runtime.stages import DELIVER, FEEDBACK, HEAR, SINK, used_stages

MAX_DIGEST_DUE_S: Final = 900
"""Digests are planned each minute and sent within seconds; one not taken is tried again after 1, 5 and 15 minutes."""
BREAKER_STATES: Final = {0: "closed", 1: "half-open", 2: "open"}
PATIENCE_S: Final = 60.0
"""How long a command waits for one part; the clients' own timeouts are far shorter, but some ask many times."""


@dataclass(frozen=True)
class StageStatus:
    """The state of one stage. `ready` is None if the stage did not answer."""

    ready: bool | None
    troubles: dict[str, str]
    version: str | None = None
    oldest_held_s: float | None = None
    reads: bool = False
    """Whether it reads topics with these settings, so that records can wait for it."""


@dataclass(frozen=True)
class LagStatus:
    """The records that wait for one stage, on all topics that it reads."""

    records: int
    oldest_s: float | None
    """Seconds since the broker took the first of them; None when none waits."""


@dataclass(frozen=True)
class ModelStatus:
    """The feedback model as the feedback stage sees it."""

    breaker: str
    """closed, half-open (one request at a time) or open (it is away, sessions are held)."""
    version: dict[str, str]


@dataclass(frozen=True)
class QueueStatus:
    """The numbers of the queue, over all platforms."""

    waiting: int
    """The number of sessions that wait for a supervisor."""
    oldest: datetime | None
    """The end of the session that has waited longest."""
    quality: Quality
    digest_due: datetime | None = None
    """Since when the oldest digest is due that was neither sent nor given up; None if there is none."""


@dataclass
class Status:
    """The status of the whole system. A part that could not be asked is None, and `not_asked` says why."""

    at: str
    stages: dict[str, StageStatus] = field(default_factory=dict)
    lag: dict[str, LagStatus] | None = None
    dead_letters_24_h: dict[str, int] | None = None
    """By reason, those that nobody has replayed or dropped."""
    unknown_tenants: dict[str, int] = field(default_factory=dict)
    """Tenants that are not in the settings, with how many of their records were refused in the last 24 h."""
    model: ModelStatus | None = None
    oldest_unscored_s: float | None = None
    """Seconds since the close of the session that has waited longest to reach the queue; None when none waits."""
    waiting_for_release: int | None = None
    oldest_unreleased_s: float | None = None
    """Seconds since the end of the session that has waited longest for a supervisor; None when none waits."""
    quality: Quality | None = None
    """What supervisors and therapists say of the machine, in numbers."""
    digest_due_s: float | None = None
    """Seconds since the oldest digest was due that was neither sent nor given up; None where there is none."""
    risk_unacknowledged: int | None = None
    """Of the last day, the risk signals of one platform, the worst, that nobody acknowledged in time; None for none."""
    tells_of_risk: bool = False
    """Whether a platform takes risk signals, so that `counterpoint deliver` must run all the time."""
    hears_risk: bool = False
    """Whether a platform wants the reader to hear them too, so that `counterpoint hear` must run."""
    not_asked: dict[str, str] = field(default_factory=dict)

    @property
    def digest_is_late(self) -> bool:
        """Whether a digest has been due for longer than it takes."""
        return self.digest_due_s is not None and self.digest_due_s > MAX_DIGEST_DUE_S

    @property
    def unanswered(self) -> list[str]:
        """The parts that could not be asked, a sentence each.

        `counterpoint deliver` is not among them while it sends digests alone and none is late: a timer may run it with
        `--once`. `counterpoint hear` is not where no platform wants it.
        """
        is_seldom_needed = "database" not in self.not_asked and not self.digest_is_late and not self.tells_of_risk
        may_be_away = {DELIVER.name} if is_seldom_needed else set()
        may_be_away |= set() if self.hears_risk else {HEAR.name}
        return [f"{part}: could not be asked: {why}" for part, why in self.not_asked.items() if part not in may_be_away]

    @property
    def strangers(self) -> list[str]:
        """The tenants that the settings do not name, a sentence each with what to do."""
        return [
            f"tenant {name}: {count} records were refused, because the settings name no such platform."
            f" {REMEDY.format(name=name)}"
            for name, count in self.unknown_tenants.items()
        ]

    @property
    def troubles(self) -> list[str]:
        """The troubles that need a person, a sentence each; empty if there are none."""
        said = self.unanswered
        said += [
            f"{name}: not ready ({part}: {trouble})"
            for name, stage in self.stages.items()
            for part, trouble in stage.troubles.items()
        ]
        said += self.strangers
        if self.model is not None and self.model.breaker != BREAKER_STATES[0]:
            said.append(f"model: its breaker is {self.model.breaker}; sessions are held until it is closed")
        if self.digest_is_late:
            said.append(f"digests: one has been due for {age_words(self.digest_due_s)} and was not sent")
        if self.risk_unacknowledged:
            said.append(f"risk signals: nobody acknowledged {self.risk_unacknowledged} in time")
        return said

    def as_json(self) -> dict[str, Any]:
        """Return the status for `--json`."""
        return {"well": not self.troubles, "troubles": self.troubles} | asdict(self)


def collect_status(
    settings: Settings,
    *,
    now: datetime,
    read_queue: Callable[[], QueueStatus] | None = None,
    patience_s: float = PATIENCE_S,
) -> Status:
    """Ask stages, broker and database in parallel; what does not answer is named and hides nothing else.

    `read_queue` reads the queue on behalf of somebody; without it, it is read with the role of `database.url`. Nothing
    is waited for longer than `patience_s` seconds.
    """
    found = Status(
        now.isoformat(timespec="seconds"),
        tells_of_risk=bool(settings.risk_tenants),
        hears_risk=bool(settings.heard_tenants),
    )
    urls = probe_urls(settings)
    pool = ThreadPoolExecutor(max_workers=len(urls) + 3)
    try:
        stages = {name: pool.submit(_result_or_reason, partial(probe_stage, url)) for name, url in urls.items()}
        lag = pool.submit(_result_or_reason, lambda: read_consumer_lags(settings))
        queue = pool.submit(_result_or_reason, read_queue or partial(_read_queue, settings, now))
        dead_letters = pool.submit(_result_or_reason, lambda: _waiting_dead_letters(settings, now - DAY))
        wait((*stages.values(), lag, queue, dead_letters), timeout=patience_s)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # what is still asked ends at its own timeouts
    readers = {stage.name for stage in used_stages(settings) if stage.groups(settings)}
    answers: dict[str, ProbeAnswer] = {}
    for name, asked in stages.items():
        answer, why = _answer_of(asked)
        if answer is None:
            found.not_asked[name] = why
            found.stages[name] = StageStatus(ready=None, troubles={}, reads=name in readers)
        else:
            answers[name] = answer
            found.stages[name] = _stage_status(name, answer, reads=name in readers)
    _set_lag(found, *_answer_of(lag), now)
    letters, why = _answer_of(dead_letters)
    if letters is None:
        found.not_asked.setdefault("broker", why)
    else:
        found.dead_letters_24_h = dict(Counter(letter.reason for letter in letters).most_common())
        found.unknown_tenants = dict(unknown_tenants(letters, settings.tenants))
    numbers, why = _answer_of(queue)
    if numbers is None:
        found.not_asked["database"] = why
    else:
        found.waiting_for_release, found.quality = numbers.waiting, numbers.quality
        found.oldest_unreleased_s = None if numbers.oldest is None else _age_s(numbers.oldest, now)
        if DELIVER.name in urls and numbers.digest_due is not None:
            found.digest_due_s = _age_s(numbers.digest_due, now)
    if DELIVER.name in answers:
        unacknowledged = answers[DELIVER.name].value("counterpoint_risk_unacknowledged")
        found.risk_unacknowledged = None if unacknowledged is None else int(unacknowledged)
    if FEEDBACK.name in answers:
        found.model = _model_status(answers[FEEDBACK.name])
    return found


def _result_or_reason(work: Callable[[], Any]) -> tuple[Any, str]:
    try:
        return work(), ""
    except Unavailable as error:
        return None, f"{error.what} does not answer."
    except CounterpointError as error:
        return None, str(error)


def _answer_of(asked: Future[tuple[Any, str]]) -> tuple[Any, str]:
    """Return the answer of a part, or why there is none, without waiting any longer."""
    return asked.result() if asked.done() and not asked.cancelled() else (None, "It did not answer in time.")


def _stage_status(name: str, answer: ProbeAnswer, *, reads: bool) -> StageStatus:
    builds = [labels.get("version") for labels, _ in answer.samples.get("counterpoint_build_info", [])]
    held = [
        value for labels, value in answer.samples.get("counterpoint_oldest_held_seconds", []) if labels["stage"] == name
    ]
    return StageStatus(
        ready=not answer.troubles,
        troubles=dict(answer.troubles),
        version=builds[0] if builds else None,
        oldest_held_s=round(held[0], 1) if held else None,
        reads=reads,
    )


def _model_status(answer: ProbeAnswer) -> ModelStatus:
    named = [labels for labels, value in answer.samples.get("counterpoint_model_info", []) if value]
    breaker = answer.value("counterpoint_breaker_state")
    return ModelStatus(
        breaker=UNKNOWN if breaker is None else BREAKER_STATES.get(int(breaker), UNKNOWN),
        version=dict(named[0]) if named else {},
    )


def _set_lag(found: Status, lag: dict[str, dict[str, ConsumerLag]] | None, why: str, now: datetime) -> None:
    if lag is None:
        found.not_asked["broker"] = why
        return
    found.lag = {stage: _together(by_topic.values(), now) for stage, by_topic in lag.items()}
    # A closed session is on its way to the queue as long as feedback or sink have not finished with its record.
    closed = (lag[FEEDBACK.name][topics.SESSIONS], lag[SINK.name][topics.FEEDBACK])
    found.oldest_unscored_s = _together(closed, now).oldest_s


def _together(lags: Iterable[ConsumerLag], now: datetime) -> LagStatus:
    lags = list(lags)
    oldest_ms = min((each.oldest_ms for each in lags if each.oldest_ms is not None), default=None)
    return LagStatus(sum(each.records for each in lags), _age_s_since_ms(oldest_ms, now))


def _read_queue(settings: Settings, now: datetime) -> QueueStatus:
    url = required_secret(settings.database.url, "database.url")
    with temporary_engine(url) as engine, transaction(engine) as session:
        if not sees_every_session(session):
            raise Misconfigured(
                "The user of database.url may not see every session, so it cannot count them: use the role privacy."
            )
        waiting, oldest = waiting_on_all_platforms(session)
        return QueueStatus(waiting, oldest, read_quality(session, now), due_since(session, now))


def _waiting_dead_letters(settings: Settings, since: datetime) -> list[DeadLetter]:
    """Return the dead letters that wait, without their bytes. Without the database the handled ones are among them."""
    handled, _ = _result_or_reason(lambda: _handled_positions(settings))
    letters = read_dead_letters(settings.kafka, since)
    return [replace(letter, value=b"") for letter in letters if position_of(letter) not in (handled or ())]


def _handled_positions(settings: Settings) -> frozenset[Position]:
    with temporary_engine(required_secret(settings.database.url, "database.url")) as engine:
        return handled_positions(engine)


def _age_s_since_ms(then_ms: int | None, now: datetime) -> float | None:
    return None if then_ms is None else _age_s(datetime.fromtimestamp(then_ms / 1000, UTC), now)


def _age_s(then: datetime, now: datetime) -> float:
    return round(max(0.0, (now - then).total_seconds()), 1)

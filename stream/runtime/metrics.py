"""Every metric of Counterpoint: kind, meaning, and what to do when it moves. Labels never hold text or people."""

from importlib.metadata import version

from prometheus_client import Counter, Gauge, Histogram

from stream.contracts.feedback import ModelVersion

MESSAGES_IN = Counter(
    "counterpoint_gateway_events_total",
    "Events a platform delivered, by what became of them (published, repeated, no_consent, denied, bad, unavailable)."
    " `denied` rising: a wrong or rotated signing secret. `no_consent` rising: ask the platform about its flag.",
    ["tenant", "outcome"],
)
RECORDS = Counter(
    "counterpoint_records_total",
    "Records a stage took from its topic and finished with. Flat while lag grows: the stage is stuck, see its /readyz.",
    ["stage"],
)
BEHIND = Gauge(
    "counterpoint_behind_seconds",
    "Seconds between the broker's append of the record a stage finished last and its finishing. Rising: it falls"
    " behind; add a worker, or for `feedback` raise feedback.concurrency. Nothing to finish leaves it as it was.",
    ["stage"],
)
LAST_RECORD = Gauge(
    "counterpoint_last_record_timestamp_seconds",
    "When a stage last finished a record, in seconds since 1970. For `stream` never long ago, for its own ticks come"
    " every second: when it stands still the stage is stuck, see its /readyz and its log.",
    ["stage"],
)
OLDEST_HELD = Gauge(
    "counterpoint_oldest_held_seconds",
    "Seconds since the broker took the oldest record that a stage has begun and not finished; 0 when it holds none."
    " Minutes: model or database are away or too slow, see counterpoint_breaker_state and counterpoint_database_away.",
    ["stage"],
)
BUILD = Gauge(
    "counterpoint_build_info",
    "Always 1; its labels say which version a stage runs. Two versions for longer than an upgrade takes: one was"
    " missed.",
    ["stage", "version"],
)
MODEL = Gauge(
    "counterpoint_model_info",
    "Always 1; its labels say which feedback model this worker asks. Two at once: workers with different settings.",
    ["model", "weights", "prompt", "rubric", "validated"],
)
DEAD_LETTERS = Counter(
    "counterpoint_dead_letters_total",
    "Records set aside, by reason. Rising after a platform's release: its events changed; look at the story's place.",
    ["stage", "reason"],
)
SESSIONS_CLOSED = Counter(
    "counterpoint_sessions_closed_total",
    "Session revisions closed, by why they ended. Only `idle`: the platform's session-end events do not arrive.",
    ["end_reason"],
)
SESSIONS_LEFT_OUT = Counter(
    "counterpoint_sessions_left_out_total",
    "Sessions without feedback, by reason. A reason that jumps: compare with what the platform changed that day.",
    ["reason"],
)
OPEN_SESSIONS = Gauge(
    "counterpoint_open_sessions",
    "Conversations with an open session in this worker. Growing without end: ticks or session ends are missing.",
)
DETECTED_TURNS = Counter(
    "counterpoint_detector_messages_total",
    "Client messages scored, by whether they were flagged. A flagged share far off the model card: another population.",
    ["flagged"],
)
DETECTOR_SECONDS = Histogram(
    "counterpoint_detector_batch_seconds",
    "Time of one detector batch, in seconds. Rising: the machine is short of CPU; add a worker.",
    buckets=(0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 1, 5),
)
ANSWERS = Counter(
    "counterpoint_feedback_answers_total",
    "Answers of the feedback model, by outcome (assessed, or the reason of the abstention)."
    " `answer_unusable` or `evidence_not_found` rising: prompt and weights do not fit; run the model check.",
    ["outcome"],
)
MODEL_SECONDS = Histogram(
    "counterpoint_model_request_seconds",
    "Time of one model request, in seconds. Near the deadline: lower the concurrency or add a GPU.",
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60),
)
BREAKER_STATE = Gauge(
    "counterpoint_breaker_state",
    "Circuit breaker of the feedback model: 0 closed, 1 half-open (one request at a time), 2 open (records are held)."
    " Open for minutes: read the feedback stage's /readyz, then Triton's log. Opening and closing again and again: the"
    " model answers the canary but not the real requests in time; lower feedback.concurrency or add a GPU.",
)
ROWS_STORED = Counter(
    "counterpoint_queue_revisions_total",
    "Session revisions the sink handled, by outcome (stored, repeated, older, erased)."
    " `repeated` after a restart is normal.",
    ["outcome"],
)
DATABASE_AWAY = Gauge(
    "counterpoint_database_away",
    "1 while the sink holds a record because PostgreSQL does not answer. Ingest and feedback go on meanwhile.",
)


def tell_build(stage: str) -> None:
    """State which version this process runs."""
    BUILD.labels(stage=stage, version=version("counterpoint")).set(1)


def tell_model(model: ModelVersion) -> None:
    """State which model this worker asks."""
    MODEL.labels(
        model=model.name,
        weights=model.weights,
        prompt=model.prompt,
        rubric=model.rubric,
        validated=str(model.validated).lower(),
    ).set(1)

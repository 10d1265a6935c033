"""Every metric of Counterpoint: kind, meaning, and what to do when it moves. Labels never hold text or people."""

from prometheus_client import Counter, Gauge, Histogram

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
MODEL_AWAY = Gauge(
    "counterpoint_model_away",
    "1 while the canary inference fails and records are held. Look at Triton's log; ingest goes on meanwhile.",
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

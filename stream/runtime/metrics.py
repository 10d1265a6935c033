"""The metrics of Counterpoint, each with its meaning and what to do when it moves; labels never hold text or people."""

from importlib.metadata import version

from prometheus_client import Counter, Gauge, Histogram

from stream.contracts.feedback import ModelVersion

MESSAGES_IN = Counter(
    "counterpoint_gateway_events_total",
    "Deliveries of a platform, by outcome (published, repeated, no_consent, ignored, encrypted, denied, bad,"
    " unavailable), and requests that are none (wrong_path, wrong_method, bug). Of a transaction of Matrix each event"
    " counts. Tenants that are not in the settings are `unknown`. `denied` rising: a wrong or rotated signing secret."
    " `no_consent` rising: ask the platform about its flag. `encrypted`: a room is encrypted end to end, and"
    " nothing of it can be read; the log names it.",
    ["tenant", "outcome"],
)
CONNECTIONS_CLOSED = Counter(
    "counterpoint_connections_closed_total",
    "Connections to the gateway or the page that were closed on the client, by reason: `slow` (its request did not come"
    " in time), `crowded` (it had waited longest when there were too many), `refused` (too many, and none of them"
    " waiting), `malformed` (no HTTP). Rising: somebody holds connections open; bound them in the proxy.",
    ["reason"],
)
RECORDS = Counter(
    "counterpoint_records_total",
    "Records of its topics that a stage has finished. Flat while lag grows: the stage is stuck, see its /readyz.",
    ["stage"],
)
BEHIND = Gauge(
    "counterpoint_behind_seconds",
    "Seconds between the append time of the last record that a stage finished and the end of its work on it. Rising: it"
    " falls behind; add a worker, or for `feedback` raise feedback.concurrency. It keeps its value while there is"
    " nothing to do.",
    ["stage"],
)
LAST_RECORD = Gauge(
    "counterpoint_last_record_timestamp_seconds",
    "When a stage last finished a record, in seconds since 1970. For `stream` it changes every second, because of the"
    " ticks: when it does not change, the stage is stuck; see its /readyz and its log.",
    ["stage"],
)
OLDEST_HELD = Gauge(
    "counterpoint_oldest_held_seconds",
    "Seconds since the append time of the oldest record that a stage has begun and not finished; 0 when it holds none."
    " Minutes: the model or the database is away or too slow, see counterpoint_breaker_state and"
    " counterpoint_database_away.",
    ["stage"],
)
BUILD = Gauge(
    "counterpoint_build_info",
    "Always 1; its labels say which version a stage runs. Two versions for longer than an upgrade takes: a process was"
    " not upgraded.",
    ["stage", "version"],
)
MODEL = Gauge(
    "counterpoint_model_info",
    "Always 1; its labels say which feedback model this worker asks. Two at once: workers with different settings.",
    ["model", "weights", "prompt", "rubric", "validated"],
)
DEAD_LETTERS = Counter(
    "counterpoint_dead_letters_total",
    "Records that became dead letters, by reason. Rising after a platform's release: its events changed; look at the"
    " place in their story.",
    ["stage", "reason"],
)
WITHOUT_EFFECT = Counter(
    "counterpoint_events_without_effect_total",
    "Well-formed events, or parts of them, that changed nothing, by reason, and events whose time was moved"
    " (`clamped`: the sender's clock is far from the broker's). `end_...` rising: the platform's session ends come"
    " before the messages, or twice; its sessions close by idleness instead. `edit_by_another`:"
    " somebody tried to change another's words.",
    ["reason"],
)
DAMAGED_TEXTS = Counter(
    "counterpoint_damaged_texts_total",
    "Texts that are not plain, by kind (entities, mojibake, controls, lost, tags, markdown). They are read as their"
    " words, but people see them as they came: ask the platform to send plain text in UTF-8. `lost`: letters that no"
    " program can bring back.",
    ["kind"],
)
RISK_SIGNALS = Counter(
    "counterpoint_risk_signals_total",
    "Risk signals raised, by concern; one that names two concerns counts for both. 0 for days on a busy platform: look"
    " whether the stream stage's settings name its receiver. Rising steeply: read some of the messages there.",
    ["tenant", "concern"],
)
RISK_HEARD = Counter(
    "counterpoint_risk_heard_total",
    "Client messages of platforms that want the reader to hear, by what became of them in the stage `hear`: lexicon"
    " (the word list had heard it), raised, quiet, superseded (edited, deleted or withdrawn meanwhile), not_asked (no"
    " words, another language, or names not told), passed_over and failed (by lexicon alone). `passed_over` rising: the"
    " reader is away or too slow.",
    ["tenant", "outcome"],
)
RISK_READER_AWAY = Gauge(
    "counterpoint_risk_reader_away",
    "1 while the stage `hear` gets no answer of the reader: risk signals are by lexicon alone. See Triton's log, and"
    " whether it serves the model `reader` of this release.",
)
RISK_DELIVERIES = Counter(
    "counterpoint_risk_deliveries_total",
    "Tries to tell a platform's receiver of a risk signal, by outcome: delivered, tried (not taken, and tried again),"
    " given_up (a dead letter `not_delivered`); escalated and escalation_tried of those that nobody acknowledged."
    " `tried` rising: the receiver is away or refuses; call the platform.",
    ["tenant", "outcome"],
)
RISK_UNACKNOWLEDGED = Gauge(
    "counterpoint_risk_unacknowledged",
    "Risk signals of the last day that nobody acknowledged within tenants.NAME.risk.acknowledge_within_s. Above 0: ask"
    " the platform whether its protocol has them; if it acknowledges none at all, set that time to 0.",
    ["tenant"],
)
RISK_SECONDS = Histogram(
    "counterpoint_risk_seconds",
    "Seconds from the broker's append of a message to the answer of the receiver that took its risk signal, by what"
    " heard it. Above 1 for `lexicon`: the receiver is slow, or the stream stage or the machine of `counterpoint"
    " deliver` is short of CPU. For `reader`: the stage `hear`, Triton, or the receiver.",
    ["heard_by"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300, 900),
)
SESSIONS_CLOSED = Counter(
    "counterpoint_sessions_closed_total",
    "Session revisions closed, by reason of the end. Only `idle`: the platform's session-end events do not arrive.",
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
    "Client messages scored, by whether they were flagged. A share of flagged messages far from that of the model card:"
    " these clients differ from those of the training data.",
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
MEASURED_SESSIONS = Counter(
    "counterpoint_measured_sessions_total",
    "Session revisions that the measures stage has done, by outcome (measured, or why nothing is said of the session)."
    " `reader_failed` rising: look into Triton's log. `names_not_told`: the platform sends no names, and"
    " feedback.without_names lets no model read such sessions.",
    ["outcome"],
)
READER_SECONDS = Histogram(
    "counterpoint_reader_request_seconds",
    "Time of one request of the measures stage, of at most 64 pairs, in seconds. Near the deadline: Triton is short of"
    " CPU.",
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60),
)
READER_BREAKER_STATE = Gauge(
    "counterpoint_reader_breaker_state",
    "Circuit breaker of the measures stage's reader, as counterpoint_breaker_state. Open for minutes: read the stage's"
    " /readyz, then Triton's log; nothing else waits for it.",
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
    "Session revisions the sink handled, by outcome (stored, repeated, older, erased, changed), risk signals"
    " (signalled), outcomes (rated) and measures (measured)."
    " `repeated` after a restart is normal.",
    ["outcome"],
)
DATABASE_AWAY = Gauge(
    "counterpoint_database_away",
    "1 while the sink holds a record because PostgreSQL does not answer. Gateway, stream and feedback work on.",
)
DIGESTS = Counter(
    "counterpoint_digests_total",
    "Digests by way (mail, webhook) and outcome: sent, nothing_new, tried (it waits for another try), or why it was"
    " given up. `unreachable` or `not_accepted` rising: the mail server or the receiver is away, or does not accept our"
    " user; `refused`: somebody's address does not exist any more.",
    ["way", "outcome"],
)
RECONCILED = Counter(
    "counterpoint_reconciled_events_total",
    "Events that `counterpoint reconcile` published, since a platform has them and its deliveries lost them, by kind"
    " (message, deletion, session-end, consent-withdrawal). Rising: the gateway was away, or does not answer in time.",
    ["tenant", "kind"],
)
DIGEST_DUE = Gauge(
    "counterpoint_digest_due_seconds",
    "Seconds since the oldest digest was due that was neither sent nor given up; 0 when there is none. Minutes: the"
    " mail server or a receiver does not take it, see counterpoint_digests_total, or `counterpoint deliver` was down.",
)
NOTICES = Counter(
    "counterpoint_notices_total",
    "Notices of releases by stored receiver and outcome: sent, tried (it waits for another try), or failed. `tried`"
    " rising: the receiver does not take them, and those after it wait; `failed`: after three days it was given up.",
    ["receiver", "outcome"],
)
NOTICE_WAITING = Gauge(
    "counterpoint_notice_waiting_seconds",
    "Seconds since the oldest notice of a release waits for an enabled receiver; 0 when there is none. Hours: see"
    " counterpoint_notices_total, and try the receiver with `counterpoint receivers test`.",
)
PROVIDER_LOGINS_REFUSED = Counter(
    "counterpoint_provider_logins_refused",
    "Logins at the OpenID Connect provider that were refused, by reason; a log line names the request of each.",
    ["reason"],
)


def set_build_info(stage: str) -> None:
    """Set the metric that says which version this process runs."""
    BUILD.labels(stage=stage, version=version("counterpoint")).set(1)


def set_model_info(model: ModelVersion) -> None:
    """Set the metric that says which feedback model this worker asks."""
    MODEL.labels(
        model=model.name,
        weights=model.weights,
        prompt=model.prompt,
        rubric=model.rubric,
        validated=str(model.validated).lower(),
    ).set(1)

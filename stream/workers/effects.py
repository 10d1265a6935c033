"""The effects of records on conversations, as values that are emitted together, and what is logged of them."""

from collections.abc import Generator
from dataclasses import dataclass, field

from stream.contracts.errors import CounterpointError, Poison
from stream.contracts.risk import RiskSignal
from stream.contracts.sessions import SessionRecord
from stream.contracts.transcripts import Transcript
from stream.contracts.vocabulary import SessionState
from stream.runtime import metrics
from stream.runtime.codec import EncodedRecord, RawRecord, encode
from stream.runtime.logging import get_logger
from stream.runtime.trace import new_traceparent, trace_id, traceparent_of
from stream.sessions.events import Ignored, Outputs, Published


@dataclass(frozen=True, slots=True)
class Publish:
    """A record for the sessions topic, or a transcript or a risk signal for its own, with the trace that it carries."""

    output: Published
    record: EncodedRecord
    trace: bytes


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that could not be used."""

    raw: RawRecord
    error: Exception


@dataclass(frozen=True, slots=True)
class NeedsScore:
    """A text that has to be scored before its event can be applied."""

    raw: RawRecord
    text: str = field(repr=False)
    previous_text: str | None = field(repr=False)


class NotScored(CounterpointError):  # noqa: N818 - the event is applied again once its text is scored
    """The text that an event brings was not among those that its batch has scored."""

    def __init__(self, text: str) -> None:
        super().__init__("a text is not scored yet")
        self.text = text


Effect = Publish | DeadLetter | NeedsScore
Effects = Generator[Effect, None, bool]
"""The effects of one record on one conversation; the generator returns whether the record could be used."""


def effects_of(raw: RawRecord, outputs: Outputs) -> Effects:
    """Yield the outputs as effects in the trace of the record that caused them; a tick has none, so a trace begins."""
    try:
        for output in outputs:
            if isinstance(output, Ignored):
                count_ignored(raw, output)
                continue
            trace = traceparent_of(raw.headers) or new_traceparent()
            yield Publish(output, encode(output, trace=trace), trace)
    except Poison as poison:
        yield DeadLetter(raw, poison)
        return False
    except CounterpointError:
        raise
    except Exception as bug:  # noqa: BLE001 - whatever it is, the record is dead-lettered before it is acknowledged
        yield DeadLetter(raw, bug)
        return False
    return True


def count_ignored(raw: RawRecord, ignored: Ignored) -> None:
    """Count and log an event, or a part of one, that had no effect."""
    metrics.WITHOUT_EFFECT.labels(reason=ignored.reason.value).inc(ignored.count)
    get_logger().info(
        "without_effect",
        reason=ignored.reason.value,
        count=ignored.count,
        partition=raw.partition,
        offset=raw.offset,
        trace_id=trace_id(traceparent_of(raw.headers)),
    )


def log_published(output: Published, trace: bytes) -> None:
    """Count and log an output that was published; of a risk signal the log does not say what it is about."""
    if isinstance(output, RiskSignal):
        for concern in output.concerns:
            metrics.RISK_SIGNALS.labels(tenant=output.tenant, concern=concern.value).inc()
        event_id = str(output.event_id)
        get_logger().info("risk_raised", tenant=output.tenant, event_id=event_id, trace_id=trace_id(trace))
        return
    if isinstance(output, Transcript):
        get_logger().info(
            "transcript_published",
            tenant=output.tenant,
            session_id=str(output.session_id),
            revision=output.revision,
            trace_id=trace_id(trace),
        )
        return
    if not isinstance(output, SessionRecord):
        get_logger().info("passed_on", event_type=output.event_type, tenant=output.tenant, trace_id=trace_id(trace))
        return
    if output.state is not SessionState.REOPENED:
        metrics.SESSIONS_CLOSED.labels(end_reason=output.end_reason.value).inc()
    if output.left_out is not None:
        metrics.SESSIONS_LEFT_OUT.labels(reason=output.left_out.value).inc()
    get_logger().info(
        "session_published",
        tenant=output.tenant,
        session_id=str(output.session_id),
        revision=output.revision,
        state=output.state.value,
        end_reason=output.end_reason.value,
        left_out=None if output.left_out is None else output.left_out.value,
        trace_id=trace_id(trace),
    )

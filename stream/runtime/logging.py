"""JSON logs through structlog that cannot contain message text.

Our own log lines contain only fields from `FIELDS`; other fields are dropped and counted. Exceptions are written as
type and place, never with their message. Log lines of libraries are reduced to logger, place and, if they have
arguments, the unformatted template, because a library may format a record into its message.
"""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Literal

import structlog

LogLevel = Literal["debug", "info", "warning", "error"]

FIELDS = frozenset(
    {
        # ids of ours, pseudonyms and codes
        "tenant", "conversation_id", "session_id", "revision", "exchange_id", "assessment_id", "event_id",
        "request_id", "trace_id", "erasure_id", "user_id", "role", "reason", "place", "error_type", "error_at", "state",
        "event_type", "model", "left_out", "end_reason", "status", "method", "route", "adapter", "check",
        # places
        "stage", "topic", "partition", "offset", "group", "url", "port", "logger", "template",
        # numbers and durations
        "count", "attempt", "seconds", "retry_after_s", "bytes", "dropped_fields",
        # our own words, the same in every deployment
        "policy",
        # structlog's own
        "event", "level", "timestamp",
    }
)  # fmt: skip
"""The fields that a log line may have; none of them holds words of a person."""

_EVENT_NAME = re.compile(r"^[a-z][a-z0-9_]{0,59}$")

_LogEvent = MutableMapping[str, object]


def configure_logging(level: LogLevel = "info", *, stage: str) -> None:
    """Configure logging so that every line of this process, also of libraries, goes to stderr as JSON."""
    _configure_own_lines(level, stage)
    handler = _LibraryHandler()
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True


def configure_command_logging() -> None:
    """Configure logging of a command that is no stage: our own warnings go to stderr as JSON, so stdout is its answer.

    What libraries log stays where they put it: a command says in a sentence what is wrong.
    """
    _configure_own_lines("warning", "command")


def _configure_own_lines(level: LogLevel, stage: str) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _exception_by_place,
            _only_known_fields,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(stage=stage)


def get_logger() -> structlog.typing.FilteringBoundLogger:
    """Return the logger; bind `tenant`, `session_id` and `event_id` with `structlog.contextvars`."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger


class _LibraryHandler(logging.Handler):
    """A handler that reduces a log line of a library to the fields that cannot contain text."""

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, object] = {"logger": record.name, "place": f"{record.module}:{record.lineno}"}
        if record.args and isinstance(record.msg, str):
            fields["template"] = record.msg
        if record.exc_info:
            fields["exc_info"] = record.exc_info
        level = record.levelname.lower()
        write = getattr(get_logger(), level if level in {"debug", "info", "warning", "error"} else "error")
        write("library", **fields)


def _exception_by_place(_logger: object, _name: str, event: _LogEvent) -> _LogEvent:
    info = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if info is True:
        info = sys.exc_info()
    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if isinstance(info, tuple) and info[0] is not None:
        event["error_type"] = info[0].__name__
        event["error_at"] = _places(info[2])
    return event


def _places(trace: TracebackType | None) -> str:
    """Return the innermost five places of a traceback, without source lines or values."""
    return " < ".join(
        f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(traceback.extract_tb(trace)[-5:])
    )


def _only_known_fields(_logger: object, _name: str, event: _LogEvent) -> _LogEvent:
    dropped = [name for name in event if name not in FIELDS]
    for name in dropped:
        del event[name]
    if dropped:
        event["dropped_fields"] = len(dropped)
    if not _EVENT_NAME.match(str(event.get("event"))):
        event["event"] = "event_name_not_allowed"
    return event

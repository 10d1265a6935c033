"""Tests of the logs: they are JSON, carry ids, and cannot contain words of a person."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from stream.runtime import logging as ours

CANARY = "canary phrase"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """Configure logging as a stage does and yield a function that returns the lines written so far."""
    before = logging.getLogger().handlers, logging.getLogger().level
    structlog.contextvars.clear_contextvars()
    ours.configure_logging("debug", stage="test")

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    yield read
    logging.getLogger().handlers, logging.getLogger().level = before
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


def test_a_line_is_json_with_time_level_and_stage(lines: Lines) -> None:
    """A log line is a JSON object with time, level, stage and its fields, as a log shipper expects."""
    ours.get_logger().info("session_closed", session_id="s-1", count=3)
    (line,) = lines()
    assert line["event"] == "session_closed"
    assert (line["stage"], line["level"], line["session_id"], line["count"]) == ("test", "info", "s-1", 3)
    assert line["timestamp"].endswith("Z")


def test_a_field_outside_the_list_is_dropped_and_counted(lines: Lines) -> None:
    """A field outside `FIELDS`, such as a careless `text=`, is dropped and counted."""
    ours.get_logger().info("session_closed", text=CANARY, value=CANARY)
    (line,) = lines()
    assert CANARY not in json.dumps(line)
    assert line["dropped_fields"] == 2


def test_an_event_name_that_is_not_one_word_is_replaced(lines: Lines) -> None:
    """An event name that is not one plain word, such as an f-string, is replaced."""
    ours.get_logger().warning(f"could not store {CANARY}")
    (line,) = lines()
    assert line["event"] == "event_name_not_allowed"
    assert CANARY not in json.dumps(line)


def test_an_exception_is_logged_by_type_and_place(lines: Lines) -> None:
    """An exception is logged by type and place alone.

    Its message, its arguments and its source lines may quote a record.
    """
    try:
        raise ValueError(CANARY)
    except ValueError:
        ours.get_logger().exception("record_failed")
    (line,) = lines()
    assert line["error_type"] == "ValueError"
    assert "test_logging.py" in line["error_at"]
    assert CANARY not in json.dumps(line)


def test_a_library_line_keeps_its_template_and_loses_its_arguments(lines: Lines) -> None:
    """A library's log line with arguments is logged with its template and without the arguments."""
    logging.getLogger("some.library").warning("cannot decode %r", CANARY)
    (line,) = lines()
    assert (line["logger"], line["template"]) == ("some.library", "cannot decode %r")
    assert CANARY not in json.dumps(line)


def test_a_library_line_without_arguments_loses_its_message(lines: Lines) -> None:
    """A library's log line without arguments is logged without its message, which may have been an f-string."""
    logging.getLogger("some.library").debug(f"got {CANARY}")
    (line,) = lines()
    assert "template" not in line
    assert CANARY not in json.dumps(line)


def test_a_library_exception_is_reduced_too(lines: Lines) -> None:
    """An exception that a library logs is reduced to type and place."""
    try:
        raise RuntimeError(CANARY)
    except RuntimeError:
        logging.getLogger("some.library").exception("boom")
    (line,) = lines()
    assert line["error_type"] == "RuntimeError"
    assert CANARY not in json.dumps(line)


def test_log_handlers_of_libraries_are_removed(capsys: pytest.CaptureFixture[str]) -> None:
    """Log handlers of libraries are removed.

    uvicorn, Faust and others install their own, which would print their lines in full.
    """
    own = logging.getLogger("library.with.handler")
    own.addHandler(logging.StreamHandler())
    own.propagate = False
    before = logging.getLogger().handlers, logging.getLogger().level
    ours.configure_logging("info", stage="test")
    own.warning(f"got {CANARY}")
    logging.getLogger().handlers, logging.getLogger().level = before
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    assert CANARY not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["text", "message", "quote", "value", "body", "name", "reply", "payload", "key"])
def test_the_list_has_no_field_for_text(name: str) -> None:
    """The list of fields has no name that suggests text."""
    assert name not in ours.FIELDS


@pytest.fixture
def _unconfigured() -> Iterator[None]:
    """Forget what the test configures."""
    structlog.contextvars.clear_contextvars()
    yield
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


@pytest.mark.usefixtures("_unconfigured")
def test_a_command_writes_its_warnings_to_stderr_and_nothing_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    """A command's log lines are warnings on stderr, in the form of a stage's, so that its answer can be parsed."""
    ours.configure_command_logging()
    ours.get_logger().warning("broker_slow", text=CANARY, count=2)
    ours.get_logger().info("session_closed")
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = map(json.loads, err.splitlines())
    assert (line["event"], line["level"], line["stage"], line["count"]) == ("broker_slow", "warning", "command", 2)
    assert CANARY not in err


@pytest.mark.usefixtures("_unconfigured")
def test_a_command_leaves_the_loggers_of_libraries_alone() -> None:
    """Libraries' loggers keep their handlers in a command, so that a refused connection is one sentence of ours."""
    before = list(logging.getLogger().handlers), logging.getLogger().level, list(logging.getLogger("kafka").handlers)
    ours.configure_command_logging()
    root = logging.getLogger()
    assert (list(root.handlers), root.level, list(logging.getLogger("kafka").handlers)) == before

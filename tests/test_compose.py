"""docker-compose.yml is valid Compose, names every part, and starts nothing without its secrets."""

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from plugin.cli import app

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = ROOT / "docker-compose.yml"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
STAGES = {"gateway", "stream", "feedback", "sink", "web"}


def test_it_is_valid_by_the_compose_specification() -> None:
    """The schema is the one that a kept checker brings."""
    checker = find_spec("check_jsonschema")  # not imported: its command line needs another click than Faust
    assert checker is not None
    assert checker.origin is not None
    schema = Path(checker.origin).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.validate(yaml.safe_load(COMPOSE.read_text()), json.loads(schema.read_text()))


def test_it_names_every_stage_and_what_they_need() -> None:
    """And nothing else but the two steps that prepare broker and database."""
    assert set(SERVICES) == STAGES | {"kafka", "postgres", "triton", "topics", "migrate"}


@pytest.mark.parametrize("name", sorted(STAGES | {"kafka", "postgres", "triton"}))
def test_everything_that_stays_has_a_health_check(name: str) -> None:
    """So that a dependant starts when it can work."""
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", sorted(STAGES | {"topics", "migrate"}))
def test_its_commands_are_commands_of_ours(name: str) -> None:
    """A renamed command would break the deployment silently."""
    commands = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    assert SERVICES[name]["command"] == [name]
    assert name in commands


def test_secrets_have_no_default() -> None:
    """Each is demanded by name and none stands in the file."""
    demanded = set(re.findall(r"\$\{([A-Z_]+):\?", COMPOSE.read_text()))
    assert demanded == {"POSTGRES_PASSWORD", "KEY_ENCRYPTION_KEY", "SESSION_SECRET", "TENANTS", "TRITON_IMAGE"}


def test_the_example_names_every_variable_and_no_secret() -> None:
    """`.env.example` is what an operator copies."""
    used = set(re.findall(r"\$\{([A-Z_]+)[:}]", COMPOSE.read_text()))
    lines = [line for line in (ROOT / ".env.example").read_text().splitlines() if line and not line.startswith("#")]
    given = dict(line.split("=", 1) for line in lines)
    assert set(given) == used
    assert {name for name, value in given.items() if value} == {"FEEDBACK_MODEL", "WEIGHTS"}


def test_only_the_gateway_and_the_page_are_reachable_and_from_loopback_alone() -> None:
    """A reverse proxy with TLS stands before them."""
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"gateway", "web"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)

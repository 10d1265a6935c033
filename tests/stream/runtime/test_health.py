"""Tests of /healthz, /readyz and /metrics."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from stream.runtime.health import Health, ReadinessPart, respond, serve
from tests.fixtures.waiting import DEADLOCK_S


@pytest.fixture
def served() -> Iterator[tuple[Health, str]]:
    """Yield the health of a stage and the address of a real server for it on a free port."""
    health = Health(ReadinessPart.BROKER)
    server = serve(health, "127.0.0.1", 0)
    yield health, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def get(url: str) -> tuple[int, bytes]:
    """Return status and body of a request, whatever the status."""
    try:
        with urllib.request.urlopen(url, timeout=DEADLOCK_S) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_a_stage_is_not_ready_until_each_part_is_ready() -> None:
    """A stage is not ready until each of its readiness parts is set to ready; until then they count as starting."""
    health = Health(ReadinessPart.BROKER, ReadinessPart.MODEL)
    assert respond(health, "/readyz")[0] == 503
    health.set(ReadinessPart.BROKER, None)
    assert json.loads(respond(health, "/readyz")[2])["troubles"] == {"model": "starting"}
    health.set(ReadinessPart.MODEL, None)
    assert respond(health, "/readyz")[0] == 200


def test_a_trouble_is_reported_until_it_is_removed() -> None:
    """A trouble is reported in its own words until it is removed, and removing it twice is harmless."""
    health = Health()
    health.set(ReadinessPart.DATABASE, "PostgreSQL does not answer; records are held.")
    assert health.troubles() == {"database": "PostgreSQL does not answer; records are held."}
    health.set(ReadinessPart.DATABASE, None)
    health.set(ReadinessPart.DATABASE, None)
    assert health.troubles() == {}


def test_a_stage_that_is_not_ready_is_alive(served: tuple[Health, str]) -> None:
    """A stage that is not ready is alive, because a restart would not repair its broker."""
    _, url = served
    assert get(url + "/healthz")[0] == 200


def test_readyz_answers_503_with_the_troubles_and_then_200(served: tuple[Health, str]) -> None:
    """The path /readyz answers 503 with the troubles while the stage is not ready, then 200."""
    health, url = served
    status, body = get(url + "/readyz")
    assert status == 503
    assert json.loads(body)["troubles"] == {"broker": "starting"}
    health.set(ReadinessPart.BROKER, None)
    assert get(url + "/readyz")[0] == 200


def test_metrics_are_served_in_prometheus_format(served: tuple[Health, str]) -> None:
    """The path /metrics serves the metrics in Prometheus' format with their help texts."""
    import stream.runtime.metrics  # noqa: F401 - registers the metrics

    status, body = get(served[1] + "/metrics")
    assert status == 200
    assert b"# HELP counterpoint_dead_letters_total" in body


def test_any_other_path_is_not_found(served: tuple[Health, str]) -> None:
    """Any other path answers 404."""
    assert get(served[1] + "/")[0] == 404

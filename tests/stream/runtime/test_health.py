"""Alive, ready, measured: what a probe and an operator get."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from stream.runtime.health import Health, answer, serve


@pytest.fixture
def served() -> Iterator[tuple[Health, str]]:
    """A real server on a free port."""
    health = Health("broker")
    server = serve(health, "127.0.0.1", 0)
    yield health, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def get(url: str) -> tuple[int, bytes]:
    """Status and body, whatever the status."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_a_stage_is_not_ready_until_each_part_says_so() -> None:
    """Parts named at the start count as starting."""
    health = Health("broker", "model")
    assert answer(health, "/readyz")[0] == 503
    health.set("broker", None)
    assert json.loads(answer(health, "/readyz")[2])["troubles"] == {"model": "starting"}
    health.set("model", None)
    assert answer(health, "/readyz")[0] == 200


def test_a_trouble_comes_and_goes() -> None:
    """In the words the part gave."""
    health = Health()
    health.set("database", "PostgreSQL does not answer; records are held.")
    assert health.troubles() == {"database": "PostgreSQL does not answer; records are held."}
    health.set("database", None)
    health.set("database", None)
    assert health.troubles() == {}


def test_alive_does_not_depend_on_others(served: tuple[Health, str]) -> None:
    """A restart mends no broker that is away."""
    _, url = served
    assert get(url + "/healthz")[0] == 200


def test_ready_is_served(served: tuple[Health, str]) -> None:
    """503 with the sentence, then 200."""
    health, url = served
    status, body = get(url + "/readyz")
    assert status == 503
    assert json.loads(body)["troubles"] == {"broker": "starting"}
    health.set("broker", None)
    assert get(url + "/readyz")[0] == 200


def test_metrics_are_served_in_prometheus_format(served: tuple[Health, str]) -> None:
    """With their help texts."""
    import stream.runtime.metrics  # noqa: F401 - registers them

    status, body = get(served[1] + "/metrics")
    assert status == 200
    assert b"# HELP counterpoint_dead_letters_total" in body


def test_any_other_path_is_not_found(served: tuple[Health, str]) -> None:
    """Nothing else lives here."""
    assert get(served[1] + "/")[0] == 404

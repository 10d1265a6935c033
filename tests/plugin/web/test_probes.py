"""Readiness of the web stage is asked of the database each time, on a port of its own."""

import json
import urllib.error
import urllib.request
from functools import partial

import pytest
from fastapi import FastAPI

from plugin.web.probes import ask_database
from stream.contracts.errors import Misconfigured, Unavailable
from stream.runtime.health import Health, ReadinessPart, serving
from tests.fixtures.waiting import DEADLOCK_S


def readiness(port: int) -> tuple[int, dict[str, str]]:
    """Return the status of /readyz on loopback and the troubles it tells."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=DEADLOCK_S) as answer:
            return answer.status, json.load(answer)["troubles"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)["troubles"]


def test_readiness_follows_the_database(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readiness fails while the database does not answer or has another key, with the sentence, and recovers."""
    store, health = app.state.services.store, Health(ReadinessPart.DATABASE)

    def fails_with(error: Exception) -> None:
        def ping() -> None:
            raise error

        monkeypatch.setattr(store, "ping", ping)

    with serving(health, "127.0.0.1", 0, ask=partial(ask_database, health, store)) as server:
        port = int(server.server_address[1])
        assert readiness(port) == (200, {})
        fails_with(Unavailable("the database"))
        status, troubles = readiness(port)
        assert status == 503
        assert "PostgreSQL does not answer" in troubles["database"]
        fails_with(Misconfigured("database.key_encryption_key is another one."))
        assert readiness(port) == (503, {"database": "database.key_encryption_key is another one."})
        monkeypatch.setattr(store, "ping", lambda: None)
        assert readiness(port) == (200, {})

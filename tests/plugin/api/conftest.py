"""Fixtures of the API's tests: the web application over a real PostgreSQL, and programs with tokens of its people."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from plugin.queue.store import Store
from plugin.queue.token_views import Scope
from tests.plugin.web.conftest import (
    SUPERVISOR,
    THERAPIST,
    app,
    clock,
    filled_database,
    kept_engine,
    page_database,
    page_engine,
    put,
    release,
    settings,
    store,
)

__all__ = [
    "app",
    "clock",
    "filled_database",
    "kept_engine",
    "page_database",
    "page_engine",
    "put",
    "release",
    "settings",
    "store",
]


@dataclass
class Program:
    """A program that sends its token, and a new idempotency key with each step."""

    client: httpx.AsyncClient
    token: str = field(default="", repr=False)

    async def get(self, path: str, **query: str) -> httpx.Response:
        """Read something."""
        return await self.client.get(f"/api/v1{path}", params=query, headers=self.headers())

    async def post(self, path: str, body: object = None, *, key: str = "") -> httpx.Response:
        """Take a step, with a new key unless one is given; JSON in ASCII, its longest form."""
        headers = {**self.headers(), "Idempotency-Key": key or str(uuid4()), "Content-Type": "application/json"}
        content = b"" if body is None else json.dumps(body).encode()
        return await self.client.post(f"/api/v1{path}", content=content, headers=headers)

    def headers(self) -> dict[str, str]:
        """Return the header with the token."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


Programs = Callable[..., Program]


@pytest.fixture
async def programs(app: FastAPI, store: Store) -> AsyncIterator[Programs]:
    """Yield a function that starts a program at an address of its own, for a person or without a token."""
    opened: list[httpx.AsyncClient] = []

    def program(username: str | None = None, *scopes: Scope) -> Program:
        transport = httpx.ASGITransport(app, client=(f"192.0.2.{len(opened) + 1}", 40000))
        opened.append(httpx.AsyncClient(transport=transport, base_url="https://page.example"))
        token = "" if username is None else store.tokens.create(username, scopes or tuple(Scope))[0]
        return Program(opened[-1], token)

    yield program
    for client in opened:
        await client.aclose()


@pytest.fixture
def supervisor(programs: Programs) -> Program:
    """Return a program of the supervisor of the team whose sessions these are, with every scope."""
    return programs(SUPERVISOR)


@pytest.fixture
def therapist(programs: Programs) -> Program:
    """Return a program of the therapist of these sessions, with every scope."""
    return programs(THERAPIST)

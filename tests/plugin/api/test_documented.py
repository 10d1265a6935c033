"""The page docs/api.md, run line by line against the web application: what it shows is what comes."""

import asyncio
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
import uvicorn
from fastapi import FastAPI

from plugin.database.viewer import AccountRole
from plugin.local.paths import ROOT
from plugin.queue.accounts import NewAccount
from plugin.queue.store import Store
from plugin.queue.token_views import MAX_DAYS, Scope
from tests.fixtures.waiting import DEADLOCK_S
from tests.plugin.web.conftest import PASSWORD

PAGE: Final = ROOT / "docs" / "api.md"
BLOCK: Final = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND: Final = f"""#!/bin/sh
exec {sys.executable} -c 'from plugin.cli import main; main()' "$@"
"""


def blocks() -> list[tuple[str, str]]:
    """Return what the page says to type, each part with what is to come of it."""
    found: list[tuple[str, str]] = []
    for kind, content in BLOCK.findall(PAGE.read_text()):
        if kind == "sh":
            found.append((content, ""))
        else:
            found[-1] = (found[-1][0], content)
    return found


@pytest.fixture
async def address(app: FastAPI, store: Store) -> AsyncIterator[str]:
    """Yield the address of the API on a real port, with the account of the page's supervisor."""
    store.accounts.add(NewAccount("mara", PASSWORD, AccountRole.SUPERVISOR, "Mara Stein", teams=["North"]))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener:  # which keeps who comes before the server has started
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1"
        server.should_exit = True
        await serving


async def test_every_line_of_the_page_works(address: str, page_database: str, tmp_path: Path) -> None:
    """Every line that the page says to type is run in one shell, and what it shows comes of it."""
    command = tmp_path / "counterpoint"
    command.write_text(COMMAND)
    command.chmod(0o755)
    typed = blocks()
    script = "".join(f"{content}echo 'END OF {number}'\n" for number, (content, _) in enumerate(typed))
    done = await asyncio.to_thread(
        subprocess.run,
        ["/bin/bash", "--noprofile", "--norc"],
        input=script,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=DEADLOCK_S,
        env={
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "LANG": "C.UTF-8",
            "API": address,
            "COUNTERPOINT_DATABASE__URL": page_database,
        },
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    rest = done.stdout
    for number, (content, shown) in enumerate(typed):
        came, _, rest = rest.partition(f"END OF {number}\n")
        assert shown.strip() in came, (content, came, done.stderr)
    assert done.stdout.count('{"outcome":"done"}') == 4


def test_the_page_names_every_scope_and_limit() -> None:
    """The page names each scope and the longest time of a token."""
    page = PAGE.read_text()
    assert [scope for scope in Scope if f"`{scope}`" not in page] == []
    assert f"at most {MAX_DAYS}" in page

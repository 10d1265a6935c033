"""The settings file of a demo: real secrets, made once on this machine, and free ports for this run."""

import base64
import json
import os
import secrets
import shlex
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from plugin.local.loopback import free_ports
from stream.runtime.known_secrets import DEMO_SUFFIX
from stream.runtime.settings import GatewaySettings, Settings, WebSettings
from stream.runtime.stages import STAGES

TENANT = "demo"
SECRET_BYTES = 32
USUAL_PORTS = {"gateway": GatewaySettings().port, "web": WebSettings().port}  # so that a bookmark stays valid


@dataclass(frozen=True)
class DemoUser:
    """An account of the demo. `counsellor` is the sample platform's reference to the therapist."""

    name: str
    role: str
    display_name: str
    counsellor: str | None = None


USERS = (
    DemoUser("supervisor", "supervisor", "Sample Supervisor"),
    DemoUser("mira", "therapist", "Mira (sample)", counsellor="counsellor-mira"),
    DemoUser("jonas", "therapist", "Jonas (sample)", counsellor="counsellor-jonas"),
)
"""Made up, like everything the demo shows."""

TEAM = "Sample team"


def demo_secrets(folder: Path) -> dict[str, str]:
    """Secrets and passwords of this machine's demo: made at the first run, the same ever after.

    They stay in one file that only this user may read.
    """
    path = folder / "secrets.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = {
            "webhook_secret": "whsec_" + _key(),
            "pseudonym_key": _key(),
            "key_encryption_key": _key(),
            "session_secret": _key(),
            **{user.name: secrets.token_urlsafe(9) for user in USERS},
        }
        partial = path.with_suffix(".new")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(made, file)
        partial.rename(path)
    loaded: dict[str, str] = json.loads(path.read_text())
    return loaded


def write_settings(
    folder: Path,
    secret: Mapping[str, str],
    *,
    bootstrap_servers: str,
    database_url: str,
    triton_url: str,
    usual_ports: bool = True,
) -> Path:
    """Write `counterpoint.toml` for this run and return its path; the stages and any command may use it.

    Without `usual_ports` several runs can start at the same time: two of them may find a usual port free.
    """
    ports = iter(free_ports(len(STAGES) + 2))
    values: dict[str, Any] = {
        "demo": True,
        "kafka": {"bootstrap_servers": bootstrap_servers},
        "gateway": {"port": _port("gateway", next(ports), usual=usual_ports)},
        "feedback": {"triton_url": triton_url},
        "database": {"url": database_url, "key_encryption_key": secret["key_encryption_key"]},
        "web": {
            "port": _port("web", next(ports), usual=usual_ports),
            "session_secret": secret["session_secret"],
            "cookie_secure": False,  # loopback without TLS
        },
        "health": {f"{stage.name}_port": next(ports) for stage in STAGES},
        "tenants": {TENANT: {"webhook_secrets": [secret["webhook_secret"]], "pseudonym_key": secret["pseudonym_key"]}},
    }
    path = folder / "counterpoint.toml"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        tomli_w.dump(values, file)
    return path


def write_first_hour(folder: Path, secret: Mapping[str, str], settings: Settings) -> Path:
    """Write what docs/first-hour.md needs to play platform and supervisor, for a shell to read; return the path."""
    values = {
        "URL": f"http://{settings.gateway.host}:{settings.gateway.port}/v1/{TENANT}/events",
        "SECRET": secret["webhook_secret"],
        "PASSWORD": secret[USERS[0].name],
        "COUNTERPOINT_FILE": str(folder / "counterpoint.toml"),
    }
    path = folder / "first-hour.env"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.writelines(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())
    return path


def _key() -> str:
    """Random, but for the mark by which it is refused anywhere but in a demo."""
    random = secrets.token_bytes(SECRET_BYTES - len(DEMO_SUFFIX))
    return base64.b64encode(random + DEMO_SUFFIX).decode()


def _port(stage: str, otherwise: int, *, usual: bool) -> int:
    """The stage's usual port where it is wanted and free."""
    if not usual:
        return otherwise
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", USUAL_PORTS[stage]))
        except OSError:
            return otherwise
    return USUAL_PORTS[stage]

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
NO_PLATFORM: Mapping[str, Any] = {}
SECRET_BYTES = 32
SAMPLE_SHARE = 0.5
"""The share of sessions in the random sample of a demo: half of its few, so that the sample's page is not empty."""
USUAL_PORTS = {"gateway": GatewaySettings().port, "web": WebSettings().port}  # so that a bookmark stays valid


@dataclass(frozen=True)
class DemoUser:
    """An account of the demo. `counsellor` is the sample platform's reference to the therapist."""

    name: str
    role: str
    display_name: str
    sees: str
    """What this person sees first, in one line."""
    teams: tuple[str, ...] = ()
    counsellor: str | None = None


DAY_TEAM = "Sample team"
EVENING_TEAM = "Sample evening team"
SUPERVISORS = "Sample supervisors"
"""A team of the two supervisors alone, in which they calibrate; it shows them no further session."""
USERS = (
    DemoUser(
        "supervisor",
        "supervisor",
        "Sample Supervisor",
        "waiting sessions: press “Begin with the first”, then “Review it”; four moments of a calibration to rate",
        (DAY_TEAM, SUPERVISORS),
    ),
    DemoUser(
        "greta", "supervisor", "Greta (sample)", "a point that a counsellor disputes", (EVENING_TEAM, SUPERVISORS)
    ),
    DemoUser(
        "mira",
        "therapist",
        "Mira (sample)",
        "a session that she has acknowledged",
        (DAY_TEAM,),
        "counsellor-mira",
    ),
    DemoUser(
        "jonas",
        "therapist",
        "Jonas (sample)",
        "a session with a dispute that was resolved",
        (DAY_TEAM, EVENING_TEAM),
        "counsellor-jonas",
    ),
    DemoUser(
        "samir",
        "therapist",
        "Samir (sample)",
        "one session released to him, one that he disputes",
        (EVENING_TEAM,),
        "counsellor-samir",
    ),
    DemoUser("operator", "operator", "Sample Operator", "numbers alone, the accounts, and two criteria of its own"),
    DemoUser(
        "lead",
        "lead",
        "Lena (sample)",
        "a dispute that was escalated to her, with answers to the service's own criteria; her note is in the glossary",
    ),
    DemoUser("auditor", "auditor", "Sample Auditor", "who did what, from the audit trail, and nothing else"),
)
"""Made up, like everything the demo shows. Jonas works in both teams, so both supervisors see his sessions."""


def demo_secrets(folder: Path) -> dict[str, str]:
    """Secrets and passwords of this machine's demo: made at the first run, the same ever after.

    They stay in one file that only this user may read. What an earlier version had not made is added to it.
    """
    path = folder / "secrets.json"
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    made = {
        "webhook_secret": "whsec_" + _key(),
        "pseudonym_key": _key(),
        "key_encryption_key": _key(),
        "session_secret": _key(),
        "sample_key": _key(),
        "as_token": secrets.token_hex(SECRET_BYTES),
        **{user.name: secrets.token_urlsafe(9) for user in USERS},
    } | kept
    if made != kept:
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".new")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(made, file)
        partial.rename(path)
    return made


def write_settings(
    folder: Path,
    secret: Mapping[str, str],
    *,
    bootstrap_servers: str,
    database_url: str,
    triton_url: str,
    usual_ports: bool = True,
    clock_tolerance_s: float | None = None,
    platform: Mapping[str, Any] = NO_PLATFORM,
    measures: bool = False,
) -> Path:
    """Write `counterpoint.toml` for this run and return its path; the stages and any command may use it.

    Without `usual_ports` several runs can start at the same time: two of them may find a usual port free. With
    `clock_tolerance_s` the platform's times may lie that far from the broker's, as those of a past week do. `platform`
    are further settings of the tenant, where it speaks something else than our own webhooks. With `measures` finished
    sessions are measured.
    """
    ports = iter(free_ports(len(STAGES) + 2))
    tenant = {"webhook_secrets": [secret["webhook_secret"]], "pseudonym_key": secret["pseudonym_key"]}
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
        "sample": {"share": SAMPLE_SHARE, "key": secret["sample_key"]},
        "measures": {"enabled": measures},
        "tenants": {TENANT: {**platform, **tenant}},
    }
    if clock_tolerance_s is not None:
        values["sessions"] = {"clock_back_s": clock_tolerance_s, "clock_ahead_s": clock_tolerance_s}
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

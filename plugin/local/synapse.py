"""A real Matrix homeserver on loopback: Synapse with SQLite, from its Python package in an environment of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from plugin.local.loopback import ADDRESS, free_ports, responds
from plugin.local.matrix_user import MatrixUser, content_of, new_client
from plugin.local.paths import SYNAPSE_PYTHON
from plugin.local.process import Command, MissingRequirement, Process

SERVER_NAME: Final = "counselling.example"
"""The last part of every user id. Nothing of it is looked up: the homeserver talks to no other."""
_UNLIMITED: Final = {"per_second": 10_000, "burst_count": 10_000}
"""Instead of limits for people, which programs that play people would reach at once."""
_LIMITS: Final[dict[str, Any]] = {
    "rc_message": _UNLIMITED,
    "rc_joins": {"local": _UNLIMITED},
    "rc_joins_per_room": _UNLIMITED,
    "rc_invites": {"per_room": _UNLIMITED, "per_user": _UNLIMITED, "per_issuer": _UNLIMITED},
    "rc_room_creation": _UNLIMITED,
    "rc_login": {"address": _UNLIMITED, "account": _UNLIMITED},
}


class SynapseServer(Process):
    """The homeserver. Data and secrets stay in ``data_dir``; its port is new with every object."""

    def __init__(self, data_dir: Path, registrations: Sequence[Path] = ()) -> None:
        """``registrations`` are the files of the Application Services to which it sends what happens in rooms."""
        super().__init__("synapse", data_dir)
        self._registrations = registrations
        (self._port,) = free_ports(1)

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"http://{ADDRESS}:{self._port}"

    def command(self) -> Command:
        """Write the configuration, which is JSON and so YAML too, and say how to run the server.

        Raises:
            MissingRequirement: its environment is not made.
        """
        if not SYNAPSE_PYTHON.exists():
            raise MissingRequirement(
                f"Synapse's environment {SYNAPSE_PYTHON.parent.parent} is not made yet: run `make setup-matrix`"
            )
        config = self.data_dir / "homeserver.yaml"
        _write(config, json.dumps(self._config(), indent=1))
        argv = [str(SYNAPSE_PYTHON), "-I", "-m", "synapse.app.homeserver", "-c", str(config)]
        return Command(argv, {"PATH": os.defpath, "LANG": "C.UTF-8"}, self.data_dir)

    def is_ready(self) -> bool:
        """Ask the server whether it serves."""
        return responds(f"{self.url}/health")

    def password_of(self, localpart: str) -> str:
        """Return the password of an account, which follows from a secret of this server."""
        return hmac.new(self._secret("passwords").encode(), localpart.encode(), hashlib.sha256).hexdigest()[:16]

    def user(self, localpart: str, display_name: str) -> MatrixUser:
        """Return a user, logged in. The account is made, as an administrator does it, where there is none yet."""
        path, password = f"{self.url}/_synapse/admin/v1/register", self.password_of(localpart)
        with new_client() as client:
            nonce = content_of(client.get(path))["nonce"]
            signed = f"{nonce}\0{localpart}\0{password}\0notadmin".encode()
            mac = hmac.new(self._secret("registration").encode(), signed, hashlib.sha1).hexdigest()
            account = {"nonce": nonce, "username": localpart, "displayname": display_name, "password": password}
            answer = client.post(path, json=account | {"admin": False, "mac": mac})
            if answer.status_code == HTTPStatus.BAD_REQUEST and answer.json()["errcode"] == "M_USER_IN_USE":
                known = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": localpart}}
                answer = client.post(f"{self.url}/_matrix/client/v3/login", json=known | {"password": password})
            logged_in = content_of(answer)
        return MatrixUser(self.url, logged_in["user_id"], logged_in["access_token"])

    def service_user(self, localpart: str, as_token: str) -> MatrixUser:
        """Return the user that the homeserver keeps for an Application Service."""
        return MatrixUser(self.url, f"@{localpart}:{SERVER_NAME}", as_token)

    def _config(self) -> dict[str, Any]:
        key = self.data_dir / "signing.key"
        if not key.exists():
            _write(key, f"ed25519 a_local {base64.b64encode(secrets.token_bytes(32)).decode().rstrip('=')}\n")
        listener = {"port": self._port, "type": "http", "tls": False, "bind_addresses": [ADDRESS]}
        return {
            "server_name": SERVER_NAME,
            "public_baseurl": self.url,
            "listeners": [listener | {"resources": [{"names": ["client"]}]}],
            "database": {"name": "sqlite3", "args": {"database": str(self.data_dir / "homeserver.db")}},
            "media_store_path": str(self.data_dir / "media"),
            "signing_key_path": str(key),
            "registration_shared_secret": self._secret("registration"),
            "macaroon_secret_key": self._secret("macaroon"),
            "form_secret": self._secret("form"),
            "app_service_config_files": [str(path) for path in self._registrations],
            "federation_domain_whitelist": [],
            "trusted_key_servers": [],
            "suppress_key_server_warning": True,
            "report_stats": False,
            "presence": {"enabled": False},
        } | _LIMITS

    def _secret(self, name: str) -> str:
        """Return a secret of this server: made at its first start, the same ever after."""
        path = self.data_dir / f"{name}.secret"
        if not path.exists():
            _write(path, secrets.token_hex(32))
        return path.read_text()


def _write(path: Path, text: str) -> None:
    """Write a file that holds a secret."""
    path.touch(mode=0o600)
    path.write_text(text)

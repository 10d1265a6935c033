"""The homeserver of demo and tests keeps to loopback, and its secrets to its owner; the gateway's tests talk to one."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import httpx
import pytest

from plugin.local import synapse as synapse_module
from plugin.local.matrix_user import MatrixRefusedError, content_of
from plugin.local.process import MissingRequirement
from plugin.local.synapse import SynapseServer


@pytest.fixture
def server(tmp_path: Path) -> SynapseServer:
    """Return a homeserver that has not been started, with one registration."""
    return SynapseServer(tmp_path, [tmp_path / "counterpoint.yaml"])


def test_without_its_environment_it_says_what_makes_it(server: SynapseServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A homeserver without its environment names the command that makes it."""
    monkeypatch.setattr(synapse_module, "SYNAPSE_PYTHON", Path("/no/such/.venv-synapse/bin/python"))
    with pytest.raises(MissingRequirement, match=r"\.venv-synapse is not made yet: run `make setup-matrix`"):
        server.command()


def test_it_listens_on_loopback_alone_and_knows_no_other_server(server: SynapseServer, tmp_path: Path) -> None:
    """The configuration names loopback as the only address, no other homeserver, and the registration."""
    server.command()
    config = json.loads((tmp_path / "homeserver.yaml").read_text())
    assert [listener["bind_addresses"] for listener in config["listeners"]] == [["127.0.0.1"]]
    assert config["federation_domain_whitelist"] == config["trusted_key_servers"] == []
    assert config["app_service_config_files"] == [str(tmp_path / "counterpoint.yaml")]
    assert not config["report_stats"]


def test_its_secrets_stay_the_same_and_are_its_owners_alone(server: SynapseServer, tmp_path: Path) -> None:
    """Configuration, key and secrets can be read by their owner alone, and a second start changes none of them."""
    server.command()
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    server.command()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_a_refusal_says_its_code_and_nothing_else() -> None:
    """A homeserver's refusal is an error with status and code, without the homeserver's words."""
    refused = httpx.Response(403, json={"errcode": "M_FORBIDDEN", "error": "a canary phrase"})
    with pytest.raises(MatrixRefusedError) as error:
        content_of(refused)
    assert str(error.value) == "The homeserver refused: 403 M_FORBIDDEN"

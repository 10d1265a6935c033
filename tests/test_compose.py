"""The Compose files are valid and complete, start nothing without secrets and give minimal rights.

Tests have no Docker engine: each command runs outside a container, with the settings and secrets of its service and no
others.
"""

import json
import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from plugin.cli import app
from plugin.database.migrate import upgrade
from plugin.database.roles import GRANTS, apply_roles, url_for_role
from plugin.local.kafka import KafkaBroker
from plugin.local.loopback import free_ports
from plugin.local.process import run_once
from plugin.local.stage_process import StageProcess
from plugin.local.triton import TritonServer
from stream.runtime.settings import KafkaSettings
from stream.runtime.topics import create_missing_topics

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = ROOT / "docker-compose.yml"
THREE = ROOT / "docker-compose.three-brokers.yml"
STAGES = {"gateway", "stream", "feedback", "sink", "web"}
STEPS = {"topics", "migrate"}
OURS = STAGES | STEPS | {"operator"}
SERVERS = {"kafka", "postgres", "triton-cpu", "triton-gpu"}
PORTS = {
    "GATEWAY__PORT": ("gateway", 8010),
    "WEB__PORT": ("web", 8020),
    "HEALTH__STREAM_PORT": ("stream", 8031),
    "HEALTH__FEEDBACK_PORT": ("feedback", 8032),
    "HEALTH__SINK_PORT": ("sink", 8033),
}


class Loader(yaml.SafeLoader):
    """A YAML loader that knows the tag by which one Compose file replaces a list of another."""


Loader.add_constructor("!override", lambda loader, node: loader.construct_sequence(node))  # type: ignore[arg-type]
FILES: dict[Path, dict[str, Any]] = {file: yaml.load(file.read_text(), Loader) for file in (COMPOSE, THREE)}
SERVICES: dict[str, dict[str, Any]] = FILES[COMPOSE]["services"]


@pytest.mark.parametrize("file", [COMPOSE, THREE], ids=lambda file: file.name)
def test_it_is_valid_by_the_compose_specification(file: Path) -> None:
    """Each file is valid by the Compose specification, whose schema the installed `check_jsonschema` contains."""
    checker = find_spec("check_jsonschema")  # not imported: its command line needs another click than Faust
    assert checker is not None
    assert checker.origin is not None
    schema = Path(checker.origin).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.validate(FILES[file], json.loads(schema.read_text()))


def test_it_names_every_stage_and_what_they_need() -> None:
    """The Compose file lists every stage, the broker, the database, two preparing steps and commands by hand."""
    assert set(SERVICES) == OURS | SERVERS


@pytest.mark.parametrize("name", sorted(STAGES | SERVERS))
def test_everything_that_stays_has_a_health_check(name: str) -> None:
    """Every service that keeps running has a health check, so that its dependants start when it is ready."""
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", sorted(OURS | SERVERS))
def test_nobody_is_root_or_can_become_it(name: str) -> None:
    """Every service has a read-only file system, no capabilities, a numeric user, and bounded memory and processes."""
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["user"].partition(":")[0]) > 0
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert "privileged" not in service


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("gateway", {"TENANTS"}),
        ("stream", set()),
        ("feedback", {"FEEDBACK__ADMIN_SECRET"}),
        ("sink", {"DATABASE__URL", "DATABASE__KEY_ENCRYPTION_KEY"}),
        ("web", {"DATABASE__URL", "DATABASE__KEY_ENCRYPTION_KEY", "WEB__SESSION_SECRET"}),
        ("topics", set()),
        ("migrate", {"DATABASE__URL"}),
    ],
)
def test_a_stage_has_its_own_secrets_alone(name: str, needs: set[str]) -> None:
    """Each stage gets its own secrets only, and none of them in plain environment variables."""
    given = SERVICES[name].get("secrets", ())
    assert {secret["target"].removeprefix("COUNTERPOINT_") for secret in given} == needs
    plain = set(SERVICES[name]["environment"]) - {"COUNTERPOINT_FEEDBACK__TRITON_URL"}
    assert not any(re.search("SECRET$|PASSWORD|KEY|URL$", variable) for variable in plain)


@pytest.mark.parametrize("name", ["sink", "web"])
def test_a_stage_uses_the_database_under_its_own_name(name: str) -> None:
    """A stage uses the database under its own name, and only the migration is the owner."""
    sources = {name: {s["source"] for s in SERVICES[name]["secrets"]} for name in ("sink", "web", "migrate")}
    assert f"{name}_database_url" in sources[name]
    assert "owner_database_url" not in sources[name]
    assert sources["migrate"] == {"owner_database_url"}


def test_only_the_page_and_the_sink_reach_the_database() -> None:
    """Only the page and the sink reach the database, and only gateway and page have a way out of the host."""
    networks = {name: set(SERVICES[name]["networks"]) for name in SERVICES}
    assert {name for name in networks if "database" in networks[name]} == {
        "postgres",
        "migrate",
        "sink",
        "web",
        "operator",
    }
    assert {name for name in networks if "models" in networks[name]} == {"triton-cpu", "triton-gpu", "feedback"}
    assert {name for name in networks if "outside" in networks[name]} == {"gateway", "web"}
    inner = {name for name, network in FILES[COMPOSE]["networks"].items() if network and network["internal"]}
    assert inner == {"broker", "database", "models"}


def test_it_refuses_to_start_while_a_secret_is_missing() -> None:
    """Compose refuses to start while a secret is missing, and holds none of the secrets itself."""
    text = COMPOSE.read_text()
    assert set(re.findall(r"\$\{([A-Z_]+):\?", text)) == {"SECRETS", "TRITON_IMAGE"}
    assert all(secret["file"].startswith("${SECRETS:?") for secret in FILES[COMPOSE]["secrets"].values())
    asked = [secret for service in SERVICES.values() for secret in service.get("secrets", ())]
    used = {secret if isinstance(secret, str) else secret["source"] for secret in asked}
    assert used == set(FILES[COMPOSE]["secrets"])
    assert set(re.findall(r"\$\{([A-Z_]+):\?", THREE.read_text())) == {"CLUSTER_ID"}


def test_the_example_names_every_variable_and_every_secret_and_holds_none() -> None:
    """`.env.example`, which an operator copies, names every variable and every secret and holds no secret."""
    text = (ROOT / ".env.example").read_text()
    used = {name for file in FILES for name in re.findall(r"\$\{([A-Z_]+)[:}]", file.read_text())}
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    given = dict(line.split("=", 1) for line in lines)
    assert set(given) == used | {"COMPOSE_PROFILES"}
    assert {name for name, value in given.items() if not value} == {"SECRETS", "TRITON_IMAGE", "CLUSTER_ID"}
    assert all(f"#   {name} " in text for name in FILES[COMPOSE]["secrets"])


def test_only_the_gateway_and_the_page_are_reachable_and_from_loopback_alone() -> None:
    """Only the gateway and the page are reachable, on loopback, behind a reverse proxy with TLS."""
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"gateway", "web"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_a_model_runs_with_a_gpu_or_without_one() -> None:
    """A model runs with or without a GPU in a profile of its own, and the feedback stage waits for it."""
    assert SERVICES["triton-cpu"]["profiles"] == ["cpu"]
    assert SERVICES["triton-gpu"]["profiles"] == ["gpu"]
    waits = SERVICES["feedback"]["depends_on"]
    assert not any(waits[name]["required"] for name in ("triton-cpu", "triton-gpu"))
    (device,) = SERVICES["triton-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]


def test_three_brokers_have_a_place_of_their_own() -> None:
    """Three brokers are one cluster with numbers, names and volumes of their own."""
    services = FILES[THREE]["services"]
    for number in (2, 3):
        service = services[f"kafka-{number}"]
        assert service["extends"] == {"file": COMPOSE.name, "service": "kafka"}
        assert service["environment"]["KAFKA_NODE_ID"] == number
        assert f"{number}@kafka-{number}:9093" in service["environment"]["KAFKA_CONTROLLER_QUORUM_VOTERS"]
        assert service["environment"]["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://kafka-{number}:9092"
        assert service["volumes"] == [f"kafka-{number}:/var/lib/kafka/data"]
    assert services["kafka"]["environment"].items() <= services["kafka-2"]["environment"].items()


@pytest.mark.parametrize("name", sorted(OURS))
def test_its_command_is_a_command_of_ours(name: str) -> None:
    """The command of each service exists in the command line, since a renamed one would break the deployment."""
    commands = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    (command,) = SERVICES[name]["command"]
    assert command in commands
    assert name in {command, "operator"}


@pytest.mark.parametrize("name", ["triton-cpu", "triton-gpu"])
def test_tritons_command_restricts_what_changes_the_server(name: str, tmp_path: Path) -> None:
    """Triton's command restricts calls that change the server, run by a shell with a stand-in."""
    service = SERVICES[name]
    stand_in = tmp_path / "tritonserver"
    stand_in.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    stand_in.chmod(0o755)
    (tmp_path / "triton_admin").write_text("the-secret\n")
    script = service["command"][0].replace("$$", "$").replace("/run/secrets", str(tmp_path))
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "MODEL": service["environment"]["MODEL"]}
    told = run_once([*service["entrypoint"], script], env=env, cwd=tmp_path).splitlines()
    assert "--grpc-restricted-protocol=model-repository,shared-memory,trace,logging:admin=the-secret" in told
    assert f"--load-model=feedback_{service['environment']['MODEL']}" in told
    assert "--http-address=127.0.0.1" in told
    assert (ROOT / "triton_models" / f"feedback_{service['environment']['MODEL']}").is_dir()


def test_the_image_copies_what_is_there() -> None:
    """The image copies only files that exist, because a missing one would stop the build."""
    text = (ROOT / "Dockerfile").read_text()
    copies = [line.split()[1:-1] for line in text.splitlines() if line.startswith("COPY ") and "--from" not in line]
    sources = [source for copied in copies for source in copied]
    kept = {line.lstrip("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(sources) == kept
    assert all((ROOT / source).exists() for source in sources)
    assert "--require-hashes" in text
    assert text.rstrip().splitlines()[-2].startswith("USER 10001")


@pytest.fixture(scope="module")
def started(
    tmp_path_factory: pytest.TempPathFactory,
    fresh_kafka: Callable[[], KafkaBroker],
    create_database: Callable[..., str],
    triton: TritonServer,
) -> Iterator[dict[str, StageProcess]]:
    """Yield every stage, started with the command, settings and secrets of its service and this machine's addresses."""
    folder = tmp_path_factory.mktemp("compose")
    kafka, owner = fresh_kafka(), create_database()
    create_missing_topics(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, partitions=12))
    upgrade(owner)
    passwords = {role: f"secret-of-{role}" for role in GRANTS}
    apply_roles(owner, passwords)
    values = {f"{role}_database_url": url_for_role(owner, role, passwords[role]) for role in GRANTS}
    values |= {"owner_database_url": owner, "triton_admin": "unused", "session_secret": "s" * 40}
    key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    values["key_encryption_key"] = key
    values["tenants"] = json.dumps({"riverside": {"webhook_secrets": [f"whsec_{key}"], "pseudonym_key": key}})
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    stages = {}
    for variable, (name, _) in PORTS.items():
        secrets = folder / name
        secrets.mkdir()
        for secret in SERVICES[name].get("secrets", ()):
            (secrets / secret["target"]).write_text(values[secret["source"]])
        env = {key: _filled(str(value)) for key, value in SERVICES[name]["environment"].items()}
        env |= {
            "COUNTERPOINT_SECRETS_DIR": str(secrets),
            "COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "COUNTERPOINT_FEEDBACK__TRITON_URL": triton.grpc_url,
            f"COUNTERPOINT_{variable}": str(ports[variable]),
        }
        stages[name] = StageProcess(name, folder / "logs", env=env, health_url=f"http://127.0.0.1:{ports[variable]}")
    try:
        for stage in stages.values():
            stage.launch()
        yield stages
    finally:
        for stage in stages.values():
            stage.stop()


@pytest.mark.parametrize("name", sorted(STAGES))
def test_a_stage_comes_up_with_what_its_service_gives_it(started: dict[str, StageProcess], name: str) -> None:
    """A stage becomes ready with no more than the settings, secrets and rights that its service gives it."""
    started[name].wait_ready()


@pytest.mark.parametrize("name", sorted(STAGES))
def test_the_health_check_asks_where_the_stage_answers(name: str) -> None:
    """The health check asks the port on which the stage listens by default."""
    port = next(port for stage, port in PORTS.values() if stage == name)
    assert f"http://127.0.0.1:{port}/readyz" in SERVICES[name]["healthcheck"]["test"][-1]


def _filled(value: str) -> str:
    """Return a value as Compose fills it in where .env does not set it."""
    return re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", value)

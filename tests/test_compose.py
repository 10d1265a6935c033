"""The Compose files are valid and complete, start nothing without secrets and give minimal rights.

Tests have no Docker engine: each command runs outside a container, with the settings and secrets of its service and no
others.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import AuthorizationError

from plugin.cli import app
from plugin.database.grants import GRANTS
from plugin.database.roles import apply_roles, url_for_role
from plugin.local.database_roles import role_passwords
from plugin.local.kafka_secrets import write_kafka_secrets
from plugin.local.kafka_security import COMPOSE_FILE, compose_properties
from plugin.local.loopback import ADDRESS, free_ports
from plugin.local.process import NotStarted, run_once
from plugin.local.stage_process import StageProcess
from plugin.local.triton import TritonServer
from plugin.operations.unknown_tenants import recent_unknown_tenants
from stream.contracts.topics import MESSAGES, TOPICS
from stream.runtime import kafka_clients, kafka_rights
from stream.runtime.codec import encode
from stream.runtime.kafka_connection import connection_options
from stream.runtime.settings import KafkaSettings, Settings
from tests.fixtures.answering import answering
from tests.fixtures.compose import COMPOSE, FILES, ROOT, SERVICES, THREE, ComposeBroker, Machine, brokers_of, filled
from tests.fixtures.waiting import DEADLOCK_S, wait_until
from tests.plugin.operations.conftest import message

KAFKA_USERS = [user.removeprefix("counterpoint-") for user in kafka_rights.USERS]
STAGES = {"gateway", "stream", "feedback", "measures", "sink", "web", "hear", "deliver", "reconcile"}
STEPS = {"topics", "migrate", "kafka-users"}
BY_HAND = {"operator", "rerate"}
OURS = STAGES | STEPS | BY_HAND
SERVERS = {"kafka", "postgres", "triton-cpu", "triton-gpu"}
PORTS = {
    "HEALTH__GATEWAY_PORT": ("gateway", 8030),
    "HEALTH__WEB_PORT": ("web", 8034),
    "HEALTH__STREAM_PORT": ("stream", 8031),
    "HEALTH__FEEDBACK_PORT": ("feedback", 8032),
    "HEALTH__SINK_PORT": ("sink", 8033),
    "HEALTH__DELIVER_PORT": ("deliver", 8035),
    "HEALTH__RECONCILE_PORT": ("reconcile", 8036),
    "HEALTH__HEAR_PORT": ("hear", 8037),
    "HEALTH__MEASURES_PORT": ("measures", 8038),
}

REFUSED_MS = 500
"""Milliseconds for which a client that the broker refuses tries to connect."""


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
        ("gateway", {"TENANTS", "KAFKA__PASSWORD"}),
        ("stream", {"KAFKA__PASSWORD", "SAMPLE__KEY"}),
        ("feedback", {"FEEDBACK__ADMIN_SECRET", "KAFKA__PASSWORD"}),
        ("measures", {"FEEDBACK__ADMIN_SECRET", "KAFKA__PASSWORD"}),
        ("sink", {"DATABASE__URL", "DATABASE__KEY_ENCRYPTION_KEY", "KAFKA__PASSWORD"}),
        ("web", {"DATABASE__URL", "DATABASE__KEY_ENCRYPTION_KEY", "DELIVERY__RECEIVERS_KEY", "WEB__SESSION_SECRET"}),
        ("deliver", {"DATABASE__URL", "DELIVERY", "DELIVERY__RECEIVERS_KEY", "KAFKA__PASSWORD", "TENANTS"}),
        ("hear", {"KAFKA__PASSWORD"}),
        ("reconcile", {"KAFKA__PASSWORD", "TENANTS"}),
        ("rerate", {"DATABASE__URL", "DATABASE__KEY_ENCRYPTION_KEY"}),
        ("topics", {"KAFKA__PASSWORD"}),
        ("kafka-users", {"KAFKA__PASSWORD", *(f"KAFKA__USER_PASSWORDS__{name.upper()}" for name in KAFKA_USERS)}),
        ("migrate", {"DATABASE__URL", "DELIVERY__RECEIVERS_KEY"}),
    ],
)
def test_a_stage_has_its_own_secrets_alone(name: str, needs: set[str]) -> None:
    """Each stage gets its own secrets only, and none of them in plain environment variables."""
    given = SERVICES[name].get("secrets", ())
    assert {secret["target"].removeprefix("COUNTERPOINT_") for secret in given} == needs
    plain = set(SERVICES[name]["environment"]) - {f"COUNTERPOINT_{part}__TRITON_URL" for part in ("FEEDBACK", "READER")}
    assert not any(re.search("SECRET$|PASSWORD|KEY|URL$", variable) for variable in plain)


@pytest.mark.parametrize("name", sorted(OURS - {"web", "migrate", "rerate"}))
def test_every_client_of_the_broker_has_a_user_of_its_own(name: str) -> None:
    """Every service of ours on the broker's network comes by TLS, with a user, a password and an authority to trust."""
    service = SERVICES[name]
    assert "broker" in service["networks"]
    user = {"topics": "setup", "kafka-users": "admin"}.get(name, name)
    env = service["environment"]
    assert env["COUNTERPOINT_KAFKA__SECURITY_PROTOCOL"] == "SASL_SSL"
    assert env["COUNTERPOINT_KAFKA__USERNAME"] == (user if user == "admin" else f"counterpoint-{user}")
    assert {"source": f"kafka_password_{user}", "target": "COUNTERPOINT_KAFKA__PASSWORD"} in service["secrets"]
    assert service["configs"] == [{"source": "kafka_ca", "target": env["COUNTERPOINT_KAFKA__CA_FILE"]}]


def test_no_listener_is_without_tls() -> None:
    """No line of the Compose files offers or uses a listener without TLS."""
    assert not any("PLAINTEXT" in file.read_text() for file in (*FILES, COMPOSE_FILE))


def test_the_brokers_file_is_made_from_the_code_of_the_tests_broker() -> None:
    """The brokers' file is what the code makes that also sets up the brokers of the tests."""
    assert COMPOSE_FILE.read_text() == compose_properties()


def test_every_image_has_an_exact_version() -> None:
    """Every image has a version of three or two numbers, in the Compose file, the example and the Dockerfile alike."""
    example = (ROOT / ".env.example").read_text()
    for variable, image in re.findall(r"\$\{([A-Z]+_IMAGE):-([^}]+)\}", COMPOSE.read_text()):
        assert re.search(r":\d+\.\d+(\.\d+)?(-[a-z-]+)?$", image), image
        assert f"{variable}={image}\n" in example
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert f"ARG PYTHON_IMAGE={re.search('PYTHON_IMAGE=(.+)', example)[1]}\n" in dockerfile  # type: ignore[index]
    assert set(re.findall("^FROM (\\S+)", dockerfile, re.MULTILINE)) == {"${PYTHON_IMAGE}"}
    ours = {SERVICES[name]["image"] for name in OURS}
    assert ours == {f"counterpoint:{version('counterpoint')}"}


@pytest.mark.parametrize(
    ("name", "role"), [("sink", "sink"), ("web", "web"), ("deliver", "digest"), ("rerate", "rerate")]
)
def test_a_stage_uses_the_database_under_its_own_name(name: str, role: str) -> None:
    """A stage uses the database under its own name, and only migration and owner's commands are the owner."""
    sources = {each: {s["source"] for s in SERVICES[each]["secrets"]} for each in (name, "migrate")}
    assert f"{role}_database_url" in sources[name]
    assert "owner_database_url" not in sources[name]
    assert sources["migrate"] == {"owner_database_url", "receivers_key"}


def test_only_who_needs_it_reaches_the_database() -> None:
    """Page, sink, digests and commands alone reach the database; what speaks with others alone has a way out."""
    networks = {name: set(SERVICES[name]["networks"]) for name in SERVICES}
    assert {name for name in networks if "database" in networks[name]} == {
        "postgres",
        "migrate",
        "sink",
        "web",
        "deliver",
        "operator",
        "rerate",
    }
    assert {name for name in networks if "outside" in networks[name]} == {
        "gateway",
        "web",
        "deliver",
        "reconcile",
    }
    assert {name for name in networks if "models" in networks[name]} == {
        "triton-cpu",
        "triton-gpu",
        "feedback",
        "hear",
        "measures",
        "web",
        "rerate",
    }
    inner = {name for name, network in FILES[COMPOSE]["networks"].items() if network and network["internal"]}
    assert inner == {"broker", "database", "models"}


def test_it_refuses_to_start_while_a_secret_is_missing() -> None:
    """Compose refuses to start while a secret is missing, and holds none of the secrets itself."""
    text = COMPOSE.read_text()
    assert set(re.findall(r"\$\{([A-Z_]+):\?", text)) == {"SECRETS", "TENANTS", "TRITON_IMAGE"}
    assert all(secret["file"].startswith("${SECRETS:?") for secret in FILES[COMPOSE]["secrets"].values())
    assert FILES[COMPOSE]["configs"]["kafka_ca"]["file"].startswith("${SECRETS:?")
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
    assert {name for name, value in given.items() if not value} == {"SECRETS", "TENANTS", "TRITON_IMAGE"}
    assert all(f"#   {name} " in text for name in (*FILES[COMPOSE]["secrets"], "kafka_ca.pem"))


def test_only_the_gateway_and_the_page_are_reachable_and_from_loopback_alone() -> None:
    """Only the gateway and the page are reachable, on loopback, behind a reverse proxy with TLS."""
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"gateway", "web"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_a_model_runs_with_a_gpu_or_without_one() -> None:
    """A model runs with or without a GPU in a profile of its own, and the feedback stage waits for it."""
    assert "cpu" in SERVICES["triton-cpu"]["profiles"]
    assert SERVICES["triton-gpu"]["profiles"] == ["gpu"]
    waits = SERVICES["feedback"]["depends_on"]
    assert not any(waits[name]["required"] for name in ("triton-cpu", "triton-gpu"))
    (device,) = SERVICES["triton-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]


def serving(host: str) -> list[str]:
    """Return the services that are found under a name."""
    networks = {
        name: service["networks"] for name, service in SERVICES.items() if isinstance(service["networks"], dict)
    }
    return [name for name, given in networks.items() if host in given["models"]["aliases"]]


@pytest.mark.parametrize("stage", ["feedback", "measures", "web", "hear", "rerate"])
@pytest.mark.parametrize("model", ["baseline", "llm"])
def test_a_triton_is_found_by_the_model_that_it_serves(stage: str, model: str) -> None:
    """Each model has one server that has it, also where both servers run; so no stage asks the wrong one."""
    environment = {
        key: filled(value, {"FEEDBACK_MODEL": model}) for key, value in SERVICES[stage]["environment"].items()
    }
    for part, wanted in (("FEEDBACK", f"feedback_{model}"), ("READER", "reader")):
        (server,) = serving(environment[f"COUNTERPOINT_{part}__TRITON_URL"].removesuffix(":8001"))
        assert wanted in SERVICES[server]["environment"]["MODELS"].split()


@pytest.mark.parametrize("stage", ["measures", "hear"])
def test_the_profile_of_what_asks_the_reader_starts_it_too(stage: str) -> None:
    """Measures and risk signals by the reader work beside a GPU without a further setting."""
    (server,) = serving("triton-reader")
    assert set(SERVICES[stage]["profiles"]) <= set(SERVICES[server]["profiles"])


def test_three_brokers_have_a_place_of_their_own() -> None:
    """Three brokers are one cluster with numbers, names and volumes of their own."""
    services = FILES[THREE]["services"]
    for number in (2, 3):
        service = services[f"kafka-{number}"]
        assert service["extends"] == {"file": COMPOSE.name, "service": "kafka"}
        assert (service["environment"]["NODE"], service["environment"]["HOST"]) == (number, f"kafka-{number}")
        assert f"{number}@kafka-{number}:9093" in service["environment"]["VOTERS"]
        assert service["volumes"] == [f"kafka-{number}:/var/lib/kafka/data"]
    assert services["kafka"]["environment"].items() <= services["kafka-2"]["environment"].items()


@pytest.mark.parametrize("name", sorted(OURS))
def test_its_command_is_a_command_of_ours(name: str) -> None:
    """The command of each service exists in the command line, since a renamed one would break the deployment."""
    command: Any = typer.main.get_command(app)
    for part in SERVICES[name]["command"]:
        command = command.commands[part]
    assert name in {"-".join(SERVICES[name]["command"]), "operator"}


@pytest.mark.parametrize("name", ["triton-cpu", "triton-gpu"])
def test_tritons_command_restricts_what_changes_the_server(name: str, tmp_path: Path) -> None:
    """Triton's command restricts calls that change the server, run by a shell with a stand-in."""
    service = SERVICES[name]
    stand_in = tmp_path / "tritonserver"
    stand_in.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    stand_in.chmod(0o755)
    (tmp_path / "triton_admin").write_text("the-secret\n")
    script = service["command"][0].replace("$$", "$").replace("/run/secrets", str(tmp_path))
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "MODELS": service["environment"]["MODELS"]}
    told = run_once([*service["entrypoint"], script], env=env, cwd=tmp_path).splitlines()
    assert "--grpc-restricted-protocol=model-repository,shared-memory,trace,logging:admin=the-secret" in told
    assert "--http-address=127.0.0.1" in told
    models = service["environment"]["MODELS"].split()
    assert [word for word in told if "load" in word] == [f"--load-model={model}" for model in models]
    assert all((ROOT / "triton_models" / model).is_dir() for model in models)


def test_the_reader_is_loaded_beside_the_baseline() -> None:
    """The CPU server loads the reader too, since the baseline asks it."""
    assert SERVICES["triton-cpu"]["environment"]["MODELS"].split() == ["feedback_baseline", "reader"]


@pytest.fixture(scope="module")
def chatwoot_url() -> Iterator[str]:
    """Yield the address of a stand-in for Chatwoot's API, which has no conversations."""
    with answering({"/api/v1/accounts/7/conversations": (200, '{"data": {"payload": []}}')}) as url:
        yield url


@pytest.fixture(scope="module")
def secret_files(
    tmp_path_factory: pytest.TempPathFactory, create_database: Callable[..., str], chatwoot_url: str
) -> Path:
    """Return a folder with every secret file that .env.example names, made as it says."""
    folder = tmp_path_factory.mktemp("secrets")
    write_kafka_secrets(folder, [ADDRESS], datetime.now(UTC))
    owner = create_database()
    passwords = role_passwords(owner)
    values = {f"{role}_database_url": url_for_role(owner, role, passwords[role]) for role in GRANTS}
    values |= {"owner_database_url": owner, "triton_admin": "unused", "session_secret": "s" * 40}
    key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    values["key_encryption_key"] = values["sample_key"] = values["receivers_key"] = key
    values["delivery"] = json.dumps({"mail": {"password": "a password of this test"}})
    receiver = {"url": "https://protocol.example/signals", "secrets": [f"whsec_{key}"]}
    values["risk"] = json.dumps({"riverside": {"risk": {"receiver": receiver}}})
    chatwoot = {"api_url": chatwoot_url, "account": "7", "api_token": "a token of this test"}
    values["tenants"] = json.dumps(
        {
            "riverside": {"webhook_secrets": [f"whsec_{key}"], "pseudonym_key": key},
            "harbour": {"platform": "chatwoot", "webhook_secrets": [key], "pseudonym_key": key, "chatwoot": chatwoot},
        }
    )
    for name, value in values.items():
        (folder / name).write_text(value)
    return folder


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, secret_files: Path) -> Iterator[Machine]:
    """Yield this machine with the broker of the Compose file, its users and topics, and the database migrated."""
    (host, environment), *more = brokers_of().items()
    assert not more
    here = Machine(tmp_path_factory.mktemp("compose"), secret_files, [host])
    with ComposeBroker(here, host, environment):
        here.run("kafka-users")
        here.run("topics")
        here.run("migrate")
        owner = (secret_files / "owner_database_url").read_text()
        apply_roles(owner, role_passwords(owner))
        yield here


def test_the_one_shot_services_can_be_run_again(machine: Machine) -> None:
    """Users, topics and migration are there after the first start, and a further start changes nothing."""
    assert f"0 rights given, {len(kafka_rights.RIGHTS)} were there." in machine.run("kafka-users")
    assert "All topics stand as they should." in machine.run("topics")
    assert "up to date" in machine.run("migrate")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"USERNAME": "counterpoint-gateway"}, "does not accept the user"),
        ({"USERNAME": "nobody"}, "does not accept the user"),
        ({"SECURITY_PROTOCOL": "SSL"}, "Kafka at|cannot be used"),
        ({"SECURITY_PROTOCOL": "PLAINTEXT"}, "it speaks TLS"),
        ({"SASL_MECHANISM": "PLAIN"}, "does not support PLAIN"),
    ],
)
def test_the_broker_refuses_clients_without_a_user(
    machine: Machine, changes: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker refuses another's name, a client without a user, one without TLS, and a password in the open."""
    # A refused client tries again until its time is over, and only then does the command ask for the reason.
    monkeypatch.setattr(
        kafka_clients, "COMMAND_TIMEOUTS", replace(kafka_clients.COMMAND_TIMEOUTS, connect_ms=REFUSED_MS)
    )
    with pytest.raises(NotStarted, match=said):
        machine.run("topics", **{f"COUNTERPOINT_KAFKA__{name}": value for name, value in changes.items()})


@pytest.mark.parametrize("user", KAFKA_USERS)
def test_no_user_may_do_what_only_another_stage_needs(machine: Machine, user: str) -> None:
    """Each user may read exactly the topics of its stage on the broker that Compose starts."""
    settings = kafka_settings(machine, user)
    rights = {
        r.name for r in kafka_rights.RIGHTS if (r.user, r.operation, r.kind) == (settings.username, "Read", "topic")
    }
    consumer = KafkaConsumer(**connection_options(settings), enable_auto_commit=False, fetch_max_wait_ms=1)
    try:
        readable = {topic.name for topic in TOPICS if may_read(consumer, topic.name)}
    finally:
        consumer.close(autocommit=False)
    assert readable == rights


def kafka_settings(machine: Machine, user: str) -> KafkaSettings:
    """Return the settings with which a user of ours reaches the broker."""
    return KafkaSettings.model_validate(
        {
            "bootstrap_servers": machine.bootstrap_servers,
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-512",
            "ca_file": machine.etc / "kafka_ca.pem",
            "username": f"counterpoint-{user}",
            "password": (machine.secrets / f"kafka_password_{user}").read_text(),
        }
    )


def may_read(consumer: KafkaConsumer, topic: str) -> bool:
    """Return whether the broker answers when the consumer fetches a topic, and does not refuse."""
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek_to_beginning()

    def is_answered() -> bool:
        consumer.poll(timeout_ms=10)  # raises what an answer refused
        return consumer.highwater(partition) is not None  # an answer that refuses nothing has it

    try:
        wait_until(is_answered, f"the broker answers a fetch of {topic}")
    except AuthorizationError:
        return False
    return True


def test_three_brokers_make_one_cluster(tmp_path_factory: pytest.TempPathFactory, secret_files: Path) -> None:
    """The three brokers of the second Compose file make one cluster with users, rights and three copies."""
    nodes = brokers_of(THREE)
    here = Machine(tmp_path_factory.mktemp("three"), secret_files, list(nodes))
    brokers = [
        ComposeBroker(here, host, environment | {"KAFKA_HEAP_OPTS": "-Xmx256m"}) for host, environment in nodes.items()
    ]
    try:
        for broker in brokers:
            broker.launch()
        for broker in brokers:
            broker.wait_ready()
        assert "password set" in here.run("kafka-users")
        one = {"COUNTERPOINT_KAFKA__PARTITIONS": "1"}  # each has three copies, which take processor time to make
        assert f"created {TOPICS[0].name}" in here.run("topics", **one)
        assert "All topics stand as they should." in here.run("topics", **one)
    finally:
        for broker in brokers:
            broker.kill()


@pytest.fixture(scope="module")
def started(machine: Machine, triton: TritonServer) -> Iterator[dict[str, StageProcess]]:
    """Yield every stage, started with the command, settings and secrets of its service and this machine's addresses."""
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    stages = {}
    for variable, (name, _) in PORTS.items():
        env = machine.environment(
            name,
            COUNTERPOINT_FEEDBACK__TRITON_URL=triton.grpc_url,
            COUNTERPOINT_READER__TRITON_URL=triton.grpc_url,
            COUNTERPOINT_MEASURES__ENABLED="true",
            COUNTERPOINT_GATEWAY__PORT="0",
            COUNTERPOINT_WEB__PORT="0",
            COUNTERPOINT_WEB__PUBLIC_URL="https://counterpoint.example",
            COUNTERPOINT_DELIVERY__MAIL__HOST="mail.example",
            COUNTERPOINT_DELIVERY__MAIL__SENDER="counterpoint@service.example",
            COUNTERPOINT_DELIVERY__MAIL__USERNAME="counterpoint",
            **{f"COUNTERPOINT_{variable}": str(ports[variable])},
        )
        url = f"http://127.0.0.1:{ports[variable]}"
        stages[name] = StageProcess(name, machine.folder / "logs", env=env, health_url=url)
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


def test_a_tenant_that_the_settings_do_not_name_is_told(machine: Machine, started: dict[str, StageProcess]) -> None:
    """The stream stage refuses a message of a tenant that TENANTS does not name, and the operator reads whose it is."""
    started["stream"].wait_ready()
    producer = KafkaProducer(**connection_options(kafka_settings(machine, "gateway")))
    sent = encode(message("c_1", tenant="seaside"))
    producer.send(MESSAGES, value=sent.value, key=sent.key, headers=sent.headers).get(DEADLOCK_S)
    producer.close()
    operator = Settings(kafka=kafka_settings(machine, "operator"))
    wait_until(lambda: recent_unknown_tenants(operator, now=datetime.now(UTC)) == {"seaside": 1}, "seaside is told")


@pytest.mark.parametrize("name", sorted(STAGES))
def test_the_health_check_asks_where_the_stage_answers(name: str) -> None:
    """The health check asks the port on which the stage listens by default."""
    port = next(port for stage, port in PORTS.values() if stage == name)
    assert f"http://127.0.0.1:{port}/readyz" in SERVICES[name]["healthcheck"]["test"][-1]

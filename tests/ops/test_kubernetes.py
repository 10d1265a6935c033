"""The manifests of ops/kubernetes fit the API's schemas, and say of each stage what the Compose file and the code say.

No cluster is at hand: nothing here was started by one.
"""

import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from plugin.cli import app
from plugin.local.paths import ROOT
from stream.contracts.topics import DEFAULT_PARTITIONS
from stream.runtime.known_names import unknown_variables
from stream.runtime.settings import Settings
from stream.runtime.stages import FEEDBACK, STREAM
from tests.fixtures.compose import SERVICES
from tests.ops.manifests import (
    COMPONENTS,
    FILES,
    FOLDER,
    KUSTOMIZATION,
    OBJECTS,
    OURS,
    STAGES,
    WORKLOADS,
    compose_environment,
    compose_secrets,
    config_maps,
    named,
)

VERSIONS = ("1.32", kubernetes_validate.latest_version())
"""The oldest cluster that the manifests are for, and the newest that the schemas know."""
PROFILES = {"digests": "deliver", "measures": "measures", "chatwoot": "reconcile", "hear": "hear"}
"""The stages of a Compose profile, which a component adds."""
NAME = "app.kubernetes.io/name"
CONFINED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
GUIDE = (ROOT / "docs" / "kubernetes.md").read_text()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("cluster", VERSIONS)
def test_it_fits_the_schemas_of_the_api(path: Path, cluster: str) -> None:
    """Every object fits the strict schema of its kind, which knows no other field, in the oldest and newest version."""
    for each in FILES[path]:
        kubernetes_validate.validate(each, cluster, strict=True)


def test_a_wrong_field_does_not_fit() -> None:
    """The schemas are strict: a misspelt field of a manifest is found."""
    wrong = {**named("PodDisruptionBudget")["gateway"], "sepc": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_the_kustomization_lists_every_file() -> None:
    """Each file is a resource of the kustomization or of one component, and each name there is a file."""
    assert KUSTOMIZATION["kind"] == "Kustomization"
    listed = [FOLDER / name for name in KUSTOMIZATION["resources"]]
    for folder, component in COMPONENTS.items():
        assert component["kind"] == "Component"
        listed += [FOLDER / folder / name for name in component["resources"]]
    assert sorted(listed) == sorted(FILES)


def test_what_a_profile_starts_is_a_component() -> None:
    """What Compose starts in a profile alone is in the component of the same name."""
    assert {name: component["resources"] for name, component in COMPONENTS.items()} == {
        profile: [f"{stage}.yaml"] for profile, stage in PROFILES.items()
    }
    assert all(profile in SERVICES[stage]["profiles"] for profile, stage in PROFILES.items())


def test_the_stages_are_those_of_the_compose_file() -> None:
    """The stages and steps are those of the Compose file, but for those of the broker and by hand."""
    ours = {name for name, service in SERVICES.items() if service.get("image", "").startswith("counterpoint:")}
    assert set(OURS) == ours - {"kafka-users", "rerate"}


@pytest.mark.parametrize("name", OURS)
def test_a_stage_is_what_it_is_in_compose(name: str) -> None:
    """Command, image, settings and secrets are those of the service of that name; whoever speaks to nobody has less."""
    workload, service = WORKLOADS[name], SERVICES[name]
    assert workload.container["args"] == (["retention"] if name == "operator" else service["command"])
    assert workload.container["image"] == service["image"]
    assert workload.secrets == compose_secrets(name)
    here = workload.environment
    assert here.pop("COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS", "").count(":9092") == (3 if "configs" in service else 0)
    here.pop("COUNTERPOINT_HEALTH__URLS", None)
    there = compose_environment(name)
    there.pop("COUNTERPOINT_KAFKA__BOOTSTRAP_SERVERS", None)
    assert here == there


@pytest.mark.parametrize("name", OURS)
def test_every_name_of_a_setting_is_one(name: str) -> None:
    """Every variable and every file of a secret names a setting, or the stage would refuse to start."""
    workload = WORKLOADS[name]
    assert list(unknown_variables(Settings, {**workload.environment, **workload.secrets})) == []


def test_the_operator_asks_every_stage_where_it_answers() -> None:
    """The addresses at which `status` asks are the Services of the stages, at the ports of their probes."""
    urls = Settings.model_validate(
        {"health": {"urls": yaml.safe_load(WORKLOADS["operator"].environment["COUNTERPOINT_HEALTH__URLS"])}}
    ).health.urls
    assert urls == {name: f"http://{name}:{WORKLOADS[name].ports['metrics']}" for name in urls}
    assert set(urls) == set(STAGES) - {"reconcile"}  # of which `status` says nothing


@pytest.mark.parametrize("name", STAGES)
def test_probes_ask_where_the_stage_answers(name: str) -> None:
    """A stage is ready by /readyz and alive by /healthz, on the port that is its default, and the page on its own."""
    workload = WORKLOADS[name]
    settings = Settings.model_construct()
    expected = {"metrics": getattr(settings.health, f"{name}_port")}
    if name in {"gateway", "web"}:
        expected["http"] = getattr(settings, name).port
    assert workload.ports == expected
    asked = {probe: workload.container[f"{probe}Probe"]["httpGet"] for probe in ("readiness", "liveness")}
    assert asked == {
        "readiness": {"path": "/readyz", "port": "metrics"},
        "liveness": {"path": "/healthz", "port": "metrics"},
    }
    (service,) = (each for each in OBJECTS if each["kind"] == "Service" and each["metadata"]["name"] == name)
    assert service["spec"]["selector"] == {NAME: name}
    assert {each["name"]: each["port"] for each in service["spec"]["ports"]} == expected


@pytest.mark.parametrize("name", WORKLOADS)
def test_nobody_is_root_or_can_become_it(name: str) -> None:
    """Every container has the user of its image, a read-only file system, no capabilities and no token."""
    pod = WORKLOADS[name].pod
    user = int(SERVICES["triton-cpu" if name == "triton" else name]["user"].partition(":")[0])
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": user,
        "runAsGroup": user,
        "fsGroup": user,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        assert container["securityContext"] == CONFINED
        assert set(container["resources"]) == {"requests", "limits"}
    if WORKLOADS[name].is_ours:
        assert f"USER {user}:{user}\n" in (ROOT / "Dockerfile").read_text()


def test_the_namespace_refuses_who_would_be_root() -> None:
    """The cluster itself holds the pods of the namespace to its strictest standard."""
    (namespace,) = named("Namespace").values()
    assert namespace["metadata"]["name"] == KUSTOMIZATION["namespace"]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("name", OURS)
def test_a_stage_has_the_room_that_it_has_in_compose(name: str) -> None:
    """Processors and memory are bounded as in the Compose file, and the memory is asked for in full."""
    given = SERVICES[name]["deploy"]["resources"]["limits"]
    resources = WORKLOADS[name].container["resources"]
    assert resources["limits"] == {"cpu": given["cpus"], "memory": re.sub("([MG])$", r"\1i", given["memory"])}
    assert resources["requests"]["memory"] == resources["limits"]["memory"]


def test_no_secret_stands_in_a_manifest() -> None:
    """Secrets come from one object that the operator makes of the files that Compose has; none is in a manifest."""
    assert "Secret" not in {each["kind"] for each in OBJECTS}
    assert "secretGenerator" not in KUSTOMIZATION
    used = {key for name in OURS for key in WORKLOADS[name].secrets.values()}
    assert used <= set(yaml.safe_load((ROOT / "docker-compose.yml").read_text())["secrets"])
    plain = {variable for values in config_maps().values() for variable in values} - {
        "COUNTERPOINT_FEEDBACK__TRITON_URL",
        "COUNTERPOINT_READER__TRITON_URL",
    }
    assert not any(re.search("SECRET$|PASSWORD|KEY|URL$", variable) for variable in plain)
    for name in WORKLOADS:
        for volume in (each for each in WORKLOADS[name].pod["volumes"] if "secret" in each):
            assert volume["secret"]["secretName"] == "counterpoint"


def test_everything_has_a_policy_and_nothing_else_is_reached() -> None:
    """Each workload has a policy of its network; whoever has none reaches and is reached by nobody."""
    policies = named("NetworkPolicy")
    everybody = policies.pop("nobody")["spec"]
    assert (everybody["podSelector"], everybody.get("ingress")) == ({}, None)
    assert set(policies) == set(WORKLOADS)
    for name, policy in policies.items():
        assert policy["spec"]["podSelector"] == {"matchLabels": {NAME: name}}


@pytest.mark.parametrize("name", OURS)
def test_who_reaches_what_is_as_in_compose(name: str) -> None:
    """Broker, database and models are reached by those alone who are on their network in the Compose file."""
    networks = set(SERVICES[name]["networks"])
    allowed = {port["port"] for rule in named("NetworkPolicy")[name]["spec"]["egress"] for port in rule["ports"]}
    assert {"broker"} & networks == ({"broker"} if 9092 in allowed else set())
    assert {"database"} & networks == ({"database"} if 5432 in allowed else set())
    assert {"models"} & networks == ({"models"} if 8001 in allowed else set())


def test_a_node_may_be_emptied_without_a_stage_going_away() -> None:
    """Whatever runs more than once gives up one pod at a time, and every stage does but those of a component."""
    several = {name for name in STAGES if name not in PROFILES.values()} | {"triton"}
    budgets = named("PodDisruptionBudget")
    assert set(budgets) == several
    for name, budget in budgets.items():
        assert budget["spec"] == {"maxUnavailable": 1, "selector": {"matchLabels": {NAME: name}}}


@pytest.mark.parametrize("stage", [STREAM, FEEDBACK], ids=lambda stage: stage.name)
def test_a_stage_grows_with_the_lag_of_its_group(stage: Any) -> None:
    """Stream and feedback grow with the lag of their own group on their own topic, to one worker a partition."""
    scaler = named("HorizontalPodAutoscaler")[stage.name]["spec"]
    external = scaler["metrics"][0]["external"]["metric"]
    assert external["selector"]["matchLabels"] == {"consumergroup": stage.kafka_id, "topic": stage.topics[0]}
    assert scaler["scaleTargetRef"]["name"] == stage.name
    assert 2 <= scaler["minReplicas"] < scaler["maxReplicas"] <= DEFAULT_PARTITIONS
    assert "replicas" not in named("Deployment")[stage.name]["spec"]  # or each apply would undo what it has scaled
    assert f"{external['name']}{{" in GUIDE


def test_a_worker_of_the_stream_is_replaced_and_not_doubled() -> None:
    """A new version of the stream takes the place of a worker, so that its partitions move once."""
    strategy = named("Deployment")["stream"]["spec"]["strategy"]
    assert strategy == {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}


def test_images_have_the_version_of_the_package() -> None:
    """The kustomization gives both images our version, under a name that the operator fills in."""
    assert {each["name"]: each["newTag"] for each in KUSTOMIZATION["images"]} == {
        "counterpoint": version("counterpoint"),
        "counterpoint-triton": version("counterpoint"),
    }


def test_the_model_server_starts_as_in_compose() -> None:
    """Triton gets the options, the models and the probe that it has in the Compose file, and our image its models."""
    triton, service = WORKLOADS["triton"], SERVICES["triton-cpu"]
    (script,) = triton.container["args"]
    assert script == service["command"][0].replace("$$MODELS", "$MODELS")
    assert triton.container["env"] == [{"name": key, "value": value} for key, value in service["environment"].items()]
    assert triton.container["readinessProbe"]["exec"]["command"] == service["healthcheck"]["test"][1:]
    assert "COPY triton_models triton_models\n" in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("part", ["FEEDBACK", "READER"])
def test_a_model_is_found_at_a_service_of_its_name(part: str) -> None:
    """Each address of a model is a Service of the server that has it."""
    host, _, port = config_maps()["settings"][f"COUNTERPOINT_{part}__TRITON_URL"].partition(":")
    spec = named("Service")[host]["spec"]
    assert spec["selector"] == {NAME: "triton"}
    assert [each["port"] for each in spec["ports"]] == [int(port)]
    (models,) = (each["value"] for each in WORKLOADS["triton"].container["env"])
    assert any(model.endswith(host.removeprefix("triton-")) for model in models.split())


def test_the_guide_names_what_the_operator_makes() -> None:
    """The guide names the Secret, every component and each image, and no command that there is not."""
    assert "create secret generic counterpoint" in GUIDE
    assert all(f"`{name}`" in GUIDE for name in (*COMPONENTS, "counterpoint", "counterpoint-triton"))
    commands = {each.name or each.callback.__name__ for each in app.registered_commands if each.callback}
    groups = {each.name for each in app.registered_groups}
    assert {found.split()[0] for found in re.findall(r"`counterpoint ([a-z -]+)`", GUIDE)} <= commands | groups

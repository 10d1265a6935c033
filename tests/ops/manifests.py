"""The manifests of ops/kubernetes, read and with the parts by which the tests compare them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from plugin.local.paths import ROOT
from tests.fixtures.compose import SERVICES, filled

FOLDER: Final = ROOT / "ops" / "kubernetes"
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
COMPONENTS: Final = {
    path.parent.name: yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*/kustomization.yaml"))
}
"""The components, by the name of the Compose profile that they stand for."""


def documents(path: Path) -> list[dict[str, Any]]:
    """Return the objects of one file."""
    return [each for each in yaml.safe_load_all(path.read_text()) if each is not None]


FILES: Final = {path: documents(path) for path in sorted(FOLDER.rglob("*.yaml")) if path.name != "kustomization.yaml"}
OBJECTS: Final = [each for objects in FILES.values() for each in objects]


def named(kind: str) -> dict[str, dict[str, Any]]:
    """Return the objects of a kind by name."""
    return {each["metadata"]["name"]: each for each in OBJECTS if each["kind"] == kind}


def config_maps() -> dict[str, dict[str, str]]:
    """Return the values of each generated ConfigMap."""
    return {
        each["name"]: dict(literal.split("=", 1) for literal in each["literals"])
        for each in KUSTOMIZATION["configMapGenerator"]
    }


@dataclass(frozen=True)
class Workload:
    """A workload: what runs, with its pods' template."""

    name: str
    kind: str
    template: Mapping[str, Any]

    @property
    def pod(self) -> Mapping[str, Any]:
        """The specification of its pods."""
        spec: Mapping[str, Any] = self.template["spec"]
        return spec

    @property
    def container(self) -> Mapping[str, Any]:
        """Its one container."""
        (found,) = self.pod["containers"]
        container: Mapping[str, Any] = found
        return container

    @property
    def is_ours(self) -> bool:
        """Whether it runs a command of ours; the other one is the model server."""
        return self.name != "triton"

    @property
    def environment(self) -> dict[str, str]:
        """What its container has in its environment."""
        found: dict[str, str] = {}
        for source in self.container.get("envFrom", ()):
            found |= config_maps()[source["configMapRef"]["name"]]
        return found | {each["name"]: each["value"] for each in self.container.get("env", ())}

    @property
    def secrets(self) -> dict[str, str]:
        """The names under which its container finds secrets, with the keys that they come from."""
        (volume,) = (each for each in self.pod["volumes"] if each["name"] == "secrets")
        return {item["path"]: item["key"] for item in volume["secret"]["items"]}

    @property
    def ports(self) -> dict[str, int]:
        """Its ports by name."""
        return {each["name"]: each["containerPort"] for each in self.container.get("ports", ())}


def workloads() -> Iterator[Workload]:
    """Yield every workload."""
    for each in OBJECTS:
        name, kind = each["metadata"]["name"], each["kind"]
        if kind in {"Deployment", "Job"}:
            yield Workload(name, kind, each["spec"]["template"])
        elif kind == "CronJob":
            yield Workload(name, kind, each["spec"]["jobTemplate"]["spec"]["template"])


WORKLOADS: Final = {each.name: each for each in workloads()}
OURS: Final = sorted(name for name, each in WORKLOADS.items() if each.is_ours)
STAGES: Final = sorted(name for name in OURS if WORKLOADS[name].kind == "Deployment")


def compose_secrets(name: str) -> dict[str, str]:
    """Return the same names and sources of a service of the Compose file."""
    return {each["target"]: each["source"] for each in SERVICES[name].get("secrets", ())}


def compose_environment(name: str) -> dict[str, str]:
    """Return the environment of a service of the Compose file, with its defaults filled in."""
    given = {"TENANTS": "{}", "KAFKA_REPLICATION": "3"}
    return {key: filled(value, given) for key, value in SERVICES[name]["environment"].items()}

"""`make audit`: known vulnerabilities in what we ship, a list of its parts (CycloneDX), and their licences.

The parts are those of requirements/runtime.lock and requirements/page.lock, and those of
requirements/triton-models.lock, which the image for Triton holds; what only tests, local runs and training use is not
shipped. Exit status 1 when there is a known vulnerability, a licence that nobody has reviewed, or when the
vulnerability service was not reached: an audit that did not happen is not a clean one.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / "requirements"
TOOLS = ROOT / ".venv-audit" / "bin"

ALLOWED_LICENCES = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0",
    "PSF-2.0", "Python-2.0", "Unlicense", "Zlib",
    "License :: OSI Approved :: Apache Software License",
    "License :: OSI Approved :: BSD License",
    "License :: OSI Approved :: MIT License",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)",
}  # fmt: skip
"""Licences under which a part may be shipped with ours (MIT) as it is."""

REVIEWED_LICENCES = {
    "protobuf": "BSD-3-Clause in its LICENSE file; its metadata names none",
    "psycopg": "LGPL-3.0, used unchanged as a library of its own that anybody can replace",
    "psycopg-binary": "LGPL-3.0, used unchanged as a library of its own that anybody can replace",
    "python-rapidjson": "MIT in its LICENSE file; its metadata names none",
    "regex": "Apache-2.0, and CNRI-Python, the permissive licence of Python 1.6, for what stems from its `re`",
    "venusian": "Repoze Public License, a BSD-like licence",
}
"""Parts whose metadata alone would not pass, and what a person found."""


@dataclass(frozen=True)
class Shipment:
    """Packages that are shipped together: their lock, the environment they are installed in here, and their bill."""

    lock: Path
    python: Path
    bill: Path


SHIPMENTS = (
    Shipment(LOCKS / "runtime.lock", ROOT / ".venv" / "bin" / "python", ROOT / "build" / "sbom.json"),
    Shipment(LOCKS / "page.lock", ROOT / ".venv" / "bin" / "python", ROOT / "build" / "sbom-page.json"),
    Shipment(
        LOCKS / "triton-models.lock", ROOT / ".venv-triton" / "bin" / "python", ROOT / "build" / "sbom-triton.json"
    ),
)


@dataclass(frozen=True)
class Vulnerabilities:
    """The answer of the vulnerability service."""

    audited: int
    skipped: int
    found: tuple[str, ...]

    def sentence(self) -> str:
        """Return the result in one sentence."""
        if self.found:
            return f"{len(self.found)} known vulnerabilities: {', '.join(self.found)}"
        if not self.audited:
            return "NOT AUDITED: the vulnerability service was not reached. Run this where it is."
        if self.skipped:
            return f"no known vulnerability in {self.audited} packages; {self.skipped} COULD NOT BE AUDITED"
        return f"no known vulnerability in {self.audited} packages"

    @property
    def is_clean(self) -> bool:
        """Whether everything was looked up and nothing found."""
        return not self.found and not self.skipped and self.audited > 0


def locked_names(lock: str) -> set[str]:
    """Return the names in a lock file, in their normalised spelling."""
    return {_plain(name) for name in re.findall(r"^([A-Za-z0-9._-]+)(?:\[.*\])?==", lock, re.MULTILINE)}


def read_vulnerabilities(report: Mapping[str, Any]) -> Vulnerabilities:
    """Return what pip-audit's report says."""
    parts = report.get("dependencies", [])
    skipped = [part for part in parts if "skip_reason" in part]
    found = [f"{part['name']} ({entry['id']})" for part in parts for entry in part.get("vulns", ())]
    return Vulnerabilities(len(parts) - len(skipped), len(skipped), tuple(found))


def shipped_components(bill: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """Keep those parts of an environment's bill that we ship."""
    parts = [part for part in bill["components"] if _plain(part["name"]) in names]
    kept = {part["bom-ref"] for part in parts} | {bill["metadata"]["component"]["bom-ref"]}
    dependencies = [
        {**entry, "dependsOn": [ref for ref in entry.get("dependsOn", ()) if ref in kept]}
        for entry in bill.get("dependencies", ())
        if entry["ref"] in kept
    ]
    return {**bill, "components": parts, "dependencies": dependencies}


def licences(part: Mapping[str, Any]) -> set[str]:
    """Return the licences that a part's metadata name; an expression counts as all it names."""
    found: set[str] = set()
    for entry in part.get("licenses", ()):
        if "expression" in entry:
            found |= set(re.split(r" (?:AND|OR) ", entry["expression"].replace("(", "").replace(")", "")))
        else:
            found.add(entry["license"].get("id") or entry["license"]["name"])
    return found


def unreviewed_licences(parts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each part that may not be shipped before a person has looked at it."""
    return [
        f"{part['name']}: {', '.join(sorted(licences(part))) or 'names no licence'}"
        for part in parts
        if _plain(part["name"]) not in REVIEWED_LICENCES and (not licences(part) or licences(part) - ALLOWED_LICENCES)
    ]


def main() -> int:
    """Audit all that is shipped, and return the exit status."""
    clean = [_audit(shipment) for shipment in SHIPMENTS]
    for name, found in REVIEWED_LICENCES.items():
        print(f"(looked at) {name}: {found}")
    return 0 if all(clean) else 1


def _audit(shipment: Shipment) -> bool:
    """Write a shipment's bill, print what was found, and return whether all is well."""
    shipment.bill.parent.mkdir(exist_ok=True)
    environment = [str(TOOLS / "cyclonedx-py"), "environment", str(shipment.python)]
    made = _run([*environment, "--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible", "--of", "JSON"])
    bill = shipped_components(json.loads(made.stdout), locked_names(shipment.lock.read_text()))
    shipment.bill.write_text(json.dumps(bill, indent=1) + "\n")
    listed = f"listed in {shipment.bill.relative_to(ROOT)} (CycloneDX {bill['specVersion']})"
    print(f"{shipment.lock.name}: {len(bill['components'])} parts, {listed}")
    unreviewed = unreviewed_licences(bill["components"])
    print(f"  licences: {f'{len(unreviewed)} to look at' if unreviewed else 'all on the list'}")
    for line in unreviewed:
        print(f"    {line}")
    report = _run(
        [str(TOOLS / "pip-audit"), "-r", str(shipment.lock), "--disable-pip", "--require-hashes", "-f", "json"]
    )
    vulnerabilities = read_vulnerabilities(json.loads(report.stdout) if report.stdout.strip() else {})
    print(f"  vulnerabilities: {vulnerabilities.sentence()}")
    return vulnerabilities.is_clean and not unreviewed


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())

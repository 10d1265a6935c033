"""`make audit`: known holes in what we ship, a list of its parts (CycloneDX), and their licences.

The parts are those of requirements/runtime.lock; what only tests and local runs use is not shipped. Exit status 1 when
there is a known hole, a licence that nobody has looked at, or when the service that knows the holes was not reached: an
audit that did not happen is no audit.
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
LOCK = ROOT / "requirements" / "runtime.lock"
TOOLS = ROOT / ".venv-audit" / "bin"
SBOM = ROOT / "build" / "sbom.json"

ALLOWED = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0",
    "PSF-2.0", "Python-2.0", "Unlicense", "Zlib",
    "License :: OSI Approved :: Apache Software License",
    "License :: OSI Approved :: BSD License",
    "License :: OSI Approved :: MIT License",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)",
}  # fmt: skip
"""Licences under which a part may be shipped with ours (MIT) as it is."""

LOOKED_AT = {
    "protobuf": "BSD-3-Clause in its LICENSE file; its metadata names none",
    "psycopg": "LGPL-3.0, used unchanged as a library of its own that anybody can replace",
    "psycopg-binary": "LGPL-3.0, used unchanged as a library of its own that anybody can replace",
    "python-rapidjson": "MIT in its LICENSE file; its metadata names none",
    "venusian": "Repoze Public License, a BSD-like licence",
}
"""Parts whose metadata alone would not pass, and what a person found."""


@dataclass(frozen=True)
class Holes:
    """What the service that knows the holes said."""

    audited: int
    skipped: int
    found: tuple[str, ...]

    def sentence(self) -> str:
        """What a person should know."""
        if self.found:
            return f"{len(self.found)} known holes: {', '.join(self.found)}"
        if not self.audited:
            return "NOT AUDITED: the service that knows the holes was not reached. Run this where it is."
        if self.skipped:
            return f"no known hole in {self.audited} packages; {self.skipped} COULD NOT BE AUDITED"
        return f"no known hole in {self.audited} packages"

    @property
    def well(self) -> bool:
        """Everything was looked up and nothing found."""
        return not self.found and not self.skipped and self.audited > 0


def locked(lock: str) -> set[str]:
    """Return the names in a lock file, in the form that compares."""
    return {_plain(name) for name in re.findall(r"^([A-Za-z0-9._-]+)(?:\[.*\])?==", lock, re.MULTILINE)}


def judge_holes(report: Mapping[str, Any]) -> Holes:
    """Read pip-audit's report."""
    parts = report.get("dependencies", [])
    skipped = [part for part in parts if "skip_reason" in part]
    found = [f"{part['name']} ({hole['id']})" for part in parts for hole in part.get("vulns", ())]
    return Holes(len(parts) - len(skipped), len(skipped), tuple(found))


def shipped(bill: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """Keep those parts of an environment's bill that we ship."""
    parts = [part for part in bill["components"] if _plain(part["name"]) in names]
    kept = {part["bom-ref"] for part in parts} | {bill["metadata"]["component"]["bom-ref"]}
    wires = [
        {**wire, "dependsOn": [ref for ref in wire.get("dependsOn", ()) if ref in kept]}
        for wire in bill.get("dependencies", ())
        if wire["ref"] in kept
    ]
    return {**bill, "components": parts, "dependencies": wires}


def licences(part: Mapping[str, Any]) -> set[str]:
    """Return the licences that a part's metadata name; an expression counts as all it names."""
    found: set[str] = set()
    for entry in part.get("licenses", ()):
        if "expression" in entry:
            found |= set(re.split(r" (?:AND|OR) ", entry["expression"].replace("(", "").replace(")", "")))
        else:
            found.add(entry["license"].get("id") or entry["license"]["name"])
    return found


def unknown(parts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each part that may not be shipped before a person has looked at it."""
    return [
        f"{part['name']}: {', '.join(sorted(licences(part))) or 'names no licence'}"
        for part in parts
        if _plain(part["name"]) not in LOOKED_AT and (not licences(part) or licences(part) - ALLOWED)
    ]


def main() -> int:
    """Write the bill, print what was found, and return the exit status."""
    SBOM.parent.mkdir(exist_ok=True)
    environment = [str(TOOLS / "cyclonedx-py"), "environment", str(ROOT / ".venv" / "bin" / "python")]
    made = _run([*environment, "--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible", "--of", "JSON"])
    bill = shipped(json.loads(made.stdout), locked(LOCK.read_text()))
    SBOM.write_text(json.dumps(bill, indent=1) + "\n")
    print(f"parts: {len(bill['components'])}, listed in {SBOM.relative_to(ROOT)} (CycloneDX {bill['specVersion']})")
    strange = unknown(bill["components"])
    print(f"licences: {f'{len(strange)} to look at' if strange else 'all on the list'}")
    for line in [*strange, *(f"(looked at) {name}: {found}" for name, found in LOOKED_AT.items())]:
        print(f"  {line}")
    report = _run([str(TOOLS / "pip-audit"), "-r", str(LOCK), "--disable-pip", "--require-hashes", "-f", "json"])
    holes = judge_holes(json.loads(report.stdout) if report.stdout.strip() else {})
    print(f"holes: {holes.sentence()}")
    return 0 if holes.well and not strange else 1


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())

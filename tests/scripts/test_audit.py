"""`make audit` reads the reports of its tools and passes only what is known to be fine."""

import re
from typing import Any

import pytest

from plugin.local.paths import ROOT
from scripts.audit import (
    REVIEWED_LICENCES,
    SHIPMENTS,
    licences,
    locked_names,
    read_vulnerabilities,
    shipped_components,
    unreviewed_licences,
)


def _part(name: str, *licence: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "bom-ref": name, "licenses": list(licence)}


def test_an_audit_that_did_not_happen_is_not_well() -> None:
    """An audit whose service was not reached, or that has no report, does not pass."""
    for report in ({}, {"dependencies": [{"name": "a", "skip_reason": "not found"}]}):
        vulnerabilities = read_vulnerabilities(report)
        assert not vulnerabilities.is_clean
        assert vulnerabilities.sentence().startswith("NOT AUDITED")


def test_a_known_vulnerability_is_named() -> None:
    """A known vulnerability is named with its package."""
    report = {"dependencies": [{"name": "a", "vulns": [{"id": "CVE-1"}]}, {"name": "b", "vulns": []}]}
    assert not read_vulnerabilities(report).is_clean
    assert read_vulnerabilities(report).sentence() == "1 known vulnerabilities: a (CVE-1)"


def test_half_an_audit_is_not_well() -> None:
    """An audit that skipped some packages does not pass."""
    vulnerabilities = read_vulnerabilities(
        {"dependencies": [{"name": "a", "vulns": []}, {"name": "b", "skip_reason": "not found"}]}
    )
    assert not vulnerabilities.is_clean
    assert "1 COULD NOT BE AUDITED" in vulnerabilities.sentence()


def test_all_looked_up_and_nothing_found_is_well() -> None:
    """An audit that looked up every package and found nothing is clean."""
    assert read_vulnerabilities({"dependencies": [{"name": "a", "vulns": []}]}).is_clean


def test_the_lock_files_names_are_read() -> None:
    """The names in a lock file are read in any spelling."""
    assert locked_names("Typing_Extensions==4 \\\n    --hash=sha256:1\npsycopg[binary]==3 \\\n") == {
        "typing-extensions",
        "psycopg",
    }


def test_what_is_audited_is_what_the_images_install() -> None:
    """The locks that are audited are those that the Dockerfiles install."""
    dockerfiles = [ROOT / "Dockerfile", ROOT / "ops" / "triton" / "Dockerfile"]
    installed = {name for file in dockerfiles for name in re.findall(r"requirements/([\w-]+\.lock)", file.read_text())}
    assert {shipment.lock.name for shipment in SHIPMENTS} == installed
    ours, page, triton = (locked_names(shipment.lock.read_text()) for shipment in SHIPMENTS)
    assert {"kafka-python", "faust-streaming", "psycopg"} <= ours
    assert page == {"django-htmx"}
    assert {"onnxruntime", "tokenizers"} <= triton


def test_only_what_we_ship_is_on_the_bill() -> None:
    """The bill of materials holds only what we ship, and not the tools of the tests."""
    bill = {
        "metadata": {"component": {"bom-ref": "root"}},
        "components": [_part("a"), _part("pytest")],
        "dependencies": [{"ref": "root", "dependsOn": ["a", "pytest"]}, {"ref": "pytest"}],
    }
    kept = shipped_components(bill, {"a"})
    assert [part["name"] for part in kept["components"]] == ["a"]
    assert kept["dependencies"] == [{"ref": "root", "dependsOn": ["a"]}]


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (_part("a", {"license": {"id": "MIT"}}), []),
        (_part("a", {"expression": "(Apache-2.0 OR BSD-3-Clause) AND MIT"}), []),
        (_part("a", {"license": {"id": "GPL-3.0-only"}}), ["a: GPL-3.0-only"]),
        (_part("a", {"expression": "MIT AND GPL-2.0-only"}), ["a: GPL-2.0-only, MIT"]),
        (_part("a"), ["a: names no licence"]),
        (_part(next(iter(REVIEWED_LICENCES))), []),
    ],
)
def test_a_licence_that_nobody_has_reviewed_is_reported(part: dict[str, Any], told: list[str]) -> None:
    """A licence that nobody has reviewed is reported; an expression counts as all the licences it names."""
    assert unreviewed_licences([part]) == told


def test_licences_by_name_count_too() -> None:
    """Licences that are given by name count too, since older packages have only a classifier."""
    assert licences(_part("a", {"license": {"name": "License :: OSI Approved :: BSD License"}})) == {
        "License :: OSI Approved :: BSD License"
    }

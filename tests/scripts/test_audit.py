"""What `make audit` makes of what its tools say."""

from pathlib import Path
from typing import Any

import pytest

from scripts.audit import (
    LOCK,
    REVIEWED_LICENCES,
    licences,
    locked_names,
    read_vulnerabilities,
    shipped_components,
    unreviewed_licences,
)


def _part(name: str, *licence: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "bom-ref": name, "licenses": list(licence)}


def test_an_audit_that_did_not_happen_is_not_well() -> None:
    """Where the service is not reached, every package is skipped, or there is no report at all."""
    for report in ({}, {"dependencies": [{"name": "a", "skip_reason": "not found"}]}):
        vulnerabilities = read_vulnerabilities(report)
        assert not vulnerabilities.is_clean
        assert vulnerabilities.sentence().startswith("NOT AUDITED")


def test_a_known_vulnerability_is_named() -> None:
    """With the package it is in."""
    report = {"dependencies": [{"name": "a", "vulns": [{"id": "CVE-1"}]}, {"name": "b", "vulns": []}]}
    assert not read_vulnerabilities(report).is_clean
    assert read_vulnerabilities(report).sentence() == "1 known vulnerabilities: a (CVE-1)"


def test_half_an_audit_is_not_well() -> None:
    """Nobody should read it as a whole one."""
    vulnerabilities = read_vulnerabilities(
        {"dependencies": [{"name": "a", "vulns": []}, {"name": "b", "skip_reason": "not found"}]}
    )
    assert not vulnerabilities.is_clean
    assert "1 COULD NOT BE AUDITED" in vulnerabilities.sentence()


def test_all_looked_up_and_nothing_found_is_well() -> None:
    """The only way to be."""
    assert read_vulnerabilities({"dependencies": [{"name": "a", "vulns": []}]}).is_clean


def test_the_lock_files_names_are_read() -> None:
    """In whatever spelling."""
    assert locked_names("Typing_Extensions==4 \\\n    --hash=sha256:1\npsycopg[binary]==3 \\\n") == {
        "typing-extensions",
        "psycopg",
    }
    assert {"kafka-python", "faust-streaming", "psycopg"} <= locked_names(Path(LOCK).read_text())


def test_only_what_we_ship_is_on_the_bill() -> None:
    """Tools of the tests are not."""
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
def test_a_licence_that_nobody_has_looked_at_is_told(part: dict[str, Any], told: list[str]) -> None:
    """An expression counts as all it names: whoever may choose can put the part on the list by name."""
    assert unreviewed_licences([part]) == told


def test_licences_by_name_count_too() -> None:
    """Older packages have a classifier only."""
    assert licences(_part("a", {"license": {"name": "License :: OSI Approved :: BSD License"}})) == {
        "License :: OSI Approved :: BSD License"
    }

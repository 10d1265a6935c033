"""The page of guarantees: its fault table is made by the tests that ran, and every test that it names exists."""

import re
from pathlib import Path

import pytest

from tests.fixtures.guarantees import BEGIN, END, FaultResult, fault_table, write_fault_table

pytest_plugins = ["pytester"]

CONFTEST = 'pytest_plugins = ["tests.fixtures.guarantees"]'
TESTS = '''
import pytest

row = pytest.mark.fault("broker gone", holds="nothing lost")

@row
def test_it_comes_back(measured):
    """SIGKILL of the broker."""
    measured["back at work"] = "7.9 s"

@row
@pytest.mark.parametrize("name", ["a", "b"])
def test_it_stays_away(measured, name, long, seed):
    """The line is cut.

    And more that no table wants.
    """
    measured[f"waited for {name}"] = f"{seed} {long}"

@pytest.mark.fault("disk full", holds="it is said")
def test_full():
    """A small disk."""
    assert False

@pytest.mark.fault("no set-up", holds="it is seen")
def test_without(nothing_of_this_name):
    """An error before the test."""

def test_no_fault():
    pass
'''


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run the tests above in an inner pytest run."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_x=TESTS)
    return pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:asyncio", "--strict-markers", *arguments)


def test_a_run_writes_a_row_for_each_fault(pytester: pytest.Pytester) -> None:
    """A run writes one row for each fault, and takes how it is injected from the first lines of the docstrings."""
    path = pytester.path / "guarantees.md"
    run(pytester, "--guarantees", str(path), "--seed", "11", "--long")
    rows = [line for line in path.read_text().splitlines() if line.startswith("| ")]
    assert rows[2] == (
        "| broker gone | nothing lost | SIGKILL of the broker.<br>The line is cut. | yes"
        " | back at work: 7.9 s<br>waited for a: 11 True<br>waited for b: 11 True"
        " | [test_it_comes_back](../test_x.py)<br>[test_it_stays_away](../test_x.py) |"
    )
    assert "| disk full | it is said | A small disk. | **FAILED** |" in rows[3]
    assert "| no set-up | it is seen | An error before the test. | **FAILED** |" in rows[4]
    assert len(rows) == 5
    assert "long run, seed 11" in path.read_text()
    assert "5 tests, 2 failed" in path.read_text()


def test_without_the_option_nothing_is_written(pytester: pytest.Pytester) -> None:
    """Without the option nothing is written, so `make test` leaves the document as it is."""
    before = set(pytester.path.iterdir())
    result = run(pytester)
    result.assert_outcomes(passed=4, failed=1, errors=1)
    assert {path.suffix for path in set(pytester.path.iterdir()) - before} <= {".py", ""}


def result(fault: str, measured: str = "", *, passed: bool = True) -> FaultResult:
    """Return the result of the only test of a fault, which may have measured one thing."""
    cells = {"p50|p99": measured} if measured else {}
    return FaultResult(fault, "nothing lost", "It is cut.", "test_d", "tests/faults/test_d.py::test_d", passed, cells)


def test_what_people_wrote_around_the_table_stays(tmp_path: Path) -> None:
    """The text around the table stays; the run replaces what is between the two marks."""
    path = tmp_path / "guarantees.md"
    path.write_text(f"# What is promised\n\n{BEGIN}\nold\n{END}\n\n## What is not\n")
    write_fault_table(path, "long run", [result("broker gone")])
    made = f"_long run_\n\n{fault_table([result('broker gone')])}"
    assert path.read_text() == f"# What is promised\n\n{BEGIN}\n{made}{END}\n\n## What is not\n"


def test_a_run_of_a_part_replaces_its_own_rows(tmp_path: Path) -> None:
    """A run of some fault tests replaces their rows in place and says which; a run of all replaces everything."""
    path = tmp_path / "guarantees.md"
    faults = ("broker gone", "disk full", "clock jump")
    write_fault_table(path, "first run", [result(fault, passed=fault != "disk full") for fault in faults])
    write_fault_table(path, "second run", [result("disk full", "1 s")])
    lines = path.read_text().splitlines()
    assert lines[1:3] == ["_first run_", "_Again, disk full: second run_"]
    assert [line.split(" | ")[0] for line in lines[6:9]] == [f"| {fault}" for fault in faults]
    assert "**FAILED**" not in path.read_text()
    assert "1 s" in lines[7]
    write_fault_table(path, "third run", [result(fault) for fault in faults])
    assert [line for line in path.read_text().splitlines() if line.startswith("_")] == ["_third run_"]


def test_a_bar_in_a_cell_breaks_no_row() -> None:
    """A vertical bar in a cell is escaped, so that it does not end the cell."""
    assert r"p50\|p99: 1\|2 s" in fault_table([result("broker gone", "1|2 s")])


GUARANTEES = Path(__file__).parents[1] / "docs" / "guarantees.md"


def test_every_test_that_the_page_names_exists() -> None:
    """Each promise names a test, and each test that the page of guarantees names is in the file that it links to."""
    page = GUARANTEES.read_text()
    named = re.findall(r"\[(test_\w+)\]\(\.\./([\w/]+\.py)\)", page)
    assert len(named) > 50
    for name, path in named:
        assert re.search(rf"^ *(async )?def {name}\(", (GUARANTEES.parents[1] / path).read_text(), re.MULTILINE), name
    promises = page.partition("## Each promise, and the tests that would fail without it")[2].partition("\n## ")[0]
    rows = [
        line for line in promises.splitlines() if line.startswith("| ") and not line.startswith(("| promise", "| ---"))
    ]
    assert len(rows) > 20
    assert all("](../tests/" in row for row in rows)

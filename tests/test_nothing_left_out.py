"""With CI=true a run fails if a test was left out, and only then."""

import pytest

pytest_plugins = ["pytester"]

CONFTEST = 'pytest_plugins = ["tests.fixtures.nothing_left_out"]'
GOOD = "def test_good(): pass\n"
SKIPPED = GOOD + "import pytest\ndef test_skipped(): pytest.skip()\n"
XFAILED = GOOD + "import pytest\n@pytest.mark.xfail\ndef test_bad(): assert False\n"


def status(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tests: str, ci: str, *arguments: str) -> int:
    """Return the exit status of an inner test run."""
    monkeypatch.setenv("CI", ci)
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(tests)
    return int(pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:asyncio", *arguments).ret)


@pytest.mark.parametrize("tests", [SKIPPED, XFAILED])
def test_a_skipped_test_fails_the_run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tests: str) -> None:
    """A skipped test fails the run, whatever the other tests do."""
    assert status(pytester, monkeypatch, tests, "true") == 1


def test_a_deselected_test_fails_the_run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """With CI=true a deselected test fails the run, since a stray `-k` would hide the rest."""
    assert status(pytester, monkeypatch, SKIPPED, "true", "-k", "good") == 1


def test_a_whole_run_passes(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run without skipped tests passes without a message."""
    assert status(pytester, monkeypatch, GOOD, "true") == 0


def test_at_a_desk_a_part_may_be_run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without CI=true a part of the tests may be run."""
    assert status(pytester, monkeypatch, SKIPPED, "false", "-k", "good") == 0

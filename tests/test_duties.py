"""The duty pack states the real defaults: every time in docs/duties/retention.md is compared with the code."""

import re

import pytest

from plugin.local.paths import ROOT
from plugin.web import attempts, known_device
from stream.contracts.topics import OPEN_SESSIONS_CHANGELOG, TOPICS
from stream.runtime.settings import RetentionSettings, SessionsSettings, WebSettings
from stream.sessions.rules import HEAD_KEPT_MS, NAMES_KEPT_MS

DUTIES = ROOT / "docs" / "duties"
PAGE = (DUTIES / "retention.md").read_text()
DAY_S, DAY_MS = 86_400, 86_400_000


def stated_days() -> dict[str, float]:
    """Return the days that the page states, by what sets them."""
    rows = re.findall(r"^\| [^|]+ \| ([\d,]+) days? \| [^|]+ \| `([^`]+)` \|$", PAGE, re.MULTILINE)
    assert len({name for _, name in rows}) == len(rows)
    return {name: float(days.replace(",", "")) for days, name in rows}


def real_days() -> dict[str, float]:
    """Return the days for which the code keeps something about people, by what sets them."""
    retention = RetentionSettings()
    compacted = {OPEN_SESSIONS_CHANGELOG: "max.compaction.lag.ms"}
    return {
        **{f"retention.{name}": getattr(retention, name) for name in RetentionSettings.model_fields},
        **{topic.name: int(topic.config[compacted.get(topic.name, "retention.ms")]) / DAY_MS for topic in TOPICS},
        "sessions.late_within_s": SessionsSettings().late_within_s / DAY_S,
        "HEAD_KEPT_MS": HEAD_KEPT_MS / DAY_MS,
        "NAMES_KEPT_MS": NAMES_KEPT_MS / DAY_MS,
        "plugin/web/known_device.py": known_device.LIFETIME_S / DAY_S,
    }


def test_the_page_states_every_default_and_no_other() -> None:
    """Each retention setting, topic and kept state has its row, with the default of the code."""
    assert stated_days() == real_days()


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("8 hours", WebSettings().login_lifetime_s),
        ("30 minutes without a request", WebSettings().login_idle_s),
        ("10 minutes", attempts.WINDOW_S),
    ],
)
def test_the_page_states_shorter_times_too(words: str, seconds: int) -> None:
    """The times of logins are those of the code."""
    number, unit = words.split()[:2]
    assert int(number) * {"hours": 3600, "minutes": 60}[unit] == seconds
    assert f"| {words}" in PAGE or f", or {words} |" in PAGE


def test_the_index_names_every_page() -> None:
    """The index of the duty pack links to each of its pages."""
    index = (DUTIES / "README.md").read_text()
    for page in DUTIES.glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in index

"""Alert rules are valid PromQL on existing metrics, and each has a section in the guide that says what to do."""

import re
from typing import Any

import pytest
import yaml

from plugin.local.paths import ROOT
from plugin.outbound.risk_delivery import RiskOutcome
from stream.contracts.vocabulary import DeadLetterReason, NeedsHuman
from stream.risk.question import Outcome
from tests.ops.rules import OPS, grouped, selectors, series, strangers

RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((OPS / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
BY_NAME = {rule["alert"]: rule for rule in RULES}
GUIDE = (ROOT / "docs" / "operations.md").read_text()
KNOWN_VALUES = {
    "counterpoint_dead_letters_total": set(DeadLetterReason),
    "counterpoint_feedback_answers_total": {"assessed", *NeedsHuman},
    "counterpoint_risk_deliveries_total": set(RiskOutcome),
    "counterpoint_risk_heard_total": set(Outcome),
    "counterpoint_gateway_events_total": {
        "published",
        "repeated",
        "no_consent",
        "denied",
        "bad",
        "unavailable",
        "wrong_path",
        "wrong_method",
        "bug",
    },
}


def test_names_are_unique() -> None:
    """The names of alerts are unique, so that a section of the guide belongs to one alert."""
    assert len(BY_NAME) == len(RULES)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_rule_is_complete(name: str) -> None:
    """A rule has an expression, a severity and a summary, and no key that Prometheus does not know."""
    rule = BY_NAME[name]
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert re.fullmatch(r"\d+[smhd]", rule.get("for", "1m"))
    assert rule["annotations"]["summary"]


@pytest.mark.parametrize("name", BY_NAME)
def test_a_rule_uses_what_exists(name: str) -> None:
    """A rule names only existing metrics and labels, and groups only by labels that its series have."""
    expression = BY_NAME[name]["expr"]
    assert strangers(expression) == []
    for labels, there in grouped(expression):
        assert labels <= there


@pytest.mark.parametrize("name", BY_NAME)
def test_a_rule_asks_for_values_that_occur(name: str) -> None:
    """A rule asks only for label values that occur, since a renamed reason would silence its alert."""
    for selector in selectors(BY_NAME[name]["expr"]):
        known = KNOWN_VALUES.get(str(selector.name), set())
        for matcher in selector.matchers.matchers:
            if known and matcher.name in {"reason", "outcome"}:
                assert set(matcher.value.split("|")) <= known


@pytest.mark.parametrize("name", BY_NAME)
def test_a_rule_has_a_section_in_the_guide(name: str) -> None:
    """Each alert rule has a section of its name in the guide, with something to do in it."""
    section = re.search(rf"^### {name}\n(.+?)(?=^###? |\Z)", GUIDE, re.MULTILINE | re.DOTALL)
    assert section is not None
    assert len(section[1].split()) > 15


def test_the_guide_has_no_section_of_an_alert_that_is_gone() -> None:
    """The guide's part between its two marks has sections for existing alerts alone."""
    part = GUIDE.split("## What to do for each alert")[1].split("\n## ")[0]
    assert set(re.findall(r"^### (\w+)$", part, re.MULTILINE)) == set(BY_NAME)


@pytest.mark.parametrize(
    ("broken", "stranger"),
    [
        ("counterpoint_no_such_metric > 1", "counterpoint_no_such_metric"),
        ('counterpoint_records_total{colour="red"} > 1', "counterpoint_records_total.colour"),
    ],
)
def test_an_unknown_metric_or_label_is_found(broken: str, stranger: str) -> None:
    """An expression with an unknown metric or label is found, without which these tests would show nothing."""
    assert strangers(broken) == [stranger]


def test_broken_promql_is_noticed() -> None:
    """An expression that Prometheus's grammar does not accept is found."""
    with pytest.raises(ValueError):
        list(selectors("sum by (stage ("))


def test_what_we_compare_with_is_what_a_scrape_holds() -> None:
    """The names that these tests compare with are those that a scrape shows."""
    from prometheus_client import generate_latest
    from prometheus_client.parser import text_string_to_metric_families

    exposed = {
        sample.name
        for family in text_string_to_metric_families(generate_latest().decode())
        for sample in family.samples
        if sample.name.startswith("counterpoint_") and not sample.name.endswith("_created")
    }
    assert exposed <= set(series())

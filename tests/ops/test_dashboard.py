"""The Grafana dashboard shows every metric, and its panels name only existing metrics and labels."""

import json
from typing import Any

import pytest

from tests.ops.rules import OPS, declared, grouped, selectors, strangers

BOARD: dict[str, Any] = json.loads((OPS / "dashboard.json").read_text())
PANELS: dict[str, dict[str, Any]] = {panel["title"]: panel for panel in BOARD["panels"]}
COLUMNS = 24


def test_it_can_be_imported() -> None:
    """The dashboard has what an import into Grafana needs, and its data source is chosen on import."""
    assert BOARD["title"] == "Counterpoint"
    assert BOARD["schemaVersion"] >= 39
    assert [each["type"] for each in BOARD["templating"]["list"]] == ["datasource"]
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"]) == len(PANELS)


@pytest.mark.parametrize("title", PANELS)
def test_a_panel_shows_what_exists(title: str) -> None:
    """A panel's metrics, labels, groups and legend all exist."""
    panel = PANELS[title]
    assert panel["description"]
    assert panel["datasource"]["uid"] == "${datasource}"
    assert panel["targets"]
    for target in panel["targets"]:
        assert strangers(target["expr"]) == []
        for labels, there in grouped(target["expr"]):
            assert labels <= there
            assert all(f"{{{{{label}}}}}" in target["legendFormat"] for label in labels - {"le"})


def test_panels_do_not_overlap() -> None:
    """Each cell of the dashboard's grid holds at most one panel."""
    cells = [
        (x, y)
        for panel in BOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < COLUMNS


def test_every_metric_has_a_panel() -> None:
    """Every metric is shown by some panel."""
    shown = {
        (selector.name or "").removesuffix("_bucket")
        for panel in BOARD["panels"]
        for target in panel["targets"]
        for selector in selectors(target["expr"])
    }
    assert set(declared()) - shown == set()

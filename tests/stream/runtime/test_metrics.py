"""Metrics: named in one file, each with its meaning and with what to do; what runs is told by the process itself."""

import re
from importlib.metadata import version

import pytest
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from stream.contracts.feedback import ModelVersion
from stream.runtime import metrics

ALL = {name: value for name, value in vars(metrics).items() if isinstance(value, MetricWrapperBase)}
PERSONAL = {"conversation_id", "session_id", "author", "user", "username", "counsellor", "text", "message_id"}


@pytest.mark.parametrize("name", ALL)
def test_a_metric_says_what_it_means_and_what_to_do(name: str) -> None:
    """At least two sentences: one that explains, one that helps."""
    told = ALL[name]._documentation
    assert len(re.findall(r"[.:;](?:\s|$)", told)) >= 2
    assert told.endswith(".")


@pytest.mark.parametrize("name", ALL)
def test_a_metric_is_ours_and_its_labels_are_nobody(name: str) -> None:
    """A label with a person in it would be a record about them, and a series for each."""
    assert ALL[name]._name.startswith("counterpoint_")
    assert not set(ALL[name]._labelnames) & PERSONAL


def test_a_process_tells_its_version() -> None:
    """So that an operator sees an upgrade that missed a stage."""
    metrics.tell_build("test-stage")
    labels = {"stage": "test-stage", "version": version("counterpoint")}
    assert REGISTRY.get_sample_value("counterpoint_build_info", labels) == 1


def test_a_worker_tells_its_model() -> None:
    """Name and versions, and whether it is validated."""
    model = ModelVersion(
        name="a test's model", adapter="a", weights="w", prompt="p", rubric="r", schema_version="s", validated=True
    )
    metrics.tell_model(model)
    labels = {"model": "a test's model", "weights": "w", "prompt": "p", "rubric": "r", "validated": "true"}
    assert REGISTRY.get_sample_value("counterpoint_model_info", labels) == 1

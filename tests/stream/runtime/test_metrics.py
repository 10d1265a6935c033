"""Tests of the metrics: each explains itself, none has a person in its labels, and a process reports its versions."""

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
    """The help text of a metric has at least two sentences: one for the meaning, one for what to do."""
    told = ALL[name]._documentation
    assert len(re.findall(r"[.:;](?:\s|$)", told)) >= 2
    assert told.endswith(".")


@pytest.mark.parametrize("name", ALL)
def test_a_metric_has_our_prefix_and_no_label_for_a_person(name: str) -> None:
    """A metric has our prefix, and no label that identifies a person.

    Such a label would be a record about the person, and a series for each.
    """
    assert ALL[name]._name.startswith("counterpoint_")
    assert not set(ALL[name]._labelnames) & PERSONAL


def test_a_process_reports_its_version() -> None:
    """A process reports its version, so that an operator sees a stage that was not upgraded."""
    metrics.set_build_info("test-stage")
    labels = {"stage": "test-stage", "version": version("counterpoint")}
    assert REGISTRY.get_sample_value("counterpoint_build_info", labels) == 1


def test_a_worker_reports_its_model() -> None:
    """A feedback worker reports the name and versions of its model and whether it is validated."""
    model = ModelVersion(
        name="a test's model", adapter="a", weights="w", prompt="p", rubric="r", schema_version="s", validated=True
    )
    metrics.set_model_info(model)
    labels = {"model": "a test's model", "weights": "w", "prompt": "p", "rubric": "r", "validated": "true"}
    assert REGISTRY.get_sample_value("counterpoint_model_info", labels) == 1

"""The metrics and labels that alert rules and dashboard panels may use, and the parsing of PromQL expressions."""

from collections.abc import Iterator

import promql_parser
from prometheus_client.metrics import MetricWrapperBase

from plugin.local.paths import ROOT
from stream.runtime import metrics

OPS = ROOT / "ops"
_OWN_LABELS = {"job", "instance"}
"""The labels that Prometheus adds to every metric it scrapes."""


def declared() -> dict[str, MetricWrapperBase]:
    """Return our metrics by the name under which they are declared."""
    found = [value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase)]
    return {_name(metric): metric for metric in found}


def series() -> dict[str, set[str]]:
    """Return every name that a scrape of our stages can hold, with its labels."""
    known: dict[str, set[str]] = {"up": _OWN_LABELS}
    for name, metric in declared().items():
        labels = {*metric._labelnames, *_OWN_LABELS}
        known[name] = labels
        if metric._type == "histogram":
            known |= {f"{name}_bucket": {*labels, "le"}, f"{name}_sum": labels, f"{name}_count": labels}
    return known


def selectors(expression: str) -> Iterator[promql_parser.VectorSelector]:
    """Yield every selector of a PromQL expression.

    Raises:
        ValueError: the expression is not valid PromQL.
    """
    found: list[promql_parser.VectorSelector] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(expression), pre_visit=visit)
    yield from found


def strangers(expression: str) -> list[str]:
    """Return the names in an expression that we do not have: a metric, its label, or a value of a closed list."""
    wrong: list[str] = []
    for selector in selectors(expression):
        labels = series().get(selector.name or "")
        if labels is None:
            wrong.append(str(selector.name))
            continue
        wrong += [f"{selector.name}.{m.name}" for m in selector.matchers.matchers if m.name not in labels]
    return wrong


def grouped(expression: str) -> Iterator[tuple[set[str], set[str]]]:
    """Yield for each `by (...)` its labels and the labels of the series below it."""
    pairs: list[tuple[set[str], set[str]]] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            under = [series()[s.name or ""] for s in selectors(node.expr.prettify())]
            pairs.append((set(node.modifier.labels), set.intersection(*under)))

    promql_parser.walk(promql_parser.parse(expression), pre_visit=visit)
    yield from pairs


def _name(metric: MetricWrapperBase) -> str:
    return f"{metric._name}_total" if metric._type == "counter" else str(metric._name)

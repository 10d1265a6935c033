"""Read what a stage reports on /readyz and /metrics."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import httpx
from prometheus_client.parser import text_string_to_metric_families

from stream.contracts.errors import Unavailable
from stream.runtime.settings import Settings
from stream.runtime.stages import MEASURES, STAGES

PROBE_TIMEOUT_S: Final = 3.0
"""For one answer; a stage gives it from memory."""
_WILDCARD_HOSTS: Final = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}
"""A stage that listens on all addresses of this machine is asked on loopback."""

Sample = tuple[Mapping[str, str], float]
"""Labels and value."""


@dataclass(frozen=True)
class ProbeAnswer:
    """A stage's readiness and its gauges and counters by name."""

    troubles: Mapping[str, str]
    """Empty when it is ready."""
    samples: Mapping[str, list[Sample]] = field(repr=False)

    def value(self, name: str) -> float | None:
        """Return a metric without labels, or the largest of those with labels; None when there is none."""
        return max((value for _, value in self.samples.get(name, [])), default=None)


def probe_urls(settings: Settings) -> dict[str, str]:
    """Return the base URL of each stage: the one in `health.urls`, else the stage's address on this machine.

    A stage that these settings do not use has none, unless `health.urls` names it: what the deliverer needs may be in
    its own settings alone; whether measures are on is in everybody's.
    """
    urls = {}
    for stage in STAGES:
        is_named = stage.name in settings.health.urls and stage is not MEASURES
        if not stage.is_used(settings) and not is_named:
            continue
        host, port = stage.address(settings)
        urls[stage.name] = settings.health.urls.get(stage.name, f"http://{_WILDCARD_HOSTS.get(host, host)}:{port}")
    return {name: url.rstrip("/") for name, url in urls.items()}


@cache
def _certificates() -> ssl.SSLContext:
    """Return what httpx trusts by default. Reading it takes 30 ms, and every stage is asked for a page of *Health*."""
    return httpx.create_ssl_context(trust_env=False)


def probe_stage(url: str) -> ProbeAnswer:
    """Read the readiness and the metrics of the stage at a base URL.

    Raises:
        Unavailable: it does not answer, or not as a stage of ours does.
    """
    try:
        with httpx.Client(base_url=url, timeout=PROBE_TIMEOUT_S, trust_env=False, verify=_certificates()) as client:
            ready, metrics = client.get("/readyz"), client.get("/metrics")
            troubles = dict(ready.json()["troubles"])
            families = list(text_string_to_metric_families(metrics.text))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, OverflowError):
        raise Unavailable(f"the stage at {url}") from None
    samples: dict[str, list[Sample]] = {}
    for family in families:
        for sample in family.samples:
            samples.setdefault(sample.name, []).append((sample.labels, sample.value))
    return ProbeAnswer({str(part): str(said) for part, said in troubles.items()}, samples)

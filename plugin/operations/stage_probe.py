"""What a stage says of itself on /readyz and /metrics."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx
from prometheus_client.parser import text_string_to_metric_families

from stream.contracts.errors import Unavailable
from stream.runtime.settings import Settings

ASK_S: Final = 3.0
"""For one answer; a stage gives it from memory."""
_ANY: Final = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}
"""An address that means "all of this machine's" is asked on loopback."""

Sample = tuple[Mapping[str, str], float]
"""Labels and value."""


@dataclass(frozen=True)
class Answer:
    """A stage's readiness and its gauges and counters by name."""

    troubles: Mapping[str, str]
    """Empty when it is ready."""
    samples: Mapping[str, list[Sample]] = field(repr=False)

    def value(self, name: str) -> float | None:
        """A metric without labels, or the largest of those with some; None when there is none."""
        return max((value for _, value in self.samples.get(name, [])), default=None)


def addresses(settings: Settings) -> dict[str, str]:
    """Where each stage answers: as `health.urls` says, else on this machine."""
    health = settings.health
    here = {
        "gateway": (settings.gateway.host, settings.gateway.port),
        "stream": (health.host, health.stream_port),
        "feedback": (health.host, health.feedback_port),
        "sink": (health.host, health.sink_port),
        "web": (settings.web.host, settings.web.port),
    }
    local = {name: f"http://{_ANY.get(host, host)}:{port}" for name, (host, port) in here.items()}
    return local | {name: url.rstrip("/") for name, url in health.urls.items()}


def ask(url: str) -> Answer:
    """Ask one stage.

    Raises:
        Unavailable: it does not answer, or not as a stage of ours does.
    """
    try:
        with httpx.Client(base_url=url, timeout=ASK_S, trust_env=False) as client:
            ready, metrics = client.get("/readyz"), client.get("/metrics")
            troubles = dict(ready.json()["troubles"])
            families = list(text_string_to_metric_families(metrics.text))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, OverflowError):
        raise Unavailable(f"the stage at {url}") from None
    samples: dict[str, list[Sample]] = {}
    for family in families:
        for sample in family.samples:
            samples.setdefault(sample.name, []).append((sample.labels, sample.value))
    return Answer({str(part): str(said) for part, said in troubles.items()}, samples)

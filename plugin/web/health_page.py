"""The operator's morning on one page: what waits, what is wrong, and what people's answers say of the machine."""

from datetime import UTC, datetime
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from plugin.database.viewer import Viewer
from plugin.operations.health_lines import health_groups
from plugin.operations.status import QueueStatus, collect_status
from plugin.queue.store import Store
from plugin.web.dependencies import CurrentOperator, ServicesDep
from plugin.web.render import page

router = APIRouter()

PATIENCE_S: Final = 10.0
"""How long the page waits for one part, as long as a person waits; the others are shown without it."""


@router.get("/health")
def health(request: Request, services: ServicesDep, viewer: CurrentOperator) -> Response:
    """Show an operator the numbers of all parts; a part that does not answer is named in its place."""
    status = collect_status(
        services.settings,
        now=datetime.fromtimestamp(services.now(), UTC),
        read_queue=lambda: _read_queue(services.store, viewer),
        patience_s=PATIENCE_S,
    )
    return page(request, "health.html", groups=health_groups(status))


def _read_queue(store: Store, viewer: Viewer) -> QueueStatus:
    counts, quality = store.operator_counts(viewer), store.quality(viewer)
    assert counts is not None  # noqa: S101 - the route is for operators alone
    assert quality is not None  # noqa: S101
    return QueueStatus(counts.waiting, counts.oldest_waiting, quality, store.digests.due_since(viewer))

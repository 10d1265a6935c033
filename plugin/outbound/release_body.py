"""What a notice of a release says on its way out: ids, times and a link; never text, a level or a client's name."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from plugin.queue.release_notices import NoticeKind


def release_body(
    kind: NoticeKind, release_id: UUID, session_id: UUID, content: dict[str, Any], made_at: datetime, public_url: str
) -> str:
    """Return a notice as the body of a webhook, the same for each try of it; what is gone has no link."""
    data = {"release_id": str(release_id), "session_id": str(session_id), **content}
    if kind is NoticeKind.RELEASED:
        data["url"] = f"{public_url.rstrip('/')}/sessions/{session_id}"
    return json.dumps({"type": f"feedback.{kind.value}", "timestamp": made_at.isoformat(), "data": data})

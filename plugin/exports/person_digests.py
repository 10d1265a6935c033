"""What is stored about one person's digests: how they want them, up to when they have read, and what was sent."""

from sqlmodel import Session, col, select

from plugin.database.tables import StoredDelivery, StoredDigestMark, StoredDigestPreferences
from plugin.database.viewer import Viewer
from plugin.exports.person_rows import Json, time_of


def digests_of(session: Session, person: Viewer) -> Json:
    """Return this person's preferences with their mail address, their mark, and the deliveries by day."""
    wanted = session.get(StoredDigestPreferences, person.user_id)
    mark = session.get(StoredDigestMark, person.user_id)
    sent = session.exec(
        select(StoredDelivery)
        .where(col(StoredDelivery.account_id) == person.user_id)
        .order_by(col(StoredDelivery.period))
    )
    return {
        "preferences": None
        if wanted is None
        else {
            "way": wanted.way,
            "receiver": wanted.receiver,
            "days": wanted.days,
            "hour": wanted.hour,
            "zone": wanted.zone,
            "set_at": time_of(wanted.set_at),
        },
        "read_until": None if mark is None else time_of(mark.read_until),
        "deliveries": [
            {"day": row.period.isoformat(), "way": row.way, "state": row.state, "attempts": row.attempts}
            for row in sent
        ],
    }

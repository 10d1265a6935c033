"""Risk signals of the page tests: one of a stored session, and one of a session that is open."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from plugin.database.engine import connect, transaction
from plugin.sink.apply import apply
from stream.contracts.risk import RiskSignal
from stream.contracts.vocabulary import Concern, HeardBy
from tests.plugin.web.conftest import KEK, WAITING
from tests.plugin.web.samples import START, TENANT


def _signal(message_id: str, conversation_id: str, session_id: UUID, concern: Concern) -> RiskSignal:
    return RiskSignal(
        tenant=TENANT,
        conversation_id=conversation_id,
        session_id=session_id,
        message_id=message_id,
        revision=0,
        concerns=(concern,),
        heard_by=(HeardBy.LEXICON,),
        appended_at=START,
    )


RISK_OF_WAITING: Final = _signal("m1", WAITING.conversation_id, WAITING.session_id, Concern.SUICIDE)
RISK_OPEN: Final = _signal("<i>m-7</i>", "talk-that-goes-on", UUID(int=7), Concern.ABUSE)
"""Its session is open: nothing of it is stored."""


def raise_signals(url: str, *signals: RiskSignal) -> None:
    """Store signals as the sink does."""
    engine = connect(url)
    with transaction(engine) as session:
        for each in signals or (RISK_OF_WAITING, RISK_OPEN):
            apply(session, KEK, each, datetime.now(UTC))
    engine.dispose()

"""The words with which the page shows risk signals; what may be chosen as done, and by what one was heard."""

from typing import Final

from plugin.queue.risk_signals import RiskAction
from stream.contracts.vocabulary import HeardBy

ACTIONS: Final = {
    RiskAction.CONTACTED: "Spoke with the client",
    RiskAction.PROTOCOL_STARTED: "Protocol started",
    RiskAction.NO_DANGER: "Read it, no danger",
    RiskAction.OTHER: "Something else",
}
_HEARD_BY: Final = {HeardBy.LEXICON: "a word list", HeardBy.READER: "a model, not a word list"}


def heard_by(names: tuple[str, ...]) -> str:
    """Return by what a signal was heard; a name of a later version stands as it is."""
    return " and ".join(_HEARD_BY.get(name, name) for name in names)  # type: ignore[call-overload]

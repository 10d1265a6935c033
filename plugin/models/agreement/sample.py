"""`counterpoint model sample`: a blind set of exchanges for clinicians to rate, drawn so that rare answers are in it.

The sheet for the raters holds words and no levels; the key, kept apart from them, holds levels and no words.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from plugin.database.viewer import AccountRole, Viewer
from plugin.models.check.stimuli import ContextLine, ExchangeText
from plugin.queue.store import Store
from plugin.queue.stratified_draw import Levels
from plugin.queue.views import MessageView, MomentView, SessionView
from stream.contracts.errors import Misconfigured
from stream.contracts.feedback import Assessment, ModelVersion
from stream.contracts.vocabulary import Role, Verdict
from stream.feedback.deidentification.deidentify import Deidentifier

AUDIT_PURPOSE: Final = "agreement sample"
"""As the audit trail calls it."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SampleCandidate:
    """An exchange that could be drawn, with the model's answer."""

    session: str
    """Exchanges of one session resemble each other: they are drawn apart."""
    exchange: ExchangeText = field(repr=False)
    levels: Levels
    model: ModelVersion


def queue_candidates(store: Store, viewer: Viewer) -> Iterator[SampleCandidate]:
    """Yield every rated exchange of the supervisor's sessions with consent to secondary use; each reading is audited.

    Raises:
        Misconfigured: somebody asks who reads no sessions of others.
    """
    if viewer.role is not AccountRole.SUPERVISOR:
        raise Misconfigured("Only a supervisor's sessions can be drawn from.")
    for session_id in store.new_since(viewer, EPOCH):
        view = store.open(viewer, session_id, purpose=AUDIT_PURPOSE)
        if view is not None and view.consent.secondary_use:
            yield from _session_candidates(view)


def _session_candidates(view: SessionView) -> Iterator[SampleCandidate]:
    texts = {message.message_id: message for message in view.messages}
    deidentify = Deidentifier(()).apply  # names went before the queue; numbers and addresses are hidden here
    for moment in (*view.moments, *view.further):
        answer = moment.answer
        if not isinstance(answer, Assessment) or answer.verdict is Verdict.REJECTED:
            continue
        if all(name in texts for name in (*moment.client_turn, *moment.reply)):
            yield SampleCandidate(
                session=str(view.row.session_id),
                exchange=_exchange_text(moment, texts, lambda text: deidentify(text).text),
                levels=tuple(rating.level for rating in answer.ratings),
                model=answer.model,
            )


def _exchange_text(moment: MomentView, texts: dict[str, MessageView], hide: Callable[[str], str]) -> ExchangeText:
    context: tuple[ContextLine, ...] = tuple(
        (texts[name].role, hide(texts[name].text)) for name in moment.context if name in texts
    )
    return ExchangeText(
        client=tuple(hide(texts[name].text) for name in moment.client_turn),
        reply="\n".join(hide(texts[name].text) for name in moment.reply),
        context=tuple(line for line in context if line[0] is not Role.SYSTEM),
    )

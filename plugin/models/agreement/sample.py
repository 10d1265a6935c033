"""`counterpoint model sample`: a blind set of exchanges for clinicians to rate, drawn so that rare answers are in it.

The sheet for the raters holds words and no levels; the key, kept apart from them, holds levels and no words.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from plugin.database.viewer import AccountRole, Viewer
from plugin.models.check.stimuli import ContextLine, ExchangeText
from plugin.queue.store import Store
from plugin.queue.views import MessageView, MomentView, SessionView
from stream.contracts.errors import Misconfigured
from stream.contracts.feedback import Assessment, ModelVersion
from stream.contracts.vocabulary import Level, Role, Verdict
from stream.feedback.deidentification.deidentify import Deidentifier

AUDIT_PURPOSE: Final = "agreement sample"
"""As the audit trail calls it."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Levels = tuple[int | None, ...]


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


def draw_stratified(candidates: Sequence[SampleCandidate], size: int, seed: int) -> list[SampleCandidate]:
    """Draw at most `size` candidates, taking kinds of answer and sessions in turn, so that rare ones are included."""
    order = random.Random(seed)  # noqa: S311 - a draw that can be repeated, not a secret
    by_answer: defaultdict[tuple[bool, bool, bool], defaultdict[str, list[SampleCandidate]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for candidate in order.sample(candidates, len(candidates)):
        levels = candidate.levels
        by_answer[(Level.STRONG in levels, Level.NONE in levels, None in levels)][candidate.session].append(candidate)
    waiting = [_round_robin(sessions.values()) for _, sessions in sorted(by_answer.items())]
    drawn = list(_round_robin([list(each) for each in waiting]))[:size]
    return order.sample(drawn, len(drawn))  # the order on the sheet tells nothing


def _round_robin(groups: Iterable[Sequence[SampleCandidate]]) -> Iterator[SampleCandidate]:
    left = [iter(group) for group in groups]
    while left:
        for group in list(left):
            found = next(group, None)
            if found is None:
                left.remove(group)
            else:
                yield found


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

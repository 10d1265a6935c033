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
from plugin.models.check.stimuli import Line, Talk
from plugin.queue.store import Store
from plugin.queue.views import MessageView, MomentView, SessionView
from stream.contracts.errors import Misconfigured
from stream.contracts.feedback import Assessment, ModelVersion
from stream.contracts.vocabulary import Level, Role
from stream.feedback.deidentification.deidentify import Deidentifier

PURPOSE: Final = "agreement sample"
"""As the audit trail calls it."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Levels = tuple[int | None, ...]


@dataclass(frozen=True)
class Candidate:
    """One exchange that could be drawn, with what the model said of it."""

    session: str
    """Exchanges of one session resemble each other: they are drawn apart."""
    talk: Talk = field(repr=False)
    levels: Levels
    model: ModelVersion


def from_queue(store: Store, viewer: Viewer) -> Iterator[Candidate]:
    """Every rated exchange of the supervisor's sessions whose clients agreed to secondary use; each reading is audited.

    Raises:
        Misconfigured: somebody asks who reads no sessions of others.
    """
    if viewer.role is not AccountRole.SUPERVISOR:
        raise Misconfigured("Only a supervisor's sessions can be drawn from.")
    for session_id in store.new_since(viewer, EPOCH):
        view = store.open(viewer, session_id, purpose=PURPOSE)
        if view is not None and view.consent.secondary_use:
            yield from _candidates(view)


def draw(candidates: Sequence[Candidate], size: int, seed: int) -> list[Candidate]:
    """At most `size` of them: the kinds of answer in turn, so that rare ones are in it, and sessions in turn."""
    order = random.Random(seed)  # noqa: S311 - a draw that can be repeated, not a secret
    kinds: defaultdict[tuple[bool, bool, bool], defaultdict[str, list[Candidate]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for candidate in order.sample(candidates, len(candidates)):
        levels = candidate.levels
        kinds[(Level.STRONG in levels, Level.NONE in levels, None in levels)][candidate.session].append(candidate)
    waiting = [_in_turn(sessions.values()) for _, sessions in sorted(kinds.items())]
    drawn = list(_in_turn([list(each) for each in waiting]))[:size]
    return order.sample(drawn, len(drawn))  # the order on the sheet tells nothing


def _in_turn(piles: Iterable[Sequence[Candidate]]) -> Iterator[Candidate]:
    left = [iter(pile) for pile in piles]
    while left:
        for pile in list(left):
            found = next(pile, None)
            if found is None:
                left.remove(pile)
            else:
                yield found


def _candidates(view: SessionView) -> Iterator[Candidate]:
    texts = {message.message_id: message for message in view.messages}
    hide = Deidentifier(()).apply  # names went before the queue; numbers and addresses are hidden here
    for moment in view.moments:
        answer = moment.answer
        if isinstance(answer, Assessment) and all(name in texts for name in (*moment.client_turn, *moment.reply)):
            yield Candidate(
                session=str(view.row.session_id),
                talk=_talk(moment, texts, lambda text: hide(text).text),
                levels=tuple(rating.level for rating in answer.ratings),
                model=answer.model,
            )


def _talk(moment: MomentView, texts: dict[str, MessageView], shown: Callable[[str], str]) -> Talk:
    context: tuple[Line, ...] = tuple(
        (texts[name].role, shown(texts[name].text)) for name in moment.context if name in texts
    )
    return Talk(
        client=tuple(shown(texts[name].text) for name in moment.client_turn),
        reply="\n".join(shown(texts[name].text) for name in moment.reply),
        context=tuple(line for line in context if line[0] is not Role.SYSTEM),
    )

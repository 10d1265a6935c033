"""The de-identified text of one opened session, as an export holds it.

The names that the platform told are not stored, so names are recognised as where nobody told them; the display names of
the session's therapists are known. What neither finds stays in: this is no anonymisation.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Final
from uuid import UUID

from plugin.database.answers import WORDS_REMOVED
from plugin.exports.review_rows import StoredMoment
from plugin.queue.statements import STRENGTHS, Statement, StatementKind
from plugin.queue.views import MomentView, SessionView
from stream.contracts.feedback import Assessment
from stream.contracts.sessions import KnownName
from stream.contracts.vocabulary import Mechanism, Role
from stream.feedback.deidentification.deidentify import Deidentifier

Hide = Callable[[str], str]
_NO_WORDS: Final[Mapping[str, str]] = {}


def hide_names(view: SessionView, therapists: Collection[str]) -> Hide:
    """Return what replaces names, numbers and addresses in the words of a session, each by the same placeholder."""
    known = [KnownName(role=Role.COUNSELLOR, name=name) for name in dict.fromkeys(therapists)]
    deidentifier = Deidentifier(known, [message.text for message in view.messages])
    return lambda words: deidentifier.apply(words).text


class SessionTexts:
    """The text columns of one session's moments."""

    def __init__(self, view: SessionView, hide: Hide) -> None:
        self._moments: dict[UUID, MomentView] = {
            moment.exchange_id: moment for moment in (*view.moments, *view.further)
        }
        self._messages = {message.message_id: hide(message.text) for message in view.messages}
        self._hide = hide

    def __call__(self, moment: StoredMoment, statement: str) -> Mapping[str, str]:
        """Return the texts of a statement: the turn, the reply, and the model's words; none where none are kept."""
        found = self._moments.get(moment.exchange.exchange_id)
        if found is None:
            return _NO_WORDS
        texts = {
            "client_turn": self._joined(found.client_turn),
            "reply": self._joined(found.reply),
            "words": self._hide(_words(found, Statement.parse(statement))),
        }
        return {name: words for name, words in texts.items() if words}

    def _joined(self, messages: Collection[str]) -> str:
        return "\n".join(self._messages[message] for message in messages if message in self._messages)


def _words(moment: MomentView, statement: Statement) -> str:
    """Return what the model says in a statement."""
    answer = moment.answer
    if not isinstance(answer, Assessment):
        return ""
    if statement == STRENGTHS:
        return "\n".join(answer.strengths)
    if statement.kind in {StatementKind.RATING, StatementKind.LEVEL}:
        mechanism = Mechanism(statement.part)
        reason = next(rating.reason for rating in answer.ratings if rating.mechanism is mechanism)
        return "" if reason == WORDS_REMOVED else reason
    if statement.kind is StatementKind.SUGGESTION:
        number = int(statement.part)
        return answer.alternatives[number - 1].text if number <= len(answer.alternatives) else ""
    return ""

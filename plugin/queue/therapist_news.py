"""Pure functions that group what is new for a person: by counsellor in the order of the alphabet, and by need."""

from collections.abc import Iterable
from dataclasses import dataclass

from plugin.queue.alphabet import place_in_alphabet
from plugin.queue.views import MessageView, MomentView, SessionView


@dataclass(frozen=True)
class SessionNews:
    """A new session with the moments of one counsellor, those that need a person first."""

    session: SessionView
    moments: tuple[MomentView, ...]

    @property
    def messages(self) -> tuple[MessageView, ...]:
        """The client turns of these moments and the replies to them, each message once, in order."""
        wanted = {message for moment in self.moments for message in (*moment.client_turn, *moment.reply)}
        return tuple(message for message in self.session.messages if message.message_id in wanted)


@dataclass(frozen=True)
class TherapistNews:
    """What is new of one counsellor, in order of need."""

    name: str | None
    """None for the sessions without a counsellor, which come first."""
    sessions: tuple[SessionNews, ...]


def by_therapist(sessions: Iterable[SessionView]) -> tuple[TherapistNews, ...]:
    """Group new sessions by counsellor; one of several counsellors stands under each, with their own moments.

    A moment that several people answered stands under each of them.
    """
    ordered = sorted(sessions, key=lambda view: (view.row.need, view.row.ended_at))
    names = {name for view in ordered for name in _names(view)}
    return tuple(
        TherapistNews(
            name, tuple(SessionNews(view, _moments_of(view, name)) for view in ordered if name in _names(view))
        )
        for name in sorted(names, key=_place)
    )


def _place(name: str | None) -> tuple[str, str]:
    return ("", "") if name is None else (place_in_alphabet(name), name)


def _names(view: SessionView) -> tuple[str | None, ...]:
    return view.row.counsellors or (None,)


def _moments_of(view: SessionView, name: str | None) -> tuple[MomentView, ...]:
    return tuple(moment for moment in view.moments if moment.counsellor in {name, None})

"""Pure functions that lay out what is new for a person: by counsellor in the order of the alphabet, and by need."""

from collections.abc import Iterable
from dataclasses import dataclass

from plugin.queue.alphabet import place_in_alphabet
from plugin.queue.views import SessionView
from plugin.web.layout import MomentPage, moment_pages

NOBODY = "Sessions without a counsellor"


@dataclass(frozen=True)
class SessionNews:
    """A new session with the moments of one counsellor, those that need a person first."""

    session: SessionView
    moments: tuple[MomentPage, ...]


@dataclass(frozen=True)
class TherapistNews:
    """What is new of one counsellor, in order of need."""

    name: str
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
        for name in sorted(names, key=lambda name: (place_in_alphabet(name), name))
    )


def _names(view: SessionView) -> tuple[str, ...]:
    return view.row.counsellors or (NOBODY,)


def _moments_of(view: SessionView, name: str) -> tuple[MomentPage, ...]:
    return tuple(page for page in moment_pages(view) if page.moment.counsellor in {name, None})

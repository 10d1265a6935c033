"""The row rights of hand-overs, comments on notes and saved views, as SQL for `plugin.database.row_policies`."""

from collections.abc import Iterator
from typing import Final

from plugin.database.person_conditions import OWN, REVIEWS

TO_A_REVIEWER: Final = (
    "(receiver_id IS NULL OR EXISTS (SELECT FROM public.accounts r WHERE r.account_id = receiver_id"
    " AND r.disabled_at IS NULL AND r.role IN ('supervisor', 'lead')))"
)
"""A session is handed to nobody who could not review one, whatever a query says."""
# The policies of the tables in these queries apply too.
_NOTE_IS_VISIBLE: Final = (
    "EXISTS (SELECT FROM public.notes n WHERE n.note_id = note_comments.note_id"
    " AND n.session_id = note_comments.session_id)"
)
_IS_RELEASED: Final = (
    "EXISTS (SELECT FROM public.decisions d JOIN public.sessions s ON s.session_id = d.session_id"
    " AND s.revision = d.revision WHERE d.session_id = note_comments.session_id AND d.kind = 'released')"
)


COMMENT_IS_READ: Final = f"({_NOTE_IS_VISIBLE} AND ({REVIEWS} OR {_IS_RELEASED}))"
"""What must hold beside the visible session: the note is visible, and to a therapist it was released."""


def saved_view_policies(page_role: str, export_role: str) -> Iterator[str]:
    """Yield the policies by which the page sees and changes a reviewer's own views alone, and an export reads them."""
    theirs = f"{OWN} AND {REVIEWS}"
    yield "ALTER TABLE public.saved_views ENABLE ROW LEVEL SECURITY"
    yield "DROP POLICY IF EXISTS counterpoint_own ON public.saved_views"
    yield f"CREATE POLICY counterpoint_own ON public.saved_views TO {page_role} USING ({theirs}) WITH CHECK ({theirs})"
    yield "DROP POLICY IF EXISTS counterpoint_export ON public.saved_views"
    yield f"CREATE POLICY counterpoint_export ON public.saved_views FOR SELECT TO {export_role} USING ({OWN})"

"""The rights on outcomes: rows as SQL for `plugin.database.row_policies`, columns for `plugin.database.grants`."""

from collections.abc import Iterable, Iterator
from typing import Final

from plugin.database.person_conditions import ACCOUNT, IS_OPERATOR, REVIEWS

PLACES: Final = "SELECT (outcome_key, tenant, conversation_id, session_id, author, given_at, appended_at)"
"""Enough to find the outcomes of what was erased, withdrawn or has had its time, and to see which was given last."""
KNOWN: Final = "SELECT (outcome_key, given_at)"
"""Enough to see which of two outcomes was given last."""
_REPLACED: Final = (
    *("session_id", "instrument", "score", "occasion", "given_by", "author", "given_at"),
    *("secondary_use", "appended_at", "stored_at"),
)
REPLACE: Final = f"UPDATE ({', '.join(_REPLACED)})"
# The policy of the sessions applies in here too, so it is the conversations whose sessions the person may see.
_OF_THEIR_SESSIONS: Final = (
    "EXISTS (SELECT FROM public.sessions s WHERE s.tenant = outcomes.tenant"
    " AND s.conversation_id = outcomes.conversation_id)"
)
_GIVEN_BY_THEMSELVES: Final = (
    f"given_by = 'counsellor' AND EXISTS (SELECT FROM public.accounts a WHERE {ACCOUNT} AND a.tenant = outcomes.tenant"
    " AND a.counsellor = outcomes.author)"
)


def outcome_policies(page_role: str, export_role: str, whole_roles: Iterable[str]) -> Iterator[str]:
    """Yield the policies: an operator's program adds, an export reads within its person's sessions, and no page."""
    yield "ALTER TABLE public.outcomes ENABLE ROW LEVEL SECURITY"
    yield "DROP POLICY IF EXISTS counterpoint_whole ON public.outcomes"
    yield (
        f"CREATE POLICY counterpoint_whole ON public.outcomes TO {', '.join(whole_roles)}"
        " USING (true) WITH CHECK (true)"
    )
    yield "DROP POLICY IF EXISTS counterpoint_add ON public.outcomes"
    yield (
        f"CREATE POLICY counterpoint_add ON public.outcomes TO {page_role} USING ({IS_OPERATOR})"
        f" WITH CHECK ({IS_OPERATOR})"
    )
    yield "DROP POLICY IF EXISTS counterpoint_export ON public.outcomes"
    yield (
        f"CREATE POLICY counterpoint_export ON public.outcomes FOR SELECT TO {export_role}"
        f" USING ({REVIEWS} AND {_OF_THEIR_SESSIONS} OR {_GIVEN_BY_THEMSELVES})"
    )

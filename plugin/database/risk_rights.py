"""The row rights of risk signals, as SQL for `plugin.database.row_policies`."""

from collections.abc import Iterable, Iterator
from typing import Final

from plugin.database.person_conditions import ACCOUNT, IS_LEAD, IS_OPERATOR, REVIEWS

# As `plugin.queue.scope.signal_visible_to` says. The function looks at all sessions, and the policy of the sessions
# applies to the query after it.
_THEIR_PLATFORMS: Final = f"""ARRAY(
    SELECT a.tenant FROM public.accounts a WHERE {ACCOUNT} AND a.role = 'supervisor'
    UNION ALL
    SELECT o.tenant FROM public.accounts a
    JOIN public.memberships mine ON mine.account_id = a.account_id
    JOIN public.memberships theirs ON theirs.team_id = mine.team_id
    JOIN public.accounts o ON o.account_id = theirs.account_id AND o.role = 'therapist'
    WHERE {ACCOUNT} AND a.role = 'supervisor')"""  # noqa: S608 - constants of this file
_IS_SEEN: Final = (
    "CASE WHEN public.counterpoint_session_is_over(session_id)"
    " THEN EXISTS (SELECT FROM public.sessions s WHERE s.session_id = risk_signals.session_id)"
    f" ELSE {IS_LEAD} OR tenant = ANY ({_THEIR_PLATFORMS}) END"
)


def risk_policies(page_role: str, other_roles: Iterable[str]) -> Iterator[str]:
    """Yield the policies by which the page finds signals for who may acknowledge them; the other roles show none."""
    theirs = f"({IS_OPERATOR} OR {REVIEWS} AND {_IS_SEEN})"
    yield "ALTER TABLE public.risk_signals ENABLE ROW LEVEL SECURITY"
    yield "DROP POLICY IF EXISTS counterpoint_whole ON public.risk_signals"
    yield (
        f"CREATE POLICY counterpoint_whole ON public.risk_signals TO {', '.join(other_roles)}"
        " USING (true) WITH CHECK (true)"
    )
    yield "DROP POLICY IF EXISTS counterpoint_acknowledge ON public.risk_signals"
    yield (
        f"CREATE POLICY counterpoint_acknowledge ON public.risk_signals TO {page_role}"
        f" USING ({theirs}) WITH CHECK ({theirs})"
    )

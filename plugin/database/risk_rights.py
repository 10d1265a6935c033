"""The row rights of risk signals, as SQL for `plugin.database.row_policies`."""

from collections.abc import Iterable, Iterator

from plugin.database.person_conditions import IS_OPERATOR, REVIEWS


def risk_policies(page_role: str, other_roles: Iterable[str]) -> Iterator[str]:
    """Yield the policies by which the page finds signals for who may acknowledge them; the other roles show none."""
    theirs = f"({REVIEWS} OR {IS_OPERATOR})"
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

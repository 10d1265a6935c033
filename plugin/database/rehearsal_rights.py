"""The row rights of rehearsals, as SQL: a therapist has their own, and nobody else has any."""

from collections.abc import Iterator
from typing import Final

from plugin.database.person_conditions import IS_THERAPIST, OWN

_THEIRS: Final = f"{OWN} AND {IS_THERAPIST}"
_OF_THEIRS: Final = "EXISTS (SELECT FROM public.rehearsals r WHERE r.rehearsal_id = rehearsal_steps.rehearsal_id)"
"""The policy of the rehearsals applies to this query too."""


def rehearsal_policies(page_role: str, export_role: str, whole_role: str) -> Iterator[str]:
    """Yield the policies: the page and an export see a therapist's own, and the third role, which reads none, all.

    It wraps the keys again, and removes what has had its time.
    """
    for table, condition in (("rehearsals", _THEIRS), ("rehearsal_steps", _OF_THEIRS)):
        yield f"ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY"
        for name, right, role, rule in (
            ("own", "ALL", page_role, f"USING ({condition}) WITH CHECK ({condition})"),
            ("export", "SELECT", export_role, f"USING ({condition})"),
        ):
            yield f"DROP POLICY IF EXISTS counterpoint_{name} ON public.{table}"
            yield f"CREATE POLICY counterpoint_{name} ON public.{table} FOR {right} TO {role} {rule}"
    yield "DROP POLICY IF EXISTS counterpoint_whole ON public.rehearsals"
    yield f"CREATE POLICY counterpoint_whole ON public.rehearsals TO {whole_role} USING (true) WITH CHECK (true)"

"""The row rights of stored receivers and their notices, as SQL for `plugin.database.row_policies`."""

from collections.abc import Iterable, Iterator
from typing import Final

from plugin.database.person_conditions import IS_OPERATOR, REVIEWS

_IS_VISIBLE: Final = "EXISTS (SELECT FROM public.sessions s WHERE s.session_id = release_notices.session_id)"
"""The policy of the sessions applies to this query too."""


def receiver_policies(page_role: str, sending_role: str, key_roles: Iterable[str]) -> Iterator[str]:
    """Yield the policies: an operator manages receivers, who releases a session makes its notices, and one role sends.

    Everybody finds the names of receivers, since digests are sent to one by its name. What ends a release is told by
    triggers, with the rights of the owner.
    """
    keys = ", ".join(key_roles)
    for table in ("receivers", "release_notices"):
        yield f"ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY"
    for name, table, right, role, rule in (
        ("read", "receivers", "SELECT", f"{page_role}, {sending_role}", "USING (true)"),
        ("add", "receivers", "INSERT", page_role, f"WITH CHECK ({IS_OPERATOR})"),
        ("change", "receivers", "UPDATE", page_role, f"USING ({IS_OPERATOR}) WITH CHECK ({IS_OPERATOR})"),
        ("rewrap", "receivers", "ALL", keys, "USING (true) WITH CHECK (true)"),
        ("make", "release_notices", "INSERT", page_role, f"WITH CHECK ({REVIEWS} AND {_IS_VISIBLE})"),
        ("read", "release_notices", "SELECT", page_role, f"USING ({IS_OPERATOR})"),
        ("replay", "release_notices", "UPDATE", page_role, f"USING ({IS_OPERATOR}) WITH CHECK ({IS_OPERATOR})"),
        ("send", "release_notices", "ALL", sending_role, "USING (true) WITH CHECK (true)"),
    ):
        yield f"DROP POLICY IF EXISTS counterpoint_{name} ON public.{table}"
        yield f"CREATE POLICY counterpoint_{name} ON public.{table} FOR {right} TO {role} {rule}"

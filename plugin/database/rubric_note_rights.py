"""The row rights of rubric notes, as SQL: a lead writes, everybody but an auditor reads."""

from collections.abc import Iterator, Sequence

from plugin.database.person_conditions import ACCOUNT, IS_LEAD, OWN


def rubric_note_policies(page_role: str, export_role: str, key_roles: Sequence[str]) -> Iterator[str]:
    """Yield the policies for the role of the page, that of exports, and those that compare or rewrap the notes' keys.

    An export reads on behalf of a lead what they wrote themselves.
    """
    is_reader = f"EXISTS (SELECT FROM public.accounts a WHERE {ACCOUNT} AND a.role <> 'auditor')"
    is_written_by = (
        f"EXISTS (SELECT FROM public.accounts a WHERE {ACCOUNT} AND a.role = 'lead'"
        " AND a.account_id = rubric_note_versions.account_id)"
    )
    for table in ("rubric_notes", "rubric_note_versions"):
        yield f"ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY"
    # The rows of the notes hold no words; whether their keys can be opened is asked on behalf of nobody.
    for name, table, right, roles, rule in (
        ("read", "rubric_notes", "SELECT", (page_role, *key_roles), "USING (true)"),
        ("rewrap", "rubric_notes", "UPDATE", key_roles, "USING (true) WITH CHECK (true)"),
        ("write", "rubric_notes", "INSERT", (page_role,), f"WITH CHECK ({IS_LEAD})"),
        ("remove", "rubric_notes", "DELETE", (page_role,), f"USING ({IS_LEAD})"),
        ("read", "rubric_note_versions", "SELECT", (page_role,), f"USING ({is_reader})"),
        ("export", "rubric_note_versions", "SELECT", (export_role,), f"USING ({OWN})"),
        ("write", "rubric_note_versions", "INSERT", (page_role,), f"WITH CHECK ({is_written_by})"),
    ):
        yield f"DROP POLICY IF EXISTS counterpoint_{name} ON public.{table}"
        yield f"CREATE POLICY counterpoint_{name} ON public.{table} FOR {right} TO {', '.join(roles)} {rule}"

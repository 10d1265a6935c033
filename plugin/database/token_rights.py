"""The row rights of the JSON API's tables, as SQL: each person has their own rows alone."""

from collections.abc import Iterator
from typing import Final

from plugin.database.person_conditions import OWN

_OWN_TOKENS: Final = "token_id IN (SELECT t.token_id FROM public.api_tokens t)"
"""The policy of the tokens applies to this query too."""


def token_policies(role: str, export_role: str) -> Iterator[str]:
    """Yield the policies for the role of the page, and for that of exports, which reads a person's own tokens."""
    for table, condition in (("api_tokens", OWN), ("api_replies", _OWN_TOKENS)):
        yield f"ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY"
        yield f"DROP POLICY IF EXISTS counterpoint_own ON public.{table}"
        yield (
            f"CREATE POLICY counterpoint_own ON public.{table} TO {role} USING ({condition}) WITH CHECK ({condition})"
        )
    yield "DROP POLICY IF EXISTS counterpoint_export ON public.api_tokens"
    yield f"CREATE POLICY counterpoint_export ON public.api_tokens FOR SELECT TO {export_role} USING ({OWN})"

"""The row rights of criterion answers, as SQL: what a therapist reads, and what gives way.

Of the stages the page's alone may add one, in the name of the supervisor who is logged in: no model answers any.
"""

from collections.abc import Iterator
from typing import Final

from plugin.database.person_conditions import REVIEWS

TABLE: Final = "criterion_answers"
# The policies of sessions and decisions apply to this query too.
_IS_RELEASED: Final = (
    "EXISTS (SELECT FROM public.decisions d JOIN public.sessions s ON s.session_id = d.session_id"
    f" AND s.revision = d.revision WHERE d.session_id = {TABLE}.session_id AND d.kind = 'released')"
)
_IS_SHARED: Final = (
    f"EXISTS (SELECT FROM public.criterion_versions v WHERE v.criterion_id = {TABLE}.criterion_id"
    f" AND v.version = {TABLE}.version AND v.shared)"
)


def read_rule() -> str:
    """Return what must hold beside the visible session: a therapist reads what stands, is shared and was released."""
    return f"({REVIEWS} OR stands AND {_IS_SHARED} AND {_IS_RELEASED})"


def replace_policy(prefix: str, is_visible: str) -> Iterator[str]:
    """Yield the policy by which an answer gives way to another supervisor's, with which its note goes."""
    condition = f"{is_visible} AND {REVIEWS}"
    yield f"DROP POLICY IF EXISTS {prefix}replaces ON public.{TABLE}"
    yield (
        f"CREATE POLICY {prefix}replaces ON public.{TABLE} FOR UPDATE TO {prefix}web"
        f" USING ({condition}) WITH CHECK ({condition} AND NOT stands AND words IS NULL)"
    )

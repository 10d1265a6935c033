"""The row rights of calibrations, as SQL: what a rater sees, and when she sees her peers'.

The database keeps the ratings of others from a rater who is not done, whatever a query asks for.
"""

from collections.abc import Iterator
from typing import Final

from plugin.database.person_conditions import ACCOUNT_ID, IS_OPERATOR, IS_SUPERVISOR, OWN

OF_MOMENTS: Final = ("calibration_moments", "calibration_ratings", "final_levels")
"""The tables whose rows belong to a moment of a session, and are seen where that session is."""
_REMOVED_BY: Final = {**dict.fromkeys(OF_MOMENTS, ("sink", "privacy")), "calibrations": ("privacy",)}
"""The stages that remove rows, or their words, whosever they are; they have no right to read text."""
# The policies of the tables in the inner queries apply to these queries too.
_CALIBRATION: Final = "EXISTS (SELECT FROM public.calibrations c WHERE c.calibration_id = {table}.calibration_id{more})"
_IS_DONE: Final = (
    "EXISTS (SELECT FROM public.calibration_done d WHERE d.calibration_id = c.calibration_id AND d.account_id = {who})"
)
_IS_OVER: Final = (
    "(c.deadline_at <= now() OR (SELECT count(*) FROM public.calibration_done d"
    " WHERE d.calibration_id = c.calibration_id) = cardinality(c.raters))"
)


def calibration_policies(prefix: str) -> Iterator[str]:
    """Yield the policies of all tables of calibrations for the roles with this prefix."""
    readers, web = f"{prefix}web, {prefix}digest", f"{prefix}web"
    is_rater = f"{ACCOUNT_ID} = ANY (raters) AND {IS_SUPERVISOR}"
    yield from _table("calibrations", prefix)
    yield _policy("calibrations", "read", f"FOR SELECT TO {readers} USING ({is_rater} OR {IS_OPERATOR})")
    yield _policy("calibrations", "open", f"FOR INSERT TO {web} WITH CHECK ({OWN} AND {is_rater})")
    yield from _table("calibration_done", prefix)
    yield _policy("calibration_done", "read", f"FOR SELECT TO {readers} USING ({_calibration('calibration_done')})")
    by_a_rater = f"{OWN} AND {IS_SUPERVISOR} AND {_calibration('calibration_done')}"
    yield _policy("calibration_done", "say", f"FOR INSERT TO {web} WITH CHECK ({by_a_rater})")
    yield from _moments(readers, web, prefix)
    yield from _ratings(readers, web, prefix)
    yield from _final_levels(readers, web, prefix)


def _moments(readers: str, web: str, prefix: str) -> Iterator[str]:
    table = "calibration_moments"
    seen, by_opener = _seen(table), _calibration(table, f" AND c.account_id = {ACCOUNT_ID}")
    yield from _table(table, prefix)
    yield _policy(table, "read", f"FOR SELECT TO {readers} USING ({seen})")
    yield _policy(table, "draw", f"FOR INSERT TO {web} WITH CHECK ({seen} AND {by_opener})")
    yield _policy(table, "ask", f"FOR UPDATE TO {web} USING ({seen} AND {by_opener})")


def _ratings(readers: str, web: str, prefix: str) -> Iterator[str]:
    table = "calibration_ratings"
    both_done = f"{_IS_DONE.format(who=ACCOUNT_ID)} AND {_IS_DONE.format(who=f'{table}.account_id')}"
    compared = _calibration(table, f" AND (c.deadline_at <= now() OR {both_done})")
    may_change = _calibration(table, f" AND c.deadline_at > now() AND NOT {_IS_DONE.format(who=ACCOUNT_ID)}")
    by_a_rater = f"{OWN} AND {IS_SUPERVISOR} AND {_seen(table)} AND {may_change}"
    yield from _table(table, prefix)
    yield _policy(table, "read", f"FOR SELECT TO {readers} USING ({_seen(table)} AND ({OWN} OR {compared}))")
    yield _policy(table, "say", f"FOR INSERT TO {web} WITH CHECK ({by_a_rater})")
    yield _policy(table, "change", f"FOR UPDATE TO {web} USING ({by_a_rater}) WITH CHECK ({by_a_rater})")


def _final_levels(readers: str, web: str, prefix: str) -> Iterator[str]:
    table = "final_levels"
    is_over = _calibration(table, f" AND {_IS_OVER}")
    by_a_rater = f"{OWN} AND {IS_SUPERVISOR} AND {_seen(table)} AND {is_over}"
    yield from _table(table, prefix)
    yield _policy(table, "read", f"FOR SELECT TO {readers} USING ({_seen(table)})")
    yield _policy(table, "settle", f"FOR INSERT TO {web} WITH CHECK ({by_a_rater})")


def _table(table: str, prefix: str) -> Iterator[str]:
    """Turn row security on and remove all policies of the table, those of earlier versions too."""
    yield f"ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY"
    for name in ("read", "open", "draw", "ask", "say", "change", "settle", "whole"):
        yield f"DROP POLICY IF EXISTS {prefix}{name} ON public.{table}"
    if stages := _REMOVED_BY.get(table):
        roles = ", ".join(prefix + stage for stage in stages)
        yield f"CREATE POLICY {prefix}whole ON public.{table} TO {roles} USING (true) WITH CHECK (true)"


def _policy(table: str, name: str, rule: str) -> str:
    return f"CREATE POLICY counterpoint_{name} ON public.{table} {rule}"


def _calibration(table: str, more: str = "") -> str:
    return _CALIBRATION.format(table=table, more=more)


def _seen(table: str) -> str:
    """Return the condition that a row's session and calibration are visible, to no operator."""
    session = f"EXISTS (SELECT FROM public.sessions s WHERE s.session_id = {table}.session_id)"
    return f"{session} AND NOT {IS_OPERATOR} AND {_calibration(table)}"

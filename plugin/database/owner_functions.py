"""The functions and the view that run with the rights of the tables' owner, and the stages that may use them.

Migrations create them; the one function that row-level security calls is created here.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from plugin.database.grants import GRANTS, PREFIX
from plugin.database.person_conditions import IS_OPERATOR

FUNCTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "counterpoint_operates()": ("web",),
    "counterpoint_readings(uuid)": ("web",),
    "counterpoint_audit_remove(timestamptz, integer)": ("privacy",),
    "counterpoint_therapist_remove(text, text, timestamptz)": ("privacy",),
    "counterpoint_exports_about_account()": ("web",),
    "counterpoint_token_account(bytea)": ("web",),
    "counterpoint_trail_about_account()": ("digest",),
    "counterpoint_trail_of_account()": ("digest",),
    "counterpoint_has_opened(uuid)": ("web",),
    "counterpoint_look_answers()": ("web", "privacy"),
    "counterpoint_sample_counts()": ("web", "privacy"),
    "counterpoint_labelled_levels()": ("web", "privacy"),
    "counterpoint_dispute_counts(timestamptz)": ("web", "privacy"),
    "counterpoint_provider_role(uuid, text)": ("web",),
    "counterpoint_shadow_verdicts()": ("web", "privacy"),
    "counterpoint_shadow_levels()": ("web", "privacy"),
    "counterpoint_seen_by(uuid[], uuid[])": ("web",),
    "counterpoint_calibrated_about_account()": ("digest",),
    "counterpoint_wanted_digests()": ("web", "digest", "privacy"),
    "counterpoint_calibration_cancel(uuid, timestamptz)": ("web",),
    "counterpoint_session_is_over(uuid)": ("web",),
}
"""The functions that run with the owner's rights, and the stages that may call them."""
VIEWS: Final = ("counterpoint_trail",)
"""The views of the owner: the audit trail, which the page reads on behalf of an auditor and of nobody else."""
SEARCH_PATH: Final = "SET search_path = pg_catalog, public, pg_temp"
"""Temporary tables last: a function that looked there first would take a caller's own `accounts` for ours."""
_OPERATES: Final = (
    "CREATE OR REPLACE FUNCTION public.counterpoint_operates() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER"
    f" {SEARCH_PATH} AS $$ SELECT {IS_OPERATOR} $$"
)
_FORMER: Final = ("listed()", "reads(uuid)")


def function_statements() -> Iterator[str]:
    """Yield the SQL that lets each stage call the functions that it needs, and no other."""
    all_roles = ", ".join(PREFIX + stage for stage in GRANTS)
    yield _OPERATES
    for name, stages in FUNCTIONS.items():
        yield f"REVOKE ALL ON FUNCTION public.{name} FROM PUBLIC, {all_roles}"
        yield f"GRANT EXECUTE ON FUNCTION public.{name} TO {', '.join(PREFIX + stage for stage in stages)}"


def former_function_statements() -> Iterator[str]:
    """Yield the SQL that removes the functions of earlier versions, on which no policy depends any more."""
    for name in _FORMER:
        yield f"DROP FUNCTION IF EXISTS public.{PREFIX}{name}"

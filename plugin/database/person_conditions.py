"""The conditions of row-level security about the person whom the transaction names, as SQL."""

from typing import Final

ACCOUNT_ID: Final = "nullif(current_setting('counterpoint.account', true), '')::uuid"
ACCOUNT: Final = f"a.account_id = {ACCOUNT_ID} AND a.disabled_at IS NULL"
IS_SUPERVISOR: Final = f"EXISTS (SELECT FROM public.accounts a WHERE {ACCOUNT} AND a.role = 'supervisor')"
REVIEWS: Final = f"EXISTS (SELECT FROM public.accounts a WHERE {ACCOUNT} AND a.role IN ('supervisor', 'lead'))"
IS_THERAPIST: Final = f"EXISTS (SELECT FROM public.accounts a WHERE {ACCOUNT} AND a.role = 'therapist')"
OWN: Final = f"account_id = {ACCOUNT_ID}"
IS_LEAD: Final = f"EXISTS (SELECT FROM public.accounts a WHERE {ACCOUNT} AND a.role = 'lead')"
IS_OPERATOR: Final = f"EXISTS (SELECT FROM public.accounts a WHERE {ACCOUNT} AND a.role = 'operator')"

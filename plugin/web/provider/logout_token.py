"""The check of a logout token, by which the provider says that a person's login there has ended."""

from collections.abc import Mapping
from typing import Final

from joserfc.errors import ClaimError
from joserfc.jwt import JWTClaimsRegistry

from plugin.queue.provider_refusals import LoginRefusedError, Refusal
from plugin.web.provider.id_token import TOLERANCE_S, Claims, check_subject

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
MAX_AGE_S: Final = 600
"""Seconds after which a logout token counts no more; an earlier one could end a login that began after it."""


def check_logout_claims(claims: Claims, issuer: str, client_id: str, now: float) -> str:
    """Return the subject of a verified logout token.

    Raises:
        LoginRefusedError: it is not about a logout of a person at our provider, or it is too old.
    """
    rules = JWTClaimsRegistry(
        int(now),
        TOLERANCE_S,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        iat={"essential": True},
        jti={"essential": True},
    )
    try:
        rules.validate(dict(claims))
    except (ClaimError, ValueError, TypeError):
        raise LoginRefusedError(Refusal.OTHER_CLAIM) from None
    events, issued = claims.get("events"), claims.get("iat")
    is_logout = isinstance(events, Mapping) and EVENT in events and "nonce" not in claims
    is_new = isinstance(issued, int | float) and now - issued <= MAX_AGE_S
    if not is_logout or not is_new:
        raise LoginRefusedError(Refusal.OTHER_CLAIM)
    return check_subject(claims)

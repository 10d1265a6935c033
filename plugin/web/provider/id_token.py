"""The check of an ID token: its signature by an allowed algorithm, and every claim that OpenID Connect names."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from authlib.oidc.core.claims import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, ClaimError, ExpiredTokenError, JoseError

from plugin.queue.provider_refusals import LoginRefusedError, Refusal
from plugin.web.provider.keys import Key

TOLERANCE_S: Final = 60
"""Seconds by which the provider's clock may differ from ours."""
MAX_SUBJECT: Final = 255
"""Characters of a subject, as OpenID Connect Core limits it."""
ALGORITHMS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    "Ed25519": "OKP",
}
"""The allowed signatures and the type of their keys: none without a signature, none by a shared secret."""
_REFUSED: Final[Mapping[str, Refusal]] = {
    "iss": Refusal.ISSUER,
    "aud": Refusal.AUDIENCE,
    "azp": Refusal.PARTY,
    "exp": Refusal.EXPIRED,
    "nonce": Refusal.NONCE,
}

Claims = Mapping[str, object]


@dataclass(frozen=True)
class Header:
    """What the header of a token says of its signature."""

    algorithm: str
    key_type: str
    kid: str | None


@dataclass(frozen=True)
class Expected:
    """What the claims of a token must say."""

    issuer: str
    client_id: str
    nonce: str
    now: float
    """Seconds since 1970."""


def header_of(token: str) -> Header:
    """Return the header of a token, which nobody has verified yet.

    Raises:
        LoginRefusedError: it is no signed token in the compact form, or its algorithm is not allowed.
    """
    try:
        header = jws.extract_compact(token.encode("ascii")).headers()
        signature = token.rpartition(".")[2]
        # Base64 leaves bits over in which a changed letter would mean the same bytes.
        is_canonical = base64.urlsafe_b64encode(_decoded(signature)).rstrip(b"=").decode() == signature
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, binascii.Error):
        raise LoginRefusedError(Refusal.SHAPE) from None
    algorithm, kid = header.get("alg"), header.get("kid")
    if not is_canonical or not (kid is None or isinstance(kid, str)):
        raise LoginRefusedError(Refusal.SHAPE)
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise LoginRefusedError(Refusal.ALGORITHM)
    return Header(algorithm, ALGORITHMS[algorithm], kid)


def verified_claims(token: str, header: Header, key: Key) -> dict[str, object]:
    """Return the claims of a token that `key` signed.

    Raises:
        LoginRefusedError: another key did, or none.
    """
    try:
        return dict(jwt.decode(token, key, algorithms=[header.algorithm]).claims)
    except BadSignatureError:
        raise LoginRefusedError(Refusal.SIGNATURE) from None
    except (JoseError, ValueError, TypeError, LookupError):
        raise LoginRefusedError(Refusal.SHAPE) from None


def check_claims(claims: Claims, header: Header, expected: Expected) -> None:
    """Check that the claims are about a login for us, which this browser began, and which is not over.

    Raises:
        LoginRefusedError: a claim is missing or wrong.
    """
    options = {
        "iss": {"essential": True, "value": expected.issuer},
        "sub": {"essential": True},
        "aud": {"essential": True, "value": expected.client_id},
        "exp": {"essential": True},
        "iat": {"essential": True},
        "nonce": {"essential": True, "value": expected.nonce},
    }
    found = CodeIDToken(claims, {"alg": header.algorithm}, options, {"client_id": expected.client_id})
    try:
        found.validate(now=int(expected.now), leeway=TOLERANCE_S)
    except ExpiredTokenError:
        raise LoginRefusedError(Refusal.EXPIRED) from None
    except ClaimError as error:
        raise LoginRefusedError(_REFUSED.get(str(error.claim), Refusal.OTHER_CLAIM)) from None
    except (JoseError, ValueError, TypeError, OverflowError):
        raise LoginRefusedError(Refusal.OTHER_CLAIM) from None
    check_subject(claims)


def check_subject(claims: Claims) -> str:
    """Return the subject.

    Raises:
        LoginRefusedError: it is no id that an account can have.
    """
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject.strip() or len(subject) > MAX_SUBJECT:
        raise LoginRefusedError(Refusal.OTHER_CLAIM)
    return subject


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

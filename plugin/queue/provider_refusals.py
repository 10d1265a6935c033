"""The reasons for which a login at the OpenID Connect provider is refused, as the log and the metrics name them."""

from enum import StrEnum


class Refusal(StrEnum):
    """Why a login at the provider is refused. Only `has_own_words` reasons are told to the person."""

    NO_ATTEMPT = "no attempt of this browser"
    USED = "attempt was used"
    STATE = "wrong state"
    PROVIDER_SAID_NO = "the provider said no"
    CODE = "wrong code"
    SHAPE = "token is none"
    ALGORITHM = "wrong algorithm"
    KEY = "unknown key"
    SIGNATURE = "wrong signature"
    ISSUER = "wrong iss"
    AUDIENCE = "wrong aud"
    PARTY = "wrong azp"
    EXPIRED = "expired"
    NONCE = "wrong nonce"
    OTHER_CLAIM = "wrong claim"
    NO_ROLE = "no role"
    UNFIT = "role without its teams or platform"
    COUNSELLOR_TAKEN = "counsellor has an account"
    DISABLED = "account disabled"
    REMOVED = "account removed"

    @property
    def has_own_words(self) -> bool:
        """Whether the provider has proven who the person is, so that they are told what is missing."""
        return self in _PROVEN


_PROVEN = {Refusal.NO_ROLE, Refusal.UNFIT, Refusal.COUNSELLOR_TAKEN, Refusal.DISABLED, Refusal.REMOVED}


class LoginRefusedError(Exception):
    """An error that says why a login at the provider is refused, without anything that somebody sent."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal

"""Why a member's access ended, in words for the person and for the admin, and the way back."""

from dataclasses import dataclass

from django.db import models


class Reason(models.TextChoices):
    ADMIN = "admin", "An admin of the organization switched the account off."
    IDENTITY_PROVIDER = "identity_provider", "The organization's identity provider switched the account off."
    GRANT_REVOKED = "grant_revoked", "Google no longer honours the access that was given to Clockwise."
    ACCOUNT_REFUSED = "account_refused", "Google no longer lets this account in."
    ACCOUNT_DISABLED = "account_disabled", "Google reported that the account was disabled."
    ACCOUNT_PURGED = "account_purged", "Google reported that the account was deleted."
    SESSIONS_REVOKED = "sessions_revoked", "Google ended the account's sessions."
    TOKENS_REVOKED = "tokens_revoked", "Google reported that access was taken back."
    CREDENTIALS_AT_RISK = "credentials_at_risk", "Google reported that somebody else may know how to sign in."
    ERASED = "erased", "The account was erased."


# Nobody else lets these in again; after all others it is Google that decides whether the person can sign in.
BLOCKING = frozenset({Reason.ADMIN, Reason.IDENTITY_PROVIDER, Reason.ERASED})

_SIGN_IN = "Sign in with Google again and connect the calendar again."
_WAYS_BACK = {
    Reason.ADMIN: "An admin of the organization can switch it on again.",
    Reason.IDENTITY_PROVIDER: "Whoever runs the identity provider can assign the account again.",
    Reason.ERASED: "There is none: nothing of it is left.",
    Reason.GRANT_REVOKED: f"{_SIGN_IN} The access may have been taken back in the Google account, or was not used for "
    "six months; a test installation's lasts seven days.",
    Reason.ACCOUNT_DISABLED: f"Google has to enable the account first. {_SIGN_IN}",
    Reason.ACCOUNT_PURGED: "There is none for this account. An admin can remove it.",
    Reason.CREDENTIALS_AT_RISK: f"Secure the Google account first. {_SIGN_IN}",
}


@dataclass(frozen=True)
class Explanation:
    why: str
    way_back: str


def explain(reason: str) -> Explanation | None:
    """None where access didn't end."""
    if reason not in Reason.values:
        return None
    return Explanation(Reason(reason).label, _WAYS_BACK.get(Reason(reason), _SIGN_IN))

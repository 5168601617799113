"""Where Google is, and as which client we speak to it."""

import os
from dataclasses import dataclass

from django.conf import settings

# Google answers with the scopes that the person left ticked; oauthlib would raise on any difference.
os.environ.setdefault("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")


@dataclass(frozen=True)
class GoogleSettings:
    client_id: str
    client_secret: str
    auth_uri: str
    token_uri: str
    revoke_uri: str
    userinfo_uri: str
    jwks_uri: str
    issuers: tuple[str, ...]
    api_root: str


def configured() -> GoogleSettings:
    """The installation's settings. Plain http is let through in local mode alone (oauthlib asks the environment)."""
    if settings.LOCAL_MODE:
        os.environ.setdefault("OAUTHLIB_INSECURE_TRANSPORT", "1")
    values = settings.GOOGLE
    return GoogleSettings(
        client_id=values["GOOGLE_CLIENT_ID"],
        client_secret=values["GOOGLE_CLIENT_SECRET"],
        auth_uri=values["GOOGLE_AUTH_URI"],
        token_uri=values["GOOGLE_TOKEN_URI"],
        revoke_uri=values["GOOGLE_REVOKE_URI"],
        userinfo_uri=values["GOOGLE_USERINFO_URI"],
        jwks_uri=values["GOOGLE_JWKS_URI"],
        issuers=tuple(values["GOOGLE_ISSUERS"].split(",")),
        api_root=values["GOOGLE_API_ROOT"],
    )

"""Where Google is, and who we are there. Every address is a setting (docs: the `GOOGLE_*` settings)."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class GoogleSettings:
    """Raises ValueError for a plain-http address unless `allow_insecure`, which is local mode's alone."""

    client_id: str
    client_secret: str = field(repr=False)
    auth_uri: str = "https://accounts.google.com/o/oauth2/v2/auth"
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
    revoke_uri: str = "https://oauth2.googleapis.com/revoke"
    userinfo_uri: str = "https://openidconnect.googleapis.com/v1/userinfo"
    jwks_uri: str = "https://www.googleapis.com/oauth2/v3/certs"
    issuers: tuple[str, ...] = ("https://accounts.google.com", "accounts.google.com")
    api_root: str = "https://www.googleapis.com/"
    risc_configuration_uri: str = "https://accounts.google.com/.well-known/risc-configuration"
    allow_insecure: bool = False

    def __post_init__(self) -> None:
        for name in (
            "auth_uri",
            "token_uri",
            "revoke_uri",
            "userinfo_uri",
            "jwks_uri",
            "api_root",
            "risc_configuration_uri",
        ):
            schemes = ("https://", "http://") if self.allow_insecure else ("https://",)
            if not getattr(self, name).startswith(schemes):
                raise ValueError(f"GOOGLE_{name.upper()} must start with {' or '.join(schemes)}")


def configured() -> GoogleSettings:
    """Read from Django's settings: `GOOGLE`, by the names of the environment, and `LOCAL_MODE`."""
    from django.conf import settings

    given = settings.GOOGLE
    return GoogleSettings(
        client_id=given["GOOGLE_CLIENT_ID"],
        client_secret=given["GOOGLE_CLIENT_SECRET"],
        auth_uri=given["GOOGLE_AUTH_URI"],
        token_uri=given["GOOGLE_TOKEN_URI"],
        revoke_uri=given["GOOGLE_REVOKE_URI"],
        userinfo_uri=given["GOOGLE_USERINFO_URI"],
        jwks_uri=given["GOOGLE_JWKS_URI"],
        issuers=tuple(issuer.strip() for issuer in given["GOOGLE_ISSUERS"].split(",") if issuer.strip()),
        api_root=given["GOOGLE_API_ROOT"].rstrip("/") + "/",
        risc_configuration_uri=given["GOOGLE_RISC_CONFIGURATION_URI"],
        allow_insecure=settings.LOCAL_MODE,
    )

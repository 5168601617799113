"""The library's authentication hook: a bearer token decides the organization, and nothing else does."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from scim import tokens
from scim.errors import ScimError, unauthorized

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
PUBLIC_PATHS = frozenset({"/scim/v2/ServiceProviderConfig"})


class ScimRequest(HttpRequest):
    """`grant`: what the request's token stands for; None only where anybody may ask."""

    grant: tokens.Grant | None


class BearerTokenCheck:
    """Wraps each view's dispatch (`AUTH_CHECK_MIDDLEWARE`). Neither bodies nor tokens are logged."""

    def __init__(self, get_response: Callable[..., HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: ScimRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.method not in METHODS:
            return ScimError(405, f"SCIM uses {', '.join(METHODS)}.", headers={"Allow": ", ".join(METHODS)}).response()
        header = request.headers.get("Authorization", "")
        # How to authenticate may be asked without having done so (RFC 7643, section 5).
        if not header and request.path.rstrip("/") in PUBLIC_PATHS:
            request.grant = None
            return self.get_response(request, *args, **kwargs)
        # A POST may need keys before its transaction, where every other request finds out whether the token holds.
        may_be_remembered = request.method != "POST"
        request.grant = (
            tokens.find(secret, may_be_remembered=may_be_remembered) if (secret := _bearer(header)) else None
        )
        if request.grant is None:
            return unauthorized().response()
        return self.get_response(request, *args, **kwargs)


def _bearer(header: str) -> str:
    scheme, _, value = header.partition(" ")
    secret = value.strip()
    return secret if scheme.lower() == "bearer" and secret.startswith(tokens.PREFIX) and secret.isascii() else ""

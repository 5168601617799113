"""The glue: a bearer token names a tenant. (`glue.py` can't be imported before the library's settings are.)"""

import hashlib
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class Authenticated:
    is_authenticated = True


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class TokenMiddleware:
    """Looks the token up, as whoever has tenants must."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        from tests.scim.bare.models import Token

        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        token = Token.objects.filter(token_hash=token_hash(shown)).first()
        if token is not None:
            request.user = Authenticated()  # type: ignore[assignment]
            request.tenant_id = token.tenant_id  # type: ignore[attr-defined]
        return self.get_response(request)

"""The glue: a bearer token names a tenant. (`glue.py` can't be imported before the library's settings are.)"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class Authenticated:
    is_authenticated = True


class TokenMiddleware:
    """`Bearer 1` is tenant 1."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token.isdecimal():
            request.user = Authenticated()  # type: ignore[assignment]
            request.tenant_id = int(token)  # type: ignore[attr-defined]
        return self.get_response(request)

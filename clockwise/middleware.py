"""Keeps local visitors on the one address that Google's redirect knows."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from clockwise.env import LOOPBACK


class OneLoopbackNameMiddleware:
    """In local mode a request under another loopback name is redirected: cookies and OAuth know one host."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.base = urlsplit(settings.CLOCKWISE_BASE_URL)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        host = urlsplit(f"//{request.get_host()}").hostname
        if settings.LOCAL_MODE and request.method == "GET" and host in LOOPBACK and host != self.base.hostname:
            return HttpResponseRedirect(f"{settings.CLOCKWISE_BASE_URL}{request.get_full_path()}")
        return self.get_response(request)

"""Tells the audit log which request is being answered."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from clockwise.audit import origin
from clockwise.audit.origin import Channel, Origin
from clockwise.rate_limit import client_address

CHANNELS: tuple[tuple[str, Channel], ...] = (("/api/", "api"), ("/scim/", "scim"), ("/integrations/", "signal"))


class OriginMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with origin.acting_from(_origin_of(request)):
            return self.get_response(request)


def _origin_of(request: HttpRequest) -> Origin:
    """The path's first part tells the channel; the path itself may hold ids and stays out."""
    channel: Channel = next((channel for start, channel in CHANNELS if request.path.startswith(start)), "web")
    agent = origin.agent_class(request.headers.get("User-Agent", ""))
    return Origin(channel, _view_name(request), client_address(request), agent)


def _view_name(request: HttpRequest) -> str:
    from django.urls import Resolver404, resolve

    try:
        match = resolve(request.path_info)
    except Resolver404:
        return ""
    return match.view_name or match._func_path

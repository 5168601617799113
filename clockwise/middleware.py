"""What holds for every answer: one address for local visitors, and headers that close what we don't use."""

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


class ProgramsOverTlsMiddleware:
    """A program that sends its token in the clear is refused: a redirect would hide it (ASVS 4.1.2)."""

    PATHS = ("/api/", "/scim/", "/integrations/")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SECURE_SSL_REDIRECT and not request.is_secure() and request.path.startswith(self.PATHS):
            return HttpResponse("This address is answered over https alone.\n", status=403, content_type="text/plain")
        return self.get_response(request)


class ClosedHeadersMiddleware:
    """No answer is kept by a cache, read by another site, or given a device, unless its view says so.

    Static files are served before and keep their own. The rest of the headers are Django's and the content security
    policy's.
    """

    DEFAULTS = {
        "Cache-Control": "no-store",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": ", ".join(
            f"{feature}=()"
            for feature in (
                "accelerometer", "autoplay", "bluetooth", "browsing-topics", "camera", "display-capture",
                "encrypted-media", "fullscreen", "geolocation", "gyroscope", "hid", "identity-credentials-get",
                "idle-detection", "magnetometer", "microphone", "midi", "payment", "picture-in-picture",
                "publickey-credentials-get", "screen-wake-lock", "serial", "usb", "web-share", "xr-spatial-tracking",
            )
        ),
        "X-Frame-Options": "DENY",
        "X-Permitted-Cross-Domain-Policies": "none",
    }  # fmt: skip

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in self.DEFAULTS.items():
            response.headers.setdefault(name, value)
        return response

"""Where Google tells of accounts (Cross-Account Protection): RFC 8935, section 2, in HTTP."""

import logging

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from clockwise import clock
from clockwise.google import risc
from clockwise.google.configuration import configured
from clockwise.google.errors import GoogleUnavailable
from clockwise.organizations import signals
from clockwise.rate_limit import Limit, client_address, limited
from clockwise.tenancy.middleware import calls_outside

log = logging.getLogger(__name__)
MOST_BYTES = 64 * 1024
LIMIT = Limit("risc", per_second=25, burst=100)


@csrf_exempt
@require_POST
@calls_outside
@limited(LIMIT, client_address)
def receive(request: HttpRequest) -> HttpResponse:
    """202 once what the signal asks for is done, or was done before; 400 for what isn't a signal for us."""
    if int(request.headers.get("Content-Length") or 0) > MOST_BYTES:
        return _refused("invalid_request", "too_long")
    try:
        token = request.body.decode("ascii").strip()
        signal = risc.verify(token, settings=configured(), now=clock.now())
    except UnicodeDecodeError:
        return _refused("invalid_request", "malformed")
    except risc.SignalRefused as refused:
        return _refused(_WORDS.get(refused.reason, "invalid_request"), refused.reason)
    except GoogleUnavailable:
        # Not taken: Google sends it again.
        return HttpResponse(status=503)
    signals.hear(signal)
    return HttpResponse(status=202)


_WORDS = {
    "issuer": "invalid_issuer",
    "audience": "invalid_audience",
    "unknown_key": "invalid_key",
    "algorithm": "invalid_key",
    "signature": "authentication_failed",
}


def _refused(error: str, reason: str) -> HttpResponse:
    log.warning("A security event token was refused: %s.", reason)
    return JsonResponse({"err": error, "description": reason}, status=400)

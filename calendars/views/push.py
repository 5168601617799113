"""Where Google's push messages come in (developers.google.com/workspace/calendar/api/guides/push)."""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.request import HttpHeaders
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from calendars.models import Channel
from calendars.sync import channels
from clockwise.tenancy import current

LONGEST_HEADER = 1024
STATES = frozenset({"sync", "exists", "not_exists"})


class Malformed(ValueError):
    """A header that Google wouldn't send."""


@dataclass(frozen=True)
class Message:
    """A push message is its headers; the body is empty. Its number only grows: duplicates and gaps are normal."""

    address: channels.Address | None
    resource: str
    resource_id: str


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """Answered at once (SYNC P3): a worker looks what has changed.

    400 for what is no message of Google's, 404 for a channel that isn't ours or not any more; Google repeats neither.
    503 while the database is away, which it does repeat.
    """
    try:
        message = _message(request.headers)
    except Malformed:
        return HttpResponse(status=400)
    if message.address is None:
        return HttpResponse(status=404)  # a forged token costs us this much
    try:
        with current.organization(message.address.organization_id):
            heard = channels.hear(
                message.address.channel_id, resource=message.resource, resource_id=message.resource_id
            )
    except DatabaseError:
        return HttpResponse(status=503)
    return HttpResponse(status=204 if heard else 404)


def _message(headers: HttpHeaders) -> Message:
    """Raises Malformed."""
    channel_id = _text(headers, "X-Goog-Channel-ID")
    resource_id = _text(headers, "X-Goog-Resource-ID", longest=channels.LONGEST_RESOURCE_ID)
    if _text(headers, "X-Goog-Resource-State") not in STATES:
        raise Malformed("X-Goog-Resource-State")
    if not _text(headers, "X-Goog-Message-Number").isdecimal():
        raise Malformed("X-Goog-Message-Number")
    if "X-Goog-Channel-Expiration" in headers:
        _date(_text(headers, "X-Goog-Channel-Expiration"))
    address = channels.read_token(headers.get("X-Goog-Channel-Token", "")[:LONGEST_HEADER])
    if address is not None and str(address.channel_id) != channel_id:
        raise Malformed("X-Goog-Channel-ID")
    return Message(address, _resource(_text(headers, "X-Goog-Resource-URI")), resource_id)


def _text(headers: HttpHeaders, name: str, *, longest: int = LONGEST_HEADER) -> str:
    value = headers.get(name, "")
    if not value or len(value) > longest:
        raise Malformed(name)
    return value


def _date(text: str) -> None:
    try:
        parsedate_to_datetime(text)
    except ValueError:
        raise Malformed("X-Goog-Channel-Expiration") from None


def _resource(uri: str) -> str:
    """What a channel watches, by the last part of its path: `.../calendars/ID/events`, `.../users/me/calendarList`."""
    resource = urlsplit(uri).path.rpartition("/")[2]
    if resource not in Channel.Resource.values:
        raise Malformed("X-Goog-Resource-URI")
    return resource

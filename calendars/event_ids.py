"""Ids of our choosing for events that we make, so that a repeated insert makes no second one (SYNC W1)."""

import base64
import hashlib
import hmac

from django.conf import settings

# Tells people who look closely whose events these are; the alphabet is Google's, 0-9 and a-v.
PREFIX = "c10c"


def chosen(*parts: object) -> str:
    """The same for the same parts, and for nobody else's: only we can make it."""
    content = "|".join(map(str, parts)).encode()
    digest = hmac.new(settings.SECRET_KEY.encode(), b"clockwise.event|" + content, hashlib.sha256).digest()
    return PREFIX + base64.b32hexencode(digest[:20]).decode().lower().rstrip("=")


def next_after(google_id: str) -> str:
    """The id to take where Google keeps this one reserved for an event that was deleted."""
    return chosen("next", google_id)

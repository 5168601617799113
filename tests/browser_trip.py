"""A person's browser on its way through Google's consent page, with Django's test client as the browser."""

from typing import cast
from urllib.parse import parse_qsl, urlsplit

import requests
from django.http import HttpResponse
from django.test import Client

LOGIN = "/accounts/google/login"


def to_google(client: Client, path: str = f"{LOGIN}?connect=calendar") -> str:
    """Where Clockwise sends the browser."""
    return str(client.get(path).headers["Location"])


def answer(url: str, email: str, *, decision: str = "allow", without: tuple[str, ...] = ()) -> dict[str, str]:
    """What Google's redirect carries after the person's decision; `without`: scopes that they untick."""
    query = dict(parse_qsl(urlsplit(url).query))
    scopes = [scope for scope in query["scope"].split() if not scope.endswith(without or ("-",))]
    form = {**query, "email": email, "decision": decision, "scope": scopes}
    response = requests.post(url.split("?")[0], data=form, allow_redirects=False, timeout=10)
    return dict(parse_qsl(urlsplit(response.headers["Location"]).query))


def sign_in(client: Client, email: str, path: str = f"{LOGIN}?connect=calendar") -> HttpResponse:
    return cast(HttpResponse, client.get("/accounts/google/callback", answer(to_google(client, path), email)))

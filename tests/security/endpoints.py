"""Every address of the installation as Django knows it, and callers of every role."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.http import HttpRequest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from clockwise import clock
from clockwise.organizations import signin, tokens
from clockwise.organizations.models import BrowserSession, Member
from clockwise.organizations.roles import MEMBERS, Caller
from clockwise.tenancy import current
from tests.security.rows import Rows

METHODS = ("OPTIONS", "HEAD", "GET", "PUT", "PATCH", "DELETE", "POST")
PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>|\(\?P<(\w+)>[^)]*\)")


@dataclass(frozen=True)
class Address:
    """`route` as in urls.py; `for_programs`: answers JSON to tokens."""

    name: str
    route: str
    for_programs: bool

    def path(self, rows: Rows | None = None) -> str:
        """A path with the parameters filled in: ids of the given rows, else ids that nobody has."""

        def fill(match: re.Match[str]) -> str:
            kind, name = match[1], match[2] or match[3]
            if kind == "int":
                return "1"
            return str(_id_for(name, rows)) if kind in ("uuid", None) or name.endswith(("id", "uuid")) else "x"

        return "/" + PARAMETER.sub(fill, self.route).replace("\\", "").strip("^$")


def _id_for(name: str, rows: Rows | None) -> UUID:
    if rows is None:
        return uuid4()
    stem = name.removesuffix("_id").replace("_", "")
    named = {model._meta.model_name: row.pk for model, row in rows.items()}
    return named.get(stem) or next((pk for model, pk in named.items() if model and model.endswith(stem)), uuid4())


def addresses() -> list[Address]:
    return sorted(_walk(get_resolver(), "", ""), key=lambda address: (address.name, address.route))


def _walk(resolver: URLResolver, route: str, namespace: str) -> Iterator[Address]:
    for entry in resolver.url_patterns:
        here = route + str(entry.pattern).removeprefix("^")
        if isinstance(entry, URLResolver):
            yield from _walk(entry, here, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)
        elif isinstance(entry, URLPattern):
            yield Address(f"{namespace}{entry.name}" if entry.name else "", here, hasattr(entry.callback, "cls"))


def client_of(caller: Caller, member: Member, address: Address) -> Client | None:
    """A browser or program of that caller; None for a caller of whom no member can stand in."""
    client = Client(raise_request_exception=False)
    if caller is Caller.ANONYMOUS:
        return client
    if caller not in MEMBERS:
        return None
    with current.organization(member.organization_id):
        Member.objects.filter(pk=member.pk).update(role=caller.value)
        member.refresh_from_db()
        if address.for_programs:
            client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {tokens.create(member, scopes={'read', 'write'})}"
        else:
            sign_in(client, member)
    return client


def sign_in(client: Client, member: Member) -> None:
    """A session of the member, without the trip to Google, who has just proved who they are. Inside theirs."""
    request = HttpRequest()
    request.session = client.session
    signin.open_session(request, member)
    BrowserSession.objects.filter(member=member).update(confirmed_at=clock.now())
    request.session.save()
    client.cookies[_cookie_name()] = request.session.session_key or ""


def _cookie_name() -> str:
    from django.conf import settings

    return str(settings.SESSION_COOKIE_NAME)

"""The cast that all tests know, with calendars: Ada owns the company, Ben is on her team, Chie works in Tokyo;
Mallory is of another organization. Their Google is the emulator, over HTTP.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import requests

from calendars.emulator.server import Emulator
from calendars.models import Calendar, Event, GoogleConnection
from calendars.sync import calendar, calendar_list
from clockwise import clock
from clockwise.google import oauth
from clockwise.google.configuration import configured
from clockwise.google.id_token import verify
from clockwise.organizations import grants, signin
from clockwise.organizations.models import Member
from clockwise.tenancy import current

DOMAIN = "company.example"
REDIRECT = "http://127.0.0.1:9/accounts/google/callback"
PEOPLE = {"ada": "Europe/Berlin", "ben": "Europe/Berlin", "chie": "Asia/Tokyo"}
# A Monday on which nothing changes its clocks, three weeks before Europe does.
MONDAY = date(2027, 3, 1)
SUNDAY_NOON = datetime(2027, 2, 28, 12, tzinfo=UTC)

Json = dict[str, Any]


def address(name: str) -> str:
    return f"{name}@{'mallory.example' if name == 'mallory' else DOMAIN}"


def seed() -> Json:
    people = [{"email": address(name), "name": name.title(), "time_zone": zone} for name, zone in PEOPLE.items()]
    mallory = {"email": address("mallory"), "name": "Mallory", "time_zone": "Europe/Berlin"}
    return {
        "now": SUNDAY_NOON.isoformat(),
        "organizations": [
            {"domain": DOMAIN, "people": people, "rooms": [{"email": "polaris@resource.example"}]},
            {"domain": "mallory.example", "people": [mallory]},
        ],
        "outsiders": [{"email": "guest@outside.example", "name": "Guest", "time_zone": "Europe/London"}],
        "events": [],
    }


def meeting(title: str, day: date, hour: float, minutes: int, *guests: str, **extra: Any) -> Json:
    """An event's body: local time of the organizer's calendar in Berlin, guests by first name or address."""
    start = datetime.combine(day, datetime.min.time()) + timedelta(hours=hour)
    times = [(start + timedelta(minutes=m)).isoformat() for m in (0, minutes)]
    emails = [guest if "@" in guest else address(guest) for guest in guests]
    return {
        "summary": title,
        "start": {"dateTime": times[0], "timeZone": "Europe/Berlin"},
        "end": {"dateTime": times[1], "timeZone": "Europe/Berlin"},
        "attendees": [{"email": email, "responseStatus": "accepted"} for email in emails],
        **extra,
    }


@dataclass
class Company:
    google: Emulator
    organization_id: UUID = field(init=False)
    other_organization_id: UUID = field(init=False)
    ids: dict[str, UUID] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in PEOPLE:
            reference = self.sign_in(name)
            self.organization_id = reference
        self.other_organization_id = self.sign_in("mallory")

    @contextmanager
    def inside(self) -> Iterator[None]:
        """The company is the current organization, in a transaction."""
        with current.organization(self.organization_id):
            yield

    @contextmanager
    def acting(self) -> Iterator[None]:
        """The company is the current organization; what talks to Google opens its own transactions."""
        with current.acting_for(self.organization_id):
            yield

    def member(self, name: str) -> Member:
        return Member.objects.get(pk=self.ids[name])

    def sign_in(self, name: str, scopes: tuple[str, ...] = oauth.IDENTITY_SCOPES + oauth.CALENDAR_SCOPES) -> UUID:
        """Through the consent page; the calendar is connected where its scopes stay ticked."""
        grant, nonce = consent(self.google, address(name), scopes)
        identity = verify(grant.id_token, settings=configured(), nonce=nonce, now=clock.now())
        reference = signin.reference_for(identity)
        self.ids[name] = reference.member_id
        with current.organization(reference.organization_id):
            if oauth.covers_calendars(grant):
                grants.take(Member.objects.get(pk=reference.member_id), grant)
        return reference.organization_id

    def insert(self, organizer: str, body: Json) -> str:
        """A person makes an event in Google; returns its id."""
        return str(self.google.as_person(address(organizer), "insert", body=body)["id"])

    def sync(self, *names: str) -> None:
        for name in names or PEOPLE:
            with self.acting():
                for calendar_id in calendar_list.sync(self.connection(name).pk):
                    calendar.sync(calendar_id)

    def connection(self, name: str) -> GoogleConnection:
        with self.inside():
            return GoogleConnection.objects.get(member=self.ids[name])

    def calendar(self, name: str) -> Calendar:
        return Calendar.objects.get(member=self.ids[name], is_primary=True)

    def event(self, name: str, google_id: str) -> Event:
        return Event.objects.select_related("calendar").get(member=self.ids[name], google_id=google_id)


def consent(google: Emulator, email: str, scopes: tuple[str, ...]) -> tuple[oauth.Grant, str]:
    """The browser's part of the trip, and the grant that it ends with."""
    settings = configured()
    trip = oauth.begin(settings=settings, redirect_uri=REDIRECT, scopes=scopes, offline=True, consent=True)
    query = dict(parse_qsl(urlsplit(trip.url).query))
    form = {**query, "email": email, "decision": "allow", "scope": query["scope"].split()}
    answer = requests.post(trip.url.split("?")[0], data=form, allow_redirects=False, timeout=10)
    returned = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    grant = oauth.finish(trip, returned, settings=settings, redirect_uri=REDIRECT, now=clock.now())
    return grant, trip.nonce

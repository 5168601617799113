"""Google's own client libraries, unmodified, pointed at the emulator; and its seed."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httplib2
import requests
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from google_auth_oauthlib.flow import Flow
from googleapiclient.discovery import build_from_document  # type: ignore[attr-defined]
from googleapiclient.discovery_cache import get_static_doc
from googleapiclient.errors import HttpError

from calendars.emulator.server import Emulator

REDIRECT = "http://127.0.0.1:9/callback"
API = "https://www.googleapis.com/auth/"
IDENTITY = ("openid", API + "userinfo.email", API + "userinfo.profile")
CALENDAR = API + "calendar"
ADA, BEN, CHIE, DAN = "ada@company.example", "ben@company.example", "chie@company.example", "dan@mail.example"
ROOM = "polaris@resource.example"

Json = dict[str, Any]


def seed() -> Json:
    people = [
        {
            "email": ADA,
            "name": "Ada Berg",
            "time_zone": "Europe/Berlin",
            "working_hours": {"start": "09:00", "end": "17:00"},
        },
        {"email": BEN, "name": "Ben Cole", "time_zone": "Europe/Berlin"},
        {"email": CHIE, "name": "Chie", "time_zone": "Asia/Tokyo"},
    ]
    rooms = [{"email": ROOM, "name": "Polaris", "time_zone": "Europe/Berlin"}]
    return {
        "organizations": [{"domain": "company.example", "people": people, "rooms": rooms}],
        "outsiders": [{"email": DAN, "name": "Dan", "time_zone": "Europe/London"}],
    }


def timed(start: str, end: str, zone: str = "Europe/Berlin", **extra: Any) -> Json:
    """An event's body, `start` and `end` as local times: `2027-03-01T10:00`."""
    times = {key: {"dateTime": f"{at}:00", "timeZone": zone} for key, at in (("start", start), ("end", end))}
    return {"summary": "Plan", **times, **extra}


def guests(*emails: str) -> list[Json]:
    return [{"email": email} for email in emails]


@dataclass
class Accounts:
    """Sign-in by google-auth-oauthlib, calls by google-api-python-client."""

    google: Emulator
    services: dict[tuple[str, ...], Any] = field(default_factory=dict)

    def flow(self, *scopes: str) -> Flow:
        settings = self.google.endpoints()
        client = {
            "client_id": settings["GOOGLE_CLIENT_ID"],
            "client_secret": settings["GOOGLE_CLIENT_SECRET"],
            "auth_uri": settings["GOOGLE_AUTH_URI"],
            "token_uri": settings["GOOGLE_TOKEN_URI"],
        }
        return Flow.from_client_config({"web": client}, scopes=list(scopes), redirect_uri=REDIRECT)

    def consent(
        self, url: str, email: str, scopes: tuple[str, ...] | None = None, decision: str = "allow"
    ) -> dict[str, str]:
        """What comes back to the redirect address. `scopes`: what stays ticked."""
        query = dict(parse_qsl(urlsplit(url).query))
        ticked = query["scope"].split() if scopes is None else list(scopes)
        form = {**query, "email": email, "decision": decision, "scope": ticked}
        answer = requests.post(url.partition("?")[0], data=form, allow_redirects=False, timeout=10)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(REDIRECT)
        return {key: values[0] for key, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}

    def sign_in(self, email: str, *scopes: str, **options: str) -> tuple[Credentials, Json]:
        """Credentials, and the token endpoint's answer."""
        flow = self.flow(*(scopes or (*IDENTITY, CALENDAR)))
        url, _ = flow.authorization_url(**{"access_type": "offline", **options})
        token = flow.fetch_token(code=self.consent(url, email)["code"])
        flow.oauth2session.close()
        return flow.credentials, dict(token)

    def calendar(self, email: str, *scopes: str) -> Any:
        """Calendar v3 as that person."""
        key = (email, *scopes)
        if key not in self.services:
            document = json.loads(get_static_doc("calendar", "v3"))
            document["rootUrl"] = f"{self.google.url}/"
            credentials, _ = self.sign_in(email, *scopes)
            http = AuthorizedHttp(credentials, http=httplib2.Http(timeout=10))
            self.services[key] = build_from_document(document, http=http)
        return self.services[key]

    def insert(self, email: str, body: Json, **options: Any) -> Json:
        found: Json = self.calendar(email).events().insert(calendarId="primary", body=body, **options).execute()
        return found

    def list(self, email: str, **options: Any) -> Json:
        found: Json = self.calendar(email).events().list(calendarId="primary", **options).execute()
        return found

    def close(self) -> None:
        for service in self.services.values():
            service.close()


def refused(request: Any) -> tuple[int, str]:
    """Status and reason with which a call is refused."""
    try:
        request.execute()
    except HttpError as error:
        return error.status_code, json.loads(error.content)["error"]["errors"][0]["reason"]
    raise AssertionError("The call was answered.")


def starts(items: list[Json]) -> list[str]:
    return [item["start"].get("dateTime") or item["start"]["date"] for item in items]

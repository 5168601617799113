"""Signs a person in as a browser would: over HTTP, through Google's consent page, and back."""

from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

TIMEOUT_SECONDS = 30


class SignInFailed(Exception):
    """The trip didn't end on the dashboard."""


class _ConsentForm(HTMLParser):
    """The form of the consent page: where it posts to, and what it posts when everything stays ticked."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.action:
            self.action = found.get("action", "")
        elif tag == "input" and found.get("type") in {"hidden", "checkbox"}:
            self.fields.append((found.get("name", ""), found.get("value", "")))


def sign_in(base_url: str, email: str) -> requests.Session:
    """Sign in and connect the calendar. Returns the session that the person's browser would now hold."""
    browser = requests.Session()
    browser.trust_env = False
    start = browser.get(f"{base_url}/accounts/google/login?connect=calendar", timeout=TIMEOUT_SECONDS)
    page = _consent(browser, start, email)
    if page.url.startswith("http") and "/o/oauth2/" in page.url:
        # Clockwise asked once more, for a refresh token.
        page = _consent(browser, page, email)
    if page.status_code != requests.codes.ok or urljoin(base_url, "/") != page.url:
        raise SignInFailed(f"Sign-in ended with status {page.status_code}.")
    return browser


def _consent(browser: requests.Session, page: requests.Response, email: str) -> requests.Response:
    page.raise_for_status()
    form = _ConsentForm()
    form.feed(page.text)
    fields = [(name, value) for name, value in form.fields if name not in {"email", "decision"}]
    fields += [("email", email), ("decision", "allow")]
    return browser.post(urljoin(page.url, form.action), data=fields, timeout=TIMEOUT_SECONDS)

"""A real web server, a real browser: Chromium or Chrome, as installed. Without one the tests are skipped."""

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from celery import current_app
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from calendars.emulator.server import Emulator
from clockwise import clock
from tests.company import SUNDAY_NOON, address

# A page may be slow on a busy machine; what never comes still fails.
expect.set_options(timeout=30_000)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
)  # fmt: skip


@dataclass
class Site:
    """The address of the running product, and what the browser complained of."""

    url: str
    google: Emulator
    page: Page
    complaints: list[str]

    def sign_in(self, name: str) -> None:
        self.page.goto(self.url)
        self.page.get_by_role("link", name="Continue with Google").click()
        self.page.select_option("select[name=email]", address(name))
        self.page.get_by_role("button", name="Allow").click()
        self.page.wait_for_url(f"{self.url}/")

    def confirm(self, name: str) -> None:
        """Prove to Google anew who one is, from the page that asks for it."""
        self.page.get_by_test_id("confirm-with-google").click()
        self.page.select_option("select[name=email]", address(name))
        self.page.get_by_role("button", name="Allow").click()

    def theme(self, name: str) -> None:
        self.page.context.add_cookies([{"name": "theme", "value": name, "url": self.url}])
        self.page.reload()


class _Server(ThreadingMixIn, WSGIServer):
    """A thread for each request, whose database connection ends with it and not when its garbage is collected."""

    daemon_threads = True

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            connections.close_all()


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Requests are not the tests' output."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        message = "Install chromium for the browser tests (Debian: apt-get install chromium)."
        pytest.fail(message) if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip(message)
    # Playwright keeps an event loop on this thread until the session ends; Django takes that for async code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=[*QUIET])
        yield launched
        launched.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    yield made
    made.close()


@pytest.fixture
def site(
    monkeypatch: pytest.MonkeyPatch, database: None, google: Emulator, settings: Any, context: BrowserContext
) -> Iterator[Site]:
    """The product at Sunday noon, its background work done at once."""
    from clockwise.wsgi import application

    monkeypatch.setitem(current_app.conf, "task_always_eager", True)
    server = make_server("127.0.0.1", 0, application, server_class=_Server, handler_class=_Quiet)
    settings.CLOCKWISE_BASE_URL = f"http://127.0.0.1:{server.server_port}"
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    with clock.stopped(SUNDAY_NOON):
        thread.start()
        yield Site(settings.CLOCKWISE_BASE_URL, google, page, complaints)
        page.close()
        server.shutdown()
    server.server_close()
    thread.join(timeout=10)

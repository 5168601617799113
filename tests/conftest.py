"""The tests' own embedded installation, and a clean database for each test that asks for `database`."""

import os
from collections.abc import Iterator

from clockwise import embedded
from tests import installation

for name in [name for name in os.environ if name.startswith("GOOGLE_")]:
    del os.environ[name]
os.environ.update(embedded.join(installation.FOLDER, durable=False))
os.environ["DJANGO_SETTINGS_MODULE"] = "clockwise.settings"
# No test is meant to find the limit of a person's requests; its own set theirs.
os.environ["CLOCKWISE_REQUESTS_A_SECOND_EACH"] = os.environ["CLOCKWISE_REQUESTS_A_SECOND_ADDRESS"] = "100000"

import django  # noqa: E402

django.setup()

from typing import TYPE_CHECKING  # noqa: E402

import pytest  # noqa: E402

if TYPE_CHECKING:
    from pytest_django.plugin import DjangoDbBlocker

    from calendars.emulator.server import Emulator
    from tests.company import Company
    from tests.organizations import Pair


pytest_plugins = ["tests.aws"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """A worker that inherited it would read the settings before it has joined an installation of its own."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: "DjangoDbBlocker") -> None:
    """The embedded installation is migrated already; pytest-django makes no database of its own.

    What a killed run has left behind is no part of this one.
    """
    with django_db_blocker.unblock():
        _empty_all_tables()


@pytest.fixture
def database(django_db_setup: None, django_db_blocker: "DjangoDbBlocker") -> Iterator[None]:
    """Real transactions: row-level security can't be seen from inside one that is never committed."""
    with django_db_blocker.unblock():
        yield
        _empty_all_tables()


def _empty_all_tables() -> None:
    from django.apps import apps
    from django.db import connections

    tables = ", ".join(f'"{model._meta.db_table}"' for model in apps.get_models(include_auto_created=True))
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables} CASCADE")
    connections["default"].close()
    _forget_limits()


def _forget_limits() -> None:
    """Buckets of a clock that stood elsewhere would never fill again."""
    import redis
    from django.conf import settings

    client = redis.Redis.from_url(settings.REDIS_URL)
    if names := client.keys("rate:*"):
        client.delete(*names)
    client.close()


@pytest.fixture
def pair(database: None) -> "Pair":
    from tests.organizations import make_pair

    return make_pair()


@pytest.fixture
def google(settings: object) -> "Iterator[Emulator]":
    """A Google of the test's own, at which the settings point."""
    from calendars.emulator.server import Emulator
    from tests.company import seed

    with Emulator(seed()) as emulator:
        settings.GOOGLE = emulator.endpoints()  # type: ignore[attr-defined]
        yield emulator


@pytest.fixture
def company(database: None, google: "Emulator") -> "Iterator[Company]":
    """Signed in and connected, nothing synced yet, at Sunday noon. No worker runs: a test does the work it wants."""
    from clockwise import clock
    from tests.company import SUNDAY_NOON, Company

    with clock.stopped(SUNDAY_NOON):
        yield Company(google)

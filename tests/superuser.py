"""The tests' own PostgreSQL as its superuser: whom no policy and no right stops."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from django.conf import settings

from tests import installation


@contextmanager
def cursor() -> Iterator[Any]:
    """Committed at the end."""
    host = settings.DATABASES["default"]["HOST"]
    password = (installation.FOLDER / "postgres.password").read_text()
    connection = psycopg2.connect(host=host, user="postgres", password=password, dbname="clockwise")
    try:
        with connection, connection.cursor() as found:
            yield found
    finally:
        connection.close()

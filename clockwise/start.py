"""Web and workers start only when every system check passes, those of the database and of the keys included."""

from django.core.checks import ERROR, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connections


def refuse_unsafe_start() -> None:
    """Raises ImproperlyConfigured with each error and its remedy."""
    try:
        errors = [message for message in run_checks(databases=["default"]) if message.level >= ERROR]
    finally:
        connections.close_all()  # this process is about to fork
    if errors:
        raise ImproperlyConfigured("Clockwise does not start:\n" + "\n".join(map(str, errors)))

"""Web and workers start only when every system check passes, those of the database and of the keys included."""

import gc

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


def keep_what_is_loaded() -> None:
    """Code and its data, of which nothing ever becomes garbage, are looked through by no later collection.

    Else each thousand rows of a page pay for all of them, and a forked child copies their pages.
    """
    gc.collect()
    gc.freeze()

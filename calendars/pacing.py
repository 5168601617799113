"""The budgets of this installation at Google, spent request by request."""

import hashlib
from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.conf import settings

from calendars import locks
from clockwise.google.configuration import GoogleSettings
from clockwise.google.quota import Budget, Limits

# Reading leaves a fifth of each budget to what people wait for: their writes.
READING = 0.8
WRITING = 1.0


def of_connection(connection_id: UUID, google: GoogleSettings, *, share: float) -> Callable[[], None]:
    """What to call before each request as this connection. Raises OverBudget."""
    return partial(budget(google).spend, str(connection_id), share=share)


def budget(google: GoogleSettings) -> Budget:
    """Google counts by client; its address tells one Google from another."""
    project = hashlib.sha256(f"{google.client_id}|{google.api_root}".encode()).hexdigest()[:16]
    return Budget(locks.client(), project, Limits(**settings.GOOGLE_REQUESTS_A_MINUTE))

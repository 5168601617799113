"""System checks: a column that the data register doesn't know is refused."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from privacy import register as data_register


@register()
def check_register(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """privacy.E001 (a column nobody declared), E002 (a declared column that doesn't exist)."""
    missing: list[CheckMessage] = [
        Error(
            f"Column {column} is in no declaration of the data register.",
            hint="Add it to personal_data.py of its app: personal with what it holds, secret, or technical.",
            id="privacy.E001",
        )
        for column in data_register.undeclared()
    ]
    return missing + [
        Error(f"The data register declares {column}, which doesn't exist.", id="privacy.E002")
        for column in data_register.stale()
    ]

"""System check: keys that can't be wrapped and unwrapped stop the start."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Tags, register

from clockwise.encryption import keys
from clockwise.encryption.errors import EncryptionError


# Tagged with the database's checks: commands that use no service reach for no key either.
@register(Tags.database)
def check_keys(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None, **kwargs: Any
) -> list[CheckMessage]:
    """encryption.E001: the master key or the keystore may not be used, or does not answer."""
    if not databases:
        return []
    try:
        keys.ensure_usable()
    except EncryptionError as error:
        return [Error(str(error), id="encryption.E001")]
    return []

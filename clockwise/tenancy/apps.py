from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


class TenancyConfig(AppConfig):
    name = "clockwise.tenancy"

    def ready(self) -> None:
        from clockwise.tenancy import checks  # noqa: F401  (registers the system checks)

        post_migrate.connect(_install_token_key, sender=self)


def _install_token_key(using: str, **kwargs: Any) -> None:
    from clockwise.tenancy import token

    with connections[using].cursor() as cursor:
        # Migrated back to nothing there is no table to put it in.
        if token.KEY_TABLE in connections[using].introspection.table_names(cursor):
            token.install_key(cursor)

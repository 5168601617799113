"""`migrate` under the owner's role: the application's own role may not change the schema."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as DjangoMigrate

from clockwise.encryption.keys import create_installation_key


class Command(DjangoMigrate):
    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        """Not the application's database: on a new one the walls that its checks look for are still to be built."""
        return {**super().get_check_kwargs(options), "databases": ["owner"]}

    def handle(self, *args: Any, **options: Any) -> None:
        if "owner" not in settings.DATABASES:
            raise CommandError("CLOCKWISE_DB_OWNER_URL is not set. Set the URL of the role that owns the tables.")
        options["database"] = "owner"
        super().handle(*args, **options)
        create_installation_key()
